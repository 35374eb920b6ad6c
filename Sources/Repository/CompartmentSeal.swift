package import SecretMemory
package import Vocabulary

/// Under which chunk-id key and for which recipients a compartment is sealed.
///
/// What was stored under one seal serves no snapshot under another: its chunks have other names, or
/// the recipients cannot open its packs. Both marks are keyed hashes under the chunk-id key, so that
/// the plain ledger shows that a seal changed, and neither the key nor who the recipients are.
package struct CompartmentSeal: Sendable, Hashable, Codable {
  package let name: CompartmentName
  /// The mark of the chunk-id key, 64 hexadecimal digits.
  package let chunkIDKey: String
  /// The mark of the set of recipients, 64 hexadecimal digits; their order does not matter.
  package let recipients: String

  /// Puts marks together that were read.
  package init(name: CompartmentName, chunkIDKey: String, recipients: String) {
    self.name = name
    self.chunkIDKey = chunkIDKey
    self.recipients = recipients
  }

  /// Marks a compartment.
  ///
  /// - Parameters:
  ///   - name: the compartment.
  ///   - key: its 32-byte key for chunk ids.
  ///   - recipients: its recipients as age writes them.
  package init(
    _ name: CompartmentName, chunkIDKey key: borrowing SecretBytes, recipients: [String]
  ) {
    let keyedHash = KeyedHash(key: key)
    func mark(_ lines: [String]) -> String {
      Hexadecimal.encode(
        Array(lines.joined(separator: "\n").utf8).withBytes { keyedHash.hash($0) })
    }
    self.init(
      name: name, chunkIDKey: mark(["coffer chunk-id key"]),
      recipients: mark(["coffer recipients"] + Set(recipients).sorted()))
  }
}
