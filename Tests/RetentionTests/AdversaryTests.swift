import Keeping
import ProofTools
import Retention
import SecretMemory
import Signatures
import Testing
import Vocabulary

@testable import Repository

/// Hosts that lie, and what the keeper then does: nothing that was there before is lost.
@Suite struct AdversaryTests {
  private static let twenty = 0..<20

  /// A host with a night a day, of which the keeper saw each.
  private func honest(
    _ kept: KeptStore, _ chance: inout SeededChance, nights: Int = 20, _ host: ForgedHost? = nil,
    seals: [CompartmentSeal]? = nil
  ) throws -> ForgedHost {
    let host = try host ?? kept.host()
    for _ in 0..<nights {
      kept.wait(.days(1))
      try host.night(
        [source("a")], added: [host.putPack(&chance)], claiming: kept.now, seals: seals)
      try kept.look()
    }
    return host
  }

  /// Applies a policy for weeks, without a night.
  private func apply(_ policy: RetentionPolicy, to kept: KeptStore) throws {
    for _ in 0..<3 {
      try kept.apply(policy)
      kept.wait(.days(3))
    }
  }

  private func lost(_ host: ForgedHost, but gone: Set<SnapshotPlace> = []) -> [SnapshotPlace] {
    host.nights.map(\.place).filter { !gone.contains($0) && !host.damage(of: $0).isEmpty }
  }

  @Test func aHostThatForgesTimesPushesNothingOut() throws {
    var chance = SeededChance(for: "forgedTimes")
    let kept = try KeptStore()
    let host = try honest(kept, &chance)
    let policy = try policy(daily: 20)
    let before = Set(host.nights.map(\.place))
    // One of each day of two years to come and two past, all in one hour.
    for day in -700..<700 where day.isMultiple(of: 40) {
      try host.night(
        [source("a")], added: [host.putPack(&chance)], claiming: kept.now + .days(day))
    }
    try kept.look()
    try apply(policy, to: kept)
    let book = try kept.record().ledger.book
    // All of them came on one day: they take one day's place, and 19 of the honest days stay.
    let gone = before.filter { book.gone[$0] != nil || book.condemned[$0] != nil }
    #expect(gone.count <= 1)
    #expect(lost(host, but: Set(book.gone.keys)).isEmpty)
  }

  @Test func aFloodStopsRetentionThatCountsByNumber() throws {
    var chance = SeededChance(for: "flood")
    let kept = try KeptStore()
    let host = try honest(kept, &chance)
    for _ in 0..<30 { try host.night([source("a")], added: [host.putPack(&chance)]) }
    let findings = try kept.plan(policy(last: 20)).findings
    #expect(findings.map(\.code) == [.flood])
    try apply(policy(last: 20), to: kept)
    #expect(try kept.record().ledger.book.condemned.isEmpty && lost(host).isEmpty)
    // Whoever looked, and knows better, goes on.
    try kept.apply(policy(last: 20), despite: [.flood])
    #expect(try !kept.record().ledger.book.condemned.isEmpty)
  }

  @Test(arguments: [false, true])
  func aHostThatSaysSomethingElseOfItsObjectsHasNothingRemoved(areDropped: Bool) throws {
    var chance = SeededChance(for: "otherFacts")
    let kept = try KeptStore()
    let host = try honest(kept, &chance, nights: 12)
    let (name, facts) = try #require(host.nights[0].needs.objects.first)
    if areDropped { try host.night([source("a")], added: [], dropping: [name]) }
    try host.night(
      [source("a")], added: [ObjectRecord(name: name, size: 3, sha256: facts.sha256)])
    try kept.look()
    let holding = try kept.holding(of: host)
    #expect(holding.problem?.code == "ledger.broken")
    #expect(holding.head?.sequence.number == host.nights.count - 1)
    #expect(holding.objects.row(of: name.path.utf8).map(holding.objects.facts(at:)) == facts)
    try apply(policy(last: 1), to: kept)
    let book = try kept.record().ledger.book
    #expect(book.condemned.isEmpty && book.gone.isEmpty)
    #expect(lost(host) == host.nights.suffix(1).map(\.place))
  }

  @Test func aHostThatNamesAnothersObjectsTakesNoneOfThemAway() throws {
    var chance = SeededChance(for: "otherHostsObjects")
    let kept = try KeptStore()
    let honest = try honest(kept, &chance)
    let hostile = try kept.host()
    let theirs = honest.nights.flatMap(\.needs.objects).map {
      ObjectRecord(name: $0.key, size: $0.value.size, sha256: $0.value.sha256)
    }
    let names = theirs.compactMap { ObjectName(ledgerText: $0.name) }
    for night in 0..<12 {
      try hostile.night(
        [source("a")], added: night == 0 ? Array(Set(theirs)) : [],
        dropping: night == 6 ? Array(Set(names)) : [])
      kept.wait(.days(1))
      try kept.look()
    }
    // What is hostile is thinned out to the floor, and what is honest is kept.
    for _ in 0..<4 {
      try kept.apply(policy(daily: 3))
      kept.wait(.days(5))
      try honest.night([source("a")], added: [honest.putPack(&chance)])
    }
    let book = try kept.record().ledger.book
    let gone = book.gone.keys.filter { $0.host == hostile.id.description }
    #expect(gone.count == 9, "\(gone)")
    #expect(lost(honest, but: Set(book.gone.keys)).isEmpty)
  }

  @Test func anOldLedgerPutBackIsNoticedAndNothingGoes() throws {
    var chance = SeededChance(for: "oldLedger")
    let kept = try KeptStore()
    let host = try honest(kept, &chance)
    let other = try honest(kept, &chance)
    // The newest five entries are taken away; with the key another history is written on.
    for number in 16...20 {
      try kept.store.remove(.ledgerEntry(host.id, LedgerSequence(number)))
      try kept.store.remove(.ledgerSignature(host.id, LedgerSequence(number)))
    }
    let plan = try kept.plan(policy(last: 1))
    #expect(plan.problems.map(\.code) == ["ledger.rolled-back"])
    try apply(policy(last: 1), to: kept)
    #expect(lost(host).isEmpty)
    let book = try kept.record().ledger.book
    #expect(!book.gone.isEmpty && book.gone.keys.allSatisfy { $0.host == other.id.description })
  }

  @Test func anEntryWrittenAgainWithTheHostsKeyIsNoticed() throws {
    var chance = SeededChance(for: "rewrittenEntry")
    let kept = try KeptStore()
    let host = try kept.host()
    try host.night([source("a")], added: [host.putPack(&chance)])
    try kept.look()
    try kept.store.remove(.ledgerEntry(host.id, .first))
    try kept.store.remove(.ledgerSignature(host.id, .first))
    let again = try ForgedHost(in: kept.store, key: host.key)
    try again.night([source("a")], added: [])
    #expect(try kept.plan(policy(last: 1)).problems.map(\.code) == ["ledger.rolled-back"])
  }

  @Test func anEntryOutOfTurnIsNoReceipt() throws {
    var chance = SeededChance(for: "outOfTurn")
    let kept = try KeptStore()
    let host = try honest(kept, &chance, nights: 5)
    // Number 9 stands where 6 must be.
    let bytes = try kept.store.read(.ledgerEntry(host.id, LedgerSequence(5)))
    try bytes.withBytes { try kept.store.put(.ledgerEntry(host.id, LedgerSequence(9)), $0) }
    let plan = try kept.plan(policy(last: 1))
    #expect(plan.problems.map(\.code) == ["ledger.missing-entry"] && plan.condemn.isEmpty)
    #expect(try kept.record().ledger.book.receipts[host.id.description]?.count == 5)
  }

  @Test func aKeepersEntryThatIsTakenAwayStopsEverything() throws {
    var chance = SeededChance(for: "keepersEntry")
    let kept = try KeptStore()
    _ = try honest(kept, &chance, nights: 5)
    try kept.store.remove(.keeperEntry(LedgerSequence(5)))
    try kept.store.remove(.keeperSignature(LedgerSequence(5)))
    #expect(refusal { try kept.look() }?.code == "receipts.rolled-back")
    try kept.store.remove(.keeperEntry(LedgerSequence(2)))
    #expect(refusal { try kept.look() }?.code == "receipts.missing-entry")
  }

  @Test func nobodyElsesEntryIsTheKeepers() throws {
    var chance = SeededChance(for: "forgedKeeper")
    let kept = try KeptStore()
    let host = try honest(kept, &chance, nights: 12)
    // The host writes itself a deletion of what it does not like.
    let format = try StoreFormat.load(from: kept.store)
    var forged = try KeeperLedger(in: kept.store, of: kept.record().ledger.key)
    let stranger = SigningKey.generate()
    let places = host.nights.prefix(3).map(\.place)
    try forged.append(.removing(places), at: kept.now, signedWith: stranger)
    #expect(format.format == 1)
    #expect(refusal { try kept.look() }?.code == "receipts.other-key")
    #expect(lost(host).isEmpty)
  }

  @Test func otherRecipientsStopRetentionUntilSomebodySaysThatTheyAreRight() throws {
    var chance = SeededChance(for: "recipients")
    let kept = try KeptStore()
    let core = try #require(CompartmentName("core"))
    func seal(_ mark: String) -> [CompartmentSeal] {
      [CompartmentSeal(name: core, chunkIDKey: "k", recipients: mark)]
    }
    let host = try honest(kept, &chance, seals: seal("officers"))
    _ = try honest(kept, &chance, nights: 12, host, seals: seal("the attacker alone"))
    let policy = try policy(last: 1)
    #expect(try kept.plan(policy).findings.map(\.code) == [.recipientsChanged])
    try apply(policy, to: kept)
    #expect(lost(host).isEmpty)
    try kept.apply(policy, despite: [.recipientsChanged])
    _ = try honest(kept, &chance, nights: 1, host, seals: seal("the attacker alone"))
    #expect(try kept.plan(policy).findings.isEmpty)
  }
}
