import Dispatch
import SecretMemory
import Synchronization
import Vocabulary

/// Puts sealed packs into the store while the next one is filled.
///
/// One pack at a time is under way, so memory holds one payload more and no queue can grow.
final class PackDelivery: Sendable {
  private let store: any BlobStore
  /// Packs are sealed on it, too: there is room for one payload.
  let queue = DispatchQueue(label: "coffer.packs")
  private let underWay = DispatchGroup()
  private let failure = Mutex<(any Error)?>(nil)

  init(to store: any BlobStore) {
    self.store = store
  }

  /// Hands a pack over, once the one before it is in the store.
  ///
  /// - Throws: what the store said to the pack before.
  func deliver(_ name: SHA256Digest, header: [UInt8], payload: PackPayload) throws {
    try finish()
    queue.async(group: underWay) {
      do {
        try header.withBytes { try self.store.put(.packHeader(name), $0) }
        try payload.lend { try self.store.put(.pack(name), $0) }
      } catch {
        self.failure.withLock { $0 = error }
      }
    }
  }

  /// Waits until everything that was handed over is in the store.
  ///
  /// - Throws: what the store said.
  func finish() throws {
    underWay.wait()
    let problem = failure.withLock { failure in
      defer { failure = nil }
      return failure
    }
    if let problem { throw problem }
  }
}
