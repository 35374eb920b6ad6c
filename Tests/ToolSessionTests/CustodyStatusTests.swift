import Foundation
import ProofTools
import Testing

/// `coffer-custody luks status` beside systemd-cryptenroll, on one volume with one TPM.
@Suite(.timeLimit(.minutes(20))) struct CustodyStatusTests {
  @Test(
    .enabled(
      if: VolumeImage.obstacle == nil && SoftwareTPM.obstacle == nil
        && StockTool.isInstalled("systemd-cryptenroll"),
      "cryptsetup, swtpm, tpm2-tools or systemd-cryptenroll are not installed"))
  func whatSystemdEnrolledIsShown() async throws {
    let image = try VolumeImage(label: "media")
    let tpm = try SoftwareTPM()
    try tpm.extend(7)
    try enroll(image, tpm, "--tpm2-pcrs=7")
    try enroll(image, tpm, "--tpm2-pcrs=7+11", "--tpm2-with-pin=yes")
    try enroll(image, tpm, "--recovery-key")
    let before = try image.content()

    let status = try await custody("luks", "status", image.path, "--tcti", tpm.tcti, "--json")
    #expect(status.status == 0, "\(status)")
    let shown = try object(status.output)
    #expect(shown["label"] as? String == "media")
    #expect(shown["volumeKeyBits"] as? Int == 512)
    let tokens = try #require(shown["tokens"] as? [[String: Any]])
    #expect(
      tokens.map { $0["type"] as? String } == ["systemd-tpm2", "systemd-tpm2", "systemd-recovery"])
    #expect(tokens.map { $0["keyslots"] as? [Int] } == [[1], [2], [3]])
    #expect(tokens.map { $0["pcrsMatch"] as? Bool } == [true, true, nil])
    let sealed = tokens.compactMap { $0["tpm2"] as? [String: Any] }
    #expect(sealed.map { $0["policy"] as? [String] } == [["pcrs"], ["pcrs", "pin"]])
    #expect(sealed.map { $0["pcrs"] as? [Int] } == [[7], [7, 11]])
    #expect(
      codes(shown)
        == [
          "pcr.never-extended/1", "token.substitution/0", "tpm.lockout-auth-empty/-",
          "header-backup.none/-", "keyslot.no-token/-",
        ])

    // An update of the firmware, say.
    try tpm.extend(7)
    let text = try await custody("luks", "status", image.path, "--tcti", tpm.tcti)
    #expect(text.status == 0, "\(text)")
    for line in [
      "token 1    systemd-tpm2, keyslot 2", "  policy        pcrs + pin",
      "  parent        legacy-primary, ecc, not pinned", "keyslot 3  active, priority normal",
      "[pcr.changed]", "  lockoutAuth   empty", "  sha256:11  " + String(repeating: "0", count: 64),
    ] {
      #expect(text.output.contains(line), "\(line)\n\(text)")
    }
    #expect(try image.content() == before)
  }

  @Test(
    .enabled(
      if: VolumeImage.obstacle == nil && SoftwareTPM.obstacle == nil,
      "cryptsetup, swtpm or tpm2-tools are not installed"))
  func aLockedOutTPMIsTold() async throws {
    let image = try VolumeImage()
    let tpm = try SoftwareTPM()
    try tpm.run("tpm2_changeauth", "-c", "lockout", "secret")
    try tpm.failOnce()
    try tpm.failOnce()
    let near = try await custody("luks", "status", image.path, "--tcti", tpm.tcti, "--json")
    #expect(codes(try object(near.output)).contains("tpm.lockout-near/-"), "\(near)")
    try tpm.failOnce()
    let over = try await custody("luks", "status", image.path, "--tcti", tpm.tcti, "--json")
    let shown = try object(over.output)
    #expect(codes(shown).contains("tpm.locked-out/-"), "\(over)")
    #expect(!codes(shown).contains("tpm.lockout-auth-empty/-"))
    let lockout = (shown["tpm"] as? [String: Any])?["lockout"] as? [String: Any]
    #expect(lockout?["failedTries"] as? Int == 3)
  }

  @Test(.enabled(if: VolumeImage.obstacle == nil, "cryptsetup is not installed"))
  func aDamagedHeaderIsReadAndNotRepaired() async throws {
    let image = try VolumeImage(label: "media")
    try image.damage(0..<16384)
    let before = try image.content()
    let status = try await custody("luks", "status", image.path)
    #expect(status.status == 0, "\(status)")
    #expect(status.output.contains("label         media"))
    #expect(status.output.contains("the first copy of the header is damaged"))
    #expect(status.output.contains("[header.copy-damaged]"))
    #expect(try image.content() == before)
  }

  @Test(.enabled(if: VolumeImage.obstacle == nil, "cryptsetup is not installed"))
  func whatIsMissingIsSaidWithItsOwnExit() async throws {
    let image = try VolumeImage()
    let noDevice = try await custody("luks", "status", image.path + ".none")
    #expect(noDevice.status == 20 && noDevice.errors.contains("[luks.missing]"), "\(noDevice)")
    let noTPM = try await custody("luks", "status", image.path, "--tcti", "swtpm:path=/nowhere")
    #expect(noTPM.status == 20 && noTPM.errors.contains("[tpm.unreachable]"), "\(noTPM)")
    let noVolume = try await custody("luks", "status", image.passphrase, "--json")
    #expect(noVolume.status == 1 && noVolume.output.contains("luks.not-luks2"), "\(noVolume)")
    let nothing = try await custody("luks", "status")
    #expect(nothing.status == 2, "\(nothing)")
  }

  /// A tool for a bare machine: no database, no YAML, no PostgreSQL.
  @Test func itReachesNoMoreThanItNeeds() async throws {
    let ldd = try await Program(path: "/usr/bin/ldd").run([BuiltTools.custody])
    #expect(ldd.output.contains("libcryptsetup.so") && ldd.output.contains("libtss2-esys.so"))
    let program = try Data(contentsOf: URL(fileURLWithPath: BuiltTools.custody))
    for name in ["libpq", "libsqlite3"] { #expect(!ldd.output.contains(name), "\(ldd)") }
    for module in ["$s4GRDB", "$s4Yams", "PQexec"] {
      #expect(program.range(of: Data(module.utf8)) == nil, "\(module)")
    }
  }

  @Test(
    .enabled(
      if: VolumeImage.obstacle == nil && SoftwareTPM.obstacle == nil
        && StockTool.isInstalled("swtpm_ioctl"),
      "cryptsetup, swtpm, swtpm_ioctl or tpm2-tools are not installed"))
  func aBankThatTheTPMDoesNotHaveIsTold() async throws {
    let image = try VolumeImage()
    let tpm = try SoftwareTPM()
    try tpm.removeBank("sha512")
    try image.addKeyslot()
    try image.addTokenUnchecked(
      #"{"type":"systemd-tpm2","keyslots":["1"],"tpm2-blob":"AJ4A","tpm2-pcrs":[7],"#
        + #""tpm2-pcr-bank":"sha512","tpm2-policy-hash":"00"}"#)
    let status = try await custody("luks", "status", image.path, "--tcti", tpm.tcti, "--json")
    #expect(codes(try object(status.output)).first == "pcr.no-bank/0", "\(status)")
  }

  private func custody(_ arguments: String...) async throws -> Program.Outcome {
    // Not the record of the machine that the proofs run on.
    let scratch = try ScratchFolder()
    return try await Program(
      path: BuiltTools.custody,
      environment: ["COFFER_CUSTODY_STATE": scratch.path(of: "state")]
    ).run(arguments)
  }

  private func enroll(
    _ image: VolumeImage, _ tpm: SoftwareTPM, _ options: String...
  ) throws {
    let tool = try #require(StockTool("systemd-cryptenroll"))
    let device = options.contains("--recovery-key") ? [] : ["--tpm2-device=\(tpm.tcti)"]
    let outcome = try tool.run(
      device + options + [image.path], environment: ["PASSWORD": "pw", "NEWPIN": "1234"])
    try #require(outcome.status == 0, "\(outcome)")
  }

  private func object(_ line: String) throws -> [String: Any] {
    #expect(line.split(separator: "\n").count == 1, "\(line)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  /// Codes of findings, each with its token, or `-`.
  private func codes(_ status: [String: Any]) -> [String] {
    (status["findings"] as? [[String: Any]] ?? []).map {
      "\($0["code"] ?? "?")/\($0["token"].map { "\($0)" } ?? "-")"
    }
  }
}
