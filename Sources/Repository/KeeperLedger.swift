package import Signatures
package import Vocabulary

/// The keeper's own chain of entries, every signature and link of which has been checked.
package struct KeeperLedger: Sendable {
  /// Whose it is.
  package let key: VerifyingKey
  package private(set) var head: LedgerHead?
  package private(set) var book = KeeperBook()
  private let store: any BlobStore
  private let chain: SignedChain<KeeperEntry>
  private var digests: [SHA256Digest] = []

  /// Reads and checks the whole chain.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - key: the keeper's.
  ///   - known: for the keeper himself, the last entry that he knows to have finished.
  /// - Throws: status `untrusted`, the entry named: `receipts.missing-entry`, `receipts.unsigned`,
  ///   `receipts.bad-signature`, `receipts.other-key`, `receipts.broken`.
  package init(
    in store: any BlobStore, of key: VerifyingKey, unfinishedAfter known: LedgerSequence? = nil
  ) throws {
    (self.key, self.store) = (key, store)
    chain = try SignedChain(
      store: store, format: StoreFormat.load(from: store), place: .keeper, signers: .only(key))
    try chain.walk(through: chain.last(unfinishedAfter: known)) { link in
      book.take(link.entry)
      digests.append(link.sha256)
      head = LedgerHead(sequence: link.entry.sequence, sha256: link.sha256)
    }
  }

  /// Makes sure that the chain still contains a head that somebody remembers.
  ///
  /// - Throws: `receipts.rolled-back` where it does not.
  package func mustContain(_ known: LedgerHead, rememberedBy witness: String) throws {
    let number = known.sequence.number
    guard digests.indices.contains(number - 1), digests[number - 1] == known.sha256 else {
      throw OperatorError(
        "receipts.rolled-back", .untrusted,
        "the keeper's entries do not contain \(known.sequence) \(known.sha256), which \(witness) "
          + "remembers: the store was rolled back or entries were removed",
        hint: "nothing is removed; look for a newer copy of the store")
    }
  }

  /// Whether a store has entries of any keeper.
  package static func isThere(in store: any BlobStore) throws -> Bool {
    try !store.list(ObjectName.keeperFolder).isEmpty
  }

  /// Signs an act as the next entry, durable when this returns.
  ///
  /// - Parameters:
  ///   - act: what is done.
  ///   - now: the keeper's clock; where it went back, the time of the entry before counts.
  ///   - signer: the keeper's key.
  /// - Throws: `receipts.overtaken` where somebody wrote an entry meanwhile; what a store throws.
  package mutating func append(
    _ act: KeeperAct, at now: Timestamp, signedWith signer: SigningKey
  ) throws {
    let entry = KeeperEntry(
      store: chain.format.store, keeper: key.keyID, sequence: head?.sequence.next ?? .first,
      previous: head?.sha256, time: max(now, book.time ?? now), act: act)
    do {
      head = try chain.publish(entry, to: store, signedWith: signer) { digest in
        "coffer keeper entry, store \(chain.format.store), sequence \(entry.sequence.number), "
          + "sha256 \(digest)"
      }
    } catch let error as OperatorError where error.code == "object.exists" {
      throw OperatorError(
        "receipts.overtaken", .locked,
        "another run wrote \(ObjectName.keeperEntry(entry.sequence)) while this one was under way",
        hint: "run again; two keepers must not share a store")
    }
    book.take(entry)
    if let head { digests.append(head.sha256) }
  }
}
