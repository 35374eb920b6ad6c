package import Signatures
package import Vocabulary

/// The two copies of a batch's description, either of which will do.
package enum ParityCopy: String, Sendable, CaseIterable {
  case first = "json"
  case second = "copy.json"
}

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

  /// An entry about what officers rewrapped of a host's objects.
  package static func rewrapEntry(_ host: KeyID, _ sequence: LedgerSequence) -> ObjectName {
    ObjectName("\(rewrapFolder(of: host))/\(sequence).json")
  }

  /// The signature of an entry about what officers rewrapped.
  package static func rewrapSignature(_ host: KeyID, _ sequence: LedgerSequence) -> ObjectName {
    ObjectName("\(rewrapFolder(of: host))/\(sequence).minisig")
  }

  /// Where the entries about a host's rewrapped objects lie.
  package static func rewrapFolder(of host: KeyID) -> String { "rewraps/\(host)" }

  /// The description of a batch of objects and their parity, of which there are two copies; the batch is
  /// called by the SHA-256 of its bytes.
  package static func parityManifest(_ batch: SHA256Digest, _ copy: ParityCopy) -> ObjectName {
    parity(batch, copy.rawValue)
  }

  /// A parity shard of a batch, counted from 0.
  package static func parityShard(_ batch: SHA256Digest, _ number: Int) -> ObjectName {
    let digits = String(number)
    return parity(batch, String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits)
  }

  private static func parity(_ batch: SHA256Digest, _ suffix: String) -> ObjectName {
    ObjectName("parity/\(batch.hex.prefix(2))/\(batch.hex).\(suffix)")
  }

  /// Reads the name of an object that belongs to the parity of a batch; nil for any other text.
  package init?(parityText text: String) {
    let words = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard words.count == 2, let batch = SHA256Digest(hex: words[0].suffix(64)) else { return nil }
    let number = words[1].utf8.count == 3 ? Int(words[1]) : nil
    let names =
      number.map { [Self.parityShard(batch, $0)] }
      ?? ParityCopy.allCases.map { Self.parityManifest(batch, $0) }
    guard let name = names.first(where: { $0.path == text }) else { return nil }
    self = name
  }

  /// The batch whose parity an object belongs to, nil for other objects.
  package var parityBatch: SHA256Digest? {
    guard path.hasPrefix("parity/") else { return nil }
    return SHA256Digest(hex: path.dropFirst("parity/ab/".utf8.count).prefix(64))
  }

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
