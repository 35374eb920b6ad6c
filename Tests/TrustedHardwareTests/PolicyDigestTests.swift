import ProofTools
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
}
