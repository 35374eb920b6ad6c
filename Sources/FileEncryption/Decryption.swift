package import AgeFormat
import Recipients
import Vocabulary

/// Decrypts one file.
package enum Decryption {
  /// What opens the file.
  package enum Keys: Sendable {
    /// These, and nothing else.
    case identities([any Identity])
    /// None was named: a passphrase is asked for where the file has one.
    case passphrase(any KeyDialogue)
  }

  /// Decrypts all of the input, armored or not.
  ///
  /// Standard output gets what is authentic while it comes, and perhaps not all of it; a file appears
  /// only if all went well.
  /// - Parameters:
  ///   - input: what is read.
  ///   - output: where the plaintext goes.
  ///   - keys: what opens it.
  /// - Throws: `OperatorError`.
  package static func run(_ input: InputFile, to output: OutputFile, with keys: Keys) throws {
    do {
      let file = try AgeInput(input)
      let fileKey = try file.header.fileKey(for: identities(keys, for: file.header))
      try AgeFile.decryptPayload(file.payload, to: output, with: fileKey)
    } catch let error as AgeError {
      throw error.operatorError(about: input.name)
    } catch is WrongPassphrase {
      throw OperatorError(
        "passphrase.wrong", .noIdentity, "\(input.name): the passphrase is wrong")
    }
    try output.finish()
  }

  private struct WrongPassphrase: Error {}

  /// Turns "no stanza opened" into what it means where there was but one to try.
  private struct OnlyPassphrase: Identity {
    let passphrase: PassphraseIdentity

    func unwrap(_ stanzas: [Stanza]) throws -> FileKey? {
      guard let fileKey = try passphrase.unwrap(stanzas) else { throw WrongPassphrase() }
      return consume fileKey
    }
  }

  private static func identities(_ keys: Keys, for header: AgeHeader) throws -> [any Identity] {
    switch keys {
    case .identities(let identities):
      guard !header.isForPassphrase else {
        throw OperatorError(
          "passphrase.needed", .noIdentity, "the file is encrypted with a passphrase",
          hint: "decrypt it without -i; the passphrase is then asked for")
      }
      return identities
    case .passphrase(let dialogue):
      guard header.isForPassphrase else {
        throw OperatorError(
          "identity.missing", .usage, "no identity was given",
          hint: "name a file with the secret key by -i")
      }
      let passphrase = PassphraseIdentity { try dialogue.passphrase(of: "the file") }
      return [OnlyPassphrase(passphrase: passphrase)]
    }
  }
}

/// An age file that is being read: armor taken off where there is any, its header parsed.
struct AgeInput {
  let isArmored: Bool
  let header: AgeHeader
  /// What follows the header.
  let payload: BufferedSource

  init(_ input: any ByteSource) throws {
    let source = BufferedSource(input)
    isArmored = try ArmorSource.begins(source)
    payload = isArmored ? BufferedSource(ArmorSource(source)) : source
    header = try AgeHeader(reading: payload)
  }
}
