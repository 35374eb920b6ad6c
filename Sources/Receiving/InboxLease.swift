import Repository

/// A host's right to its part of a store.
final class InboxLease: WriterLease {
  private var leases: [any WriterLease]
  private let ended: () -> Void

  /// Holds rights, inner ones last, until all are given back.
  init(_ leases: [any WriterLease], ended: @escaping () -> Void) {
    self.leases = leases
    self.ended = ended
  }

  func release() {
    ended()
    while let lease = leases.popLast() { lease.release() }
  }
}
