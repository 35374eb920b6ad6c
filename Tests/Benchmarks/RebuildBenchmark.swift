import Catalog
import Recipients
import Repository
import SecretMemory
import Stores
import SystemPackage
import Vocabulary

/// Puts indexes of many chunks into a store, as many nights would, and rebuilds a catalog from them.
enum RebuildBenchmark {
  private static let chunksInAFrame = 128
  private static let framesInAPack = 64
  private static let packsInAnIndex = 128

  static func run(in folder: FilePath, _ count: Int) throws {
    let store = DirectoryStore(folder.appending("store"), writer: "benchmark")
    let lease = try store.prepareForWriting()
    defer { lease.release() }
    let identity = X25519Identity.generate()
    let needed = try fill(store, count, for: identity.recipient)
    let objects = ObjectReader(store: store, needed: needed)
    let catalog = try CatalogDatabase(folder.appending("rebuilt.sqlite"))
    let rebuild = try ChunkTableBenchmark.seconds {
      try SnapshotBook(catalog).rebuild(
        head: LedgerHead(sequence: .first, sha256: SHA256Hasher.digest(of: [])), needed: needed,
        sources: [], seals: []
      ) { name, take in
        try objects.openIndex(name, with: [identity], take)
        return true
      }
    }
    guard let core = CompartmentName("core") else { return }
    let memory = CompartmentMemory(catalog, core)
    var chance = Chance()
    for _ in 0..<1000 where try memory.pack(holding: chance.id()) == nil {
      throw OperatorError("benchmark", .failed, "a chunk was not found")
    }
    print(
      """
      {"rebuild_seconds": \(rebuild), "rebuild_peak_mib": \(ChunkTableBenchmark.peakMiB())}
      """)
  }

  /// Puts indexes, and says what a ledger would say of them and of their packs.
  private static func fill(
    _ store: DirectoryStore, _ count: Int, for recipient: X25519Recipient
  ) throws -> NeededSet {
    var chance = Chance()
    var needed = NeededSet()
    let packs = (count + chunksInAFrame * framesInAPack - 1) / (chunksInAFrame * framesInAPack)
    for start in stride(from: 0, to: packs, by: packsInAnIndex) {
      guard let core = CompartmentName("core"),
        let snapshot = SnapshotID("20260101T000000Z-\(String(10_000_000 + start))")
      else { return needed }
      let name = ObjectName.index(snapshot, core)
      let facts = try SealedObject.put(name, into: store, for: [recipient]) { take in
        try IndexFile.write(
          packs: min(packsInAnIndex, packs - start),
          record: { _ in
            let pack = pack(&chance)
            needed.insert(.pack(pack.name), .init(size: 1, sha256: pack.name))
            needed.insert(.packHeader(pack.name), .init(size: 1, sha256: pack.name))
            return IndexFile.record(of: pack)
          }, to: take)
      }
      needed.insert(name, facts)
    }
    return needed
  }

  private static func pack(_ chance: inout Chance) -> PackDescription {
    let frames = (0..<framesInAPack).map { number in
      FrameDescription(
        offset: number << 20, storedLength: chunksInAFrame, rawLength: chunksInAFrame,
        codec: .stored, chunks: (0..<chunksInAFrame).map { _ in (chance.id(), 1) })
    }
    return PackDescription(
      name: SHA256Hasher.digest(of: frames[0].chunks[0].id.bytes), frames: frames)
  }
}
