package import AgeFormat
package import SecretMemory
internal import Vocabulary

/// A passphrase that opens files, asked for where a file needs one and not before.
///
/// age.md, "scrypt recipient stanza".
package final class PassphraseIdentity: Identity {
  /// No file is opened that asks for more work: 16 times the default, some 4 GiB and 15 seconds.
  package static let maximumWorkFactor = 22

  private let passphrase: @Sendable () throws -> SecretBytes

  /// Takes what gives the passphrase; it is called once for each file that needs one.
  package init(asking passphrase: @escaping @Sendable () throws -> SecretBytes) {
    self.passphrase = passphrase
  }

  /// Unwraps the file key where the file is for a passphrase; nil where it is not for this one.
  ///
  /// Throws `AgeError.malformedStanza` for a stanza that breaks the rules or asks for too much work,
  /// `OperatorError` `passphrase.memory`, and what asking throws.
  package func unwrap(_ stanzas: [Stanza]) throws -> FileKey? {
    guard let stanza = stanzas.first, stanza.type == PassphraseStanza.type else { return nil }
    guard stanza.arguments.count == 2 else { throw broken("it has not two arguments") }
    guard let salt = Base64.decode(stanza.arguments[0], padding: .none),
      salt.count == PassphraseStanza.saltSize
    else { throw broken("its salt is not 16 bytes in canonical base64") }
    let workFactor = try workFactor(stanza.arguments[1])
    guard stanza.body.count == WrappedKey.size else { throw broken("its body is not 32 bytes") }
    let key = PassphraseStanza.wrapKey(try passphrase(), salt: salt, workFactor: workFactor)
    guard let key else { throw Self.notEnoughMemory(workFactor) }
    return WrappedKey.open(stanza.body, under: key)
  }

  private func workFactor(_ text: String) throws(AgeError) -> Int {
    let digits = Array(text.utf8)
    let isNumber =
      digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      && digits.first != UInt8(ascii: "0") && !digits.isEmpty
    guard isNumber else { throw broken("its work factor is no number") }
    guard let workFactor = Int(text), workFactor <= Self.maximumWorkFactor else {
      throw broken("it asks for more work than \(Self.maximumWorkFactor)")
    }
    return workFactor
  }

  private func broken(_ reason: String) -> AgeError {
    .malformedStanza(type: PassphraseStanza.type, reason)
  }

  static func notEnoughMemory(_ workFactor: Int) -> OperatorError {
    OperatorError(
      "passphrase.memory", .failed,
      "there is not enough memory for a passphrase of work factor \(workFactor)",
      hint: "it takes \((1 << workFactor) >> 10) MiB; use a machine that has them")
  }
}
