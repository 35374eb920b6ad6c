import ProofTools
import SecretMemory
import Testing
import Vocabulary

@testable import Catalog
@testable import Repository

@Suite("What the catalog remembers of seals")
final class SealBookTests {
  private let catalog: SmallCatalog
  private let core: CompartmentName
  private let bridge: CompartmentName
  private let key = SecretBytes.random(count: 32)

  init() throws {
    catalog = try SmallCatalog()
    core = try SmallCatalog.compartment("core")
    bridge = try SmallCatalog.compartment("bridge")
  }

  private func seal(_ compartment: CompartmentName, _ recipients: [String]) -> CompartmentSeal {
    CompartmentSeal(compartment, chunkIDKey: key, recipients: recipients)
  }

  @Test("a seal tells keys and sets of recipients apart, and not their order or who they are")
  func marks() {
    let one = seal(core, ["age1a", "age1b"])
    #expect(
      one == seal(core, ["age1b", "age1a"]) && one == seal(core, ["age1a", "age1b", "age1a"]))
    for other in [["age1a"], ["age1b"], ["age1a", "age1b", "age1c"], ["age1a\nage1b\n"], []] {
      #expect(one.recipients != seal(core, other).recipients)
      #expect(one.chunkIDKey == seal(core, other).chunkIDKey)
    }
    let another = CompartmentSeal(
      core, chunkIDKey: SecretBytes.random(count: 32), recipients: ["age1a", "age1b"])
    #expect(one.chunkIDKey != another.chunkIDKey)
    #expect(one.recipients != another.recipients, "whoever guesses recipients cannot confirm them")
  }

  @Test("a compartment that starts anew forgets its packs, chunks and files, and no other's")
  func anew() throws {
    let media = try SmallCatalog.source("media")
    let book = SealBook(catalog.database)
    #expect(try book.seal(of: core) == nil)
    #expect(try book.start(seal(core, ["age1a"])) == false, "nothing was known")
    for (number, compartment) in [core, bridge].enumerated() {
      let memory = CompartmentMemory(catalog.database, compartment)
      let handle = memory.reservePack()
      try memory.remember(SmallCatalog.pack([number]), as: handle)
      memory.remember(SmallCatalog.line(media, "a", "file", packs: [handle]))
      try memory.flush()
      try SnapshotBook(catalog.database).note(media, of: compartment, uses: [handle])
    }
    #expect(try book.start(seal(core, ["age1b"])))
    let again = try catalog.reopened()
    #expect(try SealBook(again).seal(of: core) == seal(core, ["age1b"]))
    #expect(try SealBook(again).seal(of: bridge) == nil)
    #expect(try again.names(media, in: "a", of: "core") == [])
    #expect(try again.names(media, in: "a", of: "bridge") == ["file"])
    #expect(try CompartmentMemory(again, core).pack(holding: SmallCatalog.chunk(0)) == nil)
    #expect(try CompartmentMemory(again, bridge).pack(holding: SmallCatalog.chunk(1)) != nil)
    #expect(try SnapshotBook(again).usedPacks().count == 1)
    #expect(try SnapshotBook(again).pendingPacks(of: core).isEmpty)
  }

  @Test("a catalog that is rebuilt knows the seals, and takes every source to use all packs there")
  func rebuilt() throws {
    let sources = try ["media", "config"].map {
      SourceSummary(
        name: try SmallCatalog.source($0), compartment: core, kind: "files", state: .skipped,
        bytes: 0, files: 0)
    }
    var needed = NeededSet()
    var packs: [ObjectName: [SealedPack]] = [:]
    for (number, compartment) in [core, core, bridge].enumerated() {
      let pack = SmallCatalog.pack([number])
      needed.insert(.pack(pack.name), .init(size: 1, sha256: pack.name))
      needed.insert(.packHeader(pack.name), .init(size: 1, sha256: pack.headerSHA256))
      let index = ObjectName.index(SnapshotID(startedAt: .now()), compartment)
      needed.insert(index, .init(size: 1, sha256: pack.name))
      packs[index] = [pack]
    }
    let book = SnapshotBook(catalog.database)
    try book.rebuild(
      head: LedgerHead(sequence: .first, sha256: SHA256Hasher.digest(of: [1])), needed: needed,
      sources: sources, seals: [seal(core, ["age1a"])], reading: SmallCatalog.reading(packs))
    #expect(try SealBook(catalog.reopened()).seal(of: core) == seal(core, ["age1a"]))
    let ofCore = try Set(book.publishedPacks().filter { $0.compartment == core }.map(\.handle))
    #expect(ofCore.count == 2)
    #expect(try book.usedPacks() == ofCore)
    // Saved again, a source uses what it says; the other one still holds the rest.
    try book.note(sources[0].name, of: core, uses: [])
    #expect(try book.usedPacks() == ofCore)
    try book.note(sources[1].name, of: core, uses: [])
    #expect(try book.usedPacks() == [])
  }
}
