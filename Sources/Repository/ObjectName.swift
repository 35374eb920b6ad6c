package import Signatures
package import Vocabulary

/// The name of an object in a store, relative to its root; see `docs/formats/store.md`, Objects.
///
/// Only names of the format's own shapes exist, so a name read from a ledger cannot lead outside.
package struct ObjectName: Sendable, Hashable, Comparable {
  /// The path, with `/` between components.
  package let path: String

  /// How the name of a pack's header ends, and no other object's.
  static let headerSuffix = ".header"

  private init(_ path: String) {
    self.path = path
  }

  /// `coffer.json`.
  package static let format = ObjectName("coffer.json")

  /// The payload of a pack.
  package static func pack(_ name: SHA256Digest) -> ObjectName {
    let hex = name.hex
    return ObjectName("packs/\(hex.prefix(2))/\(hex)")
  }

  /// The age header of a pack.
  package static func packHeader(_ name: SHA256Digest) -> ObjectName {
    ObjectName(pack(name).path + headerSuffix)
  }

  /// The index of what a snapshot added to a compartment.
  package static func index(_ snapshot: SnapshotID, _ compartment: CompartmentName) -> ObjectName {
    ObjectName("indexes/\(snapshot).\(compartment).age")
  }

  /// The manifest of a compartment in a snapshot.
  package static func manifest(
    _ snapshot: SnapshotID, _ compartment: CompartmentName
  ) -> ObjectName {
    ObjectName("manifests/\(snapshot).\(compartment).age")
  }

  /// A ledger entry.
  package static func ledgerEntry(_ host: KeyID, _ sequence: LedgerSequence) -> ObjectName {
    ObjectName("ledger/\(host)/\(sequence).json")
  }

  /// The signature of a ledger entry.
  package static func ledgerSignature(_ host: KeyID, _ sequence: LedgerSequence) -> ObjectName {
    ObjectName("ledger/\(host)/\(sequence).minisig")
  }

  /// An entry of the keeper's.
  package static func keeperEntry(_ sequence: LedgerSequence) -> ObjectName {
    ObjectName("\(keeperFolder)/\(sequence).json")
  }

  /// The signature of an entry of the keeper's.
  package static func keeperSignature(_ sequence: LedgerSequence) -> ObjectName {
    ObjectName("\(keeperFolder)/\(sequence).minisig")
  }

  /// Where the keeper's entries lie.
  static let keeperFolder = "receipts"

  /// Reads a name of one of the shapes that a ledger entry may name; nil for any other text.
  package init?(ledgerText text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    switch parts.first {
    case "packs":
      guard parts.count == 3 else { return nil }
      let isHeader = parts[2].hasSuffix(Self.headerSuffix)
      let name = isHeader ? parts[2].dropLast(Self.headerSuffix.utf8.count) : parts[2]
      guard let digest = SHA256Digest(hex: name), digest.hex == name,
        digest.hex.hasPrefix(parts[1]), parts[1].utf8.count == 2
      else { return nil }
    case "indexes", "manifests":
      let words = text.dropFirst(parts[0].utf8.count + 1).split(
        separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, words.count == 3, words[2] == "age",
        SnapshotID(String(words[0])) != nil, CompartmentName(String(words[1])) != nil
      else { return nil }
    default: return nil
    }
    path = text
  }

  /// The snapshot and compartment in an index's name, nil for other objects.
  package var index: (snapshot: SnapshotID, compartment: CompartmentName)? {
    guard path.hasPrefix("indexes/") else { return nil }
    let words = path.dropFirst("indexes/".utf8.count).split(separator: ".")
    guard words.count == 3, let snapshot = SnapshotID(String(words[0])),
      let compartment = CompartmentName(String(words[1]))
    else { return nil }
    return (snapshot, compartment)
  }

  package static func < (left: Self, right: Self) -> Bool { left.path < right.path }
}

extension ObjectName: CustomStringConvertible {
  package var description: String { path }
}
