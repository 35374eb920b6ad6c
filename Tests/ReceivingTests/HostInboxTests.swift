import Foundation
import ProofTools
import Receiving
import Repository
import SecretMemory
import Signatures
import Stores
import SystemPackage
import Testing
import Vocabulary

/// What a host sends, and what becomes of it in the store.
@Suite("A host's part of a keeper's store")
struct HostInboxTests {
  private let key = SigningKey.generate()
  private var host: KeyID { key.verifyingKey.keyID }

  private struct Store: ~Copyable {
    let folder: ScratchFolder
    let format: StoreFormat
    let plain: DirectoryStore

    init(in folder: consuming ScratchFolder) throws {
      plain = DirectoryStore(FilePath(folder.path(of: "store")), writer: "keeper")
      format = StoreFormat()
      try plain.prepareForWriting().release()
      try format.create(in: plain)
      self.folder = folder
    }

    func inbox(_ key: SigningKey, quota: Int = 1 << 30) -> HostInbox {
      HostInbox(
        FilePath(folder.path(of: "store")), for: key.verifyingKey, quota: quota, received: { _ in })
    }
  }

  private func put(_ inbox: HostInbox, _ name: ObjectName, _ bytes: [UInt8]) throws {
    try bytes.withBytes { try inbox.put(name, $0) }
  }

  private func record(_ name: ObjectName, _ bytes: [UInt8]) -> ObjectRecord {
    ObjectRecord(name: name, size: bytes.count, sha256: SHA256Hasher.digest(of: bytes))
  }

  private func entry(
    _ format: StoreFormat, _ sequence: Int, after previous: SHA256Digest?, adding: [ObjectRecord],
    to before: [ObjectRecord] = []
  ) throws -> (objects: [(name: ObjectName, bytes: [UInt8])], sha256: SHA256Digest) {
    var set = NeededSet()
    for record in before + adding {
      let name = try #require(ObjectName(ledgerText: record.name))
      set.insert(name, .init(size: record.size, sha256: record.sha256))
    }
    let now = Timestamp.now()
    let bytes = try JSONDocument.pretty(
      LedgerEntry(
        store: format.store, host: host, hostname: "host", sequence: LedgerSequence(sequence),
        previous: previous, snapshot: SnapshotID(startedAt: now), started: now, finished: now,
        sources: [], compartments: nil, added: adding, unneeded: [], needed: set.summary))
    let signature = try bytes.withBytes { try key.sign($0, trustedComment: "proof") }
    let place = LedgerSequence(sequence)
    return (
      [(.ledgerSignature(host, place), Array(signature.utf8)), (.ledgerEntry(host, place), bytes)],
      SHA256Hasher.digest(of: bytes)
    )
  }

  @Test("what arrives is not in the store before an entry names it, and then it is")
  func arrival() throws {
    let store = try Store(in: ScratchFolder())
    let inbox = store.inbox(key)
    let lease = try inbox.prepareForWriting()
    let (pack, header): ([UInt8], [UInt8]) = ([1, 2, 3], [4, 5])
    let digest = SHA256Hasher.digest(of: pack)
    try put(inbox, .packHeader(digest), header)
    try put(inbox, .pack(digest), pack)
    #expect(try inbox.size(of: .pack(digest)) == 3 && inbox.read(.pack(digest)) == pack)
    #expect(try store.plain.size(of: .pack(digest)) == nil)
    let first = try entry(
      store.format, 1, after: nil,
      adding: [record(.pack(digest), pack), record(.packHeader(digest), header)])
    try inbox.putTogether(first.objects)
    #expect(try store.plain.read(.pack(digest)) == pack)
    #expect(try store.plain.read(.packHeader(digest)) == header)
    #expect(try inbox.read(.pack(digest)) == pack)
    lease.release()
    // And it is what any reader believes.
    let ledger = try Ledger.load(from: store.plain, trusting: .key(key.verifyingKey))
    #expect(ledger.head?.sha256 == first.sha256)
  }

  @Test("a header is never replaced, whatever an entry says of it and whatever arrived")
  func headers() throws {
    let store = try Store(in: ScratchFolder())
    let inbox = store.inbox(key)
    let lease = try inbox.prepareForWriting()
    let (pack, header, other): ([UInt8], [UInt8], [UInt8]) = ([1, 2, 3], [4, 5], [6, 7, 8])
    let digest = SHA256Hasher.digest(of: pack)
    let name = ObjectName.packHeader(digest)
    try put(inbox, name, header)
    try put(inbox, .pack(digest), pack)
    let first = try entry(
      store.format, 1, after: nil, adding: [record(.pack(digest), pack), record(name, header)])
    try inbox.putTogether(first.objects)
    #expect(refusal { try put(inbox, name, other) }?.code == "object.exists")
    let forged = try entry(
      store.format, 2, after: first.sha256, adding: [record(name, other)],
      to: [record(.pack(digest), pack)])
    #expect(refusal { try inbox.putTogether(forged.objects) }?.code == "ledger.broken")
    lease.release()
    // Nor where it lies among what arrived, as a session of an older version may have left it.
    let incoming = "store/.tmp/\(host)/incoming/\(name)"
    try store.folder.write(other, to: incoming)
    let next = store.inbox(key)
    let again = try next.prepareForWriting()
    #expect(!FileManager.default.fileExists(atPath: store.folder.path(of: incoming)))
    #expect(refusal { try next.putTogether(forged.objects) }?.code == "ledger.broken")
    // The same again is no other, and needs not even be sent.
    let same = try entry(
      store.format, 2, after: first.sha256, adding: [record(name, header)],
      to: [record(.pack(digest), pack)])
    try next.putTogether(same.objects)
    #expect(try store.plain.read(name) == header)
    again.release()
  }

  @Test("an object that an officer rewrapped is there, and counts as long as it is")
  func rewrapped() throws {
    let store = try Store(in: ScratchFolder())
    let (pack, header, grown): ([UInt8], [UInt8], [UInt8]) =
      ([1, 2, 3], [4, 5], .init(repeating: 6, count: 9000))
    let digest = SHA256Hasher.digest(of: pack)
    let name = ObjectName.packHeader(digest)
    let first = try entry(
      store.format, 1, after: nil, adding: [record(.pack(digest), pack), record(name, header)])
    do {
      let inbox = store.inbox(key)
      let lease = try inbox.prepareForWriting()
      try put(inbox, name, header)
      try put(inbox, .pack(digest), pack)
      try inbox.putTogether(first.objects)
      lease.release()
    }
    let compartment = try #require(CompartmentName("core"))
    func rewrap(_ bytes: [UInt8]) throws {
      try store.folder.write(bytes, to: "store/\(name)")
    }
    // Somebody's who says nothing of it is as good as missing.
    try rewrap(grown)
    let again = try entry(
      store.format, 2, after: first.sha256, adding: [record(name, header)],
      to: [record(.pack(digest), pack)])
    do {
      let inbox = store.inbox(key)
      let lease = try inbox.prepareForWriting()
      #expect(refusal { try inbox.putTogether(again.objects) }?.code == "receive.missing-object")
      lease.release()
    }
    var ledger = try RewrapLedger(in: store.plain, of: host)
    let chunkIDKey = SecretBytes.random(count: 32)
    let seal = CompartmentSeal(compartment, chunkIDKey: chunkIDKey, recipients: ["age1new"])
    let hash = KeyedHash(key: chunkIDKey)
    _ = try ledger.append(to: store.plain, at: .now(), signedWith: .generate()) { place in
      [RewrappedCompartment(seal, objects: [record(name, grown)], at: place, under: hash)]
    }
    let inbox = store.inbox(key)
    let lease = try inbox.prepareForWriting()
    #expect(try inbox.size(of: name) == grown.count && inbox.read(name) == grown)
    #expect(refusal { try put(inbox, name, header) }?.code == "object.exists")
    #expect(try inbox.list("rewraps") == ["\(host)"])
    #expect(
      try inbox.list("rewraps/\(host)") == ["00000001.json", "00000001.minisig"])
    #expect(try inbox.size(of: .rewrapEntry(host, .first)) != nil)
    try inbox.putTogether(again.objects)
    #expect(try store.plain.read(name) == grown)
    lease.release()
    // Two entries and a pack, and the header as it is since: of what is left, a block.
    let used = try ["ledger/\(host)/00000001", "ledger/\(host)/00000002"].flatMap {
      ["\($0).json", "\($0).minisig"]
    }.compactMap { try store.plain.size(of: #require(ObjectName(hostText: $0))) }
      .reduce(pack.count + grown.count + 6 * 4096, +)
    let small = store.inbox(key, quota: used + 4096 + 1)
    let last = try small.prepareForWriting()
    #expect(
      refusal { try put(small, .manifest(SnapshotID(startedAt: .now()), compartment), [1, 2]) }?
        .code == "receive.quota")
    try put(small, .manifest(SnapshotID(startedAt: .now()), compartment), [1])
    last.release()
  }

  @Test("a session that was killed between any two steps is gone on with")
  func killed() throws {
    let store = try Store(in: ScratchFolder())
    let pack: [UInt8] = [1, 2, 3]
    let digest = SHA256Hasher.digest(of: pack)
    let first = try entry(store.format, 1, after: nil, adding: [record(.pack(digest), pack)])
    let incoming = "store/.tmp/\(host)/incoming/\(ObjectName.pack(digest))"
    do {
      let inbox = store.inbox(key)
      let lease = try inbox.prepareForWriting()
      try put(inbox, .pack(digest), pack)
      lease.release()
    }
    // As if it had died when the object was in the store, and the entry was not.
    try FileManager.default.createDirectory(
      atPath: store.folder.path(of: "store/packs/\(digest.hex.prefix(2))"),
      withIntermediateDirectories: true)
    try FileManager.default.linkItem(
      atPath: store.folder.path(of: incoming),
      toPath: store.folder.path(of: "store/\(ObjectName.pack(digest))"))
    do {
      let inbox = store.inbox(key)
      let lease = try inbox.prepareForWriting()
      #expect(try inbox.size(of: .pack(digest)) == 3)
      try inbox.putTogether(first.objects)
      lease.release()
    }
    #expect(!FileManager.default.fileExists(atPath: store.folder.path(of: incoming)))
    // As if it had died when the entry was there, and the object not yet away from what arrived.
    try FileManager.default.linkItem(
      atPath: store.folder.path(of: "store/\(ObjectName.pack(digest))"),
      toPath: store.folder.path(of: incoming))
    try store.inbox(key).prepareForWriting().release()
    #expect(!FileManager.default.fileExists(atPath: store.folder.path(of: incoming)))
    #expect(try store.plain.read(.pack(digest)) == pack)
  }

  @Test("what no entry has named for a month is removed; what is younger stays")
  func aging() throws {
    let store = try Store(in: ScratchFolder())
    let names = try [[1], [2]].map { (bytes: [UInt8]) in
      let inbox = store.inbox(key)
      let lease = try inbox.prepareForWriting()
      let name = ObjectName.pack(SHA256Hasher.digest(of: bytes))
      try put(inbox, name, bytes)
      lease.release()
      return name
    }
    let old = store.folder.path(of: "store/.tmp/\(host)/incoming/\(names[0])")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -40 * 86400)], ofItemAtPath: old)
    let inbox = store.inbox(key)
    try inbox.prepareForWriting().release()
    #expect(try inbox.size(of: names[0]) == nil && inbox.size(of: names[1]) == 1)
  }

  @Test("nothing is taken without the right to write, and one client at a time has it")
  func lease() throws {
    let store = try Store(in: ScratchFolder())
    let inbox = store.inbox(key)
    #expect(
      refusal { try put(inbox, .pack(SHA256Hasher.digest(of: [1])), [1]) }?.code
        == "receive.no-lease")
    #expect(refusal { try inbox.putTogether([]) }?.code == "receive.no-lease")
    let lease = try inbox.prepareForWriting()
    lease.release()
    #expect(refusal { try inbox.putTogether([]) }?.code == "receive.no-lease")
  }
}
