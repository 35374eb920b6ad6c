import Foundation
import ProofTools
import Repository
import SecretMemory
import SystemPackage
import Testing
import Vocabulary

@testable import Catalog

@Suite("Where the catalog says that chunks are")
struct ChunkTableTests {
  private let catalog: SmallCatalog
  private let core: CompartmentName

  init() throws {
    catalog = try SmallCatalog()
    core = try SmallCatalog.compartment("core")
  }

  /// Remembers a pack in a catalog, and writes a run where asked.
  private func remember(
    _ chunks: [Int], in database: CatalogDatabase, writingRun: Bool = false
  ) throws -> PackHandle {
    let memory = CompartmentMemory(database, core)
    let handle = memory.reservePack()
    try memory.remember(SmallCatalog.pack(chunks), as: handle)
    if writingRun { try database.write { try database.chunks.writeRun($0) } }
    return handle
  }

  private func runFiles() throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      atPath: catalog.folder.path(of: "catalog.sqlite.chunks"))
  }

  @Test("it answers as a dictionary does, through runs, merges, drops and reopening")
  func model() throws {
    var chance = SeededChance(for: "chunk table, model")
    var database = catalog.database
    var model: [Int: PackHandle] = [:]
    var live: [PackHandle: [Int]] = [:]
    for step in 0..<120 {
      switch Int.random(in: 0..<10, using: &chance) {
      case 0..<7:
        let chunks = Set(
          (0..<Int.random(in: 1...40, using: &chance)).map { _ in
            Int.random(in: 0..<1500, using: &chance)
          }
        ).filter { model[$0] == nil }.sorted()
        guard !chunks.isEmpty else { continue }
        let handle = try remember(chunks, in: database, writingRun: step % 2 == 0)
        for chunk in chunks { model[chunk] = handle }
        live[handle] = chunks
      case 7:
        guard let (handle, chunks) = live.min(by: { $0.key < $1.key }) else { continue }
        try SnapshotBook(database).drop([handle])
        for chunk in chunks { model[chunk] = nil }
        live[handle] = nil
      case 8: database = try catalog.reopened()
      default:
        // What a transaction that fails told the table is taken back.
        #expect(throws: OperatorError.self) {
          try database.write { db in
            database.chunks.add([SmallCatalog.chunk(2000)], in: 1 << 40, of: "core")
            try database.chunks.writeRun(db)
            throw OperatorError("proof", .failed, "the disk is full")
          }
        }
      }
      guard step % 10 == 9 else { continue }
      let memory = CompartmentMemory(database, core)
      for chunk in 0..<1500 {
        #expect(try memory.pack(holding: SmallCatalog.chunk(chunk)) == model[chunk])
      }
      #expect(try memory.pack(holding: SmallCatalog.chunk(2000)) == nil)
    }
    let runs = try catalog.reopened().chunks.runLengths
    #expect(zip(runs, runs.dropFirst()).allSatisfy { $0 >= 2 * $1 })
  }

  @Test("a run that is damaged, cut short or gone is noticed, whichever byte it is")
  func damaged() throws {
    var chance = SeededChance(for: "chunk table, damage")
    _ = try remember(Array(0..<200), in: catalog.database, writingRun: true)
    let name = "catalog.sqlite.chunks/\(try #require(runFiles().first))"
    let whole = try catalog.folder.read(name)
    for _ in 0..<10 {
      var bytes = whole
      bytes[Int.random(in: bytes.indices, using: &chance)] ^= UInt8(
        1 << Int.random(in: 0..<8, using: &chance))
      try catalog.folder.write(bytes, to: name)
      #expect(refusal { _ = try catalog.reopened() }?.code == "catalog.damaged")
    }
    try catalog.folder.write(Array(whole.dropLast(24)), to: name)
    #expect(refusal { _ = try catalog.reopened() }?.code == "catalog.damaged")
    try catalog.folder.write(whole, to: name)
    let memory = CompartmentMemory(try catalog.reopened(), core)
    #expect(try memory.pack(holding: SmallCatalog.chunk(7)) != nil)
  }

  @Test("a process that died before the catalog named a run lost nothing, and left nothing")
  func died() throws {
    let handle = try remember([1, 2, 3], in: catalog.database)
    // A run that was renamed, and one that was not, of a transaction that never ended.
    try catalog.folder.write([1, 2, 3], to: "catalog.sqlite.chunks/1.run")
    try catalog.folder.write([1, 2, 3], to: "catalog.sqlite.chunks/2.run.tmp")
    let again = try catalog.reopened()
    #expect(try runFiles().isEmpty)
    #expect(try CompartmentMemory(again, core).pack(holding: SmallCatalog.chunk(2)) == handle)
  }
}
