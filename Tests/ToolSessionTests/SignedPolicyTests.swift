import Foundation
import ProofTools
import SecretMemory
import Testing

/// `coffer-custody luks predict` and `sign-policy`, and what systemd makes of their files.
@Suite(.timeLimit(.minutes(20))) struct SignedPolicyTests {
  /// A volume that trusts a key opens in each state of the system that the key signed, and in no
  /// other: enrolled by systemd-cryptenroll, opened by systemd's token plugin.
  @Test(
    .enabled(
      if: VolumeImage.obstacle == nil && SoftwareTPM.obstacle == nil
        && SystemdTokenPlugin.obstacle == nil && StockTool.isInstalled("openssl"),
      "cryptsetup, swtpm, tpm2-tools, openssl or systemd's plugin are not installed"))
  func systemdOpensWithWhatWasSigned() async throws {
    let image = try VolumeImage()
    let tpm = try SoftwareTPM()
    try tpm.extend(11)
    let key = try makeKey(in: tpm)
    let signatures = tpm.path(of: "tpm2-pcr-signature.json")
    let secret = String(decoding: try tpm.read("key.pem"), as: UTF8.self)

    let signed = try await custody(
      ["sign-policy", "--key", "-", "--pcrs", "11", "--tcti", tpm.tcti, "--output", signatures],
      input: secret)
    #expect(signed.status == 0, "\(signed)")
    // It verifies what it sealed by unsealing it, as the signature lets it.
    let tool = try #require(StockTool("systemd-cryptenroll"))
    let enrolled = try tool.run(
      [
        "--tpm2-device=\(tpm.tcti)", "--tpm2-pcrs=", "--tpm2-public-key=\(key)",
        "--tpm2-public-key-pcrs=11", "--tpm2-signature=\(signatures)", image.path,
      ], environment: ["PASSWORD": "pw"])
    try #require(enrolled.status == 0, "\(enrolled)")
    try tpm.flush()
    #expect(try SystemdTokenPlugin.open(image, tpm, signature: signatures) == 1)

    // The kernel to come, signed before it boots.
    let next = try nextValue(of: 11, in: tpm)
    let predicted = tpm.path(of: "predicted.json")
    let predict = try await custody([
      "predict", "--pcrs", "11", "--pcr", "11=\(next)", "--output", predicted,
    ])
    #expect(predict.status == 0 && predict.output.contains("sha256:11  \(next)"), "\(predict)")
    try tpm.extend(11)
    #expect(try SystemdTokenPlugin.open(image, tpm, signature: signatures) < 0)
    let appended = try await custody([
      "sign-policy", "--key", tpm.path(of: "key.pem"), "--pcrs", "11", "--predicted", predicted,
      "--append-to", signatures, "--json",
    ])
    #expect(appended.status == 0, "\(appended)")
    #expect(try appended.events().map { $0.number("entries") } == [2], "\(appended)")
    #expect(try SystemdTokenPlugin.open(image, tpm, signature: signatures) == 1)

    // A state that nobody signed.
    try tpm.extend(11)
    #expect(try SystemdTokenPlugin.open(image, tpm, signature: signatures) < 0)
  }

  @Test(.enabled(if: SoftwareTPM.obstacle == nil, "swtpm or tpm2-tools are not installed"))
  func aBootIsPredictedFromTheLogThatTheTPMAgreesWith() async throws {
    let tpm = try SoftwareTPM()
    func log(_ initrd: String, _ line: String) -> EventLogBuilder {
      var log = EventLogBuilder(banks: [.sha1, .sha256])
      log.firmware()
      log.grub("grub_cmd", "linux \(line)")
      log.grub("kernel_cmdline", line)
      log.grubFile("(hd0,gpt2)/initrd.img", Array(initrd.utf8))
      return log
    }
    let last = log("initrd", "/vmlinuz ro"), next = log("initrd, newer", "/vmlinuz ro quiet")
    try tpm.extend(last)
    let path = try tpm.write(last.bytes, to: "log")
    let arguments = [
      "predict", "--event-log", path, "--tcti", tpm.tcti, "--pcrs", "7,8,9", "--initrd",
      try tpm.write(Array("initrd, newer".utf8), to: "initrd"), "--cmdline",
      try tpm.write(Array("/vmlinuz ro quiet\n".utf8), to: "cmdline"),
    ]
    let told = try await custody(arguments)
    #expect(told.status == 0, "\(told)")
    for line in [
      "replaced: initrd in PCR 9", "replaced: command line in PCR 8", "sha256:7  ", "sha256:8  ",
    ] {
      #expect(told.output.contains(line), "\(line): \(told)")
    }
    // The boot that was predicted, in a TPM of its own.
    let other = try SoftwareTPM()
    try other.extend(next)
    for pcr in [7, 8, 9] {
      let value = try value(of: pcr, in: other)
      #expect(told.output.contains("sha256:\(pcr)  \(value)"), "\(pcr): \(told)")
    }

    try tpm.extend(7)
    let refused = try await custody(arguments)
    #expect(refused.status == 4 && refused.errors.contains("[eventlog.mismatch]"), "\(refused)")
    #expect(refused.errors.contains("the TPM's PCR 7, of the sha256 bank"), "\(refused)")
    let word = try await custody([
      "predict", "--event-log", path, "--without-tpm", "--pcrs", "7", "--json",
    ])
    #expect(word.status == 0 && word.errors.contains("not held against a TPM"), "\(word)")
    #expect(try word.events().count == 1)
  }

  @Test(.enabled(if: SoftwareTPM.obstacle == nil, "swtpm or tpm2-tools are not installed"))
  func valuesAreGivenAndExtendedByHand() async throws {
    let ones = String(repeating: "11", count: 32), twos = String(repeating: "22", count: 32)
    let told = try await custody([
      "predict", "--pcrs", "4+15", "--pcr", "4=\(ones)", "--pcr",
      "15=\(String(repeating: "0", count: 64))", "--extend", "15=\(twos)", "--json",
    ])
    #expect(told.status == 0, "\(told)")
    let tpm = try SoftwareTPM()
    try tpm.run("tpm2_pcrextend", "15:sha256=\(twos)")
    #expect(told.output.contains("\"15\":\"\(try value(of: 15, in: tpm))\""), "\(told)")
    #expect(told.output.contains("\"4\":\"\(ones)\""), "\(told)")
  }

  @Test(arguments: [
    ["predict", "--pcrs", "24"], ["predict", "--pcrs", "7,7"], ["predict", "--pcr", "4=00"],
    ["predict", "--pcr", "4"], ["predict", "--bank", "md5"], ["predict", "--phase", "later"],
    ["predict", "--old-kernel", "x"], ["predict", "--uki", "x", "--kernel", "y"],
    ["predict", "--without-tpm", "--tcti", "device:x"], ["sign-policy", "--pcrs", "11"],
    ["sign-policy", "--key", "x"],
    ["sign-policy", "--key", "x", "--pcrs", "11", "--append-to", "a", "--output", "b"],
  ])
  func wrongArgumentsAreRefused(arguments: [String]) async throws {
    let told = try await custody(arguments)
    #expect(told.status == 2 && told.errors.contains("[usage]"), "\(told)")
  }

  @Test(
    .enabled(
      if: SoftwareTPM.obstacle == nil && StockTool.isInstalled("openssl"),
      "swtpm, tpm2-tools or openssl are not installed"))
  func whatMayNotBeSignedOrCannotBeReadIsRefusedWithItsReason() async throws {
    let tpm = try SoftwareTPM()
    _ = try makeKey(in: tpm)
    let key = tpm.path(of: "key.pem")
    let nothing = try tpm.write(Array("{}".utf8), to: "nothing.json")
    let missing = tpm.path(of: "missing")
    for (arguments, status, code) in [
      (["--tcti", tpm.tcti, "--key", key], 14, "predict.never-extended"),
      (["--tcti", tpm.tcti, "--key", nothing], 2, "policy-key.unusable"),
      (["--tcti", tpm.tcti, "--key", missing], 2, "secret.unreadable"),
      (["--predicted", nothing, "--key", key], 2, "predicted.malformed"),
      (["--tcti", tpm.tcti, "--key", key, "--append-to", missing], 2, "pcr-signature.malformed"),
    ] as [([String], Int32, String)] {
      let told = try await custody(["sign-policy", "--pcrs", "11"] + arguments)
      #expect(told.status == status && told.errors.contains("[\(code)]"), "\(told)")
    }
    try tpm.extend(11)
    let bank = try await custody([
      "sign-policy", "--pcrs", "11", "--bank", "sha384", "--tcti", tpm.tcti, "--key", key,
    ])
    #expect(bank.status != 0, "\(bank)")
    let log = try await custody(["predict", "--event-log", missing, "--tcti", tpm.tcti])
    #expect(log.status == 20 && log.errors.contains("[eventlog.missing]"), "\(log)")
    let text = try await custody(["predict", "--event-log", nothing, "--tcti", tpm.tcti])
    #expect(text.status == 4 && text.errors.contains("[eventlog.malformed]"), "\(text)")
    let kernel = try await custody(["predict", "--pcrs", "11", "--uki", nothing])
    #expect(kernel.status == 4 && kernel.errors.contains("[pe.malformed]"), "\(kernel)")
  }

  private func custody(
    _ arguments: [String], input: String = ""
  ) async throws -> Program.Outcome {
    // Not the record of the machine that the proofs run on.
    let scratch = try ScratchFolder()
    return try await Program(
      path: BuiltTools.custody,
      environment: ["COFFER_CUSTODY_STATE": scratch.path(of: "state")]
    ).run(["luks"] + arguments, input: input)
  }

  /// Makes `key.pem` in the TPM's folder, and says where its public half is.
  private func makeKey(in tpm: SoftwareTPM) throws -> String {
    let openssl = try #require(StockTool("openssl"))
    let (secret, open) = (tpm.path(of: "key.pem"), tpm.path(of: "public.pem"))
    for arguments in [
      ["genpkey", "-algorithm", "RSA", "-out", secret],
      ["pkey", "-in", secret, "-pubout", "-out", open],
    ] {
      let made = try openssl.run(arguments)
      try #require(made.status == 0, "\(made)")
    }
    return open
  }

  /// What a PCR holds, told by tpm2_pcrread.
  private func value(of pcr: Int, in tpm: SoftwareTPM) throws -> String {
    try tpm.run("tpm2_pcrread", "sha256:\(pcr)", "-o", tpm.path(of: "pcr"))
    return hex(try tpm.read("pcr"))
  }

  /// What it will hold after `SoftwareTPM.extend`.
  private func nextValue(of pcr: Int, in tpm: SoftwareTPM) throws -> String {
    _ = try value(of: pcr, in: tpm)
    return hex(
      HashFunction.sha256.digest(
        of: try tpm.read("pcr") + [UInt8](repeating: 0x5a, count: 32)))
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
