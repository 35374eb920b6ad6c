import AgeFormat
import Catalog
import ProofTools
import Recipients
import SecretMemory
import Signatures
import Stores
import SystemPackage
import Vocabulary

@testable import Repository

/// A compartment of a small host: its keys, and the identity of the officer who may read it.
final class SmallCompartment {
  let name: CompartmentName
  let chunkIDKey = SecretBytes.random(count: 32)
  let officer = X25519Identity.generate()
  let indexIdentity = X25519Identity.generate()

  init(_ name: String) throws {
    guard let name = CompartmentName(name) else { throw OperatorError("proof", .failed, name) }
    self.name = name
  }
}

/// A backed-up host with real parts and little in them: a store in a folder, a catalog, a key.
final class SmallHost {
  /// What saving some bytes came to.
  struct Saved {
    let stored: ContentStream.Stored
    let totals: CompartmentWriter.Totals

    var content: Content { stored.content }
  }

  let folder: ScratchFolder
  let store: DirectoryStore
  let key: SigningKey
  let format: StoreFormat
  private let catalog: CatalogDatabase
  private let lease: any WriterLease
  private(set) var head: LedgerHead?

  init(key: SigningKey = SigningKey.generate()) throws {
    self.key = key
    folder = try ScratchFolder()
    store = DirectoryStore(FilePath(folder.path(of: "store")), writer: "host")
    format = StoreFormat()
    catalog = try CatalogDatabase(FilePath(folder.path(of: "catalog.sqlite")))
    lease = try store.prepareForWriting()
    try format.create(in: store)
  }

  /// Where an object's file lies.
  func path(_ name: ObjectName) -> String { folder.path(of: "store/\(name)") }

  /// Does to the store what only an attacker does: replaces an object.
  func overwrite(_ name: ObjectName, _ bytes: [UInt8]) throws {
    try folder.write(bytes, to: "store/\(name)")
  }

  /// Saves bytes; they belong to a snapshot once one is published.
  func save(
    _ bytes: [UInt8], _ sizes: ChunkSizes = .fine, in compartment: SmallCompartment
  ) throws -> Saved {
    let writer = CompartmentWriter(
      chunkIDKey: compartment.chunkIDKey, recipients: [compartment.officer.recipient],
      store: store, memory: CompartmentMemory(catalog, compartment.name),
      interruption: Interruption())
    var stream = writer.begin(sizes)
    try bytes.withBytes { try stream.write($0) }
    let stored = try stream.finish()
    try writer.flush()
    return Saved(stored: stored, totals: writer.totals)
  }

  /// Publishes a snapshot of these contents, as a run does.
  @discardableResult
  func publish(_ contents: [(compartment: SmallCompartment, saved: [Saved])]) throws -> SnapshotID {
    let snapshot = SnapshotID(startedAt: .now())
    let book = SnapshotBook(catalog)
    var needed = try book.needed()
    var added: [ObjectRecord] = []
    func add(_ name: ObjectName, size: Int, _ digest: SHA256Digest) {
      needed.insert(name, NeededSet.Facts(size: size, sha256: digest))
      added.append(ObjectRecord(name: name, size: size, sha256: digest))
    }
    func put(_ name: ObjectName, _ plaintext: [UInt8], to readers: [any Recipient]) throws {
      let file = try plaintext.withBytes { try AgeFile.seal($0, to: readers) }
      try file.withBytes { try store.put(name, $0) }
      add(name, size: file.count, SHA256Hasher.digest(of: file))
    }
    let pending = try book.pendingPacks()
    for pack in pending {
      add(.pack(pack.name), size: pack.size, pack.name)
      add(.packHeader(pack.name), size: pack.headerSize, pack.headerSHA256)
    }
    for (compartment, saved) in contents {
      let reader = compartment.officer.recipient
      let records = try book.pendingPacks(of: compartment.name).map {
        try book.record(of: $0.handle)
      }
      try put(
        .index(snapshot, compartment.name), try IndexFile.encode(records: records),
        to: [reader, compartment.indexIdentity.recipient])
      try put(
        .manifest(snapshot, compartment.name),
        manifest(snapshot, compartment, saved.map(\.content)).encoded(), to: [reader])
    }
    let entry = LedgerEntry(
      store: format.store, host: key.verifyingKey.keyID, hostname: "proof",
      sequence: head?.sequence.next ?? .first, previous: head?.sha256, snapshot: snapshot,
      started: .now(), finished: .now(), sources: [], compartments: nil, added: added, unneeded: [],
      needed: needed.summary)
    let head = try entry.publish(to: store, signedWith: key)
    try book.record(
      snapshot, head: head, added: added, unneeded: [], published: pending.map(\.handle),
      dropped: [])
    self.head = head
    return snapshot
  }

  /// Does what only a hostile host does: lists the header of a pack again, as if it were another.
  func listAgain(_ name: ObjectName, as bytes: [UInt8]) throws {
    let digest = SHA256Hasher.digest(of: bytes)
    let book = SnapshotBook(catalog)
    var needed = try book.needed()
    needed.insert(name, NeededSet.Facts(size: bytes.count, sha256: digest))
    let added = [ObjectRecord(name: name, size: bytes.count, sha256: digest)]
    let snapshot = SnapshotID(startedAt: .now())
    let entry = LedgerEntry(
      store: format.store, host: key.verifyingKey.keyID, hostname: "proof",
      sequence: head?.sequence.next ?? .first, previous: head?.sha256, snapshot: snapshot,
      started: .now(), finished: .now(), sources: [], compartments: nil, added: added,
      unneeded: [], needed: needed.summary)
    let head = try entry.publish(to: store, signedWith: key)
    try book.record(snapshot, head: head, added: added, unneeded: [], published: [], dropped: [])
    self.head = head
  }

  private func manifest(
    _ snapshot: SnapshotID, _ compartment: SmallCompartment, _ contents: [Content]
  ) throws -> Manifest {
    Manifest(
      store: format.store, host: key.verifyingKey.keyID.description, snapshot: snapshot,
      compartment: compartment.name,
      chunkIDKey: compartment.chunkIDKey.withBytes { Hexadecimal.encode($0.copied()) },
      started: .now(),
      sources: try contents.enumerated().map { number, content in
        guard let name = SourceName("source-\(number)") else {
          throw OperatorError("proof", .failed, "no name")
        }
        return SourceRecord(
          name: name, kind: "bytes", profile: nil, origin: "a proof", saved: .now(),
          content: content, bytes: content.size, files: 1, facts: .null)
      })
  }

  /// The ledger as somebody reads it who trusts this host's key.
  func ledger() throws -> Ledger { try loadLedger(store, key) }

  /// The objects of the newest snapshot, with what is signed about them.
  func objects() throws -> ObjectReader {
    let ledger = try ledger()
    guard let head = ledger.head else { throw OperatorError("proof", .failed, "no snapshot") }
    return ObjectReader(store: store, needed: try ledger.needed(at: head.sequence))
  }

  /// Opens a compartment of the newest snapshot.
  func reader(
    _ compartment: SmallCompartment, with identity: X25519Identity? = nil
  ) throws -> CompartmentReader {
    guard let snapshot = try ledger().entries.last?.entry.snapshot else {
      throw OperatorError("proof", .failed, "no snapshot")
    }
    return try CompartmentReader(
      compartment.name, in: snapshot, objects: objects(),
      identities: [identity ?? compartment.officer])
  }
}

/// Reads a ledger and checks it against one trusted key.
func loadLedger(
  _ store: any BlobStore, _ key: SigningKey, unfinishedAfter known: LedgerSequence? = nil
) throws -> Ledger {
  try Ledger.load(from: store, trusting: .key(key.verifyingKey), unfinishedAfter: known)
}

extension CompartmentReader {
  /// The whole of a content, checked end to end.
  func bytes(of content: Content) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try stream(content) { bytes.append($0) }
    return bytes
  }
}
