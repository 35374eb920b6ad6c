package import AgeFormat
internal import SecretMemory
internal import Vocabulary

/// An SSH key as a recipient, written `ssh-ed25519 AAAA…` as in an `authorized_keys` file.
///
/// age's source, agessh; there is no other specification.
package struct SSHRecipient: WrittenRecipient, Hashable {
  let key: SSHPublicKey

  init(_ key: SSHPublicKey) {
    self.key = key
  }

  /// Reads a line: type, key, and a comment that says nothing; throws `OperatorError`
  /// `recipient.malformed`.
  package init(parsing text: String) throws {
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count >= 2, words[0] == SSHPublicKey.type,
      let wire = Base64.decode(words[1], padding: .required), let key = SSHPublicKey(wire: wire)
    else {
      throw OperatorError(
        "recipient.malformed", .usage, "this is not an SSH key of type \(SSHPublicKey.type)",
        hint: "copy the line of the .pub file again, all of it")
    }
    self.key = key
  }

  package var text: String { key.text }

  package func wrap(_ fileKey: borrowing FileKey) throws -> WrappedFileKey {
    let ephemeral = SecretBytes.random(count: X25519.size)
    let share = X25519.publicKey(of: ephemeral)
    let shared: SecretBytes
    do {
      shared = try key.tweaked(X25519.sharedSecret(secret: ephemeral, point: key.point))
    } catch {
      throw OperatorError(
        "recipient.weak", .usage,
        "this SSH key is no real key: everybody could open what is sealed",
        hint: "take it off the recipients")
    }
    let body = WrappedKey.seal(fileKey, under: key.wrapKey(shared: shared, share: share))
    let arguments = [key.fingerprint, share].map { Base64.encode($0, padding: .none) }
    return WrappedFileKey([Stanza(type: SSHPublicKey.type, arguments: arguments, body: body)])
  }
}

extension SSHRecipient: CustomStringConvertible {
  package var description: String { text }
}
