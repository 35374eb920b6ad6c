import FileTrees
import Glibc
import Repository
import Synchronization
import SystemPackage
import Vocabulary

/// A writer's right to a directory: a lock among its temporary files, gone with its process.
///
/// A run that ends well leaves a mark. Where there is none, the last one died, perhaps between giving an
/// object its name and syncing the folder: such an object is there to see, but no disk has it yet.
final class DirectoryLease: WriterLease {
  private static let name = Array("lock".utf8)
  private static let mark = Array("finished".utf8)
  /// A keeper who removes what nobody needs has every writer's lock for so long, and seldom longer.
  private static let patience = Duration.seconds(5)

  private let scratch: OpenFolder
  private let lock: Mutex<Descriptor?>

  /// Takes the lock in a writer's scratch folder, and makes durable what a dead run left.
  ///
  /// - Parameters:
  ///   - scratch: the folder.
  ///   - path: how it is called in an error.
  /// - Throws: `run.locked` where another process has it; `Errno`.
  init(in scratch: OpenFolder, called path: String) throws {
    let file = try scratch.handle.open(Self.name, O_RDWR | O_CREAT, mode: 0o600)
    let problem = file.lend { Self.take($0) }
    if let problem, problem != .wouldBlock { throw problem }
    guard problem == nil else {
      throw OperatorError(
        "run.locked", .locked, "another run of this host holds \(path)/lock",
        hint: "wait for it to end; it may be on a machine that has this host's key, too")
    }
    try Self.settle(scratch)
    self.scratch = scratch
    lock = Mutex(file)
  }

  /// Waits a little for a lock that another process has.
  private static func take(_ file: FileDescriptor) -> Errno? {
    let start = ContinuousClock.now
    while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
      let problem = Errno(rawValue: errno)
      guard problem == .wouldBlock, ContinuousClock.now - start < patience else { return problem }
      usleep(50_000)
    }
    return nil
  }

  private static func settle(_ scratch: OpenFolder) throws {
    do {
      try scratch.handle.remove(mark)
    } catch Errno.noSuchFileOrDirectory {
      try scratch.handle.descriptor.syncFileSystem()
    }
  }

  func release() {
    // Without the mark the next run only takes longer.
    leaveMark()
    lock.withLock { $0 = nil }
  }

  private func leaveMark() {
    do {
      _ = try scratch.handle.makeFile(Self.mark)
    } catch {}
  }
}
