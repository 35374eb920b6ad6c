import ProofTools
import SecretMemory
import Testing

@testable import Signatures

@Suite(
  "Signatures and Debian's minisign",
  .enabled(if: StockTool.isInstalled("minisign"), "minisign is not installed"))
struct StockMinisignTests {
  private func minisign(_ arguments: String...) throws -> StockTool.Outcome {
    try #require(StockTool("minisign")).run(arguments)
  }

  @Test("minisign accepts what we sign, and refuses it when the message changes")
  func oursToTheirs() throws {
    let folder = try ScratchFolder()
    let key = SigningKey.generate()
    let message = Array("manifest 1".utf8)
    let file = try folder.write(message, to: "m")
    let publicKey = try folder.write(key.verifyingKey.text, to: "k.pub")
    try folder.write(
      message.withBytes { try key.sign($0, trustedComment: "sequence 1, é") }, to: "m.minisig")

    let accepted = try minisign("-V", "-H", "-m", file, "-p", publicKey)
    #expect(accepted.status == 0, "\(accepted.text)")
    #expect(accepted.text.contains("sequence 1, é"))
    try folder.write("manifest 2", to: "m")
    #expect(try minisign("-V", "-H", "-m", file, "-p", publicKey).status != 0)
  }

  @Test("minisign reads our secret key, signs with it and finds the same public half")
  func ourKey() throws {
    let folder = try ScratchFolder()
    let key = SigningKey.generate()
    let secret = try folder.write(key.withText { $0.copied() }, to: "k.key")
    let file = try folder.write("signed by them", to: "m")
    let signed = try minisign("-S", "-s", secret, "-m", file, "-t", "theirs")
    #expect(signed.status == 0, "\(signed.text)")
    let comment = try folder.read("m").withBytes {
      try key.verifyingKey.verify(folder.readText("m.minisig"), of: $0)
    }
    #expect(comment == "theirs")
    _ = try minisign("-R", "-s", secret, "-p", folder.path(of: "again.pub"))
    #expect(try VerifyingKey(parsing: folder.readText("again.pub")) == key.verifyingKey)
  }

  @Test("we read minisign's keys and accept what it signs")
  func theirsToOurs() throws {
    let folder = try ScratchFolder()
    let secret = folder.path(of: "k.key")
    let made = try minisign("-G", "-W", "-p", folder.path(of: "k.pub"), "-s", secret)
    #expect(made.status == 0, "\(made.text)")
    let file = try folder.write([UInt8](repeating: 0, count: 100_000), to: "m")
    _ = try minisign("-S", "-s", secret, "-m", file, "-t", "made by minisign")

    let publicText = try folder.readText("k.pub")
    let verifyingKey = try VerifyingKey(parsing: publicText)
    #expect(publicText == verifyingKey.text)
    let comment = try folder.read("m").withBytes {
      try verifyingKey.verify(folder.readText("m.minisig"), of: $0)
    }
    #expect(comment == "made by minisign")
    let signingKey = try folder.read("k.key").withBytes { try SigningKey(parsing: $0) }
    #expect(signingKey.verifyingKey == verifyingKey)
  }

  @Test("what minisign signed the legacy way is refused")
  func legacy() throws {
    let folder = try ScratchFolder()
    let secret = folder.path(of: "k.key")
    _ = try minisign("-G", "-W", "-p", folder.path(of: "k.pub"), "-s", secret)
    let file = try folder.write("old", to: "m")
    _ = try minisign("-S", "-l", "-s", secret, "-m", file)
    let key = try VerifyingKey(parsing: folder.readText("k.pub"))
    #expect(throws: SignatureError.legacyAlgorithm) {
      try folder.read("m").withBytes { try key.verify(folder.readText("m.minisig"), of: $0) }
    }
  }
}
