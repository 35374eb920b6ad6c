import ProofTools
import Repository
import SecretMemory
import Signatures
import Testing
import Vocabulary

@testable import Stores

/// What every kind of store promises; a new kind joins in `StoreKind.all`.
@Suite("The contract of a store")
struct StoreContractTests {
  private let keyID = SigningKey.generate().verifyingKey.keyID

  @Test("an object is read, streamed, measured and listed as it was put", arguments: StoreKind.all)
  func roundTrip(kind: StoreKind) throws {
    var chance = SeededChance(for: "stores, round trip")
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    for size in [0, 1, 4096, 100_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000] {
      let bytes = chance.bytes(size)
      let name = ObjectName.pack(of: bytes)
      #expect(try store.size(of: name) == nil)
      try store.put(name, bytes)
      #expect(try store.size(of: name) == size)
      let whole = try store.read(name) == bytes
      let streamed = try store.streamed(name)
      let isSame = streamed.bytes == bytes
      #expect(whole && isSame, "\(size) bytes")
      #expect(size < 2 << 20 || streamed.pieces > 1, "a large object is not lent in one piece")
    }
  }

  @Test(
    "an object that comes piece by piece is whole under its name, or not there",
    arguments: StoreKind.all
  )
  func arriving(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let name = ObjectName.pack(of: [1])
    let pieces: [[UInt8]] = [[], [1, 2], [3], [UInt8](repeating: 4, count: 100_000)]
    var late: (@Sendable (RawSpan) throws -> Void)?
    let error = refusal {
      try store.put(name) { take in
        late = take
        try pieces[1].withBytes { try take($0) }
        throw OperatorError("proof", .failed, "it does not go on")
      }
    }
    #expect(error?.code == "proof")
    #expect(try store.size(of: name) == nil)
    #expect(throws: (any Error).self) { try pieces[1].withBytes { try late?($0) } }
    func put() throws {
      try store.put(name) { take in
        for piece in pieces { try piece.withBytes { try take($0) } }
      }
    }
    try put()
    #expect(try store.read(name) == pieces.flatMap { $0 })
    #expect(refusal(of: put)?.code == "object.exists")
    #expect(try store.read(name) == pieces.flatMap { $0 })
  }

  @Test("any range within an object is read, and none beyond its end", arguments: StoreKind.all)
  func ranges(kind: StoreKind) throws {
    var chance = SeededChance(for: "stores, ranges")
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let bytes = chance.bytes(200_000)
    let name = ObjectName.pack(of: bytes)
    try store.put(name, bytes)
    for _ in 0..<100 {
      let start = Int.random(in: 0...bytes.count, using: &chance)
      let end = Int.random(in: start...bytes.count, using: &chance)
      let isSame = try store.read(name, start..<end) == Array(bytes[start..<end])
      #expect(isSame, "\(start)..<\(end)")
    }
    #expect(try store.read(name, bytes.count..<bytes.count) == [])
    for range in [0..<200_001, 199_999..<200_001, 200_000..<200_001, 5_000_000..<5_000_001] {
      let error = refusal { _ = try store.read(name, range) }
      #expect(error?.code == "object.short" && error?.status == .mismatch)
      #expect(error?.message.contains(name.path) == true)
    }
  }

  @Test("a name that is taken is refused, and what it holds stays", arguments: StoreKind.all)
  func taken(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let name = ObjectName.pack(of: [1])
    try store.put(name, [1, 2, 3])
    for other: [UInt8] in [[4, 5, 6, 7], [1, 2, 3], []] {
      #expect(refusal { try store.put(name, other) }?.code == "object.exists")
    }
    #expect(try store.read(name) == [1, 2, 3])
  }

  @Test("a store that is only added to keeps what it has", arguments: StoreKind.addOnly)
  func notReplacing(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let name = ObjectName.pack(of: [1])
    try store.put(name, [1])
    let error = refusal {
      try store.replace(name) { take in try [UInt8]([2]).withBytes { try take($0) } }
    }
    #expect(error?.code == "store.add-only")
    #expect(try store.read(name) == [1])
  }

  @Test(
    "an object that replaces another is whole, or the other stays", arguments: StoreKind.replacing)
  func replacing(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let name = ObjectName.pack(of: [1])
    func replace(_ pieces: [[UInt8]], _ end: OperatorError?) throws {
      try store.replace(name) { take in
        for piece in pieces { try piece.withBytes { try take($0) } }
        if let end { throw end }
      }
    }
    try replace([[1], [2, 3]], nil)
    #expect(try store.read(name) == [1, 2, 3])
    try replace([[4], [], [5]], nil)
    #expect(try store.read(name) == [4, 5])
    let end = OperatorError("proof", .failed, "it is not what it should be")
    #expect(refusal { try replace([[6]], end) } == end)
    #expect(try store.read(name) == [4, 5])
    #expect(try store.list("packs").count == 1)
  }

  @Test(
    "objects put together are all there, and where a name is taken nothing is replaced",
    arguments: StoreKind.all
  )
  func together(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let (entry, signature) = (
      ObjectName.ledgerEntry(keyID, .first), ObjectName.ledgerSignature(keyID, .first)
    )
    try store.putTogether([(signature, [1]), (entry, [2, 3])])
    #expect(try store.read(signature) == [1] && store.read(entry) == [2, 3])
    let again = { try store.putTogether([(signature, [4, 5, 6]), (entry, [])]) }
    #expect(refusal(of: again)?.code == "object.exists")
    #expect(try store.read(signature) == [1] && store.read(entry) == [2, 3])
    try store.remove(signature)
    #expect(refusal(of: again)?.code == "object.exists")
    #expect(try store.read(signature) == [4, 5, 6] && store.read(entry) == [2, 3])
    try store.putTogether([])
    let folderOfHost = "ledger/\(keyID)"
    #expect(try store.list(folderOfHost) == ["00000001.json", "00000001.minisig"])
  }

  @Test(
    "what is not there has no size, and reading it names it as missing", arguments: StoreKind.all)
  func missing(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    for store in [try kind.open(in: folder), try kind.prepared(in: folder)] {
      let name = ObjectName.pack(of: [1])
      #expect(try store.size(of: name) == nil)
      for work in [
        { _ = try store.read(name) }, { _ = try store.read(name, 0..<1) },
        { try store.stream(name) { _ in } },
      ] {
        let error = refusal(of: work)
        #expect(error?.code == "object.missing" && error?.status == .mismatch)
        #expect(error?.message.contains(name.path) == true)
      }
      #expect(try store.list("packs") == [])
      #expect(try store.list("ledger/\(keyID)") == [])
    }
  }

  @Test("an object that is removed is gone, and can be put again", arguments: StoreKind.all)
  func removal(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let (name, other) = (ObjectName.pack(of: [1]), ObjectName.pack(of: [2]))
    try store.put(name, [1])
    try store.put(other, [2])
    try store.remove(name)
    try store.remove(name)
    #expect(try store.size(of: name) == nil && store.read(other) == [2])
    try store.put(name, [3])
    #expect(try store.read(name) == [3])
  }

  @Test(
    "names of every shape live beside each other and are listed sorted", arguments: StoreKind.all)
  func names(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let snapshot = try #require(SnapshotID("20260102T030405Z-1a2b3c4d"))
    let names = try (0..<40).flatMap { number in
      let compartment = try #require(CompartmentName("part-\(number)"))
      let digest = SHA256Hasher.digest(of: [UInt8(number)])
      return [
        ObjectName.pack(digest), .packHeader(digest), .index(snapshot, compartment),
        .manifest(snapshot, compartment), .ledgerEntry(keyID, LedgerSequence(number + 1)),
        .ledgerSignature(keyID, LedgerSequence(number + 1)),
      ]
    }
    for name in [.format] + names.shuffled() { try store.put(name, Array(name.path.utf8)) }
    for name in names { #expect(try store.read(name) == Array(name.path.utf8)) }

    let byFolder = Dictionary(grouping: names) {
      $0.path.split(separator: "/").dropLast().joined(separator: "/")
    }
    for (folder, names) in byFolder {
      let last = names.compactMap { $0.path.split(separator: "/").last.map(String.init) }
      #expect(try store.list(folder) == last.sorted())
    }
    #expect(try store.list("ledger") == [keyID.description])
    let twos = Set(
      names.filter { $0.path.hasPrefix("packs/") }.map { $0.path.dropFirst(6).prefix(2) })
    #expect(try store.list("packs") == twos.map(String.init).sorted())
  }

  @Test("many writers of different names do not disturb each other", arguments: StoreKind.all)
  func concurrent(kind: StoreKind) async throws {
    var chance = SeededChance(for: "stores, concurrent")
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let objects = (0..<60).map { _ in
      chance.bytes(Int.random(in: 0...50_000, using: &chance))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for bytes in objects {
        group.addTask { @concurrent in try store.put(.pack(of: bytes), bytes) }
      }
      try await group.waitForAll()
    }
    for bytes in objects {
      let isSame = try store.read(.pack(of: bytes)) == bytes
      #expect(isSame)
    }
  }

  @Test("of many writers of one name exactly one succeeds", arguments: StoreKind.all)
  func contended(kind: StoreKind) async throws {
    let folder = try ScratchFolder()
    let store = try kind.prepared(in: folder)
    let name = ObjectName.pack(of: [0])
    let winners = await withTaskGroup(of: UInt8?.self) { group in
      for writer in UInt8(0)..<16 {
        group.addTask { @concurrent in
          let error = refusal { try store.put(name, [UInt8](repeating: writer, count: 5000)) }
          return error == nil ? writer : nil
        }
      }
      return await group.reduce(into: [UInt8]()) { if let winner = $1 { $0.append(winner) } }
    }
    #expect(winners.count == 1)
    #expect(try store.read(name) == [UInt8](repeating: winners.first ?? 255, count: 5000))
  }

  @Test("a writer's right is one process's, until it is given back", arguments: StoreKind.all)
  func lease(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    let lease = try kind.open(in: folder).prepareForWriting()
    let error = refusal { _ = try kind.open(in: folder).prepareForWriting() }
    #expect(error?.code == "run.locked" && error?.status == .locked)
    try kind.open(in: folder, writer: "another").prepareForWriting().release()
    lease.release()
    try kind.open(in: folder).prepareForWriting().release()
  }

  @Test("a store that is opened again holds what was put before", arguments: StoreKind.all)
  func again(kind: StoreKind) throws {
    let folder = try ScratchFolder()
    try kind.prepared(in: folder).put(.format, [7])
    let store = try kind.prepared(in: folder)
    #expect(try store.read(.format) == [7])
    #expect(try kind.open(in: folder, writer: "reader").read(.format) == [7])
    #expect(!store.location.isEmpty)
  }
}
