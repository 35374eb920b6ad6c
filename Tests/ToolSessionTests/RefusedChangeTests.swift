import Foundation
import ProofTools
import Testing

/// What cannot be done well is refused before anything is changed.
@Suite(
  .enabled(if: SealedVolume.obstacle == nil, "\(SealedVolume.obstacle ?? "")"),
  .timeLimit(.minutes(20)))
struct RefusedChangeTests {
  private let volume: SealedVolume

  init() throws { volume = try SealedVolume() }

  /// Expects a refusal, and the volume to be as it was to the last byte.
  private func expectRefusal(
    _ status: Int32, _ code: String, _ work: () async throws -> Program.Outcome,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let before = try volume.image.content()
    try await work().expect(status, code, sourceLocation: sourceLocation)
    #expect(try volume.image.content() == before, sourceLocation: sourceLocation)
  }

  @Test func pcrsThatProtectNothingAreRefused() async throws {
    try await expectRefusal(14, "pcr.never-extended") {
      try await volume.change("enroll", "--pcrs", "7,12")
    }
    try await expectRefusal(2, "enroll.no-policy") { try await volume.change("enroll") }
    try await expectRefusal(2, "usage") { try await volume.change("enroll", "--pcrs", "24") }
    try await expectRefusal(14, "pcr.never-extended") {
      try await volume.change("enroll", "--pcrs", "7", "--bank", "sha384")
    }
    // Meant to be empty at that moment, it may be.
    try await volume.change("enroll", "--pcrs", "7,15", "--unextended", "15").expect(0)
    try await volume.luks("verify").expect(0)
    try volume.tpm.extend(15)
    try await volume.luks("verify").expect(4)
  }

  @Test func pcrsThatMoveBetweenPlanAndChangeAreNoticed() async throws {
    let before = try volume.image.content()
    // The key comes through a pipe: until then the plan is made, and nothing else is.
    let script = """
      mkfifo key
      "$@" --unlock-key-file key >plan 2>said & custody=$!
      until grep -q 'pcr 7' plan; do sleep 0.05; done
      tpm2_pcrextend 7:sha256=$(printf '77%.0s' {1..32}) && printf pw >key
      wait $custody; status=$?; cat said >&2; exit $status
      """
    let outcome = try await Program(
      path: "/bin/bash",
      environment: [
        "COFFER_CUSTODY_STATE": volume.office.path("state"), "TPM2TOOLS_TCTI": volume.tpm.tcti,
      ], folder: volume.office.path("")
    ).run(
      ["-c", script, "bash", BuiltTools.custody, "luks", "enroll", volume.image.path]
        + ["--pcrs", "7", "--tcti", volume.tpm.tcti] + volume.agreed)
    outcome.expect(14, "pcr.moved")
    #expect(try volume.image.content() == before)
  }

  @Test func aTPMThatIsGoneIsSaid() async throws {
    let nowhere = "swtpm:path=\(volume.office.path("nowhere"))"
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    for verb in [["enroll", "--pcrs", "7"], ["reseal"]] {
      try await expectRefusal(20, "tpm.unreachable") {
        try await volume.run(
          [verb[0], volume.image.path, "--tcti", nowhere] + verb.dropFirst() + volume.agreed)
      }
    }
    try await volume.run(["verify", volume.image.path, "--tcti", nowhere])
      .expect(5, "verify.nothing", naming: "no TPM answers")
  }

  @Test func aTPMThatIsNearALockoutIsNotTried() async throws {
    let pin = try volume.office.write("4711", to: "pin")
    let wrong = try volume.office.write("4712", to: "wrong")
    try await volume.change("enroll", "--pcrs", "7", "--pin-file", pin).expect(0)
    try await volume.luks("verify", "--pin-file", wrong).expect(4, naming: "the PIN is wrong")
    try await volume.luks("verify", "--pin-file", wrong).expect(4, naming: "the PIN is wrong")
    // Two of three have failed: not even the right one is tried, for who knows that it is?
    try await volume.luks("verify", "--pin-file", wrong).expect(5, naming: "none is tried")
    #expect(
      try volume.tpm.run("tpm2_getcap", "properties-variable").contains(
        "TPM2_PT_LOCKOUT_COUNTER: 0x2"))
    try await expectRefusal(14, "tpm.lockout-near") {
      try await volume.change("enroll", "--pcrs", "7")
    }
    try volume.tpm.failOnce()
    try await expectRefusal(14, "tpm.locked-out") {
      try await volume.change("enroll", "--pcrs", "7")
    }
    try await volume.luks("verify", "--pin-file", pin).expect(5, naming: "none is tried")
    #expect(volume.opensByPassphrase())
  }

  @Test func aTPMThatWasClearedIsSaid() async throws {
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    try await volume.change("enroll", "--pcrs", "7", "--profile", "srk").expect(0)
    try volume.tpm.run("tpm2_clear", "-c", "p")
    try await volume.luks("verify").expect(4, naming: "not sealed by this TPM")
    #expect(volume.opensByPassphrase())
    // Enrolled anew, what was is retired.
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    for slot in [1, 2] { try await volume.retire(slot).expect(0) }
    try await volume.luks("verify").expect(0)
  }

  @Test func anOwnerHierarchyWithAPasswordIsSaid() async throws {
    try volume.tpm.run("tpm2_changeauth", "-c", "owner", "owned")
    try await expectRefusal(1, "tpm.wrong-owner-auth") {
      try await volume.change("enroll", "--pcrs", "7", "--profile", "srk")
    }
  }

  @Test func aKeyThatDoesNotFitIsRefusedBeforeAnything() async throws {
    let wrong = try volume.office.write("not it", to: "wrong")
    try await expectRefusal(12, "luks.wrong-key") {
      try await volume.run(
        ["enroll", volume.image.path, "--pcrs", "7", "--tcti", volume.tpm.tcti]
          + ["--unlock-key-file", wrong] + volume.agreed)
    }
    // An editor's line end does not count.
    let line = try volume.office.write("pw\n", to: "line")
    try await volume.run(
      ["enroll", volume.image.path, "--pcrs", "7", "--tcti", volume.tpm.tcti]
        + ["--unlock-key-file", line] + volume.agreed
    ).expect(0)
  }

  @Test func withoutABackupOfTheHeaderNothingIsChanged() async throws {
    try await expectRefusal(2, "header.nowhere") {
      try await volume.run(
        ["enroll", volume.image.path, "--pcrs", "7", "--tcti", volume.tpm.tcti, "--yes"]
          + ["--unlock-key-file", volume.image.passphrase])
    }
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    // The second time it is known where, and for whom.
    try await volume.run(
      ["enroll", volume.image.path, "--pcrs", "11", "--tcti", volume.tpm.tcti, "--yes"]
        + ["--unlock-key-file", volume.image.passphrase]
    ).expect(0, naming: volume.office.shelf)
  }

  @Test func withoutAgreementNothingIsChanged() async throws {
    let words =
      ["enroll", volume.image.path, "--pcrs", "7", "--tcti", volume.tpm.tcti]
      + ["--unlock-key-file", volume.image.passphrase] + volume.agreed
    try await expectRefusal(2, "dialogue.no-terminal") {
      try await volume.run(words.filter { $0 != "--yes" })
    }
    let before = try volume.image.content()
    try await volume.run(words + ["--dry-run"]).expect(0, naming: "keyslot       1, new; token 0")
    #expect(try volume.image.content() == before)
    #expect(!FileManager.default.fileExists(atPath: volume.office.shelf))
  }

  @Test func aHeaderThatIsFullIsSaidAndStaysAsItWas() async throws {
    let filler = String(repeating: "x", count: 1500)
    for _ in 0..<7 {
      try volume.image.addToken(#"{"type":"filler","keyslots":[],"text":"\#(filler)"}"#)
    }
    let outcome = try await volume.change("enroll", "--pcrs", "7")
    outcome.expect(14, "luks.full")
    #expect(try volume.listed() == [0: "password"])
    #expect(try volume.image.run(["luksDump", volume.image.path]).contains("coffer") == false)
    #expect(volume.opensByPassphrase())
  }

  @Test func whereNoKeyslotIsFreeNothingIsBegun() async throws {
    for _ in 1..<32 { try volume.image.addKeyslot() }
    try await expectRefusal(14, "luks.no-free-keyslot") {
      try await volume.change("enroll", "--pcrs", "7")
    }
  }

  @Test func aVolumeThatIsBeingEncryptedAnewIsLeftAlone() async throws {
    try volume.image.beginReencryption()
    try await expectRefusal(14, "luks.reencryption") {
      try await volume.change("enroll", "--pcrs", "7")
    }
    try await expectRefusal(14, "luks.reencryption") { try await volume.retire(0) }
  }

  @Test(.enabled(if: geteuid() == 0, "a read-only device needs a mount, which needs root"))
  func aReadOnlyDeviceIsSaid() async throws {
    let line =
      "$custody luks enroll \(volume.image.path) --pcrs 7 --tcti \(volume.tpm.tcti) "
      + "--unlock-key-file \(volume.image.passphrase) " + volume.agreed.joined(separator: " ")
    let outcome = try await volume.office.readOnly(volume.image, line)
    outcome.expect(1, "luks.read-only")
    #expect(!FileManager.default.fileExists(atPath: volume.office.shelf))
  }

  @Test func theLastWaysInStay() async throws {
    try await expectRefusal(14, "retire.last-way-in") { try await volume.retire(0) }
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    try await expectRefusal(14, "retire.last-without-tpm") { try await volume.retire(0) }
    try await expectRefusal(1, "luks.no-keyslot") { try await volume.retire(9) }
    // The TPM's one may go, once the passphrase was shown to open.
    try volume.tpm.extend(7)
    try await expectRefusal(14, "retire.unproven") { try await volume.retire(1) }
    try await volume.retire(1, "--unlock-key-file", volume.image.passphrase).expect(0)
    #expect(try volume.listed() == [0: "password"])
  }

  @Test func twoRunsAtATimeAreOneTooMany() async throws {
    let lock = try #require(StockTool("python3"))
    let program = """
      import fcntl, struct, subprocess, sys
      file = open(sys.argv[1], "r+b")
      fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
      sys.exit(subprocess.run(sys.argv[2:]).returncode)
      """
    let outcome = try lock.run(
      ["-c", program, volume.image.path, BuiltTools.custody, "luks", "enroll", volume.image.path]
        + ["--pcrs", "7", "--tcti", volume.tpm.tcti, "--unlock-key-file"]
        + [volume.image.passphrase] + volume.agreed,
      environment: ["COFFER_CUSTODY_STATE": volume.office.path("state")])
    #expect(outcome.status == 11 && outcome.text.contains("[luks.locked]"), "\(outcome)")
    #expect(try volume.listed() == [0: "password"])
  }
}
