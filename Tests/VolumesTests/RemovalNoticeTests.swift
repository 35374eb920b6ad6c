import Foundation
import Keeping
import ProofTools
import Repository
import Signatures
import Stores
import Testing
import Vocabulary

@testable import Volumes

@Suite("What the keeper of the source let go of")
struct RemovalNoticeTests {
  private let store: CarriedStore
  private let keeper = SigningKey.generate()
  private var chance = SeededChance(for: "what was let go of")
  private let old: [ObjectRecord]
  /// The first of two nights.
  private let gone: SnapshotPlace

  init() throws {
    store = try CarriedStore()
    old = try store.pack(chance.bytes(3000), header: [1])
    gone = SnapshotPlace(
      host: store.host, sequence: .first, snapshot: try store.entry(adding: old))
    try store.entry(adding: store.pack(chance.bytes(3000), header: [2]), dropping: old)
  }

  /// Lets go of the first night; says where the set lies that carries both.
  private func letGo() throws -> String {
    var dropped = DroppedSnapshots()
    dropped.insert(.first, of: store.host)
    for record in old {
      try store.source.remove(try #require(ObjectName(ledgerText: record.name)))
    }
    let notice = try RemovalNotice([gone], in: store.format.store, signedWith: keeper)
    let (plan, _, path) = try store.export(
      to: "out", parity: 0, without: dropped, saying: notice)
    #expect(plan.hurt.isEmpty && plan.objects.count == 2 && plan.snapshots == 1)
    return path
  }

  /// What of it is missed on the other side.
  private func missed(_ removals: TheirRemovals) throws -> [SnapshotPlace] {
    let folder = try store.keeper("far")
    let dropped = DroppedSnapshots()
    return try removals.missed(
      in: store.far, store.holdings(folder, store.far, without: dropped), without: dropped)
  }

  /// Writes another text into the description of the only volume.
  private func change(_ old: String, to new: String, in path: String) throws {
    let file = URL(fileURLWithPath: "\(path)/volume-001/set.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(old))
    try text.replacing(old, with: new).write(to: file, atomically: true, encoding: .utf8)
  }

  @Test("is believed where his key is known")
  func believed() throws {
    let (report, removals) = try store.takeIn(letGo(), believing: [keeper.verifyingKey])
    #expect(report.problems.isEmpty && report.snapshots == 2 && report.waiting == 0)
    guard case .vouchedFor = removals else {
      Issue.record("\(removals)")
      return
    }
    #expect(try missed(removals) == [gone])
    #expect(try store.have().hosts.first?.head == store.head)
  }

  @Test("does not keep its entries from counting where he is not, and is not believed")
  func unproven() throws {
    let (report, removals) = try store.takeIn(
      letGo(), believing: [SigningKey.generate().verifyingKey])
    #expect(report.problems.isEmpty && report.snapshots == 2)
    guard case .unproven(let notice) = removals else {
      Issue.record("\(removals)")
      return
    }
    #expect(notice.keeper == keeper.verifyingKey.keyID)
    #expect(try missed(removals) == [gone])
  }

  @Test("is refused where a known keeper did not sign it, and nothing counts without what it needs")
  func forged() throws {
    let path = try letGo()
    try change("\(gone.snapshot)", to: "\(SnapshotID(startedAt: .now()))", in: path)
    let (report, removals) = try store.takeIn(path, believing: [keeper.verifyingKey])
    #expect(report.problems.map(\.code).contains("import.forged-removals"))
    #expect(report.snapshots == 0 && report.waiting == 2)
    #expect(try store.have().hosts.isEmpty)
    guard case .forged = removals else {
      Issue.record("\(removals)")
      return
    }
  }

  @Test("makes no set where it is of another store, or no list that a keeper writes")
  func malformed() throws {
    let path = try letGo()
    let other = StoreFormat().store
    for (old, new) in [
      ("removals, store \(store.format.store)", "removals, store \(other)"),
      ("removals, store \(other)", "removals, shop \(store.format.store)"),
      ("shop \(store.format.store)", "store \(store.format.store)"),
      (" 1 \(gone.snapshot)", " 01 \(gone.snapshot)"),
    ] {
      let isLast = old.hasPrefix("shop")
      try change(old, to: new, in: path)
      let refused = refusal { try store.takeIn(path) }
      #expect(refused?.code == (isLast ? nil : "import.no-volumes"), "\(new)")
    }
  }

  @Test("takes nothing from somebody who has it whole")
  func wholeHere() throws {
    try store.takeIn(store.export(to: "before").path)
    let (report, removals) = try store.takeIn(letGo(), believing: [keeper.verifyingKey])
    #expect(report.problems.isEmpty && report.snapshots == 0)
    #expect(try missed(removals).isEmpty)
    #expect(try store.provenHead() == 2)
  }
}
