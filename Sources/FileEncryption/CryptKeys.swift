package import AgeFormat
import LocalFiles
import Recipients
import SecretMemory
import SystemPackage
import Vocabulary

/// Everything that was named to encrypt to or to decrypt with.
package struct CryptKeys: Sendable {
  private let recipients: [String]
  private let recipientsFiles: [String]
  private let identities: [String]
  private let plugins: [String]
  private let dialogue: any KeyDialogue

  /// Takes what was named; nothing is read yet.
  ///
  /// - Parameters:
  ///   - recipients: as they are written.
  ///   - recipientsFiles: paths, or `-`.
  ///   - identities: paths, or `-`.
  ///   - plugins: names of plugins that need no data.
  ///   - dialogue: who is asked for passphrases, and by plugins.
  package init(
    recipients: [String], recipientsFiles: [String], identities: [String], plugins: [String],
    dialogue: any KeyDialogue
  ) {
    self.recipients = recipients
    self.recipientsFiles = recipientsFiles
    self.identities = identities
    self.plugins = plugins
    self.dialogue = dialogue
  }

  /// What decrypts: the identities, or a passphrase where there is none.
  ///
  /// - Throws: `OperatorError`.
  package func forDecryption() throws -> Decryption.Keys {
    let pairs = try keyPairs()
    return pairs.isEmpty ? .passphrase(dialogue) : .identities(pairs)
  }

  /// Whom to encrypt to, the public halves of identities among them.
  ///
  /// - Throws: `OperatorError`.
  package func forEncryption() throws -> [any Recipient] {
    var all = try recipients.map { try RecipientRegistry.parse($0, asking: dialogue) }
    for path in recipientsFiles {
      let bytes = try SecretFile.read(FilePath(path)).withBytes { $0.copied() }
      all += try RecipientsFile.parse(bytes, asking: dialogue)
    }
    return all + (try keyPairs().map { try $0.publicHalf() })
  }

  /// A new passphrase as the only recipient.
  ///
  /// - Throws: `OperatorError`.
  package func passphraseRecipient() throws -> any Recipient {
    try PassphraseRecipient(NewPassphrase.ask(dialogue))
  }

  private func keyPairs() throws -> [any KeyPair] {
    let fromFiles = try identities.flatMap { path in
      let name = path == "-" ? "standard input" : path
      return try SecretFile.read(FilePath(path)).withBytes {
        try IdentityFile.parse($0, called: name, asking: dialogue)
      }
    }
    return try fromFiles
      + plugins.map { try IdentityRegistry.withoutData(plugin: $0, asking: dialogue) }
  }
}
