import Glibc
import Synchronization
import Vocabulary

/// How many bytes a second may be read, by all threads together.
package final class ByteRate: Sendable {
  /// So long at most until somebody who asks to stop is heard.
  private static let longestSleep = Duration.milliseconds(100)

  private let bytesASecond: Int?
  /// When the bytes that were let through so far have had their time.
  private let free = Mutex(ContinuousClock.now)

  /// As fast as it goes.
  package static var unlimited: ByteRate { ByteRate(nil) }

  private init(_ bytesASecond: Int?) {
    self.bytesASecond = bytesASecond
  }

  /// Reads `500K`, `50M`, `1G`, in units of 1024, or a plain number of bytes; nil for anything else.
  package convenience init?(_ text: String) {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.last.flatMap { units[$0] }
    guard let number = Int(unit == nil ? text[...] : text.dropLast()), number > 0,
      case let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: unit ?? 1), !isTooMuch
    else { return nil }
    self.init(bytes)
  }

  /// Waits until so many bytes may be read.
  ///
  /// - Throws: `interrupted`.
  func wait(for bytes: Int, _ interruption: Interruption) throws {
    try interruption.check()
    guard let bytesASecond else { return }
    let turn = free.withLock { free in
      let turn = max(free, .now)
      free = turn + .seconds(Double(bytes) / Double(bytesASecond))
      return turn
    }
    while case let left = turn - .now, left > .zero {
      usleep(UInt32(min(left, Self.longestSleep) / .microseconds(1)))
      try interruption.check()
    }
  }
}
