import Repository
import Signatures
import Vocabulary

/// What officers rewrapped of a host's objects, as it is here and as it will be once a set has been taken in.
///
/// An entry of the set may count where a known officer signed it, and where of every object that is kept
/// what was said last up to it is a known officer's word, too.
struct ArrivingRewraps {
  /// Up to the last entry that may count.
  let ledger: RewrapLedger
  /// How many entries are here.
  private let here: Int
  /// With the entries that may not count.
  private let all: RewrapLedger
  private let officers: [VerifyingKey]

  /// Decides what may count.
  ///
  /// - Parameters:
  ///   - all: the chain with what the set has of it.
  ///   - host: whose objects they are.
  ///   - store: the store.
  ///   - officers: who is known.
  ///   - isLetGo: whether no kept snapshot needs an object that the host's ledger names.
  /// - Throws: what the store fails with.
  init(
    _ all: RewrapLedger, of host: KeyID, in store: any BlobStore, trusting officers: [VerifyingKey],
    where isLetGo: (ObjectName) -> Bool
  ) throws {
    (self.all, self.officers) = (all, officers)
    here = try all.heads.prefix { try store.size(of: .rewrapEntry(host, $0.sequence)) != nil }.count
    var unproven = Set<ObjectName>()
    var last = here
    for (place, entry) in all.entries.enumerated().dropFirst(here) {
      let names = entry.compartments.flatMap(\.objects)
        .compactMap { ObjectName(ledgerText: $0.name) }
      guard all.isVouchedFor(entry) else {
        unproven.formUnion(names.filter { !isLetGo($0) })
        continue
      }
      unproven.subtract(names)
      if unproven.isEmpty { last = place + 1 }
    }
    ledger = all.prefix(last)
  }

  /// The entries that would be new here, each with the key that signed it, where that is known.
  var newEntries: [(head: LedgerHead, key: VerifyingKey?)] {
    zip(ledger.heads, ledger.entries).dropFirst(here).map { head, entry in
      (head, officers.first { $0.keyID.description == entry.officer })
    }
  }

  /// The ids of those who signed entries that may not count.
  var strangers: [String] {
    let refused = all.entries.dropFirst(ledger.entries.count)
    return Set(refused.filter { !all.isVouchedFor($0) }.map(\.officer)).sorted()
  }

  /// Whether an entry that would be new says what an object is.
  func isNew(_ name: ObjectName) -> Bool { (ledger[name]?.sequence.number ?? 0) > here }

  /// Whether a known officer says what an object is, so that it may take the place of what is here.
  func isVouchedFor(_ name: ObjectName) -> Bool { ledger[name]?.isVouchedFor ?? false }

  /// Whether a set has an object as only an entry says that may not count.
  func isUnbelieved(_ name: ObjectName, of set: VolumeSet) -> Bool {
    guard let newest = all[name], newest.sequence.number > ledger.entries.count else {
      return false
    }
    return set.offers(name, newest.facts)
  }
}
