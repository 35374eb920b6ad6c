import Glibc
package import SystemPackage
import Vocabulary

/// An exclusive lock on a file, held until its owner goes away, also by SIGKILL.
package struct RunLock: ~Copyable {
  private let file: FileDescriptor

  /// Takes the lock.
  ///
  /// - Throws: `run.locked` where another process has it, `Errno` where there can be no lock.
  package init(_ path: FilePath) throws {
    file = try Self.lock(path)
  }

  private static func lock(_ path: FilePath) throws -> FileDescriptor {
    let file = try FileDescriptor.open(
      path, .readWrite, options: [.create, .noFollow, .closeOnExec], permissions: [.ownerReadWrite])
    if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return file }
    let problem = Errno(rawValue: errno)
    try? file.close()
    guard problem == .wouldBlock else { throw problem }
    throw OperatorError(
      "run.locked", .locked, "another run holds \(path)",
      hint: "wait for it to end; 'status' shows what the last one did")
  }

  /// Gives the lock back.
  package consuming func release() {}

  deinit {
    try? file.close()
  }
}
