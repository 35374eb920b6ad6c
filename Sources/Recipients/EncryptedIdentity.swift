package import AgeFormat
internal import SecretMemory
internal import Synchronization
internal import Vocabulary

/// The identities in a file that is itself encrypted with age, opened when the first of them is needed.
package final class EncryptedIdentity: KeyPair {
  private static let binary = "age-encryption.org/v1\n"
  private static let armored = "-----BEGIN AGE ENCRYPTED FILE-----"

  private let file: [UInt8]
  private let name: String
  private let dialogue: any KeyDialogue
  private let opened = Mutex<[any KeyPair]?>(nil)

  /// Whether a file begins as an encrypted one does.
  static func begins(_ bytes: RawSpan) -> Bool {
    [binary, armored].contains { IdentityRegistry.begins(bytes, with: $0) }
  }

  /// Takes a file; it is not looked into yet.
  ///
  /// - Parameters:
  ///   - bytes: the file, armored or not.
  ///   - name: how it is called when somebody is asked for its passphrase.
  ///   - dialogue: who is asked.
  package init(_ bytes: RawSpan, called name: String, asking dialogue: any KeyDialogue) {
    file = bytes.copied()
    self.name = name
    self.dialogue = dialogue
  }

  /// Tries the identities of the file, of which each opens what it opens.
  ///
  /// Throws `OperatorError` `identity.locked` where the file does not open, and as those in it throw.
  package func unwrap(_ stanzas: [Stanza]) throws -> FileKey? {
    for identity in try identities() {
      if let fileKey = try identity.unwrap(stanzas) { return fileKey }
    }
    return nil
  }

  /// The public half of the first identity in it; throws as `unwrap`.
  package func publicHalf() throws -> any Recipient {
    guard let first = try identities().first else { throw AgeError.noRecipients }
    return try first.publicHalf()
  }

  private func identities() throws -> [any KeyPair] {
    try opened.withLock { opened in
      if let opened { return opened }
      let identities = try decrypt()
      opened = identities
      return identities
    }
  }

  private func decrypt() throws -> [any KeyPair] {
    do {
      let source = BufferedSource(MemorySource(file))
      let isArmored = try ArmorSource.begins(source)
      let binary = isArmored ? try MemorySource.all(of: ArmorSource(source)) : file
      let passphrase = PassphraseIdentity { [dialogue, name] in
        try dialogue.passphrase(of: name)
      }
      let content = try binary.withBytes { try AgeFile.openSecret($0, with: [passphrase]) }
      return try content.withBytes { try IdentityFile.lines(of: $0, asking: dialogue) }
    } catch AgeError.noIdentityMatches {
      throw OperatorError(
        "identity.locked", .noIdentity, "the passphrase does not open \(name)",
        hint: "the file must be encrypted with a passphrase alone, and this must be it")
    } catch let error as AgeError {
      throw error.operatorError(about: name)
    }
  }
}

extension EncryptedIdentity: CustomStringConvertible, CustomReflectable {
  package var description: String { "the identities in \(name)" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
