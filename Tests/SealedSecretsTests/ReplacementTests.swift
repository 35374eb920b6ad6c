import Glibc
import ProofTools
import SealedSecrets
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// Sealing anew: the file before is closed, and at no step is there none that opens.
@Suite(.enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"))
struct ReplacementTests {
  private struct Cut: Error {}

  @Test func whatWasReplacedOpensNoMore() throws {
    let officer = try Officer()
    let first = try officer.seal("secret")
    let second = try officer.seal("secret", replacing: "sealed")
    #expect(try officer.open() == "secret")
    #expect(refusal { _ = try officer.open(first) }?.code == "counter.passed")
    try officer.seal("secret", to: "third", replacing: "sealed")
    #expect(try officer.open("third") == "secret")
    for old in [first, second] {
      #expect(refusal { _ = try officer.open(old) }?.code == "counter.passed")
    }
    #expect(refusal { _ = try officer.open() }?.code == "counter.passed")
  }

  @Test func aSecretIsSealedToNewPCRs() throws {
    let officer = try Officer()
    let before = try officer.seal("secret")
    try officer.tpm.extend(7)
    try officer.seal("secret", replacing: "sealed")
    #expect(try officer.open() == "secret")
    #expect(refusal { _ = try officer.open(before) }?.code == "tpm.policy")
  }

  @Test func whatHasACounterIsNotReplacedByWhatHasNoneOrAnother() throws {
    let officer = try Officer()
    try officer.seal("secret")
    for wish in [SealingRequest.CounterWish.none, .counter(at: 0x0180_0180)] {
      let refused = refusal { try officer.seal("secret", replacing: "sealed", counter: wish) }
      #expect(refused?.code == "counter.kept")
    }
    try officer.seal("secret", replacing: "sealed", counter: .counter(at: 0x0180_0100))
    #expect(try officer.open() == "secret")
  }

  @Test func aCounterThatIsGoneIsSaid() throws {
    let officer = try Officer()
    let counter = try #require(try officer.seal("secret").header.counter?.counter)
    try officer.address.connect().remove(counter)
    #expect(refusal { _ = try officer.open() }?.code == "counter.missing")
    let refused = refusal { try officer.seal("secret", replacing: "sealed") }
    #expect(refused?.code == "counter.missing")
    // Made anew, it begins above all that it ever was.
    _ = try officer.address.connect().defineCounter(at: counter.index)
    #expect(refusal { _ = try officer.open() }?.code == "counter.passed")
  }

  @Test(arguments: SealingStep.allCases, [false, true])
  func aStepThatFailsLosesNothing(step: SealingStep, inPlace: Bool) throws {
    let officer = try Officer()
    let old = try officer.seal("secret")
    let name = inPlace ? "sealed" : "new"
    let failing = SealingSteps { if $0 == step { throw Cut() } }
    let refused = refusal {
      try officer.seal("secret", to: name, replacing: "sealed", steps: failing)
    }
    // A replacement makes no counter.
    guard step != .counterMade else { return #expect(refused == nil) }
    let isNamed = [SealingStep.named, .counterMoved, .provenAgain].contains(step)
    #expect(refused?.code == (isNamed ? "seal.unfinished" : "not-for-operators"))
    #expect(try officer.open(isNamed ? name : "sealed") == "secret")
    #expect(throws: (any Error).self) { _ = try officer.folder.read(".\(name).sealing") }
    // The same once more ends it, unless nothing is left to be done.
    if !inPlace, [.counterMoved, .provenAgain].contains(step) {
      #expect(refusal { _ = try officer.open(old) }?.code == "counter.passed")
      let again = refusal { try officer.seal("secret", to: name, replacing: "sealed") }
      return #expect(again?.code == "output.exists")
    }
    try officer.seal("secret", to: name, replacing: "sealed")
    #expect(try officer.open(name) == "secret")
    #expect(refusal { _ = try officer.open(old) }?.code == "counter.passed")
  }

  @Test(arguments: SealingStep.allCases)
  func aFirstSealingThatFailsLeavesNothing(step: SealingStep) throws {
    let officer = try Officer()
    let failing = SealingSteps { if $0 == step { throw Cut() } }
    let refused = refusal { try officer.seal("secret", steps: failing) }
    let indexes = try officer.tpm.run("tpm2_getcap", "handles-nv-index")
    switch step {
    case .counterMoved: #expect(refused == nil)
    case .named, .provenAgain:
      #expect(refused?.code == "seal.unfinished")
      #expect(try officer.open() == "secret")
    default:
      #expect(refused?.code == "not-for-operators")
      #expect(indexes.isEmpty)
      #expect(refusal { _ = try officer.open() }?.code == "sealed.unreadable")
      try officer.seal("secret")
      #expect(try officer.open() == "secret")
    }
  }

  /// A power cut leaves the temporary file; what it holds is closed with the next sealing.
  @Test func whatACutOffRunLeftIsClosed() throws {
    let officer = try Officer()
    let old = try officer.seal("secret")
    let temporary = officer.folder.path(of: ".sealed.sealing")
    let copy = officer.folder.path(of: "copy")
    let cutting = SealingSteps { step in
      guard step == .proven else { return }
      try Self.link(temporary, copy)
      throw Cut()
    }
    #expect(refusal { try officer.seal("secret", replacing: "sealed", steps: cutting) } != nil)
    let left = try SealedSecret(from: officer.path("copy"))
    try Self.link(copy, temporary)
    #expect(try officer.open(left) == "secret")
    try officer.seal("secret", replacing: "sealed")
    #expect(try officer.open() == "secret")
    for closed in [old, left] {
      #expect(refusal { _ = try officer.open(closed) }?.code == "counter.passed")
    }
  }

  /// What is there opens, for a counter is read without the owner; a new one is refused beforehand.
  @Test func whereTheOwnerHasAnAuthorizationNothingIsBegun() throws {
    let officer = try Officer()
    let before = try officer.seal("secret")
    try officer.tpm.run("tpm2_changeauth", "-c", "owner", "secret")
    for (name, old) in [("sealed", "sealed"), ("new", nil)] as [(String, String?)] {
      let refused = refusal { try officer.seal("secret", to: name, replacing: old) }
      #expect(refused?.code == "tpm.wrong-owner-auth")
    }
    #expect(try officer.open(before) == "secret")
    #expect(try SealedSecret(from: officer.path("sealed")) == before)
    try officer.seal("secret", to: "new", counter: .none)
    #expect(try officer.open("new") == "secret")
  }

  @Test func aFileThatIsFarAheadOfItsCounterIsRefused() throws {
    let officer = try Officer()
    let counter = try #require(try officer.seal("secret").header.counter?.counter)
    for _ in 0..<20 { try officer.address.connect().advance(counter) }
    try officer.seal("secret", to: "far", replacing: "sealed")
    let other = try Officer()
    #expect(try other.address.connect().defineCounter() == counter)
    try other.folder.write(try officer.folder.read("far"), to: "far")
    let refused = refusal { try other.seal("secret", to: "new", replacing: "far") }
    #expect(refused?.code == "counter.far")
  }

  private static func link(_ path: String, _ other: String) throws {
    try #require(unsafe Glibc.link(path, other) == 0)
  }
}
