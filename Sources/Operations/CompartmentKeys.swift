package import AgeFormat
internal import Recipients
package import SecretMemory
import SystemPackage
import Vocabulary

/// The secrets of one compartment that its host holds: they open the host's own chunk index, and
/// nothing else.
package final class CompartmentKeys: Sendable {
  private static let label = Array("chunk-id-key: ".utf8)
  private static let digits = Array("0123456789abcdef".utf8)
  // The label, the key, and identities of at most two kinds, each a line.
  private static let largest = 1_024

  package let chunkIDKey: SecretBytes
  /// What opens the indexes: one identity for each kind of recipients that the compartment has or had.
  package let indexIdentities: [any WrittenIdentity]

  /// New keys, whose index identity may share a file with some recipients.
  init(for recipients: [any Recipient]) throws {
    chunkIDKey = SecretBytes.random(count: 32)
    indexIdentities = [try Self.indexIdentity(for: recipients)]
  }

  /// The same keys, and an index identity more, for recipients of another kind.
  init(_ keys: CompartmentKeys, andFor recipients: [any Recipient]) throws {
    chunkIDKey = keys.chunkIDKey.withBytes { SecretBytes(copying: $0) }
    indexIdentities = keys.indexIdentities + [try Self.indexIdentity(for: recipients)]
  }

  /// Reads a key file: a line `chunk-id-key: <64 hex digits>` and age identities.
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
    indexIdentities = identities.compactMap { $0 as? any WrittenIdentity }
    guard indexIdentities.count == identities.count else { throw Self.damaged(path) }
  }

  /// The public half of the index identity that may share a file with some recipients; nil where there
  /// is none of their kind yet.
  func indexRecipient(beside recipients: [any Recipient]) throws -> (any Recipient)? {
    let wanted = try Self.labels(of: recipients)
    return try indexIdentities.map { try $0.publicHalf() }.first {
      try Self.labels(of: [$0]) == wanted
    }
  }

  /// Lends the text of the key file.
  func withText(_ body: (RawSpan) throws -> Void) throws {
    var count = 0
    let text = try SecretBytes(count: Self.largest) { (text: inout MutableRawSpan) throws -> Void in
      func put(_ byte: UInt8) {
        text.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
      }
      for byte in Self.label { put(byte) }
      chunkIDKey.withBytes { key in
        for index in 0..<32 {
          put(Self.digits[Int(key[byteAt: index] >> 4)])
          put(Self.digits[Int(key[byteAt: index] & 15)])
        }
      }
      for identity in indexIdentities {
        put(UInt8(ascii: "\n"))
        try identity.withText { line in
          for index in 0..<line.byteCount { put(line[byteAt: index]) }
        }
      }
      put(UInt8(ascii: "\n"))
    }
    try text.withBytes { try body($0.extracting(0..<count)) }
  }

  private static func indexIdentity(for recipients: [any Recipient]) throws -> any WrittenIdentity {
    try labels(of: recipients).contains(WrappedFileKey.postQuantum)
      ? HybridIdentity.generate() : X25519Identity.generate()
  }

  /// What sets recipients apart from others, which they show only when they are encrypted to.
  private static func labels(of recipients: [any Recipient]) throws -> Set<String> {
    try recipients.first?.wrap(FileKey()).labels ?? []
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
