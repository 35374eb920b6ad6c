import Foundation
import ProofTools
import Repository
import SecretMemory
import Stores
import SystemPackage
import Testing
import Vocabulary

@testable import Parity

@Suite("A batch and its parity")
struct BatchTests {
  /// A batch of random objects in a store of its own.
  private final class Case {
    let folder: ScratchFolder
    let store: DirectoryStore
    let members: [ObjectRecord]
    let contents: [String: [UInt8]]
    let batch: ParityBatch

    init(_ chance: inout SeededChance) throws {
      folder = try ScratchFolder()
      store = DirectoryStore(FilePath(folder.path(of: "store")), writer: "keeper")
      try store.prepareForWriting().release()
      var contents: [String: [UInt8]] = [:]
      var members: [ObjectRecord] = []
      let most = 1 << Int.random(in: 4...16, using: &chance)
      for _ in 0..<Int.random(in: 1...25, using: &chance) {
        let bytes = chance.bytes(Int.random(in: 1...most, using: &chance))
        let name = ObjectName.pack(SHA256Hasher.digest(of: bytes))
        try store.replace(name) { take in try bytes.withBytes { try take($0) } }
        members.append(
          ObjectRecord(name: name, size: bytes.count, sha256: SHA256Hasher.digest(of: bytes)))
        contents[name.path] = bytes
      }
      (self.members, self.contents) = (members, contents)
      batch = try BatchEncoder(store, storeID: "store") { _ in }.encode(
        members, percent: Int.random(in: 1...30, using: &chance))
    }

    func path(_ name: String) -> String { folder.path(of: "store/\(name)") }

    func write(_ bytes: [UInt8], to name: String) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    /// Mends a member; what it is refused with, nil where it is whole again.
    func mend(_ member: ObjectRecord) throws -> OperatorError? {
      var rebuild = try #require(BatchRebuild(batch, in: store))
      let name = try #require(ObjectName(ledgerText: member.name))
      return refusal {
        try rebuild.mend(name, .init(size: member.size, sha256: member.sha256))
      }
    }
  }

  @Test("is whole again where no column lost more than the parity makes good, and else is refused")
  func model() throws {
    var chance = SeededChance(for: "a batch against a model")
    for round in 0..<25 {
      let this = try Case(&chance)
      let layout = this.batch.layout
      // What a model says is lost: blocks, by column.
      var lost: [Int: Set<Int>] = [:]
      var hurt: [ObjectRecord] = []
      let starts = this.members.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.size) }
      let flips = Int.random(in: 0...2 * layout.parityShards * layout.columns, using: &chance)
      var bytes = this.members.map { this.contents[$0.name] ?? [] }
      for _ in 0..<flips {
        let member = Int.random(in: bytes.indices, using: &chance)
        let place = Int.random(in: bytes[member].indices, using: &chance)
        guard bytes[member][place] == this.contents[this.members[member].name]?[place] else {
          continue
        }
        bytes[member][place] ^= UInt8.random(in: 1...255, using: &chance)
        let block = (starts[member] + place) / layout.block
        lost[block % layout.columns, default: []].insert(block / layout.columns)
      }
      for (member, bytes) in zip(this.members, bytes) where bytes != this.contents[member.name] {
        try this.write(bytes, to: member.name)
        hurt.append(member)
      }
      for member in hurt {
        let index = try #require(this.members.firstIndex(of: member))
        let range = starts[index]..<starts[index + 1]
        let blocks = range.lowerBound / layout.block...(range.upperBound - 1) / layout.block
        let isMendable = blocks.allSatisfy { block in
          let column = lost[block % layout.columns] ?? []
          return !column.contains(block / layout.columns) || column.count <= layout.parityShards
        }
        let problem = try this.mend(member)
        #expect(
          (problem == nil) == isMendable, "round \(round): \(layout) \(String(describing: problem))"
        )
        let found = try ScratchFolder.bytes(at: this.path(member.name))
        let isWhole = found == this.contents[member.name]
        #expect(isWhole == isMendable, "round \(round)")
      }
    }
  }

  @Test("is whole again where its largest member is lost, whatever else is there")
  func largest() throws {
    var chance = SeededChance(for: "a batch without its largest")
    for _ in 0..<20 {
      let this = try Case(&chance)
      let member = try #require(this.members.max { $0.size < $1.size })
      try FileManager.default.removeItem(atPath: this.path(member.name))
      let problem = try this.mend(member)
      #expect(problem == nil)
      let isWhole =
        try ScratchFolder.bytes(at: this.path(member.name)) == this.contents[member.name]
      #expect(isWhole)
    }
  }

  @Test("is read from either copy of its manifest, and from nothing else")
  func manifests() throws {
    var chance = SeededChance(for: "manifests of a batch")
    let this = try Case(&chance)
    let copies = ParityCopy.allCases.map { ObjectName.parityManifest(this.batch.id, $0).path }
    for copy in copies {
      let bytes = try ScratchFolder.bytes(at: this.path(copy))
      var damaged = bytes
      damaged[Int.random(in: bytes.indices, using: &chance)] ^= 1
      try this.write(damaged, to: copy)
      #expect(ParityBatch.load(this.batch.id, from: this.store) != nil)
      try this.write(bytes, to: copy)
    }
    for copy in copies { try FileManager.default.removeItem(atPath: this.path(copy)) }
    #expect(ParityBatch.load(this.batch.id, from: this.store) == nil)
  }

  @Test("is not made of a member that is hurt")
  func hurtMember() throws {
    var chance = SeededChance(for: "a batch of a hurt member")
    let this = try Case(&chance)
    let place = Int.random(in: this.members.indices, using: &chance)
    try this.write([], to: this.members[place].name)
    let error = #expect(throws: HurtMember.self) {
      _ = try BatchEncoder(this.store, storeID: "store") { _ in }.encode(this.members, percent: 5)
    }
    #expect(error?.place == place && error?.problem.code == "object.size")
  }
}
