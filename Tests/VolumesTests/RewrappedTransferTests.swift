import Keeping
import ProofTools
import Repository
import SecretMemory
import Signatures
import Stores
import Testing
import Vocabulary

@testable import Volumes

@Suite("What officers rewrapped, in volumes")
struct RewrappedTransferTests {
  private let store: CarriedStore
  private let officer = SigningKey.generate()
  private let stranger = SigningKey.generate()
  private var chance = SeededChance(for: "rewrapped in volumes")
  /// Headers that are on both sides.
  private var headers: [ObjectRecord] = []

  init() throws {
    store = try CarriedStore()
    for _ in 0..<3 {
      let records = try store.pack(chance.bytes(1000), header: chance.bytes(200))
      try store.entry(adding: records)
      headers.append(records[1])
    }
    try store.takeIn(store.export(to: "first").path)
  }

  /// Rewraps headers at home, all to the same length.
  private mutating func rewrap(_ places: Range<Int>, by officer: SigningKey) throws {
    try store.rewrap(
      places.map { (headers[$0], with: chance.bytes(300)) }, by: officer)
  }

  private func header(_ place: Int) throws -> (here: [UInt8], there: [UInt8]) {
    let name = try #require(ObjectName(ledgerText: headers[place].name))
    return try (store.source.read(name), store.far.read(name))
  }

  private func expectSame(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for place in headers.indices {
      let (here, there) = try header(place)
      #expect(here == there, "header \(place)", sourceLocation: sourceLocation)
    }
    #expect(try store.have().hosts[0].lacks.isEmpty, sourceLocation: sourceLocation)
  }

  @Test("takes the place of what has its very length, each time, and travels once")
  mutating func sameLength() throws {
    for turn in 1...3 {
      try rewrap(0..<3, by: officer)
      let (plan, _, path) = try store.export(to: "out-\(turn)", since: store.have())
      #expect(plan.objects.map(\.name.path).sorted() == headers.map(\.name).sorted())
      let report = try store.takeIn(path, rewrappedBy: [officer])
      #expect(report.problems.isEmpty && report.rewrapped == 3)
      #expect(try store.have().hosts[0].rewraps?.sequence.number == turn)
      try expectSame()
      #expect(try store.takeIn(path).rewrapped == 0)
    }
  }

  @Test("is believed where a known officer did all of it again that a stranger had done")
  mutating func strangerFirst() throws {
    try rewrap(0..<2, by: stranger)
    try rewrap(0..<3, by: officer)
    let report = try store.takeIn(store.export(to: "out").path, rewrappedBy: [officer])
    #expect(report.problems.isEmpty && report.rewrapped == 3)
    try expectSame()
  }

  @Test("is not believed as far as a stranger's word is the last")
  mutating func strangerLast() throws {
    try rewrap(0..<1, by: officer)
    try rewrap(1..<2, by: stranger)
    let path = try store.export(to: "out").path
    let partly = try store.takeIn(path, rewrappedBy: [officer])
    #expect(partly.problems.map(\.code) == ["keeper.unknown-officer"])
    #expect(partly.rewrapped == 1)
    let (known, unknown) = try (header(0), header(1))
    #expect(known.here == known.there && unknown.here != unknown.there)
    #expect(try store.have().hosts[0].rewraps?.sequence.number == 1)
    let report = try store.takeIn(path, rewrappedBy: [stranger])
    #expect(report.problems.isEmpty && report.rewrapped == 1)
    try expectSame()
  }

  @Test("is not believed where a stranger's entry comes after it and the set has no older form")
  mutating func strangerOverIt() throws {
    try rewrap(0..<3, by: officer)
    try rewrap(0..<3, by: stranger)
    let before = try headers.indices.map { try header($0).there }
    let path = try store.export(to: "out").path
    let partly = try store.takeIn(path, rewrappedBy: [officer])
    #expect(partly.problems.contains { $0.code == "keeper.unknown-officer" })
    #expect(try headers.indices.map { try header($0).there } == before)
    #expect(try store.have().hosts[0].rewraps == nil && store.provenHead() == 3)
    #expect(try store.takeIn(path, rewrappedBy: [stranger]).problems.isEmpty)
    try expectSame()
  }

  @Test("is refused where somebody signed it in a known officer's name")
  mutating func forged() throws {
    try rewrap(0..<3, by: officer)
    let signature = ObjectName.rewrapSignature(store.host, .first)
    let entry = try store.source.read(.rewrapEntry(store.host, .first))
    let forged = try entry.withBytes { try stranger.sign($0, trustedComment: "forged") }
    try store.source.remove(signature)
    try Array(forged.utf8).withBytes { try store.source.put(signature, $0) }
    let before = try headers.indices.map { try header($0).there }
    let report = try store.takeIn(store.export(to: "out").path, rewrappedBy: [officer])
    #expect(report.problems.map(\.code) == ["rewraps.other-key"] && report.objects == 0)
    #expect(try headers.indices.map { try header($0).there } == before)
    #expect(try store.far.size(of: .rewrapEntry(store.host, .first)) == nil)
  }

  @Test("is refused where each side was rewrapped by itself")
  mutating func fork() throws {
    try rewrap(0..<3, by: officer)
    try store.takeIn(store.export(to: "second").path, rewrappedBy: [officer])
    let have = try store.have()
    try store.source.remove(.rewrapEntry(store.host, .first))
    try rewrap(0..<3, by: officer)
    let before = try headers.indices.map { try header($0).there }
    let report = try store.takeIn(store.export(to: "third").path)
    #expect(report.problems.map(\.code) == ["import.other-history"])
    #expect(try headers.indices.map { try header($0).there } == before)
    #expect(refusal { try store.export(to: "fourth", since: have) }?.code == "have.other-history")
  }
}
