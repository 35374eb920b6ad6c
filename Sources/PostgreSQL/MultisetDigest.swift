internal import SecretMemory
import Vocabulary

/// A digest of many rows that does not depend on their order: the sum of the rows' 256-bit hashes.
///
/// A restored table may legally return its rows in another order than the source, because the heap
/// fills free space as it likes, so a digest of the sequence would raise false alarms. Equal
/// multisets of rows give equal digests; a changed, lost, added or doubled row gives another one.
///
/// It finds errors. It is no commitment against someone who chooses rows: sums modulo 2^256 can be
/// made to collide by such an adversary. What binds a dump is the SHA-256 of its whole stream.
package struct MultisetDigest {
  private var low: UInt64 = 0
  private var second: UInt64 = 0
  private var third: UInt64 = 0
  private var high: UInt64 = 0

  /// The digest of no rows: zero.
  package init() {}

  /// Adds one row.
  /// - Parameter row: the row as COPY text, without its line feed.
  package mutating func add(row: RawSpan) {
    add(RowHash(of: row))
  }

  private mutating func add(_ hash: RowHash) {
    var carry: Bool
    (low, carry) = low.addingReportingOverflow(hash.words[0])
    (second, carry) = Self.sum(second, hash.words[1], carry)
    (third, carry) = Self.sum(third, hash.words[2], carry)
    high = high &+ hash.words[3] &+ (carry ? 1 : 0)
  }

  private static func sum(_ left: UInt64, _ right: UInt64, _ carry: Bool) -> (UInt64, Bool) {
    let (partial, first) = left.addingReportingOverflow(right)
    let (whole, second) = partial.addingReportingOverflow(carry ? 1 : 0)
    return (whole, first || second)
  }

  /// 64 lower-case hexadecimal digits, the lowest byte first.
  package var hex: String {
    Hexadecimal.encode(
      [low, second, third, high].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
      })
  }

  /// Reads 64 hexadecimal digits.
  /// - Parameter hex: what `hex` wrote; nil comes back for anything else.
  package init?(hex: some StringProtocol) {
    guard let bytes = Hexadecimal.decode(hex), bytes.count == 32 else { return nil }
    func word(_ index: Int) -> UInt64 {
      bytes[(8 * index)..<(8 * index + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    low = word(0)
    second = word(1)
    third = word(2)
    high = word(3)
  }
}

extension MultisetDigest: WrittenForm {
  package init?(_ text: String) { self.init(hex: text) }

  package var text: String { hex }
}

/// The BLAKE2b-256 hash of one row, as four words to be summed.
///
/// BLAKE2b because most rows are short: it costs the least per call, and allocates nothing here.
struct RowHash {
  /// The hash, lowest word first.
  private(set) var words: InlineArray<4, UInt64> = [0, 0, 0, 0]

  /// Hashes a row.
  init(of row: RawSpan) {
    var span = words.mutableSpan
    var bytes = unsafe span.mutableBytes
    BLAKE2b.digest256(of: row, into: &bytes)
    for index in words.indices { words[index] = UInt64(littleEndian: words[index]) }
  }
}
