import LocalFiles
package import Repository
import SecretMemory
import Signatures
import SystemPackage
package import Vocabulary

/// The keeper's entries in the store, his key to write more, and the newest one as he remembers it.
package struct KeeperRecord: Sendable {
  package private(set) var ledger: KeeperLedger
  private let key: SigningKey
  private let memory: FilePath
  private let clock: @Sendable () -> Timestamp

  /// Opens the record; makes the keeper's key where neither key nor entries are there.
  ///
  /// - Parameters:
  ///   - store: the store, to be written to.
  ///   - keeper: the keeper's folder.
  ///   - clock: what time it is.
  /// - Throws: `keeper.no-key` where there are entries and no key, `receipts.rolled-back` where the store
  ///   has not all that the folder remembers, and what else is wrong with the entries.
  package init(
    in store: any BlobStore, of keeper: KeeperFolder,
    clock: @escaping @Sendable () -> Timestamp = { .now() }
  ) throws {
    let file = KeeperKey(in: keeper)
    memory = keeper.path.appending("receipts-head.json")
    self.clock = clock
    let known = try Self.head(in: memory)
    if let there = try file.load() {
      key = there
    } else {
      guard try known == nil && !KeeperLedger.isThere(in: store) else {
        throw OperatorError(
          "keeper.no-key", .usage,
          "\(keeper.path) holds no keeper.key, and the store has entries of a keeper",
          hint: "name that keeper's folder with --state, or put the key back from a copy")
      }
      key = try file.make()
    }
    ledger = try Self.load(of: key.verifyingKey, in: store, remembering: known, in: memory)
    // A run may have died between writing an entry and remembering it.
    if ledger.head != known { try remember() }
  }

  /// The keeper's entries, to be read only; nil where he has no key yet.
  ///
  /// - Throws: as `init`.
  package static func ledger(
    in store: any BlobStore, of keeper: KeeperFolder
  ) throws -> KeeperLedger? {
    guard let key = try KeeperKey(in: keeper).load() else { return nil }
    let memory = keeper.path.appending("receipts-head.json")
    return try load(of: key.verifyingKey, in: store, remembering: head(in: memory), in: memory)
  }

  /// Whether a keeper has written entries into a store, and remembers them.
  ///
  /// - Throws: `keeper.unusable`.
  package static func isRemembered(in keeper: KeeperFolder) throws -> Bool {
    try head(in: keeper.path.appending("receipts-head.json")) != nil
  }

  /// Whether a store has entries of a keeper, and a folder no key: it is not his.
  ///
  /// - Throws: `keeper.unusable`, and what the store fails with.
  package static func isSomebodyElses(
    in store: any BlobStore, of keeper: KeeperFolder
  ) throws -> Bool {
    try KeeperKey(in: keeper).load() == nil && KeeperLedger.isThere(in: store)
  }

  private static func load(
    of key: VerifyingKey, in store: any BlobStore, remembering known: LedgerHead?,
    in memory: FilePath
  ) throws -> KeeperLedger {
    let ledger = try KeeperLedger(
      in: store, of: key, unfinishedAfter: known?.sequence ?? LedgerSequence(0))
    if let known { try ledger.mustContain(known, rememberedBy: "\(memory)") }
    return ledger
  }

  /// The keeper's clock, which never goes back behind his newest entry.
  package var now: Timestamp { max(clock(), ledger.book.time ?? clock()) }

  /// How far the system's clock is behind the newest entry; nil where it is not.
  package var lag: TimeSpan? {
    ledger.book.time.map { clock().age(at: $0) }.flatMap { $0.seconds > 0 ? $0 : nil }
  }

  /// Signs an act as the next entry, durable and remembered when this returns.
  ///
  /// - Throws: `receipts.overtaken`, `keeper.unusable`, and what the store fails with.
  package mutating func write(_ act: KeeperAct) throws {
    try ledger.append(act, at: clock(), signedWith: key)
    try remember()
  }

  private func remember() throws {
    let text = try JSONDocument.pretty(ledger.head)
    try KeeperFolder.reporting(memory) {
      try text.withBytes { try DurableFile.write($0, to: memory) }
    }
  }

  private static func head(in path: FilePath) throws -> LedgerHead? {
    guard LocalPath(path).exists else { return nil }
    do {
      return try JSONDocument.decode(LedgerHead?.self, from: LocalPath(path).read())
    } catch {
      throw OperatorError(
        "keeper.unusable", .failed,
        "cannot read the keeper's \(path): \(KeeperFolder.reason(error))",
        hint: "it guards against receipts that were taken away; compare with a copy, then remove it"
      )
    }
  }
}
