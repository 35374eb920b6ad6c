package import SecretMemory
package import Signatures
package import Vocabulary

/// What officers rewrapped of one host's objects, entry by entry.
///
/// Anybody who can write to a store can add an entry. Whose word one is, `Generation` says.
package struct RewrapLedger: Sendable {
  /// An object as an entry says it is since.
  package struct Generation: Sendable {
    package let facts: NeededSet.Facts
    /// The mark of the recipients.
    package let recipients: String
    /// The entry that says so.
    package let sequence: LedgerSequence
    /// Whether a known officer signed that entry.
    package let isVouchedFor: Bool
  }

  /// The entries, each in its place.
  package private(set) var entries: [RewrapEntry] = []
  /// Their heads, in the same order.
  package private(set) var heads: [LedgerHead] = []
  /// The ids of keys that signed entries and are not known.
  package private(set) var strangers: Set<String> = []
  private var newest: [ObjectName: Generation] = [:]
  private var earlier: [ObjectName: [NeededSet.Facts]] = [:]
  private let chain: SignedChain<RewrapEntry>
  private let host: KeyID

  /// Reads all entries about a host's objects; most stores have none.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - host: whose objects.
  ///   - officers: whose signatures count.
  /// - Throws: status `untrusted`, the entry named: `rewraps.missing-entry`, `rewraps.unsigned`,
  ///   `rewraps.bad-signature`, `rewraps.other-key`, `rewraps.broken`.
  package init(
    in store: any BlobSource, of host: KeyID, trusting officers: [VerifyingKey] = []
  ) throws {
    self.host = host
    chain = try SignedChain(
      store: store, format: StoreFormat.load(from: store), place: .rewraps(of: host),
      signers: .anybody(knowing: officers))
    // Whoever is killed between signature and entry leaves the former alone: nobody remembers an end.
    let last = try chain.lastWhole()
    try chain.walk(through: last) { link in
      guard link.entry.host == host.description else {
        throw chain.untrusted(
          .rewrapEntry(host, link.entry.sequence), "broken", "is about another host's objects")
      }
      let head = LedgerHead(sequence: link.entry.sequence, sha256: link.sha256)
      take(link.entry, head, isVouchedFor: link.isVouchedFor)
    }
  }

  /// The hosts of whose objects a store holds entries.
  ///
  /// - Throws: `store.failed`.
  package static func hosts(in store: any BlobSource) throws -> [KeyID] {
    try store.list("rewraps").compactMap { KeyID($0) }
  }

  private mutating func take(_ entry: RewrapEntry, _ head: LedgerHead, isVouchedFor: Bool) {
    entries.append(entry)
    heads.append(head)
    if !isVouchedFor { strangers.insert(entry.officer) }
    for compartment in entry.compartments {
      for object in compartment.objects {
        guard let name = ObjectName(ledgerText: object.name), name.isRewrappable,
          NeededSet.Facts.sizes.contains(object.size)
        else { continue }
        if let before = newest[name] { earlier[name, default: []].append(before.facts) }
        newest[name] = Generation(
          facts: .init(size: object.size, sha256: object.sha256),
          recipients: compartment.recipients, sequence: entry.sequence, isVouchedFor: isVouchedFor)
      }
    }
  }

  /// The newest entry; nil where there is none.
  package var head: LedgerHead? { heads.last }

  /// What it said before the entries that come after the first so many.
  package func prefix(_ count: Int) -> RewrapLedger {
    var prefix = self
    (prefix.entries, prefix.heads, prefix.strangers) = ([], [], [])
    (prefix.newest, prefix.earlier) = ([:], [:])
    for (entry, head) in zip(entries, heads).prefix(count) {
      prefix.take(entry, head, isVouchedFor: isVouchedFor(entry))
    }
    return prefix
  }

  /// Whether a known officer signed an entry.
  package func isVouchedFor(_ entry: RewrapEntry) -> Bool { !strangers.contains(entry.officer) }

  /// Every object that was rewrapped.
  package var names: some Collection<ObjectName> { newest.keys }

  /// What an object is since it was last rewrapped; nil where it never was.
  package subscript(_ name: ObjectName) -> Generation? { newest[name] }

  /// What an object was each time it was rewrapped before, oldest first.
  package func earlierFacts(of name: ObjectName) -> [NeededSet.Facts] { earlier[name] ?? [] }

  /// The newest generation of each object of a compartment whose entry proves that its writer knew the
  /// compartment's chunk-id key.
  package func proven(
    _ compartment: CompartmentName, under key: KeyedHash
  ) -> [ObjectName: Generation] {
    let proven = Set(
      entries.lazy.flatMap { entry in
        entry.compartments.lazy.filter {
          $0.name == compartment && $0.isProven(at: entry.place, under: key)
        }.map { _ in entry.sequence }
      })
    guard !proven.isEmpty else { return [:] }
    return newest.filter { proven.contains($0.value.sequence) }
  }

  /// Signs what was rewrapped as the next entry, durable when this returns.
  ///
  /// - Parameters:
  ///   - store: where the chain was read.
  ///   - time: the officer's clock.
  ///   - signer: the officer's key.
  ///   - compartments: makes the parts of the entry, which are bound to its place.
  /// - Returns: its head.
  /// - Throws: `object.exists` where somebody wrote an entry meanwhile; what a store throws.
  package mutating func append(
    to store: any BlobStore, at time: Timestamp, signedWith signer: SigningKey,
    _ compartments: (RewrapPlace) -> [RewrappedCompartment]
  ) throws -> LedgerHead {
    let place = RewrapPlace(
      store: chain.format.store, host: host.description,
      sequence: head?.sequence.next ?? .first)
    let entry = RewrapEntry(
      at: place, officer: signer.verifyingKey.keyID, previous: head?.sha256, time: time,
      compartments: compartments(place))
    let head = try chain.publish(entry, to: store, signedWith: signer) { digest in
      "coffer rewrap entry, store \(place.store), host \(place.host), "
        + "sequence \(place.sequence.number), sha256 \(digest)"
    }
    take(entry, head, isVouchedFor: true)
    return head
  }
}
