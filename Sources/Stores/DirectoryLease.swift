import FileTrees
import Glibc
import Repository
import Synchronization
import SystemPackage
import Vocabulary

/// A writer's right to a directory: a lock among its temporary files, gone with its process.
final class DirectoryLease: WriterLease {
  private static let name = Array("lock".utf8)

  private let lock: Mutex<Descriptor?>

  /// Takes the lock in a writer's scratch folder.
  ///
  /// - Parameters:
  ///   - scratch: the folder.
  ///   - path: how it is called in an error.
  /// - Throws: `run.locked` where another process has it; `Errno`.
  init(in scratch: OpenFolder, called path: String) throws {
    let file = try scratch.handle.open(Self.name, O_RDWR | O_CREAT, mode: 0o600)
    let problem = file.lend {
      flock($0.rawValue, LOCK_EX | LOCK_NB) == 0 ? nil : Errno(rawValue: errno)
    }
    if let problem, problem != .wouldBlock { throw problem }
    guard problem == nil else {
      throw OperatorError(
        "run.locked", .locked, "another run of this host holds \(path)/lock",
        hint: "wait for it to end; it may be on a machine that has this host's key, too")
    }
    lock = Mutex(file)
  }

  func release() {
    lock.withLock { $0 = nil }
  }
}
