import AgeFormat
import ProofTools
import Recipients
import SecretMemory
import Testing

@Suite("Files with a passphrase, between us and other ages")
struct PassphraseTests {
  private static let passphrase = "correct horse, süß"
  private static let hasAge = StockTool.isInstalled("age") && StockTool.isInstalled("python3")

  /// Seals file `in` under a low price of each guess, which the command line does not offer.
  private func seal(_ folder: borrowing ScratchFolder, armored: Bool) throws -> String {
    let passphrase = Array(Self.passphrase.utf8).withBytes { SecretBytes(copying: $0) }
    let recipient = try PassphraseRecipient(passphrase, workFactor: 10)
    let sink = CollectingSink()
    let source = MemorySource(try folder.read("in"))
    if armored {
      let armor = ArmorSink(sink)
      try AgeFile.encrypt(source, to: armor, for: [recipient])
      try armor.finish()
    } else {
      try AgeFile.encrypt(source, to: sink, for: [recipient])
    }
    return try folder.write(sink.bytes, to: "sealed")
  }

  /// Opens file `sealed` by coffer-age, which asks nobody.
  private func openWithOurs(_ folder: borrowing ScratchFolder) throws -> StockTool.Outcome {
    try folder.write(Self.passphrase + "\n", to: "passphrase")
    let (tool, input) = (StockTool(built: "coffer-age").path, folder.path(of: "sealed"))
    let command = "exec '\(tool)' -d --passphrase-fd 3 -o '\(folder.path(of: "out"))' '\(input)'"
    return try #require(StockTool("sh")).run(
      ["-c", "\(command) 3<'\(folder.path(of: "passphrase"))'"])
  }

  @Test(
    "age opens what we seal", .enabled(if: hasAge, "age or python3 is not installed"),
    arguments: [false, true], Plaintext.smallSizes)
  func oursToAge(armored: Bool, size: Int) throws {
    let folder = try ScratchFolder()
    _ = try Plaintext.write(size, in: folder)
    let sealed = try seal(folder, armored: armored)
    let opened = try Oracles.atTerminal(
      ["age", "-d", "-o", folder.path(of: "out"), sealed],
      answers: [.init(question: "passphrase", text: Self.passphrase)], notes: folder)
    #expect(opened.status == 0, "\(opened)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "we open what age seals, at age's own price of a guess",
    .enabled(if: hasAge, "age or python3 is not installed"))
  func ageToOurs() throws {
    let folder = try ScratchFolder()
    let input = try Plaintext.write(65_537, in: folder)
    let answer = Oracles.Answer(question: "passphrase", text: Self.passphrase)
    let sealed = try Oracles.atTerminal(
      ["age", "-p", "-o", folder.path(of: "sealed"), input], answers: [answer, answer],
      notes: folder)
    #expect(sealed.status == 0, "\(sealed)")
    let header = try AgeHeader(parsing: folder.read("sealed"))
    #expect(header.stanzas.first?.arguments.last == "18")
    let opened = try openWithOurs(folder)
    #expect(opened.status == 0, "\(opened)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "rage opens what we seal", .enabled(if: Implementation.rage.isThere, Oracles.absence),
    arguments: [false, true])
  func oursToRage(armored: Bool) throws {
    let folder = try ScratchFolder()
    _ = try Plaintext.write(131_073, in: folder)
    let sealed = try seal(folder, armored: armored)
    let key = try folder.write("passphrase: \(Self.passphrase)", to: "key")
    let opened = try Implementation.rage.open(sealed, with: key, as: folder.path(of: "out"))
    #expect(opened.status == 0, "\(opened)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "we open what rage seals", .enabled(if: Implementation.rage.isThere, Oracles.absence))
  func rageToOurs() throws {
    let folder = try ScratchFolder()
    let input = try Plaintext.write(131_073, in: folder)
    let key = try folder.write("passphrase: \(Self.passphrase)", to: "key")
    let sealed = try Implementation.rage.seal(
      input, to: key, armored: true, as: folder.path(of: "sealed"))
    #expect(sealed.status == 0, "\(sealed)")
    let opened = try openWithOurs(folder)
    #expect(opened.status == 0, "\(opened)")
    #expect(try Plaintext.cameBack(in: folder))
  }
}
