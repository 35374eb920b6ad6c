import ProofTools
import SecretMemory
import SystemPackage
import Testing
import Vocabulary

@testable import Catalog
@testable import Repository

@Suite("What the catalog remembers of packs and snapshots")
struct SnapshotBookTests {
  private let catalog: SmallCatalog
  private let core: CompartmentName
  private let snapshot = SnapshotID(startedAt: Timestamp(secondsSince1970: 1_767_323_045))

  init() throws {
    catalog = try SmallCatalog()
    core = try SmallCatalog.compartment("core")
  }

  private func remember(_ chunks: [Int], in compartment: CompartmentName? = nil) throws
    -> PackHandle
  {
    let memory = CompartmentMemory(catalog.database, compartment ?? core)
    let handle = memory.reservePack()
    try memory.remember(SmallCatalog.pack(chunks), as: handle)
    return handle
  }

  private func head(_ number: Int) -> LedgerHead {
    LedgerHead(
      sequence: LedgerSequence(number), sha256: SHA256Hasher.digest(of: [UInt8(number)]))
  }

  /// Records pending packs as a published snapshot, with all its objects.
  private func publish(
    _ handles: [PackHandle], dropped: [PackHandle] = [], unneeded: [ObjectName] = [],
    head: LedgerHead
  ) throws {
    let book = SnapshotBook(catalog.database)
    let added = try book.pendingPacks().filter { handles.contains($0.handle) }.flatMap {
      [
        ObjectRecord(name: .pack($0.name), size: $0.size, sha256: $0.name),
        ObjectRecord(
          name: .packHeader($0.name), size: $0.headerSize, sha256: $0.headerSHA256),
      ]
    }
    try book.record(
      snapshot, head: head, added: added, unneeded: unneeded, published: handles,
      dropped: dropped)
  }

  @Test("packs that no ledger entry names survive reopening, with all that an index needs of them")
  func pending() throws {
    let bridge = try SmallCatalog.compartment("bridge")
    let handles = [try remember([1, 2]), try remember([3], in: bridge), try remember([4])]
    let book = SnapshotBook(try catalog.reopened())
    let pending = try book.pendingPacks()
    #expect(pending.map(\.handle) == handles)
    for (pack, chunks) in zip(pending, [[1, 2], [3], [4]]) {
      let sealed = SmallCatalog.pack(chunks)
      #expect(pack.name == sealed.name && pack.size == sealed.size)
      #expect(pack.headerSize == sealed.headerSize && pack.headerSHA256 == sealed.headerSHA256)
      #expect(try book.record(of: pack.handle) == sealed.record)
    }
    #expect(try book.pendingPacks(of: core).map(\.handle) == [handles[0], handles[2]])
    #expect(try book.pendingPacks(of: bridge).map(\.handle) == [handles[1]])
    let memory = CompartmentMemory(try catalog.reopened(), core)
    #expect(try memory.pack(holding: SmallCatalog.chunk(2)) == handles[0])
    #expect(try memory.pack(holding: SmallCatalog.chunk(5)) == nil)
  }

  @Test(
    "a pack's number is never given twice: not after a crash, a drop, a clearing or a rebuilding")
  func numbers() throws {
    var given: Set<PackHandle> = [try remember([1]), try remember([2])]
    let isNewAfterCrash = given.insert(
      CompartmentMemory(try catalog.reopened(), core).reservePack()
    ).inserted
    #expect(isNewAfterCrash)

    let last = try remember([3])
    given.insert(last)
    try SnapshotBook(catalog.database).drop([last])
    #expect(!given.contains(CompartmentMemory(try catalog.reopened(), core).reservePack()))
    let next = try remember([3])
    #expect(given.insert(next).inserted)

    let reopened = try catalog.reopened()
    try reopened.clear()
    #expect(!given.contains(CompartmentMemory(reopened, core).reservePack()))
  }

  @Test("a snapshot that is recorded makes its packs published, and drops what it needs no more")
  func recorded() throws {
    let (first, second, third) = (try remember([1]), try remember([2]), try remember([3]))
    try publish([first, second], dropped: [third], head: head(1))
    let book = SnapshotBook(try catalog.reopened())
    #expect(try book.pendingPacks().isEmpty)
    #expect(try Set(book.publishedPacks().map(\.handle)) == [first, second])
    #expect(
      try book.publishedPacks().allSatisfy { $0.snapshot == snapshot && $0.compartment == core })
    #expect(try catalog.reopened().head() == head(1))
    #expect(try book.needed().objects.count == 4)
    let memory = CompartmentMemory(try catalog.reopened(), core)
    #expect(try memory.pack(holding: SmallCatalog.chunk(3)) == nil)

    let gone = SmallCatalog.pack([1]).name
    try publish(
      [], dropped: [first], unneeded: [.pack(gone), .packHeader(gone)], head: head(2))
    #expect(
      try book.needed().objects.keys.sorted() == [
        .pack(SmallCatalog.pack([2]).name), .packHeader(SmallCatalog.pack([2]).name),
      ])
    #expect(try catalog.reopened().head() == head(2))
    let later = CompartmentMemory(try catalog.reopened(), core)
    #expect(try later.pack(holding: SmallCatalog.chunk(1)) == nil)
    #expect(try later.pack(holding: SmallCatalog.chunk(2)) == second)
  }

  @Test("which packs a source uses is what it last said")
  func used() throws {
    let (media, config) = (try SmallCatalog.source("media"), try SmallCatalog.source("config"))
    let handles = [try remember([1]), try remember([2]), try remember([3])]
    let book = SnapshotBook(catalog.database)
    try book.note(media, of: core, uses: [handles[0], handles[1]])
    try book.note(config, of: core, uses: [handles[1]])
    #expect(try book.usedPacks() == [handles[0], handles[1]])
    try book.note(media, of: core, uses: [handles[2]])
    #expect(try SnapshotBook(catalog.reopened()).usedPacks() == [handles[1], handles[2]])
    try book.note(config, of: core, uses: [])
    #expect(try book.usedPacks() == [handles[2]])
  }

  @Test("a catalog that is rebuilt from the store knows the same chunks, objects and head")
  func rebuilt() throws {
    let bridge = try SmallCatalog.compartment("bridge")
    let handles = [
      try remember([1, 2]), try remember([3], in: bridge), try remember([4, 5, 6]),
    ]
    let book = SnapshotBook(catalog.database)
    try publish(handles, head: head(3))

    let other = try SmallCatalog()
    var needed = try book.needed()
    let indexes = [
      ObjectName.index(snapshot, core): [[1, 2], [4, 5, 6]].map { SmallCatalog.pack($0) },
      .index(snapshot, bridge): [SmallCatalog.pack([3])],
      // One that turns out to be damaged at its end.
      .index(SnapshotID(startedAt: .now()), core): [SmallCatalog.pack([8])],
    ]
    for index in indexes.keys { needed.insert(index, .init(size: 1, sha256: head(1).sha256)) }
    let lost = SmallCatalog.pack([8])
    needed.insert(.pack(lost.name), .init(size: 1, sha256: lost.name))
    needed.insert(.packHeader(lost.name), .init(size: 1, sha256: lost.headerSHA256))
    try SnapshotBook(other.database).rebuild(
      head: head(3), needed: needed, sources: [], seals: []
    ) { index, take in
      try SmallCatalog.reading(indexes)(index, take) && index.index?.snapshot == snapshot
    }
    let again = SnapshotBook(try other.reopened())
    #expect(try other.reopened().head() == head(3))
    #expect(try again.needed().objects == needed.objects)
    #expect(try again.pendingPacks().isEmpty)
    func named(_ book: SnapshotBook) throws -> Set<String> {
      try Set(book.publishedPacks().map { "\($0.name) \($0.snapshot) \($0.compartment)" })
    }
    #expect(try named(again) == named(book))
    for chunk in 1...8 {
      func pack(_ catalog: SmallCatalog) throws -> SHA256Digest? {
        let handle = try CompartmentMemory(catalog.database, core)
          .pack(holding: SmallCatalog.chunk(chunk))
        return try SnapshotBook(catalog.database).publishedPacks().first { $0.handle == handle }?
          .name
      }
      #expect(try pack(other) == pack(catalog))
    }
    // The run that rebuilds goes on to write: its packs must not take the numbers of rebuilt ones.
    let memory = CompartmentMemory(other.database, core)
    let handle = memory.reservePack()
    try memory.remember(SmallCatalog.pack([7]), as: handle)
    #expect(try again.publishedPacks().allSatisfy { $0.handle != handle })
    #expect(try again.pendingPacks().map(\.handle) == [handle])
  }

  @Test("a pack of an index that the head no longer needs is not rebuilt")
  func rebuiltWithoutTheUnneeded() throws {
    let packs = [[1], [2]].map { SmallCatalog.pack($0) }
    let index = ObjectName.index(snapshot, core)
    var needed = NeededSet()
    needed.insert(.pack(packs[1].name), .init(size: 1, sha256: packs[1].name))
    needed.insert(.packHeader(packs[1].name), .init(size: 1, sha256: packs[1].headerSHA256))
    needed.insert(index, .init(size: 1, sha256: packs[1].name))
    try SnapshotBook(catalog.database).rebuild(
      head: head(1), needed: needed, sources: [], seals: [],
      reading: SmallCatalog.reading([index: packs]))
    let memory = CompartmentMemory(catalog.database, core)
    #expect(try memory.pack(holding: SmallCatalog.chunk(1)) == nil)
    #expect(try memory.pack(holding: SmallCatalog.chunk(2)) != nil)
  }

  @Test("a file that is no catalog is refused by name, and left as it is")
  func damaged() throws {
    let folder = try ScratchFolder()
    let text = String(repeating: "this is no catalog ", count: 500)
    let path = try folder.write(text, to: "catalog.sqlite")
    #expect(refusal { _ = try CatalogDatabase(FilePath(path)) }?.code == "catalog.damaged")
    #expect(try folder.readText("catalog.sqlite") == text)
  }
}
