package import Catalog
import LocalFiles
import SecretMemory
package import Repository
package import SystemPackage
import Vocabulary

/// The state folder of a backed-up host: lock, catalog, remembered head, last report.
///
/// No secret lies in it; but for the head, the store can replace all of it.
package struct HostState: ~Copyable {
  private let folder: FilePath
  private let lock: RunLock

  /// Takes the folder for one run.
  ///
  /// - Throws: `run.locked` where another run has it, `state.missing` where there is none.
  package init(_ folder: FilePath) throws {
    self.folder = folder
    guard LocalPath(folder).isFolder else {
      throw OperatorError(
        "state.missing", .usage, "there is no state folder \(folder)",
        hint: "'coffer-backup init' makes it")
    }
    lock = try Self.reporting(folder) { try RunLock(folder.appending("lock")) }
  }

  /// Whether a run has the folder now.
  package static func isTaken(_ folder: FilePath) -> Bool {
    do {
      try HostState(folder).release()
      return false
    } catch let error as OperatorError {
      return error.status == .locked
    } catch {
      return false
    }
  }

  /// Gives the folder back.
  package consuming func release() {}

  /// Makes the folder where there is none.
  package static func make(_ folder: FilePath) throws {
    try reporting(folder) { try DurableFile.makeFolder(folder) }
  }

  /// A folder for copies that must lie on disk; emptied of what dead runs left.
  package func scratch() throws -> FilePath {
    let scratch = folder.appending("scratch")
    try Self.reporting(folder) {
      try DurableFile.makeFolder(scratch)
      try LocalPath(scratch).removeContents()
    }
    return scratch
  }

  /// The catalog; one that cannot be opened is moved away, for the store can replace it.
  ///
  /// - Parameter listener: hears where that happened.
  /// - Returns: the catalog, empty where it is new.
  /// - Throws: `catalog.damaged` where even a new one cannot be made.
  package func catalog(_ listener: any OperationListener) throws -> CatalogDatabase {
    let path = folder.appending("catalog.sqlite")
    do {
      return try CatalogDatabase(path)
    } catch let error as OperatorError where error.code == "catalog.damaged" {
      try Self.reporting(folder) {
        for suffix in ["", "-wal", "-shm"] {
          try LocalPath(FilePath(path.string + suffix)).rename(
            to: FilePath(path.string + ".damaged" + suffix))
        }
      }
      listener.hear(.warning("\(error.message); it is kept as \(path).damaged, and made anew"))
      return try CatalogDatabase(path)
    }
  }

  /// The head after the last finished run, or nil where there was none.
  package func head() throws -> LedgerHead? { try Self.head(in: folder) }

  /// The head that a state folder remembers; needs no lock.
  package static func head(in folder: FilePath) throws -> LedgerHead? {
    let path = folder.appending("head.json")
    guard LocalPath(path).exists else { return nil }
    guard let head = try? JSONDocument.decode(LedgerHead.self, from: LocalPath(path).read()) else {
      throw OperatorError(
        "state.damaged", .failed, "\(path) cannot be read",
        hint: "it guards against a rolled-back store; compare with the head noted on paper, then "
          + "remove it")
    }
    return head
  }

  /// Remembers the head, durably.
  package func remember(_ head: LedgerHead) throws {
    try write(JSONDocument.pretty(head), to: "head.json")
  }

  /// Keeps the report of the last run for `status`.
  package func keep(_ report: BackupReport) throws {
    try write(JSONDocument.pretty(report), to: "last-run.json")
  }

  /// The report of the last finished run.
  package static func lastReport(in folder: FilePath) throws -> BackupReport? {
    let path = folder.appending("last-run.json")
    guard LocalPath(path).exists else { return nil }
    return try? JSONDocument.decode(BackupReport.self, from: LocalPath(path).read())
  }

  private func write(_ bytes: [UInt8], to name: FilePath.Component) throws {
    try Self.reporting(folder) {
      try bytes.withBytes { try DurableFile.write($0, to: folder.appending(name)) }
    }
  }

  /// Puts an `Errno` into an operator's words.
  private static func reporting<Result: ~Copyable>(
    _ folder: FilePath, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch Errno.noSpace, Errno.diskQuotaExceeded {
      throw OperatorError(
        "state.full", .failed, "no space left for the state folder \(folder)",
        hint: "free space on its disk, then run again")
    } catch let problem as Errno {
      throw OperatorError(
        "state.unwritable", .failed, "cannot use the state folder \(folder): \(problem)",
        hint: "check its disk and who may write to it, then run again")
    }
  }
}
