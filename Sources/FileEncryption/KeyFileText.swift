import AgeFormat
package import Recipients
package import SecretMemory
package import Vocabulary

/// The text of a new identity file, as age-keygen writes it.
package enum KeyFileText {
  /// A classic identity, or a post-quantum one in both of its forms.
  package enum Identity: Sendable {
    case classic(X25519Identity)
    case hybrid(HybridIdentity)

    /// Whom to encrypt to, as it is written.
    package var recipient: String {
      switch self {
      case .classic(let identity): identity.recipient.text
      case .hybrid(let identity): identity.recipient.text
      }
    }
  }

  // A hybrid recipient is 1,959 characters; nothing else is long.
  private static let largest = 8 * 1024

  /// The file, comments first.
  package static func of(_ identity: Identity, created: Timestamp) -> SecretBytes {
    var count = 0
    let room = SecretBytes(count: largest) { room in
      func put(_ bytes: RawSpan) {
        var part = room._mutatingExtracting(count..<count + bytes.byteCount)
        part.copy(from: bytes)
        count += bytes.byteCount
      }
      func put(_ text: String) { Array(text.utf8).withBytes { put($0) } }

      put("# created: \(created)\n# public key: \(identity.recipient)\n")
      switch identity {
      case .classic(let identity): identity.withText { put($0) }
      case .hybrid(let identity):
        put(
          """
          # coffer-age, and age from 1.3 on, open files with the line AGE-SECRET-KEY-PQ-1… below.
          # An older age does it through age-plugin-pq: give it a file with the following line
          # instead, without the # before it.
          #\u{20}
          """)
        identity.withPluginText { put($0) }
        put("\n")
        identity.withText { put($0) }
      }
      put("\n")
    }
    return room.withBytes { SecretBytes(copying: $0.extracting(0..<count)) }
  }
}
