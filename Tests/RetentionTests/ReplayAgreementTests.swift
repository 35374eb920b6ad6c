import Keeping
import ProofTools
import Retention
import SecretMemory
import Signatures
import Testing
import Vocabulary

@testable import Repository

/// A ledger is replayed by readers, by scrub and by retention, each in its own way.
@Suite("All that replay a ledger")
struct ReplayAgreementTests {
  /// What is right to say of a few objects that come and go.
  private struct Model {
    private var said: [ObjectName: NeededSet.Facts] = [:]
    private(set) var needed: Set<ObjectName> = []

    /// Whether an entry goes on from what was said.
    mutating func take(_ added: [ObjectRecord], dropping dropped: [ObjectName]) -> Bool {
      for name in dropped where needed.remove(name) == nil { return false }
      return added.allSatisfy { record in
        guard let name = ObjectName(ledgerText: record.name) else { return false }
        let facts = NeededSet.Facts(size: record.size, sha256: record.sha256)
        let known = said[name] ?? facts
        said[name] = known
        needed.insert(name)
        return known == facts
      }
    }
  }

  @Test("find the same entry that contradicts what was said, and the same good ones before it")
  func agree() throws {
    var chance = SeededChance(for: "all that replay a ledger")
    let kept = try KeptStore()
    let names = (0..<6).map { number in
      let digest = SHA256Hasher.digest(of: [UInt8(number)])
      return number.isMultiple(of: 2) ? ObjectName.pack(digest) : .packHeader(digest)
    }
    func record(_ name: ObjectName) -> ObjectRecord {
      let isOther = Int.random(in: 0..<25, using: &chance) == 0
      let size = isOther && Bool.random(using: &chance) ? 8 : 7
      return ObjectRecord(
        name: name, size: size, sha256: SHA256Hasher.digest(of: isOther && size == 7 ? [1] : [0]))
    }
    var broken = 0
    for round in 0..<60 {
      let host = try kept.host()
      var model = Model()
      var good: Int?
      for number in 1...8 {
        let dropped = model.needed.sorted().filter { _ in
          Int.random(in: 0..<4, using: &chance) == 0
        }
        let added = (0..<Int.random(in: 0...3, using: &chance)).compactMap { _ in
          names.randomElement(using: &chance).map(record)
        }
        let isGood = model.take(added, dropping: dropped)
        try host.night([source("a")], added: added, dropping: dropped)
        if !isGood {
          good = number - 1
          break
        }
      }
      let last = host.nights.count
      if good != nil { broken += 1 }
      let ledger = try Ledger.load(from: kept.store, trusting: .key(host.key.verifyingKey))
      for number in 1...last {
        let problem = refusal { _ = try ledger.needed(at: LedgerSequence(number)) }
        let isBroken = number > good ?? last
        #expect(problem?.code == (isBroken ? "ledger.broken" : nil), "round \(round)")
      }
      let holding = try kept.holding(of: host)
      #expect(holding.problem?.code == good.map { _ in "ledger.broken" }, "round \(round)")
      #expect(holding.head?.sequence.number ?? 0 == good ?? last, "round \(round)")
      #expect(holding.snapshots == good ?? last, "round \(round)")
      let history = try kept.history(of: host)
      #expect(history.problem?.code == good.map { _ in "ledger.broken" }, "round \(round)")
      #expect(history.entries.count == good ?? last, "round \(round)")
      // What is kept is what the good snapshots need, as they said.
      var union: [String: NeededSet.Facts] = [:]
      for number in 1..<(good ?? last) + 1 {
        for (name, facts) in try ledger.needed(at: LedgerSequence(number)).objects {
          union[name.path] = facts
        }
      }
      let rows = holding.keptRows.map { ($0, holding.objects.text(at: $0)) }
      #expect(Set(rows.map(\.1)) == Set(union.keys), "round \(round)")
      #expect(rows.allSatisfy { holding.objects.facts(at: $0.0) == union[$0.1] })
    }
    #expect((10..<60).contains(broken), "\(broken)")
  }
}
