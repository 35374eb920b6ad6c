import ProofTools
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// Counters of a TPM, and secrets that are given until one has passed a value.
@Suite(.enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"))
struct CounterTests {
  private let tpm: SoftwareTPM

  init() throws {
    tpm = try SoftwareTPM()
    try tpm.extend(7)
  }

  private func connect() throws -> TPMConnection { try TPMConnection(tcti: tpm.tcti) }

  private func parent() throws -> StorageParent {
    .persistent(reference: try connect().persist(.storageRootKey))
  }

  @Test func aCounterGoesUpAndNeverBackNotEvenWhenItIsMadeAnew() throws {
    let parent = try parent()
    let counter = try connect().defineCounter()
    #expect(counter.index == 0x0180_0100)
    let first = try connect().value(of: counter, under: parent)
    try connect().advance(counter)
    #expect(try connect().value(of: counter, under: parent) == first + 1)
    try connect().remove(counter)
    let gone = refusal { _ = try connect().value(of: counter, under: parent) }
    #expect(gone?.code == "counter.missing")
    #expect(try connect().defineCounter() == counter)
    #expect(try connect().value(of: counter, under: parent) > first + 1)
  }

  @Test func itsNameIsThatOfTheTPM() throws {
    let counter = try connect().defineCounter(at: 0x0180_0142)
    let told = try tpm.run("tpm2_nvreadpublic", "0x1800142")
    #expect(told.contains("name: \(Hexadecimal.encode(counter.name))"), "\(told)")
    #expect(told.contains("nt=0x1") && told.contains("no_da"), "\(told)")
  }

  @Test func anIndexThatIsTakenIsNotMoved() throws {
    _ = try connect().defineCounter()
    #expect(try connect().defineCounter().index == 0x0180_0101)
    let taken = refusal { _ = try connect().defineCounter(at: 0x0180_0101) }
    #expect(taken?.code == "counter.taken")
  }

  @Test func anIndexOfAnotherKindIsNoCounter() throws {
    try tpm.run("tpm2_nvdefine", "0x1800100", "-C", "o", "-s", "8", "-a", "ownerread|ownerwrite")
    let refused = refusal {
      _ = try connect().value(of: TPMCounter(index: 0x0180_0100), under: parent())
    }
    #expect(refused?.code == "counter.missing")
  }

  @Test func aSecretIsGivenUntilTheCounterHasPassed() throws {
    let parent = try parent()
    let counter = try connect().defineCounter()
    let limit = try connect().value(of: counter, under: parent) + 1
    var policy = PolicyDigest()
    policy.requirePCRs(try connect().read([7], of: .sha256), of: .sha256)
    policy.requireCounter(counter, atMost: limit)
    let blob = try connect().seal(
      SecretBytes.random(count: 32), policy: policy, authorization: AuthorizationValue(),
      under: parent)
    func give() throws -> Int {
      try connect().unseal(
        blob, under: parent, steps: [.pcrs([7], .sha256), .counter(counter, atMost: limit)],
        digest: policy.bytes, authorization: AuthorizationValue()
      ).count
    }
    #expect(try give() == 32)
    try connect().advance(counter)
    #expect(try give() == 32)
    try connect().advance(counter)
    #expect(refusal { _ = try give() }?.code == "counter.passed")
    try connect().remove(counter)
    #expect(refusal { _ = try give() }?.code == "counter.missing")
    _ = try connect().defineCounter()
    #expect(refusal { _ = try give() }?.code == "counter.passed")
  }

  /// PCRs, a counter and a PIN, step by step in a trial session of tpm2-tools.
  @Test func thePolicyIsThatOfStockTools() throws {
    let parent = try parent()
    let counter = try connect().defineCounter()
    let limit = try connect().value(of: counter, under: parent) + 1
    let (session, operand) = (tpm.path(of: "session"), tpm.path(of: "operand"))
    try tpm.write(TPMCounterValue(limit).bytes, to: "operand")
    try tpm.run("tpm2_startauthsession", "-S", session)
    try tpm.run("tpm2_policypcr", "-S", session, "-l", "sha256:7")
    let index = "0x" + String(counter.index, radix: 16)
    try tpm.run("tpm2_policynv", "-S", session, "-C", index, "-i", operand, index, "ule")
    let told = try tpm.run("tpm2_policyauthvalue", "-S", session, "-L", tpm.path(of: "policy"))
    try tpm.run("tpm2_flushcontext", session)
    var policy = PolicyDigest()
    policy.requirePCRs(try connect().read([7], of: .sha256), of: .sha256)
    policy.requireCounter(counter, atMost: limit)
    policy.requireAuthValue()
    #expect(told.contains(Hexadecimal.encode(policy.bytes)), "\(told)")
  }
}

/// A value as a TPM has it: eight bytes, big-endian.
private struct TPMCounterValue {
  let bytes: [UInt8]

  init(_ value: UInt64) {
    bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
  }
}
