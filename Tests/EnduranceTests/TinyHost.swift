import AgeFormat
import Configuration
import Foundation
import LocalFiles
import Operations
import Origins
import ProofTools
import Recipients
import Repository
import Signatures
import SystemPackage
import Vocabulary

/// A backed-up host with very little on it: two compartments, a folder in each, an SQLite file.
///
/// What a crash can harm (store, state, keys, metrics) lies below one folder, which may be anywhere; what
/// is backed up lies beside it and stays.
struct TinyHost: Sendable {
  /// Where the sources lie.
  let sources: String
  let officer: X25519Identity
  /// Where the configuration file of `root` is written.
  let folder: String

  init(in folder: borrowing ScratchFolder) throws {
    self.folder = folder.path(of: "")
    sources = folder.path(of: "sources")
    officer = X25519Identity.generate()
    for name in ["config", "media/aa"] {
      try FileManager.default.createDirectory(
        atPath: "\(sources)/\(name)", withIntermediateDirectories: true)
    }
    try write("server_name: family\n", to: "config/homeserver.yaml")
    try write(String(repeating: "a line of a log\n", count: 2_000), to: "config/log")
    try write("a photo", to: "media/aa/photo")
    try sql(
      "CREATE TABLE portal (id INTEGER PRIMARY KEY, room TEXT); INSERT INTO portal VALUES (1, 'a')")
  }

  /// A folder for what is written and thrown away by the thousand: in memory where there is room.
  static func scratch() throws -> ScratchFolder {
    let memory = "/dev/shm"
    return try ScratchFolder(
      in: FileManager.default.isWritableFile(atPath: memory) ? memory : nil)
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(sources)/\(name)"))
  }

  /// Runs SQL in the SQLite source.
  func sql(_ text: String) throws {
    guard let sqlite = StockTool("sqlite3") else {
      throw OperatorError("proof.sqlite", .failed, "sqlite3 is not installed")
    }
    let said = try sqlite.run(["\(sources)/bridge.db", text])
    guard said.status == 0 else { throw OperatorError("proof.sqlite", .failed, said.text) }
  }

  /// What changes between two nights.
  func change(_ night: Int) throws {
    try write("server_name: family\nnight: \(night)\n", to: "config/homeserver.yaml")
    try write("photo of night \(night)", to: "media/aa/photo-\(night)")
    try sql("INSERT INTO portal (room) VALUES ('night \(night)')")
  }

  /// The text of the configuration of a host whose folder is `root`.
  func yaml(_ root: String) -> String {
    """
    store: \(root)/store
    state: \(root)/state
    host_key: \(root)/keys/host.key
    metrics: \(root)/metrics/coffer.prom
    recipients:
      officers: [\(officer.recipient)]
    compartments:
      core:
        recipients: officers
        sources:
          config: {kind: files, path: \(sources)/config}
      bridge:
        recipients: officers
        sources:
          media: {kind: files, path: \(sources)/media}
          bridge-db: {kind: sqlite, path: \(sources)/bridge.db}
    """
  }

  func configuration(_ root: String) throws -> CofferConfiguration {
    try CofferConfiguration(yaml: yaml(root), file: "coffer.yaml", schemas: OriginRegistry.schemas)
  }

  /// Writes the configuration file for a tool and says where it is.
  func configurationFile(_ root: String) throws -> String {
    let path = "\(root).yaml"
    try Data(yaml(root).utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  // MARK: What the tools do, without a process for each

  func initialise(_ root: String) async throws {
    try await Self.whenFree {
      _ = try StorePreparation.prepare(configuration(root), by: NothingIsSealed())
    }
  }

  @discardableResult
  func night(_ root: String) async throws -> BackupReport {
    try await Self.whenFree {
      try await BackupRun(
        configuration(root), only: [], by: NothingIsSealed(), listener: NobodyListens(),
        meter: ProgressMeter(),
        interruption: Interruption()
      ).run()
    }
  }

  /// Whatever another proof starts holds our locks, too, from its fork to its exec.
  static func whenFree<Result>(_ body: () async throws -> Result) async throws -> Result {
    for _ in 0..<100 {
      do {
        return try await body()
      } catch let error as OperatorError where error.code == "run.locked" {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
    return try await body()
  }

  /// The store as a restoring host sees it.
  func view(_ root: String) throws -> StoreView {
    let text = try String(contentsOfFile: "\(root)/keys/host.pub", encoding: .utf8)
    return try StoreView(
      "\(root)/store", trusting: .key(VerifyingKey(parsing: text)), expected: nil)
  }

  /// Verifies every snapshot of the ledger: what is wrong with any of them.
  func problems(_ view: StoreView) throws -> [String] {
    func saved(_ entry: LedgerEntry) -> Set<SourceName> {
      Set(entry.sources.filter { [.saved, .partly].contains($0.state) }.map(\.name))
    }
    let snapshots = view.ledger.entries.filter { !saved($0.entry).isEmpty }
    var problems: [String] = []
    for snapshot in snapshots {
      // Naming none checks the objects of all.
      let isLast = snapshot.sha256 == snapshots.last?.sha256
      let report = try StoreVerification(
        view, listener: NobodyListens(), meter: ProgressMeter(), interruption: Interruption()
      ).verify(isLast ? nil : .id(snapshot.entry.snapshot.text), with: [officer])
      problems += report.problems
      if Set(report.sources) != saved(snapshot.entry) {
        problems.append("\(snapshot.entry.snapshot) has \(report.sources) only")
      }
    }
    return problems
  }

  /// Restores a source of the newest snapshot.
  func restore(_ source: String, of root: String, to target: String) async throws {
    let view = try view(root)
    guard let name = SourceName(source) else {
      throw OperatorError("proof.source", .failed, source)
    }
    let run = try await RestoreRun(
      view.open(view.entry(.latest), with: [officer]), [(name, .path(FilePath(target)))])
    _ = try await run.apply(
      listener: NobodyListens(),
      context: RestoringContext(meter: ProgressMeter(), interruption: Interruption()))
  }
}

/// Nobody listens: what a run has to say is in what it returns.
struct NobodyListens: OperationListener {
  func hear(_ event: OperationEvent) {}
}
