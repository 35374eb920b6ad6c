import Foundation
import ProofTools
import Testing

/// Changes of a volume key that are refused, before anything is changed.
@Suite(
  .enabled(if: SealedVolume.obstacle == nil, "\(SealedVolume.obstacle ?? "")"),
  .timeLimit(.minutes(20)))
struct RefusedRotationTests {
  private let volume: SealedVolume

  init() throws { volume = try SealedVolume() }

  @Test func aKeyslotThatNothingAtHandOpens() async throws {
    let other = try volume.office.write("another", to: "other")
    try volume.image.run(
      ["luksAddKey", "--key-file", volume.image.passphrase, "--pbkdf", "pbkdf2"]
        + ["--pbkdf-force-iterations", "1000", volume.image.path, other])
    let pin = try volume.office.write("4711", to: "pin")
    try await volume.change("enroll", "--pcrs", "7", "--pin-file", pin).expect(0)
    let refused = try await unchanged(14, "rotate.not-carried")
    #expect(refused.errors.contains("keyslot 1 (its passphrase was not given"), "\(refused)")
    #expect(refused.errors.contains("keyslot 2 (its PIN was not given"), "\(refused)")
    try await unchanged(14, "rotate.not-carried", "--pin-file", pin)
    let wrong = "1=\(volume.image.passphrase)"
    try await unchanged(14, "rotate.not-carried", "--pin-file", pin, "--passphrase-file", wrong)
    try await rotate("--pin-file", pin, "--passphrase-file", "1=\(other)").expect(0)
    try volume.image.run(
      ["open", "--test-passphrase", "--key-file", other, volume.image.path, "x"])
    try await rotate("--pin-file", pin, "--drop", "4").expect(0)
    #expect(try volume.listed().values.sorted() == ["password", "tpm2"])
  }

  @Test func aTokenOfSomebodyElses() async throws {
    try volume.image.addKeyslot()
    try volume.image.addToken(#"{"type":"clevis","keyslots":["1"],"jwe":{"ciphertext":"x"}}"#)
    let refused = try await unchanged(14, "rotate.not-carried")
    #expect(refused.errors.contains("type clevis is not Coffer's to copy"), "\(refused)")
    try await rotate("--drop", "1").expect(0)
    #expect(try volume.image.run(["luksDump", volume.image.path]).contains("clevis") == false)
  }

  @Test func nothingThatCanBeTypedIsLeft() async throws {
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    try await unchanged(14, "rotate.not-typeable", "--drop", "0")
    try await unchanged(14, "retire.last-way-in", "--drop", "0", "--drop", "1")
    try await unchanged(1, "luks.no-keyslot", "--drop", "7")
    // A key file that no keyboard has.
    let file = volume.office.path("binary")
    try Data([0, 1, 2, 3, 200]).write(to: URL(fileURLWithPath: file))
    try volume.image.run([
      "luksChangeKey", "--key-file", volume.image.passphrase, "--pbkdf", "pbkdf2",
      "--pbkdf-force-iterations", "1000", volume.image.path, file,
    ])
    try await volume.run(words + ["--unlock-key-file", file]).expect(14, "rotate.not-typeable")
  }

  @Test func aHeaderWithoutRoom() async throws {
    for _ in 0..<15 { try volume.image.addKeyslot() }
    try await unchanged(14, "rotate.no-room")
  }

  @Test func aJSONAreaWithoutRoom() async throws {
    let filler = String(repeating: "x", count: 9800)
    try volume.image.addToken(#"{"type":"filler","keyslots":[],"text":"\#(filler)"}"#)
    let refused = try await unchanged(14, "rotate.no-room")
    #expect(refused.errors.contains("JSON area"), "\(refused)")
  }

  @Test func aChangeThatIsStaged() async throws {
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    try await volume.stageTheSameValues()
    try await unchanged(14, "rotate.pending")
  }

  @Test func aReencryptionThatIsNotOurs() async throws {
    try volume.image.beginReencryption()
    try await unchanged(14, "luks.reencryption")
  }

  @Test func nothingToGoOnWithAndNothingDone() async throws {
    try await unchanged(5, "rotate.nothing-to-resume", "--resume")
    let plan = try await unchanged(0, nil, "--dry-run")
    #expect(plan.output.contains("0 becomes 1"), "\(plan)")
  }

  private var words: [String] {
    ["rotate-volume-key", volume.image.path, "--tcti", volume.tpm.tcti] + volume.agreed
  }

  private func rotate(_ options: String...) async throws -> Program.Outcome {
    try await volume.run(words + ["--unlock-key-file", volume.image.passphrase] + options)
  }

  /// Expects a refusal, and an image that is what it was to the last byte.
  @discardableResult private func unchanged(
    _ status: Int32, _ code: String?, _ options: String...
  ) async throws -> Program.Outcome {
    let before = try volume.image.content()
    let refused = try await volume.run(
      words + ["--unlock-key-file", volume.image.passphrase] + options)
    #expect(refused.status == status, "\(refused)")
    if let code { #expect(refused.errors.contains("[\(code)]"), "\(refused)") }
    #expect(try volume.image.content() == before)
    return refused
  }
}
