import Keeping
import LocalFiles
import OperatorConsole
import Repository
import Retention
import Vocabulary

/// A keeper who has the right to write to his store, and has looked at what is new.
struct KeeperAtWork: ~Copyable {
  let store: any BlobStore
  let folder: KeeperFolder
  let hosts: KnownHosts
  var record: KeeperRecord
  private let lock: RunLock
  private let lease: any WriterLease

  /// Takes the keeper's lock, makes his key where there is none, and receipts for what is new.
  ///
  /// - Throws: `run.locked`, `keeper.no-key`, and what is wrong with the keeper's entries.
  static func begin(_ options: KeeperOptions, _ console: Console) throws -> KeeperAtWork {
    let (store, folder) = try options.open()
    let lock = try folder.lock()
    let lease = try store.prepareForWriting()
    let hosts = KnownHosts(in: folder)
    try CutOffRewrapping(in: store, of: hosts, options).end(console)
    let record = try record(in: store, folder, options, console)
    return KeeperAtWork(
      store: store, folder: folder, hosts: hosts, record: record, lock: lock, lease: lease)
  }

  /// Opens the keeper's record and makes receipts for what is new; his key is made where there is none.
  ///
  /// The caller holds the keeper's lock and lease.
  ///
  /// - Throws: `keeper.no-key`, and what is wrong with the keeper's entries.
  static func record(
    in store: any BlobStore, _ folder: KeeperFolder, _ options: KeeperOptions, _ console: Console
  ) throws -> KeeperRecord {
    let isNew = try KeeperKey(in: folder).load() == nil
    var record = try KeeperRecord(in: store, of: folder)
    if isNew {
      console.tell(
        "made the keeper's key in \(folder.path); give readers \(KeeperKey(in: folder).publicHalf)")
      if options.state == nil {
        console.warn(
          "the keeper's key lies in the store itself: whoever copies or writes the store has it; "
            + "--state names another folder")
      }
    }
    if let lag = record.lag {
      console.warn(
        "the clock is \(lag.roughly) behind the keeper's newest entry: receipts have that entry's time"
      )
    }
    let new = try Reception(in: store, of: KnownHosts(in: folder)).receive(into: &record)
    if new > 0 { console.say("received \(new) new entries") }
    return record
  }

  private init(
    store: any BlobStore, folder: KeeperFolder, hosts: KnownHosts, record: KeeperRecord,
    lock: consuming RunLock, lease: any WriterLease
  ) {
    (self.store, self.folder, self.hosts) = (store, folder, hosts)
    (self.record, self.lease) = (record, lease)
    self.lock = lock
  }

  /// Makes receipts for what is new, where the keeper has a key: whichever verb looks first counts.
  ///
  /// A disk that takes nothing can still be read, and needs to be: then there is a warning.
  ///
  /// - Throws: as `begin`.
  static func receive(
    in store: any BlobStore, _ folder: KeeperFolder, _ console: Console
  ) throws {
    guard try KeeperKey(in: folder).load() != nil else { return }
    do {
      let lease = try store.prepareForWriting()
      defer { lease.release() }
      var record = try KeeperRecord(in: store, of: folder)
      _ = try Reception(in: store, of: KnownHosts(in: folder)).receive(into: &record)
    } catch let error as OperatorError where ["store.failed", "store.full"].contains(error.code) {
      console.warn("no receipts were made of what is new: \(error.message)")
    }
  }

  /// The snapshot that a text begins, of those that were received.
  ///
  /// - Throws: `snapshot.unknown`, `snapshot.ambiguous`.
  func snapshot(_ text: String) throws -> SnapshotID {
    let all = record.ledger.book.receipts.values.flatMap { $0.values.map(\.snapshot) }
    let found = Set(all.filter { $0.text.hasPrefix(text) })
    guard let first = found.first else {
      throw OperatorError(
        "snapshot.unknown", .usage, "there is no snapshot '\(text)'",
        hint: "'coffer-store retain --keep-last 1' lists what there is, and removes nothing")
    }
    guard found.count == 1 else {
      throw OperatorError(
        "snapshot.ambiguous", .usage, "'\(text)' is the beginning of \(found.count) snapshots")
    }
    return first
  }

  /// Ends the work.
  consuming func finish() {
    lease.release()
  }
}
