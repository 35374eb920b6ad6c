import ProofTools
import SealedSecrets
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// Files that were damaged or made to deceive: an error each, and no try of a PIN is wasted on damage.
@Suite(.enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"))
struct HostileFileTests {
  private static let digestSize = 32

  /// With the digest that goes with what stands before it, as who changes a file on purpose writes it.
  private func digested(_ bytes: [UInt8]) -> [UInt8] {
    let content = Array(bytes.dropLast(Self.digestSize))
    return content + SHA256Hasher.digest(of: content).bytes
  }

  @Test func aFlippedBitAnywhereIsFoundBeforeTheTPMIsAsked() throws {
    let officer = try Officer()
    try officer.seal("secret", pin: "1234")
    let bytes = try officer.folder.read("sealed")
    for place in bytes.indices {
      for bit in [0, 5] {
        var flipped = bytes
        flipped[place] ^= 1 << bit
        let refused = refusal { _ = try SealedSecret(flipped, called: "it") }
        #expect(
          ["sealed.damaged", "sealed.version", "sealed.not-sealed"].contains(refused?.code),
          "\(place): \(String(describing: refused))")
      }
    }
    for count in 0..<bytes.count {
      #expect(refusal { _ = try SealedSecret(Array(bytes.prefix(count)), called: "it") } != nil)
    }
  }

  @Test func whoChangesAFileAndItsDigestGetsNothing() throws {
    let officer = try Officer()
    try officer.seal("a secret of some length")
    let bytes = try officer.folder.read("sealed")
    var chance = SeededChance(for: "whoChangesAFileAndItsDigestGetsNothing")
    // Every byte of the ciphertext, and some of all others.
    let header = try #require(
      bytes.dropLast(Self.digestSize).lastIndex(of: UInt8(ascii: "}")))
    let ciphertext = Array(header..<bytes.count - Self.digestSize)
    let others = (0..<60).map { _ in Int.random(in: 0..<header, using: &chance) }
    for place in ciphertext + others {
      var changed = bytes
      changed[place] ^= UInt8.random(in: 1...255, using: &chance)
      let refused = refusal {
        _ = try officer.open(SealedSecret(digested(changed), called: "it"))
      }
      #expect(refused != nil && refused?.code != "not-for-operators", "\(place)")
    }
  }

  @Test func aChangedHeaderDoesNotReachTheSecret() throws {
    let officer = try Officer()
    try officer.seal("secret")
    let text = try officer.folder.read("sealed")
    for (old, new) in [
      ("\"purpose\":\"other\"", "\"purpose\":\"age-identity\""),
      ("\"created\":\"2", "\"created\":\"3"),
    ] {
      let changed = digested(try replaced(text, old, new))
      let sealed = try SealedSecret(changed, called: "it")
      #expect(refusal { _ = try officer.open(sealed) }?.code == "sealed.damaged")
    }
  }

  @Test func aHeaderThatIsNotAsItIsWrittenIsRefused() throws {
    let officer = try Officer()
    try officer.seal("secret", pin: "1234")
    let text = try officer.folder.read("sealed")
    for (old, new) in [
      ("{\"blob\"", "{ \"blob\""), ("\"purpose\"", "\"more\":1,\"purpose\""),
      ("\"indexes\":[7]", "\"indexes\":[7,7]"), ("\"indexes\":[7]", "\"indexes\":[24]"),
      ("\"indexes\":[7]", "\"indexes\":[-1]"), ("\"indexes\":[7]", "\"indexes\":[]"),
      ("\"index\":\"01800100\"", "\"index\":\"01800101\""),
      ("\"index\":\"01800100\"", "\"index\":\"81000001\""), ("\"value\":1", "\"value\":-1"),
      ("\"value\":1", "\"value\":18446744073709551616"), ("\"value\":1", "\"value\":1.0"),
      ("\"bank\":\"sha256\"", "\"bank\":\"sha1\""), ("\"purpose\":\"other\"", "\"purpose\":\"\""),
      ("\"policy\":\"", "\"policy\":\"00"), ("\"salt\":\"", "\"salt\":\"AAAA"),
    ] {
      let refused = refusal {
        _ = try SealedSecret(digested(replaced(text, old, new)), called: "it")
      }
      #expect(refused?.code == "sealed.damaged", "\(old) -> \(new): \(String(describing: refused))")
    }
    let other = digested(try replaced(text, "coffer-sealed-secret v1", "coffer-sealed-secret v2"))
    #expect(refusal { _ = try SealedSecret(other, called: "it") }?.code == "sealed.version")
  }

  @Test func whateverIsReadIsAnErrorAndNeverATrap() throws {
    let officer = try Officer()
    try officer.seal("secret")
    let good = try officer.folder.read("sealed")
    var chance = SeededChance(for: "whateverIsReadIsAnErrorAndNeverATrap")
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...8, using: &chance) {
        let place = Int.random(in: 0..<bytes.count, using: &chance)
        let end = min(bytes.count, place + Int.random(in: 0...40, using: &chance))
        let piece = chance.bytes(Int.random(in: 0...40, using: &chance))
        bytes.replaceSubrange(place..<end, with: piece)
        if bytes.isEmpty { bytes = good }
      }
      bytes = digested(bytes)
      guard bytes != good else { continue }
      // What has another ciphertext, time or sealed key is read, and does not open.
      let refused = refusal {
        _ = try officer.open(SealedSecret(bytes, called: "it"))
      }
      #expect(refused != nil && refused?.code != "not-for-operators", "\(bytes)")
    }
  }

  @Test func whatIsNoSealedSecretIsSaid() throws {
    let officer = try Officer()
    try officer.folder.write("untrusted comment: a key\n", to: "key")
    #expect(refusal { _ = try officer.open("key") }?.code == "sealed.not-sealed")
    try officer.folder.write("", to: "empty")
    #expect(refusal { _ = try officer.open("empty") }?.code == "sealed.not-sealed")
    #expect(refusal { _ = try officer.open("none") }?.code == "sealed.unreadable")
    #expect(refusal { _ = try officer.open("") }?.code == "sealed.unreadable")
    try officer.folder.write([UInt8](repeating: 0, count: 4 << 20), to: "large")
    #expect(refusal { _ = try officer.open("large") }?.code == "sealed.not-sealed")
  }

  private func replaced(_ bytes: [UInt8], _ old: String, _ new: String) throws -> [UInt8] {
    let (old, new) = (Array(old.utf8), Array(new.utf8))
    let starts = 0..<bytes.count - old.count
    let place = try #require(starts.first { Array(bytes[$0..<$0 + old.count]) == old })
    return Array(bytes[..<place]) + new + Array(bytes[(place + old.count)...])
  }
}
