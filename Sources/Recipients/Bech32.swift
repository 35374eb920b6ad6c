internal import SecretMemory

/// Bech32, BIP 173, without its limit on length: how age writes keys.
///
/// Bytes and text go through locked memory alone, for the same code reads public and secret keys.
struct Bech32: ~Copyable {
  /// Why a text is not Bech32; never with a part of the text.
  enum Failure: Error, Sendable, Equatable {
    /// Upper and lower case in one text.
    case mixedCase
    /// No `1` between a name and at least six more characters.
    case noSeparator
    /// A character that does not belong there.
    case invalidCharacter
    /// The last six characters do not fit the rest: something was mistyped.
    case wrongChecksum
    /// Unused bits that are not zero, or too many of them.
    case wrongPadding
    /// Well written, but with another name or of another size than wanted.
    case otherKind
  }

  /// The human-readable part, in the case in which it was written.
  let name: String
  /// The bytes after it.
  let bytes: SecretBytes

  private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
  private static let generators: [UInt32] = [
    0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3,
  ]
  private static let checksumSize = 6
  private static let separator = UInt8(ascii: "1")

  /// Reads a text and checks it.
  init(decoding text: RawSpan) throws(Failure) {
    try Self.checkCharacters(text)
    guard let end = (0..<text.byteCount).last(where: { text[byteAt: $0] == Self.separator }),
      end >= 1, text.byteCount - end - 1 >= Self.checksumSize
    else { throw .noSeparator }
    let name = text.extracting(0..<end).copied()
    var checksum = Self.checksum(ofName: name)
    for offset in end + 1..<text.byteCount {
      guard let value = Self.value(text[byteAt: offset]) else { throw .invalidCharacter }
      Self.add(value, to: &checksum)
    }
    guard checksum == 1 else { throw .wrongChecksum }
    let groups = end + 1..<text.byteCount - Self.checksumSize
    let bytes = try SecretBytes(count: groups.count * 5 / 8) { bytes throws(Failure) in
      try Self.regroup(text, groups, into: &bytes)
    }
    self.name = String(decoding: name, as: UTF8.self)
    self.bytes = bytes
  }

  /// Writes bytes as text, in upper case where the name is.
  static func encode(name: String, _ bytes: RawSpan) -> SecretBytes {
    let name = Array(name.utf8)
    let isUpper = name.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    let groups = (bytes.byteCount * 8 + 4) / 5
    return SecretBytes(count: name.count + 1 + groups + checksumSize) { text in
      var position = 0
      func write(_ character: UInt8) {
        text.storeBytes(of: character, toByteOffset: position, as: UInt8.self)
        position += 1
      }
      func write(group value: UInt8) {
        let character = alphabet[Int(value)]
        write(isUpper ? upper(character) : character)
      }
      for character in name + [separator] { write(character) }
      var checksum = checksum(ofName: name)
      for group in 0..<groups {
        let value = fiveBits(group, of: bytes)
        add(value, to: &checksum)
        write(group: value)
      }
      for _ in 0..<checksumSize { add(0, to: &checksum) }
      checksum ^= 1
      for index in 0..<checksumSize {
        write(group: UInt8(checksum >> UInt32(5 * (checksumSize - 1 - index)) & 31))
      }
    }
  }

  private static func checkCharacters(_ text: RawSpan) throws(Failure) {
    var hasUpper = false
    var hasLower = false
    for offset in 0..<text.byteCount {
      switch text[byteAt: offset] {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): hasUpper = true
      case UInt8(ascii: "a")...UInt8(ascii: "z"): hasLower = true
      case 33...126: break
      default: throw .invalidCharacter
      }
    }
    guard !(hasUpper && hasLower) else { throw .mixedCase }
  }

  private static func regroup(
    _ text: RawSpan, _ groups: Range<Int>, into bytes: inout MutableRawSpan
  ) throws(Failure) {
    var bits: UInt32 = 0
    var count = 0
    var position = 0
    for offset in groups {
      guard let value = value(text[byteAt: offset]) else { throw .invalidCharacter }
      bits = bits << 5 | UInt32(value)
      count += 5
      if count >= 8 {
        count -= 8
        let byte = UInt8(truncatingIfNeeded: bits >> UInt32(count))
        bytes.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
        position += 1
      }
    }
    guard count < 5, bits & (1 << UInt32(count) - 1) == 0 else { throw .wrongPadding }
  }

  private static func fiveBits(_ group: Int, of bytes: RawSpan) -> UInt8 {
    let bit = group * 5
    let high = UInt16(bytes[byteAt: bit / 8]) << 8
    let low = bit / 8 + 1 < bytes.byteCount ? UInt16(bytes[byteAt: bit / 8 + 1]) : 0
    return UInt8(truncatingIfNeeded: (high | low) >> UInt16(11 - bit % 8)) & 31
  }

  private static func value(_ character: UInt8) -> UInt8? {
    alphabet.firstIndex(of: lower(character)).map { UInt8($0) }
  }

  private static func checksum(ofName name: [UInt8]) -> UInt32 {
    var checksum: UInt32 = 1
    for character in name { add(lower(character) >> 5, to: &checksum) }
    add(0, to: &checksum)
    for character in name { add(lower(character) & 31, to: &checksum) }
    return checksum
  }

  private static func add(_ value: UInt8, to checksum: inout UInt32) {
    let top = checksum >> 25
    checksum = (checksum & 0x1ff_ffff) << 5 ^ UInt32(value)
    for (bit, generator) in generators.enumerated() where top >> UInt32(bit) & 1 == 1 {
      checksum ^= generator
    }
  }

  private static func lower(_ character: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(character) ? character | 32 : character
  }

  private static func upper(_ character: UInt8) -> UInt8 {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character) ? character & ~32 : character
  }
}

extension Bech32.Failure {
  /// The reason as it stands in a message to the operator.
  var reason: String {
    switch self {
    case .mixedCase: "it mixes upper and lower case"
    case .noSeparator: "it is too short, or has no 1 in it"
    case .invalidCharacter: "it has a character that belongs in no key"
    case .wrongChecksum: "its checksum does not fit: a character is wrong or missing"
    case .wrongPadding: "its last character is wrong"
    case .otherKind: "it is a key of another kind, or in the wrong case"
    }
  }
}
