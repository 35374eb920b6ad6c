import AgeFormat
import ProofTools
import Recipients
import SecretMemory
import Stores
import Testing
import Vocabulary

@testable import Repository

@Suite("Pack headers that a host lists again, sealed for somebody else")
struct RelistedHeaderTests {
  private let host: SmallHost
  private let compartment: SmallCompartment
  private let newcomer = X25519Identity.generate()
  private let snapshots: [SnapshotID]
  private let saved: [SmallHost.Saved]
  private let contents: [[UInt8]]

  /// Two snapshots; the second needs the pack of the first, and one of its own.
  init() throws {
    var chance = SeededChance(for: "headers listed again")
    let contents = [chance.bytes(50_000), chance.bytes(30_000)]
    let (host, compartment) = (try SmallHost(), try SmallCompartment("core"))
    let first = try host.save(contents[0], in: compartment)
    let one = try host.publish([(compartment, [first])])
    let second = try host.save(contents[1], in: compartment)
    let two = try host.publish([(compartment, [first, second])])
    (self.host, self.compartment, self.contents) = (host, compartment, contents)
    (snapshots, saved) = ([one, two], [first, second])
  }

  private func objects(_ number: Int) throws -> ObjectReader {
    ObjectReader(store: host.store, needed: try host.ledger().needed(at: LedgerSequence(number)))
  }

  private func headers() throws -> [ObjectName] {
    try objects(2).needed.objects.keys.filter { $0.path.hasSuffix(".header") }.sorted()
  }

  /// The same file key, wrapped for one more.
  private func rewrapped(_ name: ObjectName) throws -> [UInt8] {
    let fileKey = try AgeHeader(parsing: host.store.read(name)).fileKey(for: [compartment.officer])
    let readers = [compartment.officer.recipient, newcomer.recipient]
    return try AgeHeader(fileKey: fileKey, recipients: readers).bytes
  }

  /// What reading all of both snapshots is refused with, each in turn.
  private func problems() -> [OperatorError?] {
    snapshots.indices.map { number in
      refusal {
        let objects = try objects(number + 1)
        for name in objects.needed.objects.keys { try objects.check(name) }
        let reader = try CompartmentReader(
          compartment.name, in: snapshots[number], objects: objects,
          identities: [compartment.officer])
        for place in 0...number where try reader.bytes(of: saved[place].content) != contents[place]
        {
          throw OperatorError("wrong-bytes", .failed, "other bytes came out, and nobody noticed")
        }
      }
    }
  }

  @Test("an entry that lists a header again as it opens for somebody else counts for nothing")
  func listedAgain() throws {
    let names = try headers()
    #expect(names.count == 2 && problems() == [nil, nil])
    for name in names {
      try host.listAgain(name, as: rewrapped(name))
      #expect(refusal { _ = try objects(3) }?.code == "ledger.broken")
      #expect(refusal { _ = try host.ledger().neededByAny() }?.code == "ledger.broken")
      // Both snapshots read as they did.
      #expect(problems() == [nil, nil])
    }
  }

  @Test("a header that was altered is refused, whether or not a later entry says so")
  func altered() throws {
    let shared = try #require(
      try headers().first { try objects(1).needed.objects[$0] != nil })
    let (old, new) = (try host.store.read(shared), try rewrapped(shared))
    func expectRefused() throws {
      try host.overwrite(shared, new)
      for problem in problems() {
        #expect(problem?.status == .mismatch && problem?.message.contains(shared.path) == true)
      }
      try host.overwrite(shared, old)
      #expect(problems() == [nil, nil])
    }
    try expectRefused()
    try host.listAgain(shared, as: new)
    try expectRefused()
  }

  @Test("what all snapshots need together is had from one replay of the ledger")
  func everything() throws {
    let ledger = try SmallLedger(entries: 60)
    let gone = try #require(ledger.needed.objects.keys.first)
    try ledger.append(unneeded: [gone])
    let read = try loadLedger(ledger.host.store, ledger.key)
    var union: [ObjectName: NeededSet.Facts] = [:]
    let clock = ContinuousClock()
    let each = try clock.measure {
      for number in 1...61 {
        union.merge(try read.needed(at: LedgerSequence(number)).objects) { $1 }
      }
    }
    var all = NeededSet()
    let once = try clock.measure { all = try read.neededByAny() }
    #expect(all.objects == union && union.count == 61)
    #expect(once * 5 < each, "\(once) is not one replay, of which 61 took \(each)")
  }
}
