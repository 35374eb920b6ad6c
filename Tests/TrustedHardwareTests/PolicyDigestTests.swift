import ProofTools
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// Policies worked out here, held against values that systemd and a TPM gave.
@Suite struct PolicyDigestTests {
  /// systemd, `src/test/test-tpm2.c`, v261.2.
  @Test func authValueIsThatOfSystemd() {
    var policy = PolicyDigest()
    policy.requireAuthValue()
    #expect(
      Hexadecimal.encode(policy.bytes)
        == "8fcd2169ab92694e0c633f1ab772842b8241bbc20288981fc7ac1eddc1fddb0e")
  }

  /// A PCR 11 and the policy over it that systemd 252 accepted.
  @Test func pcrsAreThoseThatSystemdAccepted() throws {
    var policy = PolicyDigest()
    let value = try #require(
      Hexadecimal.decode("aa3fbb7913e12ae041ff4ac2b75384d7e97ab7a9cc3e405c2bbfc96c65590160"))
    policy.requirePCRs([11: value], of: .sha256)
    #expect(
      Hexadecimal.encode(policy.bytes)
        == "84d2756bffb7678922023b61ecc3a36c5af2576d909538fe84271e94a2dfb989")
  }

  @Test(.enabled(if: SoftwareTPM.obstacle == nil, "swtpm or tpm2-tools are not installed"))
  func pcrsAreThoseOfATPM() throws {
    let tpm = try SoftwareTPM()
    for index in [7, 4, 16] { try tpm.extend(index) }
    for (bank, indexes) in [(PCRBank.sha256, [4, 7, 16]), (.sha384, [0, 23]), (.sha1, [7])] {
      let live = try TPMConnection(tcti: tpm.tcti).read(Set(indexes), of: bank)
      guard live.count == indexes.count else { continue }
      var policy = PolicyDigest()
      policy.requirePCRs(live, of: bank)
      let list = indexes.map(String.init).joined(separator: ",")
      let told = try tpm.run(
        "tpm2_createpolicy", "--policy-pcr", "-l", "\(bank.rawValue):\(list)", "-L",
        tpm.path(of: "policy"))
      #expect(told.contains(Hexadecimal.encode(policy.bytes)), "\(bank): \(told)")
    }
  }

  /// systemd, `src/test/test-tpm2.c`, v261.2: its key is a storage key, and no signing key.
  @Test func authorizeIsThatOfSystemd() throws {
    let modulus = """
      9ec7341c52093ac40a1965a5df10432513c539adcf905e30577ab6ebc88ffe53cd08cef12ed9bec6125432f4fada\
      3629b8b96d31b8f507aa35029188fe396da823fcb236027f7fbb01b0da3d87be7f999390449ced604bdf7e26c486\
      57cc0671000f1147da195c3861c96642e54427cb7a11572e07567ec3fd6316978abc4bd92b27bb0a0e4958e59980\
      4eeb41d682b3b7fc1f960209f80a4fb8a1b64abfd96bf5d554e73cdd6ad1c8becb4fcf5e8f0c3e621d210e5e2f30\
      8f6520ad9a966779231b99f06c5989e5a23a9415c8808ab89ce81117632e2f8461cd4428bded40979236aeadafe8\
      de3f51660a45e1dbc87694e6a36360201cca3ff9e7263e712727
      """
    let area = try #require(
      Hexadecimal.decode(
        "0001000b00030072000000060080004300100800000000000100" + modulus))
    var policy = PolicyDigest()
    policy.requireAuthValue()
    policy.authorize(keyName: [0x00, 0x0b] + SHA256Hasher.digest(of: area).bytes)
    #expect(
      Hexadecimal.encode(policy.bytes)
        == "95213a3784eaab04f427bc7e8851c2f1df0903be8e42428ec25dcefd907baff1")
  }

  @Test(
    .enabled(
      if: SoftwareTPM.obstacle == nil && StockTool.isInstalled("openssl"),
      "swtpm, tpm2-tools or openssl are not installed"))
  func aSigningKeyHasTheNameAndPolicyThatATPMGivesIt() throws {
    let tpm = try SoftwareTPM()
    let openssl = try #require(StockTool("openssl"))
    let (secret, pem) = (tpm.path(of: "key.pem"), tpm.path(of: "public.pem"))
    for arguments in [
      ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", secret],
      ["pkey", "-in", secret, "-pubout", "-out", pem],
    ] {
      let made = try openssl.run(arguments)
      try #require(made.status == 0, "\(made)")
    }
    let key = try RSAPublicKey(pem: Array(try tpm.read("public.pem")), of: "public.pem")
    let name = RSAKeyName(modulus: key.modulus)

    let told = try tpm.run(
      "tpm2_loadexternal", "-C", "o", "-G", "rsa", "-u", pem, "-a", "decrypt|sign|userwithauth",
      "-c", tpm.path(of: "key.ctx"), "-n", tpm.path(of: "key.name"))
    #expect(told.contains(Hexadecimal.encode(name.bytes)), "\(told)")

    // What the TPM says of a policy that this key may authorize, in a trial session.
    try tpm.run("tpm2_startauthsession", "-S", tpm.path(of: "session"))
    let authorized = try tpm.run(
      "tpm2_policyauthorize", "-S", tpm.path(of: "session"), "-n", tpm.path(of: "key.name"),
      "-L", tpm.path(of: "policy"))
    var policy = PolicyDigest()
    policy.authorize(keyName: name.bytes)
    #expect(authorized.contains(Hexadecimal.encode(policy.bytes)), "\(authorized)")
    #expect(try tpm.read("policy") == policy.bytes)
  }
}
