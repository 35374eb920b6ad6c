import AgeFormat
import ProofTools
import SecretMemory
import Testing

@testable import Recipients

/// Whatever is done with a secret to show it, it is not shown.
@Suite("Secrets that cannot be printed")
struct SilenceTests {
  private func shown(_ value: Any) -> String {
    var dumped = ""
    dump(value, to: &dumped)
    let reflected = Mirror(reflecting: value).children.map { "\($0)" }.joined()
    return "\(value) \(String(describing: value)) \(String(reflecting: value)) \([value]) "
      + "\(["key": value]) \(Optional(value) as Any) " + dumped + reflected
  }

  private func expectSilence(_ value: Any, about secret: String) {
    let shown = shown(value).uppercased()
    let inner = secret.dropFirst(20).prefix(20).uppercased()
    #expect(inner.count == 20 && !shown.contains(inner), "\(type(of: value)) shows its secret")
  }

  private func text(_ identity: any WrittenIdentity) throws -> String {
    var text = ""
    try identity.withText { text = String(decoding: $0.copied(), as: UTF8.self) }
    return text
  }

  @Test("identities of age")
  func identities() throws {
    for identity: any WrittenIdentity in [X25519Identity.generate(), try HybridIdentity.generate()]
    {
      let secret = try text(identity)
      expectSilence(identity, about: secret)
      for wrong in [secret + "Q", secret.lowercased(), String(secret.dropLast()) + "!"] {
        do {
          _ = try Array(wrong.utf8).withBytes { try IdentityFile.parse($0) }
          Issue.record("\(type(of: identity)): a wrong text was taken")
        } catch {
          expectSilence(error, about: secret)
        }
      }
      do {
        _ = try RecipientRegistry.parse(secret)
        Issue.record("a secret was taken for a recipient")
      } catch {
        expectSilence(error, about: secret)
      }
    }
  }

  @Test("an SSH key", .enabled(if: StockTool.isInstalled("ssh-keygen"), "no ssh-keygen"))
  func ssh() throws {
    let folder = try ScratchFolder()
    let made = try #require(StockTool("ssh-keygen")).run(
      ["-q", "-t", "ed25519", "-N", "", "-f", folder.path(of: "id")])
    #expect(made.status == 0)
    let file = try folder.read("id")
    let secret = try #require(
      String(decoding: file, as: UTF8.self).split(separator: "\n").dropFirst(3).first)
    let identity = try #require(file.withBytes { try IdentityFile.parse($0) }.first)
    expectSilence(identity, about: String(secret))
  }

  @Test("a passphrase, and an identity file that one protects")
  func passphrase() throws {
    let secret = "correct horse battery staple and some more"
    let bytes = Array(secret.utf8)
    let recipient = try PassphraseRecipient(
      bytes.withBytes { SecretBytes(copying: $0) }, workFactor: 1)
    expectSilence(recipient, about: secret)
    let identity = PassphraseIdentity { bytes.withBytes { SecretBytes(copying: $0) } }
    expectSilence(identity, about: secret)
    let file = try bytes.withBytes { try AgeFile.seal($0, to: [recipient]) }
    expectSilence(
      try #require(file.withBytes { try IdentityFile.parse($0) }.first), about: secret)
  }

  @Test("an identity of a plugin, which may be a secret")
  func plugin() throws {
    let text = "AGE-PLUGIN-NOTHING-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S"
    do {
      let pair = try Array(text.utf8).withBytes { try IdentityRegistry.parse($0) }
      expectSilence(pair, about: text)
    } catch {
      expectSilence(error, about: text)
    }
  }
}
