import AgeFormat
import Foundation
import LocalFiles
import Recipients
import Repository
import SecretMemory
import Signatures
import Stores
import SystemPackage
import Vocabulary

/// Writes a store of one snapshot with many packs that have headers and no payloads, which nobody who
/// rewraps reads; beside it what `coffer-custody recipients rewrap` needs.
enum RewrapBenchmark {
  private static let framesInAPack = 28
  private static let packsInAnIndex = 1_000

  static func run(in folder: FilePath, packs: Int) throws {
    let store = DirectoryStore(folder.appending("store"), writer: "benchmark")
    let lease = try store.prepareForWriting()
    defer { lease.release() }
    let format = StoreFormat()
    try format.create(in: store)
    let (key, officer) = (SigningKey.generate(), X25519Identity.generate())
    let chunkIDKey = SecretBytes.random(count: KeyedHash.keySize)
    guard let core = CompartmentName("core"), let source = SourceName("media") else { return }
    let now = Timestamp.now()
    let snapshot = SnapshotID(startedAt: now)
    let recipients: [any Recipient] = [officer.recipient]
    var needed = NeededSet()
    var chance = Chance()
    for start in stride(from: 0, to: packs, by: packsInAnIndex) {
      // Each index is another night's; one snapshot needs them all.
      let night = SnapshotID(startedAt: now + .days(-start / packsInAnIndex - 1))
      let name = ObjectName.index(night, core)
      let facts = try SealedObject.put(name, into: store, for: recipients) { take in
        try IndexFile.write(
          packs: min(packsInAnIndex, packs - start),
          record: { _ in
            let pack = pack(&chance)
            let header = try AgeHeader(fileKey: FileKey(), recipients: recipients).bytes
            try header.withBytes { try store.put(.packHeader(pack.name), $0) }
            needed.insert(.pack(pack.name), .init(size: 1, sha256: pack.name))
            needed.insert(
              .packHeader(pack.name),
              .init(size: header.count, sha256: SHA256Hasher.digest(of: header)))
            return IndexFile.record(of: pack)
          }, to: take)
      }
      needed.insert(name, facts)
    }
    let manifest = Manifest(
      store: format.store, host: "\(key.verifyingKey.keyID)", snapshot: snapshot,
      compartment: core, chunkIDKey: chunkIDKey.withBytes { Hexadecimal.encode($0.copied()) },
      started: now, sources: [record(source, now)], recipients: [officer.recipient.text])
    let plaintext = try manifest.encoded()
    let facts = try SealedObject.put(
      .manifest(snapshot, core), into: store, for: recipients
    ) { take in try plaintext.withBytes(take) }
    needed.insert(.manifest(snapshot, core), facts)
    let seal = CompartmentSeal(
      core, chunkIDKey: chunkIDKey, recipients: [officer.recipient.text])
    let entry = LedgerEntry(
      store: format.store, host: key.verifyingKey.keyID, hostname: "benchmark", sequence: .first,
      previous: nil, snapshot: snapshot, started: now, finished: now,
      sources: [
        SourceSummary(
          name: source, compartment: core, kind: "files", state: .saved, bytes: 0, files: 1)
      ],
      compartments: [seal],
      added: needed.objects.sorted { $0.key < $1.key }.map {
        ObjectRecord(name: $0.key, size: $0.value.size, sha256: $0.value.sha256)
      }, unneeded: [], needed: needed.summary)
    _ = try entry.publish(to: store, signedWith: key)
    try write(folder, key, officer)
    print("{\"packs\": \(packs), \"objects\": \(needed.objects.count)}")
  }

  private static func write(
    _ folder: FilePath, _ key: SigningKey, _ officer: X25519Identity
  ) throws {
    let newcomer = X25519Identity.generate().recipient.text
    let policy = """
      {"recipients": {"officers": ["\(officer.recipient.text)", "\(newcomer)"]},
       "compartments": {"core": {"recipients": "officers"}}}
      """
    try Array(key.verifyingKey.text.utf8).withBytes {
      try DurableFile.write($0, to: folder.appending("host.pub"))
    }
    try Array(policy.utf8).withBytes {
      try DurableFile.write($0, to: folder.appending("policy.json"))
    }
    try officer.withText { try DurableFile.write($0, to: folder.appending("officer.key")) }
  }

  private static func record(_ name: SourceName, _ now: Timestamp) -> SourceRecord {
    SourceRecord(
      name: name, kind: "files", profile: nil, origin: "/", saved: now,
      content: Content(
        reference: .empty, size: 0, sha256: SHA256Hasher.digest(of: [])), bytes: 0, files: 1,
      facts: .null)
  }

  private static func pack(_ chance: inout Chance) -> PackDescription {
    let frames = (0..<framesInAPack).map { number in
      FrameDescription(
        offset: number << 20, storedLength: 1 << 20, rawLength: 1 << 20, codec: .stored,
        chunks: [(chance.id(), 1 << 20)])
    }
    return PackDescription(
      name: SHA256Hasher.digest(of: frames[0].chunks[0].id.bytes), frames: frames)
  }
}
