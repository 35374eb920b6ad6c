import ProofTools
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// Secrets sealed by a TPM, which gives them under their policy and not otherwise.
@Suite(.enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"))
struct SealingTests {
  private let tpm: SoftwareTPM

  init() throws {
    tpm = try SoftwareTPM()
    try tpm.extend(7)
  }

  private func connect() throws -> TPMConnection { try TPMConnection(tcti: tpm.tcti) }

  private func policy(pin: Bool = false) throws -> PolicyDigest {
    var policy = PolicyDigest()
    policy.requirePCRs(try connect().read([7], of: .sha256), of: .sha256)
    if pin { policy.requireAuthValue() }
    return policy
  }

  private func value(_ pin: String) -> AuthorizationValue {
    AuthorizationValue(Array(pin.utf8).withBytes { SHA256Hasher.secretDigest(of: $0) })
  }

  private func unseal(
    _ blob: [UInt8], _ policy: PolicyDigest, _ value: borrowing AuthorizationValue,
    under parent: StorageParent
  ) throws -> [UInt8] {
    let steps: [PolicyStep] = value.isEmpty ? [] : [.authValue]
    return try connect().unseal(
      blob, under: parent, steps: [.pcrs([7], .sha256)] + steps, digest: policy.bytes,
      authorization: value
    ).withBytes { $0.copied() }
  }

  @Test(arguments: [StorageParent.legacyPrimary(.ecc), .legacyPrimary(.rsa)])
  func whatIsSealedIsGivenUntilAPCRChanges(parent: StorageParent) throws {
    let secret = SecretBytes.random(count: 32)
    let policy = try policy()
    let blob = try connect().seal(
      secret, policy: policy, authorization: AuthorizationValue(), under: parent)
    #expect(
      try unseal(blob, policy, AuthorizationValue(), under: parent)
        == secret.withBytes { $0.copied() })
    try tpm.extend(7)
    let refused = refusal { _ = try unseal(blob, policy, AuthorizationValue(), under: parent) }
    #expect(refused?.code == "tpm.policy")
  }

  @Test func aSecretOfAnECCParentHasTheSizeThatSystemdsHas() throws {
    let blob = try connect().seal(
      SecretBytes.random(count: 32), policy: policy(), authorization: AuthorizationValue(),
      under: .legacyPrimary(.ecc))
    #expect(blob.count == 240)
  }

  @Test func aPINIsAskedForAndAWrongOneCounts() throws {
    let policy = try policy(pin: true)
    let parent = StorageParent.legacyPrimary(.ecc)
    let blob = try connect().seal(
      SecretBytes.random(count: 32), policy: policy, authorization: value("1234"), under: parent)
    #expect(try unseal(blob, policy, value("1234"), under: parent).count == 32)
    let refused = refusal { _ = try unseal(blob, policy, value("4321"), under: parent) }
    #expect(refused?.code == "tpm.wrong-pin")
    #expect(try connect().properties().lockout.failedTries == 1)
  }

  @Test func aKeyIsMadePersistentOnceAndPinned() throws {
    for key in [PersistentKey.storageRootKey, .legacyPrimary(.ecc)] {
      let reference = try connect().persist(key)
      #expect(try connect().persist(key) == reference)
      let policy = try policy()
      let parent = StorageParent.persistent(reference: reference)
      let blob = try connect().seal(
        SecretBytes.random(count: 16), policy: policy, authorization: AuthorizationValue(),
        under: parent)
      #expect(try unseal(blob, policy, AuthorizationValue(), under: parent).count == 16)
    }
    #expect(try tpm.run("tpm2_getcap", "handles-persistent").split(separator: "\n").count == 2)
  }

  @Test func anotherTPMGivesNothing() throws {
    let policy = try policy()
    let other = try SoftwareTPM()
    try other.extend(7)
    let pinned = StorageParent.persistent(reference: try connect().persist(.storageRootKey))
    for (parent, code) in [
      (StorageParent.legacyPrimary(.ecc), "tpm.not-its-secret"), (pinned, "tpm.parent-changed"),
    ] {
      let blob = try connect().seal(
        SecretBytes.random(count: 32), policy: policy, authorization: AuthorizationValue(),
        under: parent)
      if code == "tpm.parent-changed" {
        _ = try TPMConnection(tcti: other.tcti).persist(.storageRootKey)
      }
      let refused = refusal {
        _ = try TPMConnection(tcti: other.tcti).unseal(
          blob, under: parent, steps: [.pcrs([7], .sha256)], digest: policy.bytes,
          authorization: AuthorizationValue())
      }
      #expect(refused?.code == code)
    }
  }

  /// Everything that a call holds in the TPM is given back, or the third would fail.
  @Test func nothingStaysInTheTPM() throws {
    let policy = try policy()
    let parent = StorageParent.legacyPrimary(.ecc)
    let blob = try connect().seal(
      SecretBytes.random(count: 32), policy: policy, authorization: AuthorizationValue(),
      under: parent)
    for _ in 0..<5 { _ = try unseal(blob, policy, AuthorizationValue(), under: parent) }
    for kind in ["handles-transient", "handles-loaded-session"] {
      #expect(try tpm.run("tpm2_getcap", kind).isEmpty)
    }
  }
}
