import Repository
import SecretMemory
import Synchronization
import Vocabulary

/// What has arrived whole and has no name yet; its room is given back unless it is kept.
final class StagedArrival: StagedObject {
  private let object: any StagedObject
  private let account: ArrivalAccount
  private let inbox: HostInbox

  /// Takes it over.
  ///
  /// - Parameters:
  ///   - object: the object, among what has arrived.
  ///   - account: what it is and takes.
  ///   - inbox: who says whether it may be called so.
  init(_ object: any StagedObject, _ account: ArrivalAccount, in inbox: HostInbox) {
    (self.object, self.account, self.inbox) = (object, account, inbox)
  }

  func keep(as name: ObjectName) throws {
    try inbox.admit(name, account.facts())
    try object.keep(as: name)
    if name == .format { try inbox.adoptFormat() }
    account.settle()
  }
}

/// Size and digest of an object that arrives, and the room it has taken so far.
final class ArrivalAccount: Sendable {
  private struct Taken: ~Copyable {
    var count = 0
    var room = 0
    var hasher = SHA256Hasher()
  }

  private let taken = Mutex(Taken())
  private let quota: HostQuota

  /// Takes the room of an empty object.
  ///
  /// - Throws: `receive.quota`.
  init(_ quota: HostQuota) throws {
    self.quota = quota
    try quota.take(HostQuota.block)
    taken.withLock { $0.room = HostQuota.block }
  }

  /// Counts bytes in.
  ///
  /// - Throws: `receive.quota`.
  func add(_ bytes: RawSpan) throws {
    try taken.withLock { taken in
      try quota.take(bytes.byteCount)
      taken.room += bytes.byteCount
      taken.count += bytes.byteCount
      taken.hasher.update(bytes)
    }
  }

  /// What has arrived, all of it.
  func facts() -> NeededSet.Facts {
    taken.withLock { taken in
      var whole = Taken()
      swap(&whole, &taken)
      taken.room = whole.room
      return NeededSet.Facts(size: whole.count, sha256: whole.hasher.finish())
    }
  }

  /// The room stays taken.
  func settle() {
    taken.withLock { $0.room = 0 }
  }

  deinit { quota.giveBack(taken.withLock { $0.room }) }
}
