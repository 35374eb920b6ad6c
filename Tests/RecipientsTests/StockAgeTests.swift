import AgeFormat
import ProofTools
import SecretMemory
import Testing

@testable import Recipients

@Suite(
  "Files between us and Debian's age",
  .enabled(
    if: StockTool.isInstalled("age") && StockTool.isInstalled("age-keygen"),
    "age is not installed"))
struct StockAgeTests {
  /// Around the edges of chunks, and of a batch of 64.
  static let sizes = [
    0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 1_048_575, 1_048_576, 1_048_577,
    4_194_303, 4_194_304, 4_194_305, 9 << 20,
  ]

  private func identity(in folder: borrowing ScratchFolder) throws -> X25519Identity {
    let made = try #require(StockTool("age-keygen")).run(["-o", folder.path(of: "key")])
    #expect(made.status == 0, "\(made.text)")
    let identities = try folder.read("key").withBytes { try IdentityFile.parse($0) }
    return try #require(identities.first as? X25519Identity)
  }

  @Test("age-keygen's file is read, and gives the recipient age prints")
  func keygen() throws {
    let folder = try ScratchFolder()
    let identity = try identity(in: folder)
    #expect(try folder.readText("key").contains("# public key: \(identity.recipient.text)\n"))
    let printed = try #require(StockTool("age-keygen")).run(["-y", folder.path(of: "key")])
    #expect(printed.text == identity.recipient.text + "\n")
  }

  @Test("age opens what we seal, whole and as a stream", arguments: sizes)
  func oursToTheirs(size: Int) throws {
    let folder = try ScratchFolder()
    let identity = try identity(in: folder)
    var chance = SeededChance(seed: UInt64(size))
    let plaintext = chance.bytes(size)
    let age = try #require(StockTool("age"))

    let sink = CollectingSink()
    try AgeFile.encrypt(
      PiecewiseSource(plaintext, piece: 100_000), to: sink, for: [identity.recipient])
    let streamed = sink.bytes
    let whole = try plaintext.withBytes { try AgeFile.seal($0, to: [identity.recipient]) }

    for file in [whole, streamed] {
      try folder.write(file, to: "in")
      let opened = try age.run(
        ["-d", "-i", folder.path(of: "key"), "-o", folder.path(of: "out"), folder.path(of: "in")])
      #expect(opened.status == 0, "\(opened.text)")
      // age 1.1.1 makes no file where there is nothing to put into it.
      if size > 0 { #expect(try folder.read("out") == plaintext) }
    }
  }

  @Test("we open what age seals, whole and as a stream", arguments: sizes)
  func theirsToOurs(size: Int) throws {
    let folder = try ScratchFolder()
    let identity = try identity(in: folder)
    var chance = SeededChance(seed: UInt64(size))
    let plaintext = chance.bytes(size)
    let input = try folder.write(plaintext, to: "in")
    let sealed = try #require(StockTool("age")).run(
      ["-r", identity.recipient.text, "-o", folder.path(of: "out"), input])
    #expect(sealed.status == 0, "\(sealed.text)")

    let file = try folder.read("out")
    let isSame = try file.withBytes { try AgeFile.open($0, with: [identity]) } == plaintext
    #expect(isSame)
    let source = BufferedSource(PiecewiseSource(file, piece: 100_000))
    let header = try AgeHeader(reading: source)
    let sink = CollectingSink()
    try AgeFile.decryptPayload(source, to: sink, with: header.fileKey(for: [identity]))
    let streamed = sink.bytes
    #expect(streamed == plaintext)
  }
}
