import ProofTools
import SystemPackage
import Testing
import Vocabulary

@testable import Catalog
@testable import Repository

@Suite("What the catalog remembers of files")
struct FileMemoryTests {
  private let catalog: SmallCatalog
  private let memory: CompartmentMemory
  private let core: CompartmentName
  private let media: SourceName
  private let other: SourceName

  init() throws {
    catalog = try SmallCatalog()
    core = try SmallCatalog.compartment("core")
    memory = CompartmentMemory(catalog.database, core)
    media = try SmallCatalog.source("media")
    other = try SmallCatalog.source("other")
  }

  /// Remembers files that all lie in one pack.
  private func remember(_ files: [(source: SourceName, folder: String, name: String)]) throws {
    let handle = memory.reservePack()
    for file in files {
      memory.remember(SmallCatalog.line(file.source, file.folder, file.name, packs: [handle]))
    }
    try memory.remember(SmallCatalog.pack([Int(handle.number)]), as: handle)
  }

  /// What the next process would know of a folder.
  private func known(in folder: [UInt8]) throws -> KnownFolder {
    var known = try FileMemory(catalog.reopened(), source: media, of: core).knownFiles()
    return try known.files(in: folder)
  }

  @Test("a line appears only once every pack it names is remembered")
  func waits() throws {
    let (first, second) = (memory.reservePack(), memory.reservePack())
    memory.remember(SmallCatalog.line(media, "a", "empty", packs: []))
    memory.remember(SmallCatalog.line(media, "a", "one", packs: [first]))
    memory.remember(SmallCatalog.line(media, "a", "both", packs: [first, second]))
    #expect(try catalog.database.names(media, in: "a") == [])
    try memory.remember(SmallCatalog.pack([1]), as: first)
    #expect(try catalog.database.names(media, in: "a") == ["empty", "one"])
    #expect(try catalog.reopened().names(media, in: "a") == ["empty", "one"])
    try memory.remember(SmallCatalog.pack([2]), as: second)
    #expect(try catalog.database.names(media, in: "a") == ["both", "empty", "one"])
  }

  @Test("lines that still wait are written at the end, and lost with a process that dies")
  func flushed() throws {
    let handle = memory.reservePack()
    try memory.remember(SmallCatalog.pack([1]), as: handle)
    memory.remember(SmallCatalog.line(media, "a", "late", packs: [handle]))
    #expect(try catalog.reopened().names(media, in: "a") == [])
    try memory.flush()
    #expect(try catalog.reopened().names(media, in: "a") == ["late"])
    try memory.flush()
    #expect(try catalog.reopened().names(media, in: "a") == ["late"])
  }

  @Test("a line comes back byte for byte, whatever its path, and a newer one takes its place")
  func bytes() throws {
    var chance = SeededChance(for: "catalog, lines")
    var lines: [FileMemory.Line] = []
    var numbers: [PackHandle] = []
    for number in 0..<200 {
      let handle = memory.reservePack()
      try memory.remember(SmallCatalog.pack([number]), as: handle)
      numbers.append(handle)
    }
    for number in 0..<30 {
      lines.append(
        FileMemory.Line(
          source: media, folder: [0, 255, 47], name: [UInt8(number), 0] + chance.bytes(3),
          stamp: chance.bytes(48), line: chance.bytes(200),
          packs: Array(numbers.shuffled(using: &chance).prefix(number % 5))))
    }
    lines.forEach { memory.remember($0) }
    try memory.flush()
    var known = try known(in: [0, 255, 47])
    #expect(known.names.count == lines.count)
    for line in lines {
      let again = known.file(named: line.name[...])
      #expect(again?.stamp == line.stamp && again?.line == line.line && again?.packs == line.packs)
    }
    memory.remember(
      FileMemory.Line(
        source: media, folder: [0, 255, 47], name: lines[0].name, stamp: [1], line: [2], packs: []))
    try memory.flush()
    var newer = try self.known(in: [0, 255, 47])
    let changed = newer.file(named: lines[0].name[...])
    #expect(changed?.stamp == [1] && newer.names.count == lines.count)
  }

  @Test("a file whose pack was dropped is not known, and must be read again")
  func dropped() throws {
    try remember([(media, "a", "kept")])
    try remember([(media, "a", "lost")])
    let packs = try SnapshotBook(catalog.database).pendingPacks()
    try SnapshotBook(catalog.database).drop([packs[1].handle])
    #expect(try catalog.database.names(media, in: "a") == ["kept"])
    #expect(try memory.pack(holding: SmallCatalog.chunk(Int(packs[1].handle.number))) == nil)
  }

  @Test("files, folders and sources are forgotten, and only those that were named")
  func forgetting() throws {
    try remember([
      (media, "a", "x"), (media, "a", "y"), (media, "a", "z"), (media, "b", "x"), (media, "", "x"),
      (other, "a", "x"), (other, "b", "y"),
    ])
    let files = try FileMemory(catalog.database, source: media, of: core)
    try files.forget([Array("x".utf8), Array("unknown".utf8)], in: Array("a".utf8))
    try files.forget([], in: Array("b".utf8))
    #expect(try catalog.database.names(media, in: "a") == ["y", "z"])
    #expect(try catalog.database.names(media, in: "b") == ["x"])
    #expect(try catalog.database.names(other, in: "a") == ["x"])

    try files.forget(folders: [Array("b".utf8), Array("unknown".utf8)])
    try files.forget(folders: [])
    #expect(try catalog.database.names(media, in: "a") == ["y", "z"])
    #expect(try catalog.database.names(media, in: "b") == [])
    #expect(try catalog.database.names(media, in: "") == ["x"])
    #expect(try catalog.database.names(other, in: "b") == ["y"])

    let book = SnapshotBook(catalog.database)
    try book.note(other, of: core, uses: [PackHandle(1)])
    try book.forgetSources(otherThan: [(core, media)])
    #expect(try catalog.database.names(media, in: "a") == ["y", "z"])
    #expect(try catalog.database.names(other, in: "a") == [])
    #expect(try book.usedPacks() == [])
  }

  @Test("a source in another compartment is a new one: no file, pack or chunk of it is known there")
  func anotherCompartment() throws {
    try remember([(media, "a", "x")])
    let bridge = try SmallCatalog.compartment("bridge")
    #expect(try catalog.database.names(media, in: "a", of: "bridge") == [])
    let there = CompartmentMemory(catalog.database, bridge)
    #expect(try there.pack(holding: SmallCatalog.chunk(1)) == nil)
    #expect(try memory.pack(holding: SmallCatalog.chunk(1)) == PackHandle(1))

    let book = SnapshotBook(catalog.database)
    try book.note(media, of: core, uses: [PackHandle(1)])
    try book.forgetSources(otherThan: [(bridge, media)])
    #expect(try catalog.database.names(media, in: "a") == [])
    #expect(try book.usedPacks() == [])
  }
}
