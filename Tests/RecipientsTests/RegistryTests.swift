import AgeFormat
import SecretMemory
import Testing
import Vocabulary

@testable import Recipients

@Suite("Recipients and identities as operators give them")
struct RegistryTests {
  private func code(ofRecipient text: String) -> String? {
    do {
      _ = try RecipientRegistry.parse(text)
      return nil
    } catch {
      return (error as? OperatorError)?.code
    }
  }

  private func parse(_ file: String) throws -> [any Identity] {
    try Array(file.utf8).withBytes { try IdentityFile.parse($0) }
  }

  private let secret = X25519Identity.generate().withText {
    String(decoding: $0.copied(), as: UTF8.self)
  }

  @Test("a classic recipient is read")
  func classic() throws {
    let recipient = X25519Identity.generate().recipient
    #expect(try RecipientRegistry.parse(recipient.text) as? X25519Recipient == recipient)
  }

  @Test(
    "kinds that cannot be had are named as such, and what is no recipient is not",
    arguments: [
      ("age1pq1qqqq", "recipient.malformed"), ("age1tag1qqqq", "recipient.malformed"),
      ("age1tagpq1qqqq", "recipient.malformed"), ("ssh-ed25519 AAAA", "recipient.malformed"),
      ("age1yubikey1qqqq", "recipient.malformed"), ("age1qqqq", "recipient.malformed"),
      ("ssh-rsa AAAA", "recipient.unsupported"), ("ecdsa-sha2-nistp256 A", "recipient.unsupported"),
      ("AGE-SECRET-KEY-1QQQQ", "recipient.secret"), ("", "recipient.unknown"),
      ("officer@example.org", "recipient.unknown"),
    ])
  func kinds(text: String, code: String) {
    #expect(self.code(ofRecipient: text) == code)
  }

  @Test("comments, empty lines, CRLF and a missing last line end do no harm")
  func identityFile() throws {
    let second = X25519Identity.generate().withText { String(decoding: $0.copied(), as: UTF8.self) }
    let identities = try parse("# created: today\n\n\(secret)\r\n#\(secret)\n\(second)")
    #expect(identities.count == 2)
  }

  @Test("an error names the line and not what stands there")
  func lineNumbers() {
    let broken = String(secret.dropLast()) + "!"
    for wrong in [broken, " \(secret)", "age1qqqq", "AGE-PLUGIN-X-1QQ", secret.lowercased()] {
      let error = #expect(throws: OperatorError.self) { _ = try parse("# one\n\n\(wrong)\n") }
      let shown = "\(error as Any)"
      #expect(shown.contains("line 3"))
      #expect(!shown.uppercased().contains(secret.dropFirst(20).prefix(20)))
    }
  }

  @Test("a file without identities is an error", arguments: ["", "\n", "# AGE\n"])
  func noIdentities(file: String) {
    let error = #expect(throws: OperatorError.self) { _ = try parse(file) }
    #expect(error?.code == "identity.none")
  }
}
