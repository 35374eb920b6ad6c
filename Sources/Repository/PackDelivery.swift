import AgeFormat
import Dispatch
import Synchronization
import Vocabulary

/// Seals packs and gives them their names in the store while the next one is filled.
///
/// Whoever has packs sealed sees to it that they are few; one at a time gets its name.
final class PackDelivery: Sendable {
  private let store: any BlobStore
  private let recipients: [any Recipient]
  private let naming = DispatchQueue(label: "coffer.packs.naming")
  private let underWay = DispatchGroup()
  private let failure = Mutex<(any Error)?>(nil)

  init(to store: any BlobStore, for recipients: [any Recipient]) {
    (self.store, self.recipients) = (store, recipients)
  }

  /// Has frames sealed, once all of them are ready, by a thread that waits for workers.
  func seal(_ frames: [Deferred<PackedFrame>]) -> Deferred<StagedPack> {
    Deferred(on: DispatchQueue(label: "coffer.packs.sealing")) { [store, recipients] in
      try StagedPack(frames.map { try $0.value() }, for: recipients, in: store)
    }
  }

  /// Has a pack get its name, once the one before it has.
  ///
  /// - Throws: what the store said to the pack before.
  func deliver(_ pack: StagedPack) throws {
    try finish()
    naming.async(group: underWay) {
      do {
        try pack.keep(in: self.store)
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
