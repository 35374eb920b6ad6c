import AgeFormat
import SecretMemory
import Vocabulary

/// What can be said of an age file without any key.
///
/// The names in JSON are those of age's own age-inspect.
package struct Inspection: Sendable, Codable {
  /// Where the bytes of a file go; they add up to its size.
  package struct Sizes: Sendable, Codable {
    package let header: Int
    package let armor: Int
    /// The nonce and the tags.
    package let overhead: Int
    package let minPayload: Int
    package let maxPayload: Int
    package let minPadding: Int
    package let maxPadding: Int

    private enum CodingKeys: String, CodingKey {
      case header, armor, overhead
      case minPayload = "min_payload"
      case maxPayload = "max_payload"
      case minPadding = "min_padding"
      case maxPadding = "max_padding"
    }
  }

  /// Whether what lets at the file key withstands a quantum computer.
  package enum PostQuantum: String, Sendable, Codable {
    case yes, no, unknown
  }

  package let version: String
  package let postquantum: PostQuantum
  package let armor: Bool
  package let stanzaTypes: [String]
  package let sizes: Sizes

  private enum CodingKeys: String, CodingKey {
    case version, postquantum, armor, sizes
    case stanzaTypes = "stanza_types"
  }

  // One that a quantum computer opens is enough; what is not known says nothing.
  private static let withstanding: Set = ["mlkem768x25519", "mlkem768p256tag", "scrypt"]
  private static let giving: Set = ["X25519", "ssh-ed25519", "ssh-rsa", "p256tag", "piv-p256"]

  /// Looks at a file; reads all of it only where its size does not tell the rest.
  ///
  /// - Throws: `OperatorError`.
  package init(_ input: InputFile) throws {
    do {
      let counted = CountingSource(input)
      let file = try AgeInput(counted)
      let header = file.header.bytes.count
      let binary: Int
      if let size = input.size, !file.isArmored {
        binary = size
      } else {
        binary = header + (try Self.drain(file.payload))
      }
      let payload = try AgePayload.plaintextSize(ofSealed: binary - header)
      version = "age-encryption.org/v1"
      armor = file.isArmored
      stanzaTypes = file.header.stanzas.map(\.type)
      postquantum =
        stanzaTypes.contains(where: Self.giving.contains)
        ? .no
        : stanzaTypes.contains(where: Self.withstanding.contains) ? .yes : .unknown
      sizes = Sizes(
        header: header, armor: file.isArmored ? counted.total - binary : 0,
        overhead: binary - header - payload, minPayload: payload, maxPayload: payload,
        minPadding: 0, maxPadding: 0)
    } catch let error as AgeError {
      throw error.operatorError(about: input.name)
    }
  }

  private static func drain(_ source: any ByteSource) throws -> Int {
    var room = [UInt8](repeating: 0, count: 1 << 16)
    var total = 0
    while true {
      let count = try room.withMutableBytes { try source.read(into: &$0) }
      guard count > 0 else { return total }
      total += count
    }
  }
}
