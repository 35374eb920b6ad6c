import Foundation
import ProofTools
import Testing

/// What Coffer enrolls, held against systemd, and what systemd enrolls, held against Coffer.
@Suite(
  .enabled(if: SealedVolume.obstacle == nil, "\(SealedVolume.obstacle ?? "")"),
  .timeLimit(.minutes(20)))
struct EnrolledVolumeTests {
  private let volume: SealedVolume

  init() throws { volume = try SealedVolume() }

  @Test(arguments: ["compat", "pinned-compat"])
  func systemdListsAndOpensWhatCofferEnrolled(profile: String) async throws {
    try await volume.change("enroll", "--pcrs", "7,11", "--profile", profile)
      .expect(0, naming: "keyslot 1 enrolled")
    #expect(try volume.listed() == [0: "password", 1: "tpm2"])
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm) == 1)
    try await volume.luks("verify").expect(0, naming: "keyslot 1  opened by token 0")
    try volume.tpm.extend(11)
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm) < 0)
    try await volume.luks("verify").expect(4, naming: "NOT opened")
    #expect(volume.opensByPassphrase())
  }

  @Test func systemdAsksForThePIN() async throws {
    let pin = try volume.office.write("4711\n", to: "pin")
    try await volume.change("enroll", "--pcrs", "7", "--pin-file", pin).expect(0)
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm, pin: "4711") == 1)
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm, pin: "4712") < 0)
    try await volume.luks("verify").expect(5, "verify.nothing")
    try await volume.luks("verify", "--pin-file", pin).expect(0)
  }

  @Test func twoPINsAreVerifiedOneAtATime() async throws {
    let (one, two) = (
      try volume.office.write("4711", to: "1"), try volume.office.write("815", to: "2")
    )
    try await volume.change("enroll", "--pcrs", "7", "--pin-file", one).expect(0)
    try await volume.change("enroll", "--pcrs", "7", "--pin-file", two).expect(0)
    try await volume.luks("verify", "--keyslot", "1", "--pin-file", one).expect(0)
    try await volume.luks("verify", "--keyslot", "2", "--pin-file", two).expect(0)
    #expect(
      try volume.tpm.run("tpm2_getcap", "properties-variable").contains(
        "TPM2_PT_LOCKOUT_COUNTER: 0x0"))
  }

  @Test func aTokenOfTheStorageRootKeyIsOpenedByCoffer() async throws {
    let pin = try volume.office.write("a longer PIN, with blanks", to: "pin")
    try await volume.change("enroll", "--pcrs", "7", "--profile", "srk", "--pin-file", pin)
      .expect(0)
    try await volume.luks("verify", "--pin-file", pin).expect(0)
    let status = try await volume.luks("status")
    #expect(status.output.contains("pin           salted"), "\(status)")
    #expect(status.output.contains("srk 0x81000001, ecc, pinned"), "\(status)")
  }

  @Test func systemdOpensASignedPolicyWithWhatCofferSigned() async throws {
    let (key, signature) = (volume.office.path("key.pem"), volume.office.path("signature.json"))
    let openssl = try #require(StockTool("openssl"))
    for arguments in [
      ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key],
      ["pkey", "-in", key, "-pubout", "-out", key + ".pub"],
    ] { try #require(try openssl.run(arguments).status == 0) }
    let enroll = ["--pcrs", "7", "--signed-pcrs", "11", "--public-key", key + ".pub"]
    let unsigned = try await volume.run(
      ["enroll", volume.image.path, "--tcti", volume.tpm.tcti, "--unlock-key-file"]
        + [volume.image.passphrase] + volume.agreed + enroll)
    unsigned.expect(4, "token.no-signature")
    #expect(try volume.listed() == [0: "password"])

    try await volume.sign(key, into: signature)
    try await volume.change(
      "enroll", "--pcrs", "7", "--signed-pcrs", "11", "--public-key", key + ".pub",
      "--signature", signature
    ).expect(0)
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm, signature: signature) == 1)
    try await volume.luks("status", "--signature", signature)
      .expect(0, naming: "policy        signed-pcrs + pcrs", "the PCRs are those sealed to")
    try await volume.office.custody("record", "list").expect(0, naming: "policy.sign  done")
    // Another kernel, whose values are signed, too.
    try volume.tpm.extend(11)
    try await volume.luks("status", "--signature", signature)
      .expect(0, naming: "[pcr.changed]")
    try await volume.luks("verify", "--signature", signature).expect(4, naming: "no signature")
    try await volume.sign(key, into: signature)
    try await volume.luks("verify", "--signature", signature).expect(0)
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm, signature: signature) == 1)
  }

  @Test func whatSystemdEnrolledIsVerifiedResealedAndRetired() async throws {
    let tool = try #require(StockTool("systemd-cryptenroll"))
    for options in [["--tpm2-pcrs=7"], ["--tpm2-pcrs=7+11", "--tpm2-with-pin=yes"]] {
      let outcome = try tool.run(
        options + ["--tpm2-device=\(volume.tpm.tcti)", volume.image.path],
        environment: ["PASSWORD": "pw", "NEWPIN": "4711"])
      try #require(outcome.status == 0, "\(outcome)")
      try volume.tpm.flush()
    }
    let pin = try volume.office.write("4711", to: "pin")
    try await volume.luks("verify", "--pin-file", pin).expect(0, naming: "keyslot 2  opened")
    try volume.tpm.extend(7)
    try await volume.luks("verify", "--pin-file", pin).expect(4)
    try await volume.change("reseal").expect(2, "reseal.ambiguous")
    try await volume.change("reseal", "--keyslot", "1").expect(0)
    try await volume.change("reseal", "--keyslot", "2", "--pin-file", pin).expect(0)
    try await volume.luks("verify", "--pin-file", pin).expect(0)
    #expect(try volume.listed().values.sorted() == ["password", "tpm2", "tpm2"])
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm) > 0)
    let sealed = try #require(try volume.listed().first { $0.value == "tpm2" }?.key)
    try await volume.retire(sealed, "--unlock-key-file", volume.image.passphrase).expect(0)
    #expect(try volume.listed().values.sorted() == ["password", "tpm2"])
  }

  @Test func clevisIsShownAsForeignAndLeftAlone() async throws {
    try volume.image.addKeyslot()
    try volume.image.addToken(#"{"type":"clevis","keyslots":["1"],"jwe":{"ciphertext":"x"}}"#)
    try await volume.change("enroll", "--pcrs", "7").expect(0, naming: "keyslot 2 enrolled")
    try await volume.luks("verify").expect(3, naming: "somebody else's")
    try await volume.retire(1, "--unlock-key-file", volume.image.passphrase)
      .expect(14, "retire.foreign")
    #expect(try await volume.findings().contains("token.foreign"))
    #expect(
      try volume.image.run(["token", "export", "--token-id", "0", volume.image.path])
        .contains("ciphertext"))
  }

  @Test func aRecoveryKeyIsTypedBackAndOpensAsSystemdWantsIt() async throws {
    let shown = volume.office.path("shown")
    let script = """
      mkfifo back; (while [ ! -s \(shown) ]; do sleep 0.05; done; tr a-z A-Z <\(shown) >back) &
      exec "$@" --key-output \(shown) --typed-back back
      """
    let made = try await Program(
      path: "/bin/bash", environment: ["COFFER_CUSTODY_STATE": volume.office.path("state")],
      folder: volume.office.path("")
    ).run(
      ["-c", script, "bash", BuiltTools.custody, "luks", "recovery-key", volume.image.path]
        + ["--unlock-key-file", volume.image.passphrase] + volume.agreed)
    made.expect(0, naming: "typed back")
    #expect(try volume.listed() == [0: "password", 1: "recovery"])
    let key = try String(contentsOfFile: shown, encoding: .utf8)
    #expect(key.count == 72 && key.hasSuffix("\n"))
    let file = try volume.office.write(String(key.dropLast()), to: "key")
    try volume.image.run(["open", "--test-passphrase", "--key-file", file, volume.image.path, "x"])
    try await volume.luks("verify").expect(5, "verify.nothing")
    try await volume.luks("verify", "--recovery-key-file", shown).expect(0)
    // It unlocks what is changed, too, however it is spelt.
    let spelt = try volume.office.write(
      key.uppercased().replacingOccurrences(of: "-", with: " "), to: "spelt")
    try await volume.run(
      ["enroll", volume.image.path, "--tcti", volume.tpm.tcti, "--pcrs", "7"]
        + ["--unlock-key-file", spelt] + volume.agreed
    ).expect(0)
  }

  @Test func aRecoveryKeyThatIsTypedWronglyDoesNotCount() async throws {
    let wrong = try volume.office.write("cccbcdce-cfcgchci", to: "wrong")
    let made = try await volume.run(
      ["recovery-key", volume.image.path, "--unlock-key-file", volume.image.passphrase]
        + ["--key-output", volume.office.path("shown"), "--typed-back", wrong] + volume.agreed)
    made.expect(4, "recovery.not-typed-back")
    #expect(!FileManager.default.fileExists(atPath: volume.office.path("shown")))
    #expect(try volume.listed() == [0: "password"])
    #expect(!made.text.contains("-cfcg"))
  }

  @Test func predictedValuesAreSealedToBesideTheOldOnesUntilTheyHaveOpened() async throws {
    try await volume.change("enroll", "--pcrs", "7,11").expect(0)
    let predicted = volume.office.path("predicted.json")
    let digest = String(repeating: "5a", count: 32)
    let live = try #require(
      try volume.tpm.run("tpm2_pcrread", "sha256:11").split(separator: "x").last)
    try await volume.run(
      ["predict", "--pcrs", "11", "--pcr", "11=\(live.lowercased().prefix(64))"]
        + ["--extend", "11=\(digest)", "--output", predicted]
    ).expect(0)
    try await volume.change("reseal", "--predicted", predicted).expect(0, naming: "waits")
    #expect(try await volume.findings().contains("change.pending"))
    // Nothing has changed yet: the old one opens, the new one does not, and both stay.
    try await volume.luks("verify").expect(4, naming: "keyslot 1  opened")
    try await volume.change("reseal", "--finish").expect(4, "tpm.policy")
    try volume.tpm.extend(11)
    try await volume.change("reseal", "--finish").expect(0, naming: "keyslot 2 opened")
    try await volume.luks("verify").expect(0, naming: "keyslot 2  opened by token 0")
    #expect(try volume.listed() == [0: "password", 2: "tpm2"])
    #expect(try SystemdTokenPlugin.open(volume.image, volume.tpm) == 2)
  }

  @Test func theRecordTellsWhoDidWhatAndHoldsNoSecret() async throws {
    let pin = try volume.office.write("4711", to: "pin")
    try await volume.change("enroll", "--pcrs", "7", "--pin-file", pin).expect(0)
    let status = try await volume.luks("status", "--json")
    #expect(status.output.contains(#""enrolled":"20"#), "\(status)")
    try await volume.luks("status").expect(0, naming: "systemd-tpm2, keyslot 1, since 20")
    try await volume.retire(1, "--unlock-key-file", volume.image.passphrase).expect(0)
    let list = try await volume.office.custody("record", "list", "--json")
    for action in ["luks.enroll", "luks.retire", "luks.header-backup"] {
      #expect(list.output.contains("\"\(action)\""), "\(list)")
    }
    #expect(!list.output.contains("4711"))
    try await volume.office.custody("record", "verify").expect(0)
  }
}
