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
    // A ledger of years names millions: bytes are looked at, and nothing is taken apart.
    let bytes = Array(text.utf8)
    if bytes.starts(with: Self.packs) {
      guard Self.isPack(bytes) else { return nil }
    } else {
      let words = text.drop { $0 != "/" }.dropFirst().split(
        separator: ".", omittingEmptySubsequences: false)
      guard text.hasPrefix("indexes/") || text.hasPrefix("manifests/"), words.count == 3,
        words[2] == "age", SnapshotID(String(words[0])) != nil,
        CompartmentName(String(words[1])) != nil
      else { return nil }
    }
    path = text
  }

  private static let packs = Array("packs/".utf8)
  private static let header = Array(headerSuffix.utf8)

  /// Whether it is `packs/`, the first two of 64 lower-case hexadecimal digits, `/`, all of them, and for
  /// a header its suffix.
  private static func isPack(_ bytes: [UInt8]) -> Bool {
    let (start, end) = (packs.count + 3, packs.count + 3 + 64)
    guard bytes.count == end || bytes.count == end + header.count,
      bytes[end...].elementsEqual(bytes.count == end ? [] : header),
      bytes[start - 1] == UInt8(ascii: "/"), bytes[start] == bytes[start - 3],
      bytes[start + 1] == bytes[start - 2]
    else { return false }
    return bytes[start..<end].allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
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
