import Foundation
import Keeping
import ProofTools
import Repository
import Stores
import SystemPackage
import Testing
import Vocabulary

@testable import Volumes

@Suite("A transfer in volumes")
struct TransferTests {
  private let store: CarriedStore
  private var chance = SeededChance(for: "a transfer in volumes")

  init() throws {
    store = try CarriedStore()
  }

  /// Entries with some packs each; one that is not the newest loses a pack now and then.
  private mutating func nights(_ count: Int) throws {
    var old: [ObjectRecord] = []
    for _ in 0..<count {
      var added: [ObjectRecord] = []
      for _ in 0..<Int.random(in: 1...4, using: &chance) {
        let size = Int.random(in: 1...120_000, using: &chance)
        added += try store.pack(chance.bytes(size), header: chance.bytes(200))
      }
      let dropped = Bool.random(using: &chance) ? Array(old.prefix(2)) : []
      try store.entry(adding: added, dropping: dropped)
      old.removeFirst(dropped.count)
      old += added
    }
  }

  @Test("brings every object once, in volumes of the size that was said beforehand")
  mutating func whole() throws {
    try nights(8)
    let (plan, layout, path) = try store.export(to: "out")
    #expect(layout.volumes.count > 1)
    #expect(Set(plan.objects.map(\.name)).count == plan.objects.count)
    let carried = layout.volumes.flatMap(\.members).filter { !$0.name.path.hasPrefix("ledger/") }
    #expect(carried.count == plan.objects.count + layout.volumes.count)
    for volume in layout.volumes {
      let name = VolumeSetManifest.name(of: volume.number)
      let bytes = try ScratchFolder.bytes(at: "\(path)/\(name)/\(name).tar")
      #expect(bytes.count == volume.bytes && bytes.count < 400_000)
    }
    let report = try store.takeIn(path)
    #expect(report.snapshots == 8 && report.problems.isEmpty && report.waiting == 0)
    #expect(try store.provenHead() == 8)
    #expect(try store.takeIn(path).objects == 0)
  }

  @Test("of what came since carries that alone, and what the other side lost since")
  mutating func since() throws {
    try nights(4)
    try store.takeIn(store.export(to: "first").path)
    let before = try store.export(to: "before").plan.objects.map(\.name)
    try nights(2)
    let lost = try #require(store.needed.objects.keys.filter { before.contains($0) }.max())
    try store.far.remove(lost)
    let (plan, _, path) = try store.export(to: "second", since: store.have())
    #expect(plan.objects.filter { before.contains($0.name) }.map(\.name) == [lost])
    #expect(try store.takeIn(path).problems.isEmpty)
    #expect(try store.provenHead() == 6)
  }

  @Test("brings what the other side lost, though nothing is new; what is hurt there it names")
  mutating func lostOnly() throws {
    try nights(3)
    try store.takeIn(store.export(to: "first").path)
    let names = store.needed.objects.keys.sorted()
    let (lost, hurt) = (try #require(names.first), try #require(names.last))
    try store.far.remove(lost)
    let size = try #require(try store.far.size(of: hurt))
    try store.folder.write([UInt8](repeating: 1, count: size), to: "far/\(hurt)")
    try CheckDates(in: store.keeper("far")).add([
      (hurt.path, .init(time: .now(), outcome: .hurt))
    ])
    let (plan, _, path) = try store.export(to: "second", since: store.have())
    #expect(plan.objects.map(\.name).sorted() == [lost, hurt].sorted() && plan.snapshots == 0)
    let partly = try store.takeIn(path)
    #expect(partly.objects == 1 && partly.problems.map(\.code) == ["import.conflict"])
    // Nothing is overwritten: out of its way.
    try store.far.remove(hurt)
    let report = try store.takeIn(path)
    #expect(report.objects == 1 && report.problems.isEmpty)
    #expect(try store.provenHead() == 3)
    #expect(try store.have().hosts[0].lacks.isEmpty)
  }

  @Test(
    "without as many volumes as there are of parity is whole, with fewer it takes what there is")
  mutating func lostVolumes() throws {
    try nights(6)
    let (_, layout, path) = try store.export(to: "out", volumes: 300_000, parity: 2)
    let all = (1...layout.volumes.count + 2).shuffled(using: &chance)
    for number in all.prefix(3) {
      try store.folder.move("\(path)/\(VolumeSetManifest.name(of: number))", to: "aside-\(number)")
    }
    let partly = try store.takeIn(path)
    let held = try store.have().holds
    #expect(try store.provenHead() < 6 && partly.waiting > 0)
    let rest = try store.export(to: "rest", since: store.have()).plan.objects.map(\.name.path)
    #expect(Set(rest).isDisjoint(with: held))
    let back = "\(path)/\(VolumeSetManifest.name(of: all[0]))"
    try store.folder.move("aside-\(all[0])", to: back)
    let report = try store.takeIn(path)
    #expect(report.problems.isEmpty)
    #expect(try store.provenHead() == 6)
  }

  @Test("makes good as many hurt volumes as there are of parity, wherever they are hurt")
  mutating func hurtVolumes() throws {
    try nights(6)
    let (_, layout, path) = try store.export(to: "out", volumes: 300_000, parity: 2)
    let hurt = layout.volumes.shuffled(using: &chance).prefix(2).map(\.number)
    for number in hurt {
      let name = VolumeSetManifest.name(of: number)
      var bytes = try ScratchFolder.bytes(at: "\(path)/\(name)/\(name).tar")
      for _ in 0..<Int.random(in: 1...20, using: &chance) {
        bytes[Int.random(in: bytes.indices, using: &chance)] ^= 1
      }
      try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)/\(name).tar"))
    }
    let report = try store.takeIn(path)
    #expect(report.problems.isEmpty && report.hurtVolumes.isSubset(of: hurt))
    #expect(try store.provenHead() == 6)
  }

  @Test("whatever was done to a volume's bytes, counts what is proven and nothing else")
  mutating func mutated() throws {
    try nights(2)
    let path = try store.export(to: "out", volumes: 900_000, parity: 0).path + "/volume-001"
    let whole = try ["set.json", "volume-001.tar"].map {
      try ($0, ScratchFolder.bytes(at: "\(path)/\($0)"))
    }
    for _ in 0..<30 {
      for (name, bytes) in whole {
        var bytes = bytes
        // Headers and lists stand at the beginning.
        let end = Bool.random(using: &chance) ? bytes.count : min(bytes.count, 4000)
        for _ in 0..<(name == "set.json" ? Int.random(in: 0...1, using: &chance) : 3) {
          bytes[Int.random(in: 0..<end, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
        }
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
      }
      let refused = refusal { try store.takeIn(path) }
      #expect(refused?.code != "not-for-operators", "\(String(describing: refused))")
      #expect(try [0, 1, 2].contains(store.provenHead()))
    }
    for (name, bytes) in whole {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }
    #expect(try store.takeIn(path).problems.isEmpty)
    #expect(try store.provenHead() == 2)
  }

  @Test("brings what goes before an entry that lists a header as another, and nothing of that")
  mutating func relistedHeaders() throws {
    let (bytes, old, new) = (chance.bytes(50_000), chance.bytes(200), chance.bytes(200))
    let records = try store.pack(bytes, header: old)
    try store.entry(adding: records)
    try store.takeIn(store.export(to: "first").path)
    try store.entry(adding: store.pack(chance.bytes(100), header: [1]))
    let replaced = try store.replace(records[1], with: new)
    try store.entry(adding: [replaced])
    let (plan, _, path) = try store.export(to: "second", since: store.have())
    #expect(!plan.objects.contains { $0.name.path == records[1].name })
    #expect(try store.takeIn(path).snapshots == 1)
    let name = try #require(ObjectName(ledgerText: records[1].name))
    #expect(try store.far.read(name) == old)
    #expect(try store.provenHead() == 2)
  }

  @Test("leaves a host out whose history is another one here")
  mutating func otherHistory() throws {
    try nights(2)
    try store.takeIn(store.export(to: "first").path)
    let have = try store.have()
    let entry = ObjectName.ledgerEntry(store.host, LedgerSequence(2))
    try store.source.remove(entry)
    try store.rewind(to: 1)
    try nights(2)
    let forked = try store.export(to: "second").path
    let report = try store.takeIn(forked)
    #expect(report.problems.map(\.code) == ["import.other-history"] && report.snapshots == 0)
    #expect(refusal { try store.export(to: "third", since: have) }?.code == "have.other-history")
    #expect(try store.provenHead() == 2)
  }

  @Test("is refused where the other side is ahead, or of another store, or a volume is too small")
  mutating func refused() throws {
    try nights(2)
    try store.takeIn(store.export(to: "first").path)
    let have = try store.have()
    try store.source.remove(.ledgerEntry(store.host, LedgerSequence(2)))
    try store.source.remove(.ledgerSignature(store.host, LedgerSequence(2)))
    #expect(refusal { try store.export(to: "again", since: have) }?.code == "have.ahead")
    let other = try CarriedStore()
    try other.entry(adding: other.pack([1], header: [2]))
    #expect(refusal { try other.export(to: "out", since: have) }?.code == "have.other-store")
    let small = refusal { try store.export(to: "small", volumes: VolumeSize.reserve + 2000) }
    #expect(small?.code == "export.volume-size")
  }
}

extension ScratchFolder {
  /// Moves something in the folder, or from it to a path.
  func move(_ from: String, to other: String) throws {
    func whole(_ path: String) -> String { path.hasPrefix("/") ? path : self.path(of: path) }
    try FileManager.default.moveItem(atPath: whole(from), toPath: whole(other))
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: path(of: name))
  }
}
