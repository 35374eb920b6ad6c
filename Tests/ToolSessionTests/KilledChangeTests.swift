import Custody
import Foundation
import ProofTools
import Testing

/// Changes that are cut off, or fail, at every step that the code has.
///
/// What opened the volume before opens it still, and the next change cleans up or goes on.
@Suite(
  .enabled(if: SealedVolume.obstacle == nil, "\(SealedVolume.obstacle ?? "")"),
  .timeLimit(.minutes(20)))
struct KilledChangeTests {
  private static let adding: [CustodyStep] = [
    .backedUp, .marked, .keyslotAdded, .keyslotOpened, .tokenWritten, .tokenOpened, .unmarked,
    .recorded,
  ]
  private static let retiring: [CustodyStep] = [
    .retirementMarked, .keyslotDestroyed, .tokenRemoved, .retired,
  ]
  private static let moving: [CustodyStep] = [.tokenMoved]

  @Test func everyStepIsKilledBelow() {
    #expect(
      Set(Self.adding + Self.retiring + Self.moving + RotationSteps.all)
        == Set(CustodyStep.allCases))
  }

  @Test(arguments: adding)
  func anEnrolmentThatIsKilledLeavesTheVolumeAsItWas(step: CustodyStep) async throws {
    let volume = try SealedVolume()
    let killed = try await volume.change("enroll", "--pcrs", "7", fault: "kill:\(step.rawValue)")
    #expect(killed.status == 128 + SIGKILL, "\(killed)")
    #expect(volume.opensByPassphrase())
    let isDone = [.unmarked, .recorded].contains(step)
    try await volume.change("enroll", "--pcrs", "7,11").expect(0)
    #expect(
      try volume.listed()
        == (isDone ? [0: "password", 1: "tpm2", 2: "tpm2"] : [0: "password", 1: "tpm2"]))
    try await volume.luks("verify").expect(0)
    #expect(try await volume.findings().allSatisfy { !$0.hasPrefix("change.") })
    try await volume.office.custody("record", "verify").expect(0)
  }

  @Test(arguments: adding.filter { ![.unmarked, .recorded].contains($0) })
  func anEnrolmentThatFailsTakesItsKeyslotBack(step: CustodyStep) async throws {
    let volume = try SealedVolume()
    let failed = try await volume.change("enroll", "--pcrs", "7", fault: "fail:\(step.rawValue)")
    #expect(failed.status == 1, "\(failed)")
    #expect(try volume.listed() == [0: "password"])
    #expect(volume.opensByPassphrase())
    #expect(try volume.image.run(["luksDump", volume.image.path]).contains("coffer") == false)
  }

  /// A compat token below one of the storage root key, so that it has to keep its place.
  @Test(arguments: adding + retiring + moving)
  func aResealThatIsKilledLeavesAWayIn(step: CustodyStep) async throws {
    let volume = try SealedVolume()
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    try await volume.change("enroll", "--pcrs", "7", "--profile", "srk").expect(0)
    let killed = try await volume.change(
      "reseal", "--keyslot", "1", fault: "kill:\(step.rawValue)")
    #expect(killed.status == 128 + SIGKILL, "\(killed)")
    #expect(volume.opensByPassphrase())
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm) > 0, "\(step)")
    // Whatever is next ends what was begun.
    try await volume.change("enroll", "--pcrs", "11").expect(0)
    try await volume.luks("verify").expect(0, naming: "opened by token 0", "opened by token 2")
    #expect(try volume.listed().values.sorted() == ["password", "tpm2", "tpm2", "tpm2"])
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm) > 0)
    #expect(try await volume.findings().allSatisfy { !$0.hasPrefix("change.") })
  }

  @Test(arguments: retiring)
  func aRetirementThatIsKilledIsEndedByTheNextChange(step: CustodyStep) async throws {
    let volume = try SealedVolume()
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    try await volume.change("enroll", "--pcrs", "11").expect(0)
    let killed = try await volume.retire(1, fault: "kill:\(step.rawValue)")
    #expect(killed.status == 128 + SIGKILL, "\(killed)")
    #expect(volume.opensByPassphrase())
    try await volume.change("enroll", "--pcrs", "7,11").expect(0)
    #expect(try volume.listed().values.sorted() == ["password", "tpm2", "tpm2"])
    try await volume.luks("verify").expect(0)
    #expect(try await volume.findings().allSatisfy { !$0.hasPrefix("change.") })
  }

  @Test(arguments: [CustodyStep.retirementMarked, .keyslotDestroyed, .tokenRemoved, .tokenMoved])
  func anEndOfAReplacementThatIsKilledGoesOn(step: CustodyStep) async throws {
    let volume = try SealedVolume()
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    try await volume.stageTheSameValues()
    let killed = try await volume.change("reseal", "--finish", fault: "kill:\(step.rawValue)")
    #expect(killed.status == 128 + SIGKILL, "\(killed)")
    try await volume.change("enroll", "--pcrs", "11").expect(0)
    try await volume.luks("verify").expect(0)
    #expect(try volume.listed().values.sorted() == ["password", "tpm2", "tpm2"])
  }

  @Test func aKeyslotThatSomebodyElseAddedMeanwhileStays() async throws {
    let volume = try SealedVolume()
    let killed = try await volume.change("enroll", "--pcrs", "7", fault: "kill:marked")
    #expect(killed.status == 128 + SIGKILL, "\(killed)")
    let file = try volume.office.write("another passphrase", to: "other")
    try volume.image.run([
      "luksAddKey", "--key-file", volume.image.passphrase, "--pbkdf-force-iterations", "2000",
      "--pbkdf", "pbkdf2", "--key-slot", "1", volume.image.path, file,
    ])
    try await volume.change("enroll", "--pcrs", "7").expect(0, naming: "keyslot 2 enrolled")
    try volume.image.run(["open", "--test-passphrase", "--key-file", file, volume.image.path, "x"])
  }

  @Test func anEntryThatACrashLeftUnsignedIsSignedByTheNextChange() async throws {
    let volume = try SealedVolume()
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    try FileManager.default.removeItem(
      atPath: volume.office.path("state/record/0000000003.minisig"))
    try await volume.office.custody("record", "verify").expect(13, "record.unsigned")
    try await volume.change("enroll", "--pcrs", "11").expect(0)
    try await volume.office.custody("record", "verify").expect(0)
  }

  @Test func anEntryThatWasNotWrittenIsMissedByNobody() async throws {
    let volume = try SealedVolume()
    try await volume.change("enroll", "--pcrs", "7", fault: "kill:token-written")
    let next = try await volume.change("enroll", "--pcrs", "7")
    next.expect(0, naming: "an earlier run was cut off: keyslot 1 was being added")
    let list = try await volume.office.custody("record", "list")
    list.expect(0, naming: "luks.settle")
  }
}

/// The steps that rotation adds, which its own proofs kill.
enum RotationSteps {
  static let all: [CustodyStep] = CustodyStep.rotation
}

extension SealedVolume {
  /// Stages a replacement for values that are there already, so that it can be ended at once.
  func stageTheSameValues() async throws {
    let live = try #require(try tpm.run("tpm2_pcrread", "sha256:7").split(separator: "x").last)
    let file = try office.write(
      #"{"bank":"sha256","pcrs":{"7":"\#(live.lowercased().prefix(64))"}}"#, to: "same.json")
    try await change("reseal", "--predicted", file).expect(0)
  }
}
