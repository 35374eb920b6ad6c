import Custody
import Foundation
import ProofTools
import Testing

/// A volume whose key is changed: what opened it opens it still, and its data, encrypted and decrypted
/// by cryptsetup, are what they were.
@Suite(
  .enabled(if: SealedVolume.obstacle == nil, "\(SealedVolume.obstacle ?? "")"),
  .timeLimit(.minutes(20)))
struct RotationTests {
  @Test func everythingIsCarriedOver() async throws {
    let volume = try await RotatedVolume()
    let (image, office) = (volume.sealed.image, volume.sealed.office)
    try image.run(["config", "--priority", "prefer", "--key-slot", "0", image.path])
    try await office.backUp(image)
    let (old, digests) = (try office.newest(), try volume.digests())
    let rotated = try await volume.rotate("--volume-name", "media")
    rotated.expect(0, naming: "0 becomes 4", "opened by token 0", "opened by token 1")
    try await volume.expectWhole()
    #expect(try volume.digests() != digests)
    let dump = try image.run(["luksDump", image.path])
    #expect(dump.components(separatedBy: "Priority:   prefer").count == 2, "\(dump)")
    #expect(dump.contains("Iterations: 2000") && !dump.contains("coffer-pending"))

    let key = office.path("volume-key")
    try image.run([
      "luksDump", "--dump-volume-key", "--volume-key-file", key, "--key-file", image.passphrase,
      image.path,
    ])
    let hex = try ScratchFolder.bytes(at: key).map { String(format: "%02x", $0) }.joined()
    let uuid = try image.run(["luksUUID", image.path]).dropLast()
    let message = try office.write("cryptsetup:media:\(uuid)", to: "message")
    let code = try #require(StockTool("openssl")).run(
      ["dgst", "-sha256", "-mac", "hmac", "-macopt", "hexkey:\(hex)", message])
    let value = try #require(code.text.split(separator: " ").last).trimmingCharacters(
      in: .whitespacesAndNewlines)
    #expect(rotated.output.contains("fixate-volume-key=\(value)"), "\(rotated)")

    let restored = try await office.restore(image, old, "--force", "--uuid", String(uuid))
    restored.expect(14, "header.expired")
    try await office.custody("luks", "header", "check", image.path, "--from", office.shelf)
      .expect(0, naming: "the device's", "the volume key was changed after it was made")
    let record = try await office.custody("record", "list")
    record.expect(
      0, naming: "luks.rotate-volume-key  begun", "luks.rotate-volume-key  done",
      "luks.header-backups-expired")
    try await office.custody("record", "verify").expect(0)
    // And once more, into the keyslots that are free again.
    try await volume.rotate().expect(0, naming: "becomes 0")
    try await volume.expectWhole()
  }

  @Test(arguments: CustodyStep.rotation)
  func aRotationThatIsKilledGoesOnOrIsTakenBack(step: CustodyStep) async throws {
    let volume = try await RotatedVolume()
    let killed = try await volume.rotate(fault: "kill:\(step.rawValue)")
    #expect(killed.status == 128 + SIGKILL, "\(killed)")
    #expect(volume.sealed.opensByPassphrase() && volume.opensByRecoveryKey())
    let status = try await volume.sealed.luks("status")
    if status.output.contains("reencryption  none") {
      #expect(try SystemdTokenPlugin.open(volume.sealed.image, volume.sealed.tpm) >= 0)
    }
    try await volume.rotate().expect(0)
    try await volume.expectWhole("\(step)")
    try await volume.sealed.office.custody("record", "verify").expect(0)
  }

  @Test func aReencryptionThatIsCutOffAgainAndAgainGoesOn() async throws {
    let volume = try await RotatedVolume()
    let faults = ["crash:reencrypting@1", "kill:reencrypting@20", "crash:reencrypting@40"]
    for fault in faults + ["crash:reencrypting@60", "crash:reencrypting@80"] {
      let killed = try await volume.rotate(fault: fault)
      #expect(killed.status == 128 + SIGKILL, "\(killed)")
      #expect(volume.sealed.opensByPassphrase() && volume.opensByRecoveryKey())
    }
    try await volume.rotate().expect(0, naming: "going on")
    try await volume.expectWhole()
  }

  @Test func whatIsInterruptedSaysHowFarItIsAndGoesOnByAnyKey() async throws {
    let volume = try await RotatedVolume()
    let sealed = volume.sealed
    let stopped = try await volume.rotate(fault: "interrupt:reencrypting@40")
    stopped.expect(130, "rotate.interrupted")
    #expect(stopped.errors.contains("--resume"), "\(stopped)")
    try await sealed.luks("status").expect(0, naming: "reencryption  clean, ", "MiB done")
    #expect(try await sealed.findings().contains("reencryption.under-way"))
    // Nothing else is changed meanwhile, and the header is of no use elsewhere.
    try await sealed.change("enroll", "--pcrs", "7").expect(14, "luks.reencryption")
    try await sealed.office.custody(
      "luks", "header", "backup", sealed.image.path, "--to", sealed.office.shelf, "-r",
      sealed.office.recipient
    ).expect(14, "luks.reencryption")
    let uuid = String(try sealed.image.run(["luksUUID", sealed.image.path]).dropLast())
    try await sealed.office.restore(
      sealed.image, sealed.office.newest(), "--force", "--uuid", uuid
    ).expect(14)
    let resume = ["rotate-volume-key", sealed.image.path, "--resume"] + sealed.agreed
    let wrong = try sealed.office.write("wrong", to: "wrong")
    let noTPM = ["--tcti", "swtpm:path=/nowhere"]
    try await sealed.run(resume + noTPM + ["--unlock-key-file", wrong])
      .expect(12, "rotate.wrong-key")
    let resumed = try await sealed.run(
      resume + ["--tcti", sealed.tpm.tcti, "--recovery-key-file", volume.recoveryKey])
    resumed.expect(3, naming: "opened by token 0", "not tested, passphrase")
    try await volume.expectWhole()
  }

  @Test func anEndThatWasCutOffIsWrittenWithoutAnyKey() async throws {
    let volume = try await RotatedVolume()
    let sealed = volume.sealed
    try await volume.rotate(fault: "kill:reencryption-complete")
    #expect(try await sealed.findings().contains("reencryption.unended"))
    // libcryptsetup's own end, cut off after the old keyslots went.
    for slot in 0..<4 {
      try sealed.image.run(["luksKillSlot", sealed.image.path, "\(slot)"])
    }
    #expect(!sealed.opensByPassphrase())
    let resumed = try await sealed.run(
      ["rotate-volume-key", sealed.image.path, "--tcti", sealed.tpm.tcti] + sealed.agreed)
    resumed.expect(3, naming: "opened by token 0")
    try await volume.expectWhole()
  }

  @Test(arguments: [CustodyStep.rotationKeyslotAdded, .rotationTokenWritten])
  func whatFailsBeforeTheDataIsTouchedIsTakenBack(step: CustodyStep) async throws {
    let volume = try await RotatedVolume()
    let digests = try volume.digests()
    let failed = try await volume.rotate(fault: "fail:\(step.rawValue)")
    #expect(failed.status == 1, "\(failed)")
    #expect(try volume.digests() == digests)
    try await volume.expectWhole()
    let record = try await volume.sealed.office.custody("record", "list")
    record.expect(0, naming: "luks.rotate-volume-key  rolled-back")
  }

  @Test func whatLibcryptsetupEndsIsGoneOnWith() async throws {
    let volume = try await RotatedVolume()
    let failed = try await volume.rotate(fault: "fail:reencryption-complete")
    #expect(failed.status == 1, "\(failed)")
    try await volume.rotate().expect(0, naming: "going on")
    try await volume.expectWhole()
  }
}
