package import Repository
import SecretMemory
import Vocabulary

/// Many objects with size and SHA-256 of each, in little memory: about 150 bytes an object.
///
/// A row is an object's place, in the order in which objects were added.
package struct ObjectTable: Sendable {
  private static let digestSize = 32
  private static let free = UInt32.max

  private var names: [UInt8] = []
  /// Where each row's name ends.
  private var ends: [Int] = []
  private var sizes: [Int] = []
  private var digests: [UInt8] = []
  /// Rows by the hash of their names; open addressing, at most half full.
  private var slots = [UInt32](repeating: free, count: 1024)

  package init() {}

  /// How many rows there are.
  package var count: Int { sizes.count }

  /// The name of a row's object, as its ledger entry has it.
  package func text(at row: Int) -> String { String(decoding: nameBytes(row), as: UTF8.self) }

  /// The name of a row's object.
  package func name(at row: Int) -> ObjectName? {
    let text = text(at: row)
    return ObjectName(ledgerText: text) ?? ObjectName(parityText: text)
  }

  /// The length of a row's object in bytes.
  package func size(at row: Int) -> Int { sizes[row] }

  /// Size and SHA-256 of a row's object.
  package func facts(at row: Int) -> NeededSet.Facts {
    let start = row * Self.digestSize
    guard let digest = SHA256Digest(bytes: Array(digests[start..<start + Self.digestSize])) else {
      preconditionFailure("a digest is 32 bytes")
    }
    return NeededSet.Facts(size: sizes[row], sha256: digest)
  }

  /// The row of a name, nil where there is none.
  package func row(of name: String.UTF8View) -> Int? { row(of: ArraySlice(name)) }

  /// The row of a name, nil where there is none.
  package func row(of name: ArraySlice<UInt8>) -> Int? {
    let row = slots[slot(of: name)]
    return row == Self.free ? nil : Int(row)
  }

  /// Adds an object, which may be there already.
  ///
  /// - Returns: its row; nil where it is there with another size or SHA-256, and nothing has changed then.
  package mutating func add(_ name: String, _ facts: NeededSet.Facts) -> Int? {
    let bytes = ArraySlice(name.utf8)
    let slot = slot(of: bytes)
    if slots[slot] != Self.free {
      let row = Int(slots[slot])
      return self.facts(at: row) == facts ? row : nil
    }
    slots[slot] = UInt32(count)
    names += bytes
    ends.append(names.count)
    sizes.append(facts.size)
    digests += facts.sha256.bytes
    if count * 2 > slots.count { grow() }
    return count - 1
  }

  /// Says that an object is another one now, where it is there.
  mutating func rewrap(_ name: String, to facts: NeededSet.Facts) {
    guard let row = row(of: name.utf8) else { return }
    sizes[row] = facts.size
    digests.replaceSubrange(
      row * Self.digestSize..<(row + 1) * Self.digestSize, with: facts.sha256.bytes)
  }

  /// Rows in the order of their names' bytes.
  package func sorted(_ rows: [Int]) -> [Int] {
    rows.sorted { nameBytes($0).lexicographicallyPrecedes(nameBytes($1)) }
  }

  /// Count, bytes and digest of some rows' objects, as a ledger entry has them of what it needs.
  package func summary(of rows: [Int]) -> LedgerEntry.Needed {
    var hasher = SHA256Hasher()
    var bytes = 0
    for row in sorted(rows) {
      let facts = facts(at: row)
      Array("\(text(at: row)) \(facts.size) \(facts.sha256)\n".utf8).withBytes {
        hasher.update($0)
      }
      bytes += facts.size
    }
    return LedgerEntry.Needed(count: rows.count, bytes: bytes, sha256: hasher.finish())
  }

  private func nameBytes(_ row: Int) -> ArraySlice<UInt8> {
    names[(row == 0 ? 0 : ends[row - 1])..<ends[row]]
  }

  /// Where a name is, or would be.
  private func slot(of name: ArraySlice<UInt8>) -> Int {
    var hasher = Hasher()
    // At once, and not byte by byte: a ledger of years names millions.
    unsafe name.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    var slot = hasher.finalize() & (slots.count - 1)
    while slots[slot] != Self.free, nameBytes(Int(slots[slot])) != name {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private mutating func grow() {
    slots = [UInt32](repeating: Self.free, count: slots.count * 2)
    for row in 0..<count { slots[slot(of: nameBytes(row))] = UInt32(row) }
  }
}
