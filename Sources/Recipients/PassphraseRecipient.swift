package import AgeFormat
package import SecretMemory
internal import Vocabulary

/// Whoever knows a passphrase; the only recipient of its file.
///
/// age.md, "scrypt recipient stanza".
package final class PassphraseRecipient: Recipient {
  /// About a second and 256 MiB.
  package static let defaultWorkFactor = 18

  private let passphrase: SecretBytes
  private let workFactor: Int

  /// Takes a passphrase, and log2 of the price of each guess, from 1 to 22.
  ///
  /// Throws `OperatorError` `passphrase.empty`.
  package init(_ passphrase: consuming SecretBytes, workFactor: Int = defaultWorkFactor) throws {
    precondition((1...PassphraseIdentity.maximumWorkFactor).contains(workFactor))
    guard passphrase.count > 0 else {
      throw OperatorError("passphrase.empty", .usage, "the passphrase is empty")
    }
    self.passphrase = passphrase
    self.workFactor = workFactor
  }

  /// Wraps a file key; throws `OperatorError` `passphrase.memory` where there is not enough.
  package func wrap(_ fileKey: borrowing FileKey) throws -> WrappedFileKey {
    let salt = Randomness.bytes(count: PassphraseStanza.saltSize)
    guard let key = PassphraseStanza.wrapKey(passphrase, salt: salt, workFactor: workFactor) else {
      throw PassphraseIdentity.notEnoughMemory(workFactor)
    }
    return WrappedFileKey([
      Stanza(
        type: PassphraseStanza.type,
        arguments: [Base64.encode(salt, padding: .none), "\(workFactor)"],
        body: WrappedKey.seal(fileKey, under: key))
    ])
  }
}

extension PassphraseRecipient: CustomStringConvertible, CustomReflectable {
  package var description: String { "a passphrase" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
