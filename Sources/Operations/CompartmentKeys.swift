import AgeFormat
package import Recipients
package import SecretMemory
import SystemPackage
import Vocabulary

/// The secrets of one compartment that its host holds: they open the host's own chunk index, and
/// nothing else.
package final class CompartmentKeys: Sendable {
  private static let label = Array("chunk-id-key: ".utf8)

  package let chunkIDKey: SecretBytes
  package let indexIdentity: X25519Identity

  /// New keys.
  init() {
    chunkIDKey = SecretBytes.random(count: 32)
    indexIdentity = X25519Identity.generate()
  }

  /// Reads a key file: a line `chunk-id-key: <64 hex digits>` and an age identity.
  init(parsing file: borrowing SecretBytes, called path: FilePath) throws {
    chunkIDKey = try file.withBytes { bytes in
      let start = try Self.endOfLabel(in: bytes, path)
      return try SecretBytes(count: 32) { (key: inout MutableRawSpan) throws -> Void in
        for index in 0..<32 {
          guard let high = Self.digit(bytes, start + 2 * index),
            let low = Self.digit(bytes, start + 2 * index + 1)
          else { throw Self.damaged(path) }
          key.storeBytes(of: high << 4 | low, toByteOffset: index, as: UInt8.self)
        }
      }
    }
    let identities = try file.withBytes { bytes in
      try IdentityFile.parse(bytes.extracting((try Self.endOfLabel(in: bytes, path) + 64)...))
    }
    guard identities.count == 1, let identity = identities.first as? X25519Identity else {
      throw Self.damaged(path)
    }
    indexIdentity = identity
  }

  /// Lends the text of the key file.
  func withText(_ body: (RawSpan) throws -> Void) throws {
    // Assembled in locked memory: 14 + 64 + 1 bytes, then the identity's line.
    try indexIdentity.withText { identity in
      let digits = Array("0123456789abcdef".utf8)
      let count = Self.label.count + 64 + 1 + identity.byteCount + 1
      let text = chunkIDKey.withBytes { key in
        SecretBytes(count: count) { text in
          var position = 0
          func put(_ byte: UInt8) {
            text.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
            position += 1
          }
          for byte in Self.label { put(byte) }
          for index in 0..<32 {
            let byte = key[byteAt: index]
            put(digits[Int(byte >> 4)])
            put(digits[Int(byte & 15)])
          }
          put(UInt8(ascii: "\n"))
          for index in 0..<identity.byteCount {
            put(identity[byteAt: index])
          }
          put(UInt8(ascii: "\n"))
        }
      }
      try text.withBytes { try body($0) }
    }
  }

  private static func damaged(_ path: FilePath) -> OperatorError {
    OperatorError("keys.damaged", .usage, "\(path) is no key file of a compartment")
  }

  /// Where the digits of the chunk-id key start.
  private static func endOfLabel(in bytes: RawSpan, _ path: FilePath) throws -> Int {
    guard bytes.byteCount >= label.count + 64,
      label.indices.allSatisfy({ bytes[byteAt: $0] == label[$0] })
    else { throw damaged(path) }
    return label.count
  }

  private static func digit(_ bytes: RawSpan, _ offset: Int) -> UInt8? {
    let byte = bytes[byteAt: offset]
    return switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
