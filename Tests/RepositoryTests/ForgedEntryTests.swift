import ProofTools
import SecretMemory
import Signatures
import Stores
import Testing
import Vocabulary

@testable import Repository

@Suite("Ledger entries that were really signed, and are wrong")
struct ForgedEntryTests {
  private func expectBroken(
    _ ledger: SmallLedger, _ code: String = "broken", _ place: SourceLocation = #_sourceLocation
  ) {
    let problem = ledger.problem()
    #expect(problem?.code == "ledger.\(code)", sourceLocation: place)
    #expect(problem?.status == .untrusted, sourceLocation: place)
  }

  @Test("an entry signed by another key is told from one that was altered")
  func otherKey() throws {
    let ledger = try SmallLedger(entries: 1)
    let stranger = SigningKey.generate()
    let entry = try ledger.host.store.read(ledger.entry(1))
    let signature = try entry.withBytes { try stranger.sign($0, trustedComment: "mine") }
    try ledger.host.overwrite(ledger.signature(1), Array(signature.utf8))
    expectBroken(ledger, "other-key")
  }

  @Test("two entries with their signatures that changed places are noticed")
  func swapped() throws {
    let ledger = try SmallLedger(entries: 3)
    let (entry, signature) = (
      try ledger.host.store.read(ledger.entry(2)), try ledger.host.store.read(ledger.signature(2))
    )
    try ledger.move(ledger.entry(3), to: ledger.entry(2))
    try ledger.move(ledger.signature(3), to: ledger.signature(2))
    try ledger.host.overwrite(ledger.entry(3), entry)
    try ledger.host.overwrite(ledger.signature(3), signature)
    expectBroken(ledger)
  }

  @Test("an entry of another store of the same host is noticed")
  func otherStore() throws {
    let ledger = try SmallLedger(entries: 1)
    let other = try SmallLedger(key: ledger.key, entries: 1)
    try ledger.host.overwrite(ledger.entry(1), other.host.store.read(other.entry(1)))
    try ledger.host.overwrite(ledger.signature(1), other.host.store.read(other.signature(1)))
    expectBroken(ledger)
  }

  @Test("an entry that follows another than the one before it is noticed")
  func previous() throws {
    let ledger = try SmallLedger(entries: 2)
    try ledger.append(previous: .some(SHA256Hasher.digest(of: [UInt8]())))
    expectBroken(ledger)
    let second = try SmallLedger(entries: 1)
    try second.append(previous: .some(nil))
    expectBroken(second)
    let first = try SmallLedger()
    try first.append(previous: .some(SHA256Hasher.digest(of: [UInt8]())))
    expectBroken(first)
  }

  @Test("what is signed but no entry of version 1 is refused")
  func noEntry() throws {
    let ledger = try SmallLedger(entries: 1)
    let right = String(decoding: try ledger.host.store.read(ledger.entry(1)), as: UTF8.self)
    for text in [
      "", "{}", "[]", right.replacing("\"format\" : 1", with: "\"format\" : 2"),
      right.replacing("coffer-ledger-entry", with: "coffer-receipt"),
      right.replacing("\"sequence\" : 1", with: "\"sequence\" : -1"),
      right.replacing("\"size\" : 7", with: "\"size\" : 1e30"),
    ] {
      let bytes = Array(text.utf8)
      let signature = try bytes.withBytes { try ledger.key.sign($0, trustedComment: "") }
      try ledger.host.overwrite(ledger.entry(1), bytes)
      try ledger.host.overwrite(ledger.signature(1), Array(signature.utf8))
      expectBroken(ledger)
    }
  }

  @Test("an entry whose needed set has another digest, count or size is noticed by who replays it")
  func neededSet() throws {
    let digest = SHA256Hasher.digest(of: [1])
    for change in 0..<3 {
      let ledger = try SmallLedger(entries: 2)
      var right = ledger.needed
      right.insert(.pack(digest), .init(size: 5, sha256: digest))
      let summary = right.summary
      try ledger.append(
        added: [ObjectRecord(name: .pack(digest), size: 5, sha256: digest)],
        summary: LedgerEntry.Needed(
          count: summary.count + (change == 0 ? 1 : 0),
          bytes: summary.bytes + (change == 1 ? 1 : 0),
          sha256: change == 2 ? digest : summary.sha256))
      let read = try loadLedger(ledger.host.store, ledger.key)
      #expect(try read.needed(at: LedgerSequence(2)).objects.count == 2)
      let problem = refusal { _ = try read.needed(at: LedgerSequence(3)) }
      #expect(problem?.code == "ledger.broken" && problem?.status == .untrusted)
    }
  }

  @Test("an entry that drops what was not needed, or adds what cannot be, is noticed")
  func impossible() throws {
    let digest = SHA256Hasher.digest(of: [1])
    func problem(_ ledger: SmallLedger) throws -> OperatorError? {
      let read = try loadLedger(ledger.host.store, ledger.key)
      return refusal { _ = try read.needed(at: LedgerSequence(2)) }
    }
    let dropping = try SmallLedger(entries: 1)
    try dropping.append(unneeded: [.pack(digest)])
    #expect(try problem(dropping)?.code == "ledger.broken")

    let names = ["packs/../../etc/passwd", "/etc/passwd", "coffer.json", "packs/00/\(digest.hex)"]
    for name in names {
      let adding = try SmallLedger(entries: 1)
      let json = "{\"name\":\"\(name)\",\"size\":1,\"sha256\":\"\(digest.hex)\"}"
      let record = try JSONDocument.decode(ObjectRecord.self, from: Array(json.utf8))
      try adding.append(added: [record])
      #expect(try problem(adding)?.code == "ledger.broken", "\(name)")
    }
    for size in [-1, Int.min, Int.max, 1 << 40 + 1] {
      let record = ObjectRecord(name: .pack(digest), size: size, sha256: digest)
      let adding = try SmallLedger(entries: 1)
      try adding.append(added: [record], summary: NeededSet().summary)
      #expect(try problem(adding)?.code == "ledger.broken", "\(size)")
    }
  }

  @Test("what an entry drops is needed no more, and may be needed again as it was")
  func unneeded() throws {
    let ledger = try SmallLedger(entries: 2)
    let (gone, facts) = try #require(ledger.needed.objects.first)
    try ledger.append(unneeded: [gone])
    let again = ObjectRecord(name: gone, size: facts.size, sha256: facts.sha256)
    try ledger.append(added: [again])
    // Nor does it harm to say the same once more.
    try ledger.append(added: [again])
    let read = try loadLedger(ledger.host.store, ledger.key)
    #expect(try read.needed(at: LedgerSequence(2)).objects[gone] == facts)
    #expect(try read.needed(at: LedgerSequence(3)).objects[gone] == nil)
    #expect(try read.needed(at: LedgerSequence(5)).objects[gone] == facts)
    #expect(try read.neededByAny().objects[gone] == facts)
  }

  @Test(
    "an entry that says something else of an object than an earlier one is noticed by who replays it",
    arguments: Relisting.allCases)
  func saysOtherwise(_ when: Relisting) throws {
    let header = ObjectName.packHeader(SHA256Hasher.digest(of: [1]))
    let index = try #require(
      ObjectName(ledgerText: "indexes/20260102T030405Z-0123abcd.core.age"))
    for name in [header, index] {
      for (size, byte) in [(7, UInt8(2)), (8, 1), (8, 2)] {
        let ledger = try SmallLedger()
        let before = ObjectRecord(name: name, size: 7, sha256: SHA256Hasher.digest(of: [1]))
        let after = ObjectRecord(name: name, size: size, sha256: SHA256Hasher.digest(of: [byte]))
        try ledger.append(added: [before])
        switch when {
        case .needed: try ledger.append(added: [after])
        case .dropped:
          try ledger.append(unneeded: [name])
          try ledger.append(added: [after])
        case .droppedWithIt: try ledger.append(added: [after], unneeded: [name])
        case .twiceInOne: try ledger.append(added: [before, after])
        }
        let read = try loadLedger(ledger.host.store, ledger.key)
        let last = try #require(read.head).sequence
        let problem = refusal { _ = try read.needed(at: last) }
        #expect(problem?.code == "ledger.broken" && problem?.status == .untrusted)
        #expect(problem?.message.contains("something else of \(name)") == true)
        #expect(refusal { _ = try read.neededByAny() }?.code == "ledger.broken")
        // What went before is as it was.
        #expect(try read.needed(at: .first).objects[name]?.sha256 == before.sha256)
      }
    }
  }

  /// When an object is listed again.
  enum Relisting: CaseIterable {
    case needed, dropped, droppedWithIt, twiceInOne
  }
}
