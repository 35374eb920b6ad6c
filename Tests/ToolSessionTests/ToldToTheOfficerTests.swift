import Foundation
import ProofTools
import Testing

/// What the officer is told is so, is all that is known, and shows the way on.
@Suite(
  .enabled(if: SealedVolume.obstacle == nil, "\(SealedVolume.obstacle ?? "")"),
  .timeLimit(.minutes(20)))
struct ToldToTheOfficerTests {
  private let volume: SealedVolume

  init() throws { volume = try SealedVolume() }

  @Test func withoutATerminalTheOptionThatReplacesItIsNamed() async throws {
    let enroll = ["enroll", volume.image.path, "--pcrs", "7", "--tcti", volume.tpm.tcti]
    try await volume.run(enroll + volume.agreed)
      .expect(2, "dialogue.no-terminal", naming: "--unlock-key-file")
    let unlocked = enroll + ["--unlock-key-file", volume.image.passphrase]
    try await volume.run(unlocked + volume.agreed.filter { $0 != "--yes" })
      .expect(2, "dialogue.no-terminal", naming: "--yes")
    try await volume.run(unlocked + ["--pin"] + volume.agreed)
      .expect(2, "dialogue.no-terminal", naming: "--pin-file")
  }

  @Test func aPINThatNobodyCouldTypeIsNoRefusalOfTheToken() async throws {
    let pin = try volume.office.write("4711", to: "pin")
    try await volume.change("enroll", "--pcrs", "7", "--pin-file", pin).expect(0)
    try await volume.luks("verify", "--pin").expect(5, "verify.nothing", naming: "not tested")
    let tries = try volume.tpm.run("tpm2_getcap", "properties-variable")
    #expect(tries.contains("TPM2_PT_LOCKOUT_COUNTER: 0x0"))
  }

  @Test func thePINOfAKeyslotThatGoesIsNotTried() async throws {
    let pins = try ["4711", "0815"].map { try volume.office.write($0, to: $0) }
    for pin in pins {
      try await volume.change("enroll", "--pcrs", "7", "--pin-file", pin).expect(0)
    }
    try await volume.retire(2, "--pin-file", pins[0]).expect(0, naming: "keyslot 2 is gone")
    let tries = try volume.tpm.run("tpm2_getcap", "properties-variable")
    #expect(tries.contains("TPM2_PT_LOCKOUT_COUNTER: 0x0"))
  }

  @Test func aTPMThatFailedDoesNotHideTheVolume() async throws {
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    // What a TPM in failure mode says to every command.
    let program = """
      import socket, struct, subprocess, sys, threading
      def serve(listener):
          while True:
              channel, _ = listener.accept()
              threading.Thread(target=answer, args=(channel,), daemon=True).start()
      def answer(channel):
          while True:
              command = channel.recv(4096)
              if not command: return
              channel.sendall(bytes(4) if len(command) < 10 else struct.pack(">HII", 0x8001, 10, 0x101))
      for name in [sys.argv[1], sys.argv[1] + ".ctrl"]:
          listener = socket.socket(socket.AF_UNIX)
          listener.bind(name)
          listener.listen()
          threading.Thread(target=serve, args=(listener,), daemon=True).start()
      sys.exit(subprocess.run(sys.argv[2:]).returncode)
      """
    let python = try #require(StockTool("python3"))
    let socket = volume.tpm.path(of: "failed")
    let status = try python.run(
      ["-c", program, socket, BuiltTools.custody, "luks", "status", volume.image.path]
        + ["--tcti", "swtpm:path=\(socket)"],
      environment: ["COFFER_CUSTODY_STATE": volume.office.path("state")])
    #expect(status.status == 0, "\(status)")
    #expect(status.text.contains("token 0    systemd-tpm2, keyslot 1"), "\(status)")
    #expect(status.text.contains("(0x101)"), "\(status)")
  }

  @Test func aWrongRecoveryKeyHidesNothingOfTheTokens() async throws {
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    let wrong = try volume.office.write("cccbcdce-cfcgchci", to: "wrong")
    try await volume.luks("verify", "--recovery-key-file", wrong)
      .expect(12, "luks.wrong-key", naming: "keyslot 1  opened by token 0")
    try volume.image.addKeyslot()
    try volume.image.addToken(#"{"type":"systemd-recovery","keyslots":["2"]}"#)
    try await volume.luks("verify", "--recovery-key-file", wrong)
      .expect(4, naming: "keyslot 1  opened by token 0", "keyslot 2  NOT opened by token 1")
  }

  @Test func aKeyslotWithoutATokenGoesWithoutOne() async throws {
    try volume.image.addKeyslot()
    let planned = try await volume.retire(
      1, "--dry-run", "--unlock-key-file", volume.image.passphrase)
    planned.expect(0, naming: "keyslot       1 goes")
    #expect(!planned.text.contains("token"))
  }

  @Test func whatAVolumeIsCalledDoesNotCommandTheTerminal() async throws {
    let hostile = #"evil\u001b[2J\nnothing found"#
    try volume.image.addToken(#"{"type":"\#(hostile)","keyslots":["0"]}"#)
    try volume.image.run(["config", volume.image.path, "--label", "a\u{1B}[2J\nnothing found"])
    for verb in ["status", "verify"] {
      let told = try await volume.luks(verb)
      #expect(!told.text.contains("\u{1B}"), "\(told)")
      #expect(!told.text.contains("\nnothing found"), "\(told)")
      #expect(told.text.contains(#"\u{1B}[2J\u{A}nothing found"#), "\(told)")
    }
  }

  @Test func theFolderThatCannotBeWrittenToIsTheOneThatIsNamed() async throws {
    let file = try volume.office.write("no folder", to: "file")
    try await volume.change("enroll", "--pcrs", "7", "--state", file)
      .expect(1, "record.unwritable", naming: "record in \(file)")
    #expect(try volume.listed() == [0: "password"])
  }

  @Test func aWaitingKeyslotThatWasRetiredIsNotWaitedFor() async throws {
    try await volume.change("enroll", "--pcrs", "7,11").expect(0)
    try await volume.change("reseal", "--predicted", try await predicted(extending: "5a")).expect(0)
    try await volume.retire(2).expect(0)
    #expect(try await !volume.findings().contains("change.pending"))
    // Its number is given again, by another program this time.
    try await volume.change("reseal", "--predicted", try await predicted(extending: "5a")).expect(0)
    try volume.image.run(["luksKillSlot", volume.image.path, "2"])
    try await volume.change("enroll", "--pcrs", "7").expect(0, naming: "keyslot 2 enrolled")
    try await volume.change("reseal", "--finish").expect(5, "reseal.nothing-waits")
    try await volume.luks("verify")
      .expect(0, naming: "keyslot 1  opened by token 0", "keyslot 2  opened by")
  }

  @Test func aWrongPredictionDoesNotKeepTheRightOneFromItsTurn() async throws {
    try await volume.change("enroll", "--pcrs", "7,11").expect(0)
    try await volume.change("reseal", "--predicted", try await predicted(extending: "a5")).expect(0)
    try await volume.change(
      "reseal", "--keyslot", "1", "--predicted", try await predicted(extending: "5a")
    )
    .expect(0, naming: "keyslot 3 waits")
    try await volume.change("reseal", "--finish").expect(4, "tpm.policy")
    try volume.tpm.extend(11)
    try await volume.change("reseal", "--finish")
      .expect(0, naming: "keyslot 3 opened; keyslot 1 is gone")
    try await volume.luks("verify").expect(4, naming: "keyslot 3  opened", "keyslot 2  NOT opened")
    #expect(try await !volume.findings().contains("change.pending"))
  }

  @Test func twoTokensOfOneKeyslotAreNotToldApartByItsNumber() async throws {
    try await volume.change("enroll", "--pcrs", "7").expect(0)
    let token = try volume.image.run(["token", "export", "--token-id", "0", volume.image.path])
    try volume.image.addToken(token)
    let refused = try await volume.change("reseal", "--keyslot", "1")
    refused.expect(2, "reseal.ambiguous", naming: "several tokens", "cryptsetup token remove")
  }

  @Test(arguments: ["47\u{0}11", "4711\n4712", "4711\r\n", "\t"])
  func aPINThatNobodyCanTypeAtBootIsRefused(pin: String) async throws {
    let file = try volume.office.write(pin, to: "pin")
    try await volume.change("enroll", "--pcrs", "7", "--pin-file", file).expect(2, "pin.untypable")
    #expect(try volume.listed() == [0: "password"])
  }

  /// Values of the next boot, in which PCR 11 is extended once more.
  private func predicted(extending byte: String) async throws -> String {
    let file = volume.office.path("predicted-\(byte).json")
    let live = try #require(
      try volume.tpm.run("tpm2_pcrread", "sha256:11").split(separator: "x").last)
    try? FileManager.default.removeItem(atPath: file)
    try await volume.run(
      ["predict", "--pcrs", "11", "--pcr", "11=\(live.lowercased().prefix(64))"]
        + ["--extend", "11=" + String(repeating: byte, count: 32), "--output", file]
    ).expect(0)
    return file
  }
}
