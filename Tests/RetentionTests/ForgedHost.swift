import ProofTools
import SecretMemory
import Signatures
import Vocabulary

@testable import Repository

/// A host whose nights are made up: whatever it likes to claim, signed with its own key.
final class ForgedHost {
  let key: SigningKey
  let store: any BlobStore
  private let format: StoreFormat
  private(set) var needed = NeededSet()
  private(set) var head: LedgerHead?
  /// What each snapshot needs, first to last.
  private(set) var nights: [(place: SnapshotPlace, needs: NeededSet)] = []
  private var said: [SnapshotPlace: [SourceSummary]] = [:]

  init(in store: any BlobStore, key: SigningKey = .generate()) throws {
    (self.store, self.key) = (store, key)
    format = try StoreFormat.load(from: store)
  }

  var id: KeyID { key.verifyingKey.keyID }

  /// Puts a pack into the store, which no entry names yet.
  func putPack(_ chance: inout SeededChance, size: Int = 24) throws -> ObjectRecord {
    let bytes = chance.bytes(size)
    let digest = SHA256Hasher.digest(of: bytes)
    try bytes.withBytes { try store.put(.pack(digest), $0) }
    return ObjectRecord(name: .pack(digest), size: size, sha256: digest)
  }

  /// Publishes a night.
  ///
  /// - Parameters:
  ///   - sources: what it says of each source.
  ///   - added: packs, which lie there or not.
  ///   - dropped: objects that it needs no more.
  ///   - claimed: when it says that it ran.
  ///   - seals: of its compartments.
  /// - Returns: the snapshot's place.
  /// - Throws: what the store fails with.
  @discardableResult
  func night(
    _ sources: [SourceSummary], added: [ObjectRecord], dropping dropped: [ObjectName] = [],
    claiming claimed: Timestamp = .now(), seals: [CompartmentSeal]? = nil
  ) throws -> SnapshotPlace {
    needed.remove(dropped)
    for record in added {
      guard let name = ObjectName(ledgerText: record.name) else { continue }
      needed.insert(name, .init(size: record.size, sha256: record.sha256))
    }
    let entry = LedgerEntry(
      store: format.store, host: id, hostname: "forged", sequence: head?.sequence.next ?? .first,
      previous: head?.sha256, snapshot: SnapshotID(startedAt: claimed), started: claimed,
      finished: claimed, sources: sources, compartments: seals, added: added, unneeded: dropped,
      needed: needed.summary)
    head = try entry.publish(to: store, signedWith: key)
    let place = SnapshotPlace(host: id, sequence: entry.sequence, snapshot: entry.snapshot)
    nights.append((place, needed))
    said[place] = sources
    return place
  }

  /// What a night said of its sources.
  func said(at place: SnapshotPlace) -> [SourceSummary] { said[place] ?? [] }

  /// What of a snapshot is not in the store as the host signed for it.
  func damage(of place: SnapshotPlace) -> [OperatorError] {
    guard let night = nights.first(where: { $0.place == place }) else {
      return [OperatorError("proof", .failed, "there was no night \(place)")]
    }
    let reader = ObjectReader(store: store, needed: night.needs)
    return night.needs.objects.keys.compactMap { name in refusal { try reader.check(name) } }
  }
}

/// What a night says of a source.
func source(
  _ name: String, _ state: SourceSummary.State = .saved, bytes: Int = 1_000, files: Int = 100
) -> SourceSummary {
  guard let name = SourceName(name), let compartment = CompartmentName("core") else {
    preconditionFailure("\(name) is no name")
  }
  return SourceSummary(
    name: name, compartment: compartment, kind: "files", state: state, bytes: bytes, files: files)
}
