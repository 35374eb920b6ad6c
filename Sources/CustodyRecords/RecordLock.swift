internal import Glibc
internal import LocalFiles
internal import SystemPackage
internal import Vocabulary

/// The turn of whoever appends; others wait for it.
struct RecordLock: ~Copyable {
  /// An append takes milliseconds; who holds the lock for longer has been stopped.
  private static let longest = 600
  private static let pause: useconds_t = 50_000

  private let lock: RunLock

  /// Waits up to half a minute.
  ///
  /// - Throws: `OperatorError` `record.locked`, or `Errno` where there can be no lock.
  init(_ path: FilePath) throws {
    for _ in 0..<Self.longest {
      do {
        lock = try RunLock(path)
        return
      } catch let error as OperatorError where error.code == "run.locked" {
        usleep(Self.pause)
      }
    }
    throw OperatorError(
      "record.locked", .locked, "another process has been writing the custody record for too long",
      hint: "'fuser \(path)' shows which")
  }
}
