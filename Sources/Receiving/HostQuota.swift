import Synchronization
import Vocabulary

/// How much of a store a host may fill.
final class HostQuota: Sendable {
  /// An object takes a block of the disk, however short it is.
  static let block = 4096

  private let limit: Int
  private let used = Mutex(0)

  /// Nothing is used yet.
  init(_ limit: Int) {
    self.limit = limit
  }

  /// Begins with what the host has there already.
  func begin(with bytes: Int) {
    used.withLock { $0 = bytes }
  }

  /// Takes room.
  ///
  /// - Throws: `receive.quota` where there is not so much; none is taken then.
  func take(_ bytes: Int) throws {
    try used.withLock { used in
      guard bytes <= limit - used else {
        throw OperatorError(
          "receive.quota", .refused, "the store keeps \(limit) bytes for this host, and no more",
          hint: "the keeper can give it more with --quota, or thin out what it has")
      }
      used += bytes
    }
  }

  /// Gives room back.
  func giveBack(_ bytes: Int) {
    used.withLock { $0 -= bytes }
  }
}
