import Foundation
import ProofTools
import SecretMemory
import Signatures
import Stores
import Testing
import Vocabulary

@testable import Repository

@Suite("Damage to a store")
struct DamageTests {
  private let host: SmallHost
  private let compartment: SmallCompartment
  private let contents: [[UInt8]]
  private let saved: [SmallHost.Saved]
  private var chance = SeededChance(for: "damage")

  init() throws {
    let (host, compartment) = (try SmallHost(), try SmallCompartment("core"))
    let contents = [
      chance.bytes(40_000), Array(String(repeating: "as rows are ", count: 3000).utf8),
    ]
    saved = try contents.map { try host.save($0, in: compartment) }
    try host.publish([(compartment, saved)])
    (self.host, self.compartment, self.contents) = (host, compartment, contents)
  }

  /// Reads everything; nil where it is all there and right.
  private func problem() -> OperatorError? {
    refusal {
      let reader = try host.reader(compartment)
      for (saved, bytes) in zip(saved, contents) where try reader.bytes(of: saved.content) != bytes
      {
        throw OperatorError("wrong-bytes", .failed, "other bytes came out, and nobody noticed")
      }
    }
  }

  @Test("a flipped byte anywhere in any object is noticed as a mismatch that names the object")
  func flipped() throws {
    var chance = chance
    let objects = try host.objects()
    #expect(problem() == nil)
    for name in objects.needed.objects.keys.sorted() {
      let whole = try host.store.read(name)
      let places =
        [0, 15, 16, whole.count / 2, whole.count - 17, whole.count - 1]
        + (0..<10).map { _ in Int.random(in: 0..<whole.count, using: &chance) }
      for place in places {
        var flipped = whole
        flipped[place] ^= 1 << UInt8.random(in: 0...7, using: &chance)
        try host.overwrite(name, flipped)
        let checked = refusal { try objects.check(name) }
        #expect(checked?.code == "object.digest" && checked?.status == .mismatch)
        #expect(checked?.message.contains(name.path) == true)
        // A reader takes from a pack what it needs; what it does not need may be damaged.
        let read = problem()
        let isPayload = name.path.hasPrefix("packs/") && !name.path.hasSuffix(".header")
        #expect(read?.status == .mismatch || isPayload && read == nil, "\(name), byte \(place)")
      }
      try host.overwrite(name, whole)
    }
    #expect(problem() == nil)
  }

  @Test(
    "damage to the part of a pack that holds a content is noticed by whoever reads that content")
  func payload() throws {
    let name = try #require(
      host.objects().needed.objects.keys.first {
        $0.path.hasPrefix("packs/") && !$0.path.hasSuffix(".header")
      })
    var bytes = try host.store.read(name)
    // The nonce, without which nothing opens.
    bytes[3] ^= 1
    try host.overwrite(name, bytes)
    #expect(problem()?.status == .mismatch)
  }

  @Test("an object that is missing, cut short, longer or another's is noticed")
  func whole() throws {
    let objects = try host.objects()
    let names = objects.needed.objects.keys.sorted()
    for (index, name) in names.enumerated() {
      let whole = try host.store.read(name)
      try host.store.remove(name)
      #expect(refusal { try objects.check(name) }?.code == "object.missing")
      #expect(problem()?.status == .mismatch)
      for bytes in [[], Array(whole.dropLast()), whole + [0]] {
        try host.overwrite(name, bytes)
        #expect(refusal { try objects.check(name) }?.code == "object.size")
        #expect(problem()?.status == .mismatch, "\(name)")
      }
      try host.overwrite(name, host.store.read(names[(index + 1) % names.count]))
      #expect(refusal { try objects.check(name) }?.status == .mismatch)
      #expect(problem()?.status == .mismatch, "\(name)")
      try host.overwrite(name, whole)
    }
    #expect(problem() == nil)
  }

  @Test("an object that was blown up to a tebibyte is noticed before it fills the memory")
  func blownUp() throws {
    let objects = try host.objects()
    let keyID = host.key.verifyingKey.keyID
    let unsigned: [ObjectName] = [
      .format, .ledgerEntry(keyID, .first), .ledgerSignature(keyID, .first),
    ]
    for name in objects.needed.objects.keys.sorted() + unsigned {
      let whole = try host.store.read(name)
      let file = try #require(FileHandle(forWritingAtPath: host.path(name)))
      try file.truncate(atOffset: 1 << 40)
      try file.close()
      #expect(problem()?.status == .mismatch, "\(name)")
      if !unsigned.contains(name) {
        #expect(refusal { try objects.check(name) }?.code == "object.size")
      }
      try host.overwrite(name, whole)
    }
    #expect(problem() == nil)
  }

  @Test("an object of the right shape that no ledger entry names is not read")
  func unlisted() throws {
    let digest = SHA256Hasher.digest(of: [UInt8]())
    let error = refusal { try host.objects().check(.pack(digest)) }
    #expect(error?.code == "object.unlisted" && error?.status == .untrusted)
  }
}
