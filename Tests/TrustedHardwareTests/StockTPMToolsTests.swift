import ProofTools
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// What Coffer seals and works out, beside tpm2-tools, byte for byte.
@Suite(
  .enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"),
  .timeLimit(.minutes(20)))
struct StockTPMToolsTests {
  private let tpm: SoftwareTPM

  init() throws {
    tpm = try SoftwareTPM()
    try tpm.extend(7)
    try tpm.run(
      "tpm2_createprimary", "-C", "o", "-g", "sha256", "-G", "ecc256:null:aes128cfb", "-a",
      "restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth", "-c",
      tpm.path(of: "primary"))
    try tpm.flush()
  }

  private func connect() throws -> TPMConnection { try TPMConnection(tcti: tpm.tcti) }

  private func policy(pin: Bool) throws -> PolicyDigest {
    var policy = PolicyDigest()
    policy.requirePCRs(try connect().read([7], of: .sha256), of: .sha256)
    if pin { policy.requireAuthValue() }
    return policy
  }

  /// Meets the policy in a session of tpm2-tools.
  private func meet(pin: Bool, in session: String) throws {
    try tpm.run("tpm2_policypcr", "-S", session, "-l", "sha256:7", "-L", tpm.path(of: "digest"))
    if pin {
      try tpm.run("tpm2_policyauthvalue", "-S", session, "-L", tpm.path(of: "digest"))
    }
  }

  @Test(arguments: [false, true])
  func theDigestOfAPolicyIsTheirs(pin: Bool) throws {
    let session = tpm.path(of: "session")
    try tpm.run("tpm2_startauthsession", "-S", session)
    try meet(pin: pin, in: session)
    #expect(try tpm.read("digest") == policy(pin: pin).bytes)
  }

  @Test func whatCofferSealsTheyUnseal() throws {
    let secret = SecretBytes.random(count: 32)
    let blob = try connect().seal(
      secret, policy: policy(pin: false), authorization: AuthorizationValue(),
      under: .legacyPrimary(.ecc))
    let size = 2 + Int(blob[0]) << 8 + Int(blob[1])
    try tpm.write(Array(blob[..<size]), to: "private")
    try tpm.write(Array(blob[size...]), to: "public")
    let session = tpm.path(of: "session")
    try tpm.run("tpm2_startauthsession", "--policy-session", "-S", session)
    try meet(pin: false, in: session)
    try tpm.run(
      "tpm2_load", "-C", tpm.path(of: "primary"), "-u", tpm.path(of: "public"), "-r",
      tpm.path(of: "private"), "-c", tpm.path(of: "object"))
    try tpm.run(
      "tpm2_unseal", "-c", tpm.path(of: "object"), "-p", "session:\(session)", "-o",
      tpm.path(of: "given"))
    #expect(try tpm.read("given") == secret.withBytes { $0.copied() })
  }

  @Test func whatTheySealCofferUnseals() throws {
    try tpm.write(Array("thirty-two bytes, no more or less".utf8.prefix(32)), to: "secret")
    try tpm.write(try policy(pin: false).bytes, to: "policy")
    try tpm.run(
      "tpm2_create", "-C", tpm.path(of: "primary"), "-i", tpm.path(of: "secret"), "-L",
      tpm.path(of: "policy"), "-a", "fixedtpm|fixedparent|noda", "-u", tpm.path(of: "public"),
      "-r", tpm.path(of: "private"))
    try tpm.flush()
    let blob = try tpm.read("private") + tpm.read("public")
    let given = try connect().unseal(
      blob, under: .legacyPrimary(.ecc), steps: [.pcrs([7], .sha256)],
      digest: policy(pin: false).bytes, authorization: AuthorizationValue())
    #expect(try given.withBytes { $0.copied() } == tpm.read("secret"))
  }

  @Test func aBlobThatIsNoneIsRefused() throws {
    for bytes in [[], [0], [0, 200, 1], [UInt8](repeating: 0xff, count: 240)] {
      let refused = refusal {
        _ = try connect().unseal(
          bytes, under: .legacyPrimary(.ecc), steps: [], digest: [],
          authorization: AuthorizationValue())
      }
      #expect(refused?.code == "tpm.bad-blob")
    }
  }
}
