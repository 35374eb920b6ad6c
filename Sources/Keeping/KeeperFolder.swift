import Glibc
package import LocalFiles
package import SystemPackage
import Vocabulary

/// The keeper's own folder: what he remembers between runs; `docs/formats/keeper.md`.
///
/// It holds the key that signs receipts. All that is neither key nor head can be lost: then more is checked than
/// need be.
package struct KeeperFolder: Sendable {
  /// Where it is.
  package let path: FilePath

  /// Makes the folder where it is missing.
  ///
  /// - Parameters:
  ///   - path: where it is to be; nil for `keeper` in the store.
  ///   - store: the store's folder.
  /// - Throws: `keeper.unusable`, also where somebody put a link in the place of the usual folder.
  package init(_ path: FilePath?, of store: FilePath) throws {
    let usual = store.appending("keeper")
    self.path = path ?? usual
    try Self.reporting(self.path) { try DurableFile.makeFolder(self.path) }
    // Who can write to the store must not lead the keeper elsewhere.
    guard
      path != nil || LocalPath(usual).canonical == LocalPath(store).canonical.appending("keeper")
    else {
      throw OperatorError(
        "keeper.unusable", .failed, "\(usual) is a link, and no folder",
        hint: "no coffer made it; look who can write to the store, or name a folder with --state")
    }
  }

  /// Takes the right to act on the store as its keeper; it ends with its owner.
  ///
  /// - Throws: `run.locked` where another run has it.
  package func lock() throws -> RunLock {
    try Self.reporting(path) { try RunLock(path.appending("lock")) }
  }

  /// As `lock`, but waits a while for another run to end.
  ///
  /// - Parameter patience: how long.
  /// - Returns: the right, as `lock` gives it.
  /// - Throws: `run.locked` where another run has it still.
  package func lock(within patience: Duration) throws -> RunLock {
    let start = ContinuousClock.now
    while true {
      do {
        return try lock()
      } catch let error as OperatorError where error.code == "run.locked" {
        guard ContinuousClock.now - start < patience else { throw error }
        usleep(50_000)
      }
    }
  }

  /// Whether it belongs to the account that this process runs as: what is written to it then is the keeper's
  /// own, and no other account of his is locked out.
  package var isOurs: Bool { LocalPath(path).isOurs }

  /// Why something that the keeper remembers cannot be read, in an operator's words.
  static func reason(_ error: any Error) -> String {
    (error as? Errno).map { "\($0)" } ?? "it is not as any run writes it"
  }

  /// Puts an `Errno` into an operator's words.
  static func reporting<Result: ~Copyable>(
    _ path: FilePath, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let problem as Errno {
      throw OperatorError(
        "keeper.unusable", .failed, "cannot use the keeper's \(path): \(problem)",
        hint: [.readOnlyFileSystem, .permissionDenied, .notPermitted].contains(problem)
          ? "--state names a folder of your own, in which you may write" : nil)
    }
  }
}
