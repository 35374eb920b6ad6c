import ProofTools
import SealedSecrets
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// Secrets in files that one TPM opens, and nobody else.
@Suite(.enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"))
struct SealedSecretTests {
  @Test func whatIsSealedIsOpenedByteForByte() throws {
    let officer = try Officer()
    for (name, text) in [("a", "AGE-SECRET-KEY-1…\n"), ("b", String(repeating: "x", count: 65536))]
    {
      let sealed = try officer.seal(text, to: name)
      #expect(try officer.open(name) == text)
      #expect(try SealedSecret(from: officer.path(name)) == sealed)
    }
    let content = try officer.folder.readText("a")
    #expect(content.hasPrefix("coffer-sealed-secret v1\n{\"blob\":\""))
    #expect(!content.contains("AGE-SECRET-KEY"))
  }

  @Test func aSizeThatNobodySealsIsRefused() throws {
    let officer = try Officer()
    for count in [0, 65537] {
      let refused = refusal { try officer.seal(String(repeating: "x", count: count)) }
      #expect(refused?.code == "seal.size")
    }
    #expect(try officer.tpm.run("tpm2_getcap", "handles-nv-index").isEmpty)
  }

  @Test func aChangedPCROpensNothing() throws {
    let officer = try Officer()
    try officer.seal("secret")
    try officer.tpm.extend(7)
    let refused = refusal { _ = try officer.open() }
    #expect(refused?.code == "tpm.policy" && refused?.message.contains("PCR 7 ") == true)
  }

  @Test func aPCRThatNothingWasMeasuredIntoIsRefused() throws {
    let officer = try Officer()
    func seal(_ unextended: Set<Int>) throws {
      let request = try SealingRequest(
        pcrs: PCRChoice([7, 11], of: .sha256, unextended: unextended), hasPIN: false,
        purpose: .other, counter: .none)
      _ = try SecretSealing(request, by: officer.address).seal(
        Officer.bytes("secret"), to: officer.path("sealed")
      ) { try Officer.pin(nil) }
    }
    #expect(refusal { try seal([]) }?.code == "pcr.never-extended")
    try seal([11])
    #expect(try officer.open() == "secret")
  }

  @Test func withoutPCRsAndPINNothingIsSealed() throws {
    let refused = refusal {
      _ = try SealingRequest(
        pcrs: PCRChoice([], of: .sha256), hasPIN: false, purpose: .other, counter: .counter(at: nil)
      )
    }
    #expect(refused?.code == "seal.no-policy")
  }

  @Test func aWrongPINCountsAndTheLastTryIsNeverMade() throws {
    let officer = try Officer()
    try officer.seal("secret", pin: "1234")
    #expect(try officer.open(pin: "1234") == "secret")
    // swtpm locks out after three.
    for failed in 1...2 {
      #expect(refusal { _ = try officer.open(pin: "4321") }?.code == "tpm.wrong-pin")
      #expect(try officer.address.connect().properties().lockout.failedTries == failed)
    }
    for pin in ["4321", "1234"] {
      #expect(refusal { _ = try officer.open(pin: pin) }?.code == "tpm.lockout-near")
    }
    #expect(try officer.address.connect().properties().lockout.failedTries == 2)
    #expect(refusal { try officer.seal("other", to: "other") }?.code == "tpm.lockout-near")
  }

  /// What asks for no PIN is given by a TPM that is locked out: parent, object and counter count no
  /// tries.
  @Test func withoutAPINALockoutIsNoObstacle() throws {
    let officer = try Officer()
    try officer.seal("secret")
    for _ in 1...3 { try officer.tpm.failOnce() }
    #expect(try officer.address.connect().properties().lockout.isLockedOut)
    #expect(try officer.open() == "secret")
  }

  @Test func anotherTPMOpensNothing() throws {
    let officer = try Officer()
    let sealed = try officer.seal("secret", counter: .none)
    let counted = try officer.seal("secret", to: "counted")
    let other = try Officer()
    #expect(refusal { _ = try other.open(sealed) } != nil)
    _ = try other.address.connect().persist(.storageRootKey)
    #expect(refusal { _ = try other.open(sealed) }?.code == "tpm.parent-changed")
    #expect(refusal { _ = try other.open(counted) }?.code == "tpm.parent-changed")
  }

  @Test func aTPMThatWasClearedOpensNothing() throws {
    let officer = try Officer()
    try officer.seal("secret")
    try officer.tpm.run("tpm2_clear", "-c", "p")
    #expect(refusal { _ = try officer.open() } != nil)
    _ = try officer.address.connect().persist(.storageRootKey)
    #expect(refusal { _ = try officer.open() }?.code == "tpm.parent-changed")
  }

  @Test func aFileIsNotWrittenOver() throws {
    let officer = try Officer()
    try officer.seal("one")
    #expect(refusal { try officer.seal("two") }?.code == "output.exists")
    try officer.folder.write("something else", to: "other")
    let refused = refusal { try officer.seal("two", to: "other", replacing: "sealed") }
    #expect(refused?.code == "output.exists")
    #expect(try officer.open() == "one")
    #expect(try officer.folder.readText("other") == "something else")
    // The counter of the first only.
    let indexes = try officer.tpm.run("tpm2_getcap", "handles-nv-index").split(separator: "\n")
    #expect(indexes == ["- 0x1800100"])
  }

  @Test func whoReadsTheFileSeesItsTerms() throws {
    let officer = try Officer()
    let before = Timestamp.now()
    let request = try SealingRequest(
      pcrs: PCRChoice([7], of: .sha256), hasPIN: true, purpose: .minisignKey,
      counter: .counter(at: 0x0180_0150))
    _ = try SecretSealing(request, by: officer.address).seal(
      Officer.bytes("secret"), to: officer.path("sealed")
    ) { try Officer.pin("1234") }
    let header = try SealedSecret(from: officer.path("sealed")).header
    #expect(header.purpose == .minisignKey && header.hasPIN && header.bank == .sha256)
    #expect(header.values == (try officer.address.connect().read([7], of: .sha256)))
    #expect(header.counter?.counter.index == 0x0180_0150)
    #expect(header.created >= before)
  }
}
