import ProofTools
import SecretMemory
import Signatures
import Stores
import SystemPackage
import Testing
import Vocabulary

@testable import Repository

@Suite("Ledger")
struct LedgerTests {
  private func expectUntrusted(
    _ ledger: SmallLedger, _ code: String, naming entry: Int,
    _ place: SourceLocation = #_sourceLocation
  ) {
    let problem = ledger.problem()
    #expect(problem?.code == "ledger.\(code)", sourceLocation: place)
    #expect(problem?.status == .untrusted, sourceLocation: place)
    let path = ledger.entry(entry).path
    #expect(problem?.message.contains(path) == true, sourceLocation: place)
  }

  @Test("a chain is read in order, every entry named by its hash, and its sets are its own")
  func chain() throws {
    let ledger = try SmallLedger(entries: 4)
    let read = try loadLedger(ledger.host.store, ledger.key)
    #expect(read.entries.map(\.entry.sequence.number) == [1, 2, 3, 4])
    #expect(read.entries[0].entry.previous == nil)
    for (earlier, later) in zip(read.entries, read.entries.dropFirst()) {
      #expect(later.entry.previous == earlier.sha256)
      let file = try ledger.host.store.read(ledger.entry(earlier.entry.sequence.number))
      #expect(SHA256Hasher.digest(of: file) == earlier.sha256)
    }
    #expect(read.head == ledger.head)
    for number in 1...4 {
      #expect(try read.needed(at: LedgerSequence(number)).objects.count == number)
    }
    #expect(try read.needed(at: LedgerSequence(4)).objects == ledger.needed.objects)
  }

  @Test("a store without entries has an empty ledger, and one of another host is not known")
  func empty() throws {
    let ledger = try SmallLedger()
    #expect(try loadLedger(ledger.host.store, ledger.key).head == nil)
    try ledger.append()
    let stranger = SigningKey.generate()
    let problem = refusal { _ = try loadLedger(ledger.host.store, stranger) }
    #expect(problem?.code == "ledger.unknown-host" && problem?.status == .untrusted)
  }

  @Test("what is no store, of another version or damaged is named as such")
  func format() throws {
    let folder = try ScratchFolder()
    let nothing = DirectoryStore(FilePath(folder.path(of: "nothing")), writer: "host")
    let missing = refusal { _ = try StoreFormat.load(from: nothing) }
    #expect(missing?.code == "store.missing" && missing?.status == .noStore)
    let ledger = try SmallLedger(entries: 1)
    let right = #""store":"\#(ledger.host.format.store)""#
    for (text, code) in [
      ("{\"format\":2,\(right)}", "store.version"), ("{\"format\":1}", "store.damaged"),
      ("{\"format\":1,\"store\":\"0\"}", "store.damaged"), ("", "store.damaged"),
    ] {
      try ledger.host.overwrite(.format, Array(text.utf8))
      #expect(ledger.problem()?.code == code)
    }
  }

  @Test("an entry removed in the middle is missed")
  func removedInTheMiddle() throws {
    let ledger = try SmallLedger(entries: 3)
    try ledger.remove(ledger.entry(2), ledger.signature(2))
    expectUntrusted(ledger, "missing-entry", naming: 2)
  }

  @Test("an entry removed at the end is missed where its signature was left")
  func removedAtTheEnd() throws {
    let ledger = try SmallLedger(entries: 3)
    try ledger.remove(ledger.entry(3))
    expectUntrusted(ledger, "missing-entry", naming: 3)
    // To the host itself it is what a crash leaves, if it knows of no third entry.
    #expect(ledger.problem(unfinishedAfter: LedgerSequence(2)) == nil)
    #expect(ledger.problem(unfinishedAfter: LedgerSequence(3))?.code == "ledger.missing-entry")
    #expect(ledger.problem(unfinishedAfter: LedgerSequence(1))?.code == "ledger.missing-entry")
  }

  @Test("entries removed at the end with their signatures are missed by whoever noted the head")
  func rolledBack() throws {
    let ledger = try SmallLedger(entries: 3)
    let noted = try #require(ledger.head).sha256
    try loadLedger(ledger.host.store, ledger.key).mustContain(noted, rememberedBy: "a note")
    try ledger.append()
    try loadLedger(ledger.host.store, ledger.key).mustContain(noted, rememberedBy: "a note")
    try ledger.remove(
      ledger.entry(4), ledger.signature(4), ledger.entry(3), ledger.signature(3))
    let shorter = try loadLedger(ledger.host.store, ledger.key)
    let problem = refusal { try shorter.mustContain(noted, rememberedBy: "a note") }
    #expect(problem?.code == "ledger.rolled-back" && problem?.status == .untrusted)
    #expect(problem?.message.contains("a note") == true)
  }

  @Test("an entry that is published is never replaced, only a signature that was left without one")
  func overtaken() throws {
    let ledger = try SmallLedger(entries: 1)
    let before = ledger.head
    try ledger.append()
    let (entry, signature) = (
      try ledger.host.store.read(ledger.entry(2)), try ledger.host.store.read(ledger.signature(2))
    )
    // Another run that began after the first entry, too.
    let error = refusal {
      try ledger.append(previous: before?.sha256, sequence: LedgerSequence(2))
    }
    #expect(error?.code == "run.overtaken" && error?.status == .locked)
    #expect(error?.message.contains(ledger.entry(2).path) == true)
    #expect(try ledger.host.store.read(ledger.entry(2)) == entry)
    #expect(try ledger.host.store.read(ledger.signature(2)) == signature)
    try ledger.remove(ledger.entry(2))
    try ledger.append(previous: before?.sha256, sequence: LedgerSequence(2))
    #expect(ledger.problem() == nil)
    #expect(try ledger.host.store.read(ledger.signature(2)) != signature)
  }

  @Test("an entry without its signature, or with a damaged one, is not trusted")
  func unsigned() throws {
    let ledger = try SmallLedger(entries: 2)
    let text = try ledger.host.store.read(ledger.signature(2))
    try ledger.remove(ledger.signature(2))
    expectUntrusted(ledger, "unsigned", naming: 2)
    for damaged in [[], Array(text.dropLast(20)), Array("x".utf8) + text, [255, 254]] {
      try ledger.host.overwrite(ledger.signature(2), damaged)
      expectUntrusted(ledger, "bad-signature", naming: 2)
    }
  }

  @Test("a changed byte anywhere in an entry is noticed")
  func altered() throws {
    var chance = SeededChance(for: "ledger, altered")
    let ledger = try SmallLedger(entries: 2)
    let whole = try ledger.host.store.read(ledger.entry(1))
    for _ in 0..<40 {
      var bytes = whole
      bytes[Int.random(in: 0..<bytes.count, using: &chance)] ^= UInt8.random(
        in: 1...255, using: &chance)
      try ledger.host.overwrite(ledger.entry(1), bytes)
      expectUntrusted(ledger, "bad-signature", naming: 1)
    }
    try ledger.host.overwrite(ledger.entry(1), whole + [10])
    expectUntrusted(ledger, "bad-signature", naming: 1)
  }

  @Test("who trusts nobody reads the one ledger there is, signed or not, if its links hold")
  func nobody() throws {
    func read(_ ledger: SmallLedger) throws -> Ledger {
      try Ledger.load(from: ledger.host.store, trusting: .nobody)
    }
    let ledger = try SmallLedger(entries: 3)
    try ledger.remove(ledger.signature(2))
    #expect(try read(ledger).head == ledger.head)
    #expect(try read(ledger).needed(at: LedgerSequence(3)).objects == ledger.needed.objects)
    let right = String(decoding: try ledger.host.store.read(ledger.entry(1)), as: UTF8.self)
    try ledger.host.overwrite(
      ledger.entry(1), Array(right.replacing("proof", with: "other").utf8))
    #expect(refusal { _ = try read(ledger) }?.code == "ledger.broken")
    try ledger.remove(ledger.entry(1))
    #expect(refusal { _ = try read(ledger) }?.code == "ledger.missing-entry")

    let empty = refusal { _ = try read(SmallLedger()) }
    #expect(empty?.code == "ledger.unknown-host" && empty?.status == .untrusted)
    let two = try SmallLedger(entries: 1)
    try two.host.store.putTogether([(.ledgerEntry(ledger.keyID, .first), [])])
    #expect(refusal { _ = try read(two) }?.code == "ledger.unknown-host")
  }
}
