internal import CSodium

/// The start of libsodium, without which its memory aborts and its hashes are slow.
enum Sodium {
  private static let started = sodium_init() >= 0

  /// Starts libsodium once in the life of the process; later calls cost a comparison.
  static func start() {
    precondition(started, "libsodium refused to start")
  }
}
