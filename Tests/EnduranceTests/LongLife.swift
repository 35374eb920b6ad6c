import AgeFormat
import Configuration
import Foundation
import Operations
import Origins
import ProofTools
import Recipients
import Repository
import Signatures
import SystemPackage
import Testing
import Vocabulary

/// A host that lives for many nights, and what each of its snapshots must hold.
struct LongLife {
  /// What a snapshot must give back: of each source, what a witness saw of it.
  struct Memory {
    let sources: [String: [String: String]]
  }

  /// How often something happened.
  private(set) var counts: [String: Int] = [:]
  private var chance: SeededChance
  private let place: String
  private let root: String
  private var trees: [SourceTree]
  private var officers = [X25519Identity.generate()]
  private var isMoved = false
  private var memories: [Memory] = []
  private var known = 0
  private var savedStates: [String] = []
  private var database: [String: String] = [:]

  private static let files = ["one", "two"]

  init(in folder: borrowing ScratchFolder, _ chance: SeededChance) async throws {
    self.chance = chance
    place = folder.path(of: "")
    root = folder.path(of: "host")
    trees = try Self.files.map { try SourceTree(folder.path(of: $0)) }
    try await sql("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
    database = try Self.describeDatabase("\(place)bridge.db")
    let configuration = try configuration()
    try await TinyHost.whenFree {
      _ = try StorePreparation.prepare(configuration, by: NothingIsSealed())
    }
  }

  private var yaml: String {
    """
    store: \(root)/store
    state: \(root)/state
    host_key: \(root)/keys/host.key
    recipients:
      officers: [\(officers[officers.count - 1].recipient)]
    compartments:
      core:
        recipients: officers
        sources:
          one: {kind: files, path: \(place)one}
          \(isMoved ? "two: {kind: files, path: \(place)two}" : "# two is elsewhere")
      other:
        recipients: officers
        sources:
          \(isMoved ? "# two is elsewhere" : "two: {kind: files, path: \(place)two}")
          db: {kind: sqlite, path: \(place)bridge.db}
    """
  }

  private func configuration() throws -> CofferConfiguration {
    try CofferConfiguration(yaml: yaml, file: "coffer.yaml", schemas: OriginRegistry.schemas)
  }

  private func sql(_ text: String) async throws {
    let said = try StockTool("sqlite3")?.run(["\(place)bridge.db", text])
    guard said?.status == 0 else {
      throw OperatorError("proof.sqlite", .failed, said?.text ?? "there is no sqlite3")
    }
  }

  private func view() throws -> StoreView {
    let text = try String(contentsOfFile: "\(root)/keys/host.pub", encoding: .utf8)
    return try StoreView(
      "\(root)/store", trusting: .key(VerifyingKey(parsing: text)), expected: nil)
  }

  private mutating func count(_ what: String) { counts[what, default: 0] += 1 }

  private mutating func happens(once nights: Int) -> Bool {
    Int.random(in: 0..<nights, using: &chance) == 0
  }

  // MARK: A day and a night

  /// Lives through a day, its accidents and its night.
  mutating func live(_ night: Int) async throws {
    for index in trees.indices { try trees[index].live(&chance) }
    if happens(once: 3) {
      let id = Int.random(in: 0..<40, using: &chance)
      try await sql(
        happens(once: 8)
          ? "DELETE FROM rows WHERE id % 3 = 0; VACUUM"
          : "INSERT OR REPLACE INTO rows VALUES (\(id), '\(Hexadecimal.encode(chance.bytes(id * 50)))')"
      )
      database = try Self.describeDatabase("\(place)bridge.db")
    }
    try await suffer(night)
    let now = Memory(sources: try describe())
    if happens(once: 12) {
      try kill(now)
    } else if happens(once: 15) {
      try nightByAWrongClock(now)
    } else if happens(once: 15) {
      let only = ["one", "two", "db"].randomElement(using: &chance) ?? "one"
      try await self.night([only], Memory(sources: now.sources.filter { $0.key == only }))
      count("nights of one source")
    } else {
      try await self.night([], now)
    }
  }

  private mutating func suffer(_ night: Int) async throws {
    let manager = FileManager.default
    let state = "\(root)/state"
    if happens(once: 20) {
      // Of a night to come back to.
      let copy = "\(place)state-\(night)"
      try manager.copyItem(atPath: state, toPath: copy)
      savedStates.append(copy)
    }
    if happens(once: 25) {
      for suffix in ["", "-wal", "-shm"] {
        try? manager.removeItem(atPath: "\(state)/catalog.sqlite\(suffix)")
      }
      count("lost catalogs")
    } else if happens(once: 25), let old = savedStates.randomElement(using: &chance) {
      try manager.removeItem(atPath: state)
      try manager.copyItem(atPath: old, toPath: state)
      count("state folders of an earlier night")
    } else if happens(once: 50) {
      try manager.removeItem(atPath: state)
      let configuration = try configuration()
      try await TinyHost.whenFree {
        _ = try StorePreparation.prepare(configuration, by: NothingIsSealed())
      }
      count("lost state folders")
    } else if happens(once: 50) {
      try Data("no database at all, but longer than a header is".utf8).write(
        to: URL(fileURLWithPath: "\(state)/catalog.sqlite"))
      count("damaged catalogs")
    }
    if happens(once: 40) {
      officers.append(X25519Identity.generate())
      count("changed recipients")
    }
    if happens(once: 40) {
      isMoved.toggle()
      count("sources moved to another compartment")
    }
  }

  private func describe() throws -> [String: [String: String]] {
    var sources: [String: [String: String]] = [:]
    for (name, tree) in zip(Self.files, trees) {
      sources[name] = try SourceTree.describe(tree.root)
    }
    sources["db"] = database
    return sources
  }

  private static func describeDatabase(_ path: String) throws -> [String: String] {
    ["": try StockTool("sqlite3")?.run([path, ".dump"]).text ?? "there is no sqlite3"]
  }

  private mutating func night(_ only: [String], _ memory: Memory) async throws {
    let configuration = try configuration()
    let report = try await TinyHost.whenFree {
      try await BackupRun(
        configuration, only: only, by: NothingIsSealed(), listener: NobodyListens(),
        meter: ProgressMeter(),
        interruption: Interruption()
      ).run()
    }
    #expect(!report.isPartial, "\(report.failures)")
    memories.append(memory)
    known = report.head.sequence.number
    #expect(known == memories.count, "one entry of the ledger a night")
  }

  private func tool(_ failure: Recorder.Failure?, _ ahead: Int) throws -> Recorder.Outcome {
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: "\(place)coffer.yaml"))
    return try Recorder.run(
      "coffer-backup", ["run", "--config", "\(place)coffer.yaml"], below: root, failing: failure,
      clockAhead: ahead)
  }

  private mutating func kill(_ memory: Memory) throws {
    let call = Int.random(in: 0..<450, using: &chance)
    let said = try tool(Recorder.Failure(call: call, error: -SIGKILL, forGood: false), 0).said
    count(said.status == 0 ? "kills that came too late" : "kills")
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: "\(root)/store/ledger")) ?? []
    let entries = names.filter { $0.hasSuffix(".json") }.count
    if entries > known { memories.append(memory) }
    known = entries
    #expect(known == memories.count, "a killed night leaves one entry or none")
  }

  private mutating func nightByAWrongClock(_ memory: Memory) throws {
    let ahead = Int.random(in: -400_000_000..<400_000_000, using: &chance)
    let said = try tool(nil, ahead).said
    #expect(said.status == 0, "\(said)")
    memories.append(memory)
    known += 1
    count("nights by a wrong clock")
  }

  // MARK: A look back

  /// Verifies the newest snapshot, and the objects of all.
  func verify() throws {
    let report = try StoreVerification(
      view(), listener: NobodyListens(), meter: ProgressMeter(), interruption: Interruption()
    ).verify(nil, with: officers)
    #expect(report.problems == [])
  }

  /// Restores every snapshot, and compares it with what was seen that night.
  func restoreAll() async throws {
    let view = try view()
    #expect(view.ledger.entries.count == memories.count)
    let halves = [0, 1]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for half in halves {
        group.addTask {
          for index in memories.indices where index % halves.count == half {
            try await restore(view.ledger.entries[index], of: view, expecting: memories[index])
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private func restore(
    _ verified: Ledger.VerifiedEntry, of view: StoreView, expecting memory: Memory
  ) async throws {
    let target = "\(place)restored-\(verified.entry.sequence)"
    defer { try? FileManager.default.removeItem(atPath: target) }
    let open = try view.open(verified, with: officers)
    #expect(Set(open.sources.map(\.record.name.text)) == Set(memory.sources.keys))
    for (record, _) in open.sources {
      let (name, place) = (record.name.text, "\(target)/\(record.name)")
      let findings = try await RestoreRun(
        open, [(record.name, .path(FilePath(name == "db" ? place + ".db" : place)))]
      ).apply(
        listener: NobodyListens(),
        context: RestoringContext(meter: ProgressMeter(), interruption: Interruption()))
      #expect(findings.allSatisfy { $0.outcome == .good }, "\(findings)")
      let facts = memory.sources[name] ?? [:]
      let found =
        try name == "db" ? Self.describeDatabase(place + ".db") : SourceTree.describe(place)
      let different = Set(found.keys).union(facts.keys).filter { found[$0] != facts[$0] }.sorted()
      #expect(
        different.isEmpty,
        """
        entry \(verified.entry.sequence), \(name): \(different.prefix(3).map {
          "\($0): \(facts[$0] ?? "-") became \(found[$0] ?? "-")" })
        """)
    }
  }
}
