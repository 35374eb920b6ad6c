package import SecretMemory
internal import Vocabulary

/// A recovery key as systemd has it: 256 random bits in modhex, a dash after every eight letters.
///
/// The volume's prompt at boot wants it exactly so: lower case, with its dashes.
///
/// Source: systemd 252, `src/shared/recovery-key.c`, `make_recovery_key`.
package struct RecoveryKey: ~Copyable {
  /// Letters that lie in the same place on most keyboards, for the values 0 to 15.
  private static let alphabet = Array("cbdefghijklnrtuv".utf8)
  /// 64 letters and 7 dashes.
  private static let size = 71

  /// The key as it is typed, 71 bytes.
  package let text: SecretBytes

  /// Draws one.
  package init() {
    let random = SecretBytes.random(count: 32)
    text = random.withBytes { random in
      SecretBytes(count: Self.size) { text in
        for place in 0..<64 {
          let byte = random[byteAt: place / 2]
          let value = place.isMultiple(of: 2) ? byte >> 4 : byte & 15
          Self.write(Self.alphabet[Int(value)], letter: place, into: &text)
        }
      }
    }
  }

  /// Reads what a person typed: capitals, and dashes and blanks anywhere or nowhere, are forgiven.
  ///
  /// - Returns: nil where it is no recovery key.
  package init?(typed: borrowing SecretBytes) {
    var count = 0
    var isKey = true
    let text = typed.withBytes { typed in
      SecretBytes(count: Self.size) { text in
        for place in 0..<typed.byteCount {
          let letter = typed[byteAt: place]
          if [0x20, 0x2d, 0x0a, 0x0d, 0x09].contains(letter) { continue }
          let lower = (0x41...0x5a).contains(letter) ? letter + 0x20 : letter
          guard Self.alphabet.contains(lower), count < 64 else {
            isKey = false
            return
          }
          Self.write(lower, letter: count, into: &text)
          count += 1
        }
      }
    }
    guard isKey, count == 64 else { return nil }
    self.text = text
  }

  /// Whether two are the same, in a time that tells nothing.
  package borrowing func matches(_ other: borrowing RecoveryKey) -> Bool {
    text.matches(other.text)
  }

  private static func write(_ letter: UInt8, letter place: Int, into text: inout MutableRawSpan) {
    let start = place + place / 8
    text.storeBytes(of: letter, toByteOffset: start, as: UInt8.self)
    if place % 8 == 7, place < 63 {
      text.storeBytes(of: UInt8(ascii: "-"), toByteOffset: start + 1, as: UInt8.self)
    }
  }

  /// The token that marks its keyslot.
  static func token(of keyslot: Int) -> JSONValue {
    .object(["type": .text("systemd-recovery"), "keyslots": .list([.text(String(keyslot))])])
  }
}
