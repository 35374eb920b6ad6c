import Foundation
import ProofTools
import Repository
import SecretMemory
import Signatures
import StoreWire
import Testing
import Vocabulary

/// What somebody can do to a keeper's store who has all that a host has: nothing to what is there.
@Suite(.serialized, .timeLimit(.minutes(20))) struct HostileClientTests {
  @Test func objectsUnderWrongNamesAreNotTakenAndNothingIsReplacedOrRemoved() async throws {
    var chance = SeededChance(for: "a hostile client, names")
    let scene = try await HostileScene()
    let client = try scene.client()
    let bytes = chance.bytes(100_000)
    let name = ObjectName.pack(SHA256Hasher.digest(of: [1])).path
    #expect(client.put(name, bytes) == "receive.wrong-name")
    let there = try scene.keeper.store.packs()[0]
    #expect(client.put(there, bytes) == "receive.wrong-name")
    #expect(client.put(there, [UInt8](try scene.keeper.store.data(there))) == "object.exists")
    let manifest = try scene.keeper.store.names("manifests")[0]
    #expect(client.put(manifest, bytes) == "object.exists")
    #expect(client.put("coffer.json", bytes) == "object.exists")
    for name in try scene.forgery.names() { #expect(client.put(name, bytes) == "store.add-only") }
    for name in try scene.keeper.store.objects().keys where !name.hasPrefix("keeper") {
      #expect(client.ask(.remove, name) == "store.add-only", "\(name)")
    }
    #expect(try scene.isUntouched())
    try await scene.expectRefused("receive.wrong-name", "store.add-only")
    client.leave()
    try await scene.expectWhole()
  }

  @Test func namesThatLeadElsewhereEndTheConnection() async throws {
    let scene = try await HostileScene()
    for path in [
      "../../etc/passwd", "/etc/passwd", "packs/../../x", "packs/aa/../../../x", "ledger/../x",
      ".tmp/x", "keeper/journal", "", "coffer.json/..", "ledger/\u{0}/00000001.json",
    ] {
      for kind in [FrameKind.read, .remove, .list] {
        let client = try scene.client()
        #expect(client.ask(kind, path, 0, 10) == "receive.protocol", "\(kind) \(path)")
        #expect(client.answer() == "gone")
        client.leave()
      }
      let client = try scene.client()
      #expect(client.put(path, [1]) == "receive.protocol", "\(path)")
      client.leave()
    }
    try await scene.expectRefused("receive.protocol")
    #expect(try scene.isUntouched())
    try await scene.expectWhole()
  }

  @Test func entriesThatAreForgedReplayedOrOutOfSequenceAreNotTaken() async throws {
    let scene = try await HostileScene()
    let forgery = try scene.forgery
    let client = try scene.client()
    let good = try forgery.entry()
    func refusal(
      _ entry: [UInt8], at sequence: Int? = nil, by key: SigningKey? = nil
    ) throws -> String {
      client.put(try forgery.signed(entry, at: sequence, by: key))
    }
    // Another host's key, an altered entry, an old signature.
    #expect(try refusal(good, by: .generate()) == "ledger.other-key")
    var altered = try forgery.signed(good)
    altered[1].bytes[20] ^= 1
    #expect(client.put(altered) == "ledger.bad-signature")
    altered[0].bytes = []
    #expect(client.put(altered) == "ledger.bad-signature")
    // Numbers and links.
    #expect(try refusal(forgery.entry(sequence: 4)) == "ledger.broken")
    #expect(try refusal(forgery.entry(sequence: 4), at: 4) == "ledger.broken")
    #expect(try refusal(good, at: 4) == "store.add-only")
    #expect(try refusal(good, at: 2) == "object.exists")
    #expect(try refusal(forgery.entry(sequence: 2), at: 2) == "object.exists")
    #expect(
      try refusal(forgery.entry(previous: SHA256Hasher.digest(of: [1]))) == "ledger.broken")
    let old = [UInt8](try scene.keeper.store.data(scene.keeper.store.entries()[0]))
    #expect(try refusal(old) == "ledger.broken")
    #expect(
      try refusal(forgery.entry(store: String(repeating: "ab", count: 16))) == "ledger.broken")
    // What would make the ledger contradict itself for ever.
    #expect(try refusal(forgery.entry(missingFromCount: 1)) == "ledger.broken")
    #expect(
      try refusal(forgery.entry(unneeded: [.pack(SHA256Hasher.digest(of: [9]))])) == "ledger.broken"
    )
    #expect(try refusal(forgery.entry(snapshot: forgery.entries[0].snapshot)) == "ledger.broken")
    let manifest = try #require(forgery.entries[0].added.first { $0.name.hasPrefix("manifests") })
    let other = ObjectRecord(
      name: try #require(ObjectName(ledgerText: manifest.name)), size: manifest.size + 1,
      sha256: manifest.sha256)
    #expect(try refusal(forgery.entry(added: [other])) == "ledger.broken")
    #expect(try refusal(Array("{}".utf8)) == "ledger.broken")
    // Another host's ledger, entries without signature, and only parts of it all.
    let stranger = SigningKey.generate().verifyingKey.keyID
    var misplaced = try forgery.signed(good)
    misplaced[1].name = ObjectName.ledgerEntry(stranger, .first).path
    #expect(client.put(misplaced) == "store.add-only")
    #expect(client.put([misplaced[0]]) == "store.add-only")
    #expect(client.put([]) == "store.add-only")
    #expect(try scene.isUntouched())
    client.leave()
    try await scene.expectRefused(
      "ledger.other-key", "ledger.bad-signature", "ledger.broken", "store.add-only")
    try await scene.expectWhole()
  }

  @Test func anEntryWhoseObjectsDidNotArriveIsNotTaken() async throws {
    var chance = SeededChance(for: "a hostile client, withheld")
    let scene = try await HostileScene()
    let forgery = try scene.forgery
    let client = try scene.client()
    let pack = chance.bytes(50_000)
    let digest = SHA256Hasher.digest(of: pack)
    let payload = ObjectRecord(name: .pack(digest), size: pack.count, sha256: digest)
    let header = ObjectRecord(
      name: .packHeader(digest), size: 3, sha256: SHA256Hasher.digest(of: [1, 2, 3]))
    let entry = try forgery.signed(forgery.entry(added: [payload, header]))
    #expect(client.put(entry) == "receive.missing-object")
    #expect(client.put(pack: pack) == "done")
    #expect(client.put(entry) == "receive.missing-object")
    #expect(client.put(header.name, [1, 2, 4]) == "done")
    #expect(client.put(entry) == "receive.wrong-object")
    let short = try forgery.entry(added: [
      ObjectRecord(name: .pack(digest), size: pack.count - 1, sha256: digest)
    ])
    #expect(client.put(try forgery.signed(short)) == "receive.wrong-object")
    #expect(try scene.isUntouched())
    client.leave()
    try await scene.expectRefused("receive.missing-object", "receive.wrong-object")
    try await scene.expectWhole()
  }

  @Test func forgedTimesChangeNothingOfWhatIsThere() async throws {
    let scene = try await HostileScene()
    for (index, seconds) in [0, 32_000_000_000].enumerated() {
      let client = try scene.client()
      let forgery = try scene.forgery
      let entry = try forgery.entry(
        started: Timestamp(secondsSince1970: seconds),
        unneeded: index == 0
          ? Array(
            forgery.entries[0].added.compactMap {
              ObjectName(ledgerText: $0.name)
            }.prefix(1)) : [])
      // It is the host's own, and says nothing of when the keeper received it.
      #expect(client.put(try forgery.signed(entry)) == "done")
      client.leave()
    }
    try await scene.expectEarlierSnapshots()
    let year = Calendar(identifier: .gregorian).component(.year, from: Date())
    #expect(try scene.journal().split(separator: "\n").allSatisfy { $0.contains("\(year)-") })
    // The host itself notices that somebody wrote with its key: its state does not fit any more.
    try await scene.host.restore(
      ["snapshots"], from: scene.keeper.store
    ).expect(0)
  }

  @Test func aFloodTakesNoMoreThanTheQuota() async throws {
    var chance = SeededChance(for: "a hostile client, flood")
    let scene = try await HostileScene()
    let client = try scene.client(quota: "4M")
    let piece = chance.bytes(1 << 20)
    var answers: [String] = []
    for number in 0..<10 { answers.append(client.put(pack: piece + [UInt8(number)])) }
    #expect(answers.first == "done" && answers.last == "receive.quota", "\(answers)")
    // One that goes on and on, and many that are empty.
    #expect(client.put(pack: (0..<40).flatMap { _ in piece }) == "receive.quota")
    var small = 0
    while client.put(pack: [UInt8(small & 255), UInt8(small >> 8)]) == "done" { small += 1 }
    #expect(small < 1024)
    let onDisk = try contents(of: "\(scene.keeper.store.path)/.tmp").values
      .reduce(0) { $0 + $1.count }
    #expect(onDisk < 4 << 20)
    #expect(try scene.isUntouched())
    client.leave()
    // What was sent counts the next time, too.
    let again = try scene.client(quota: "4M")
    #expect(again.put(pack: piece + [77]) == "receive.quota")
    again.leave()
    try await scene.expectRefused("receive.quota")
    try await scene.expectWhole()
  }

  @Test func whatIsNoFrameEndsTheConnectionAndLeavesNothing() async throws {
    var chance = SeededChance(for: "a hostile client, garbage")
    let scene = try await HostileScene()
    func raw(_ bytes: [UInt8], afterHello: Bool) throws -> String {
      let client =
        afterHello
        ? try scene.client()
        : try HostileClient(scene.keeper, as: scene.host.path("keys/host.pub"))
      defer { client.leave() }
      try? client.send(raw: bytes)
      return client.answer()
    }
    for afterHello in [false, true] {
      // Lengths that nobody sends, kinds nobody knows, a server's own kinds, and chance.
      #expect(
        try raw([255, 255, 255, 255, 4, 0, 0, 0, 0], afterHello: afterHello) == "receive.protocol")
      #expect(try raw([0, 0, 0, 0, 99, 0, 0, 0, 0], afterHello: afterHello) == "receive.protocol")
      #expect(try raw([0, 0, 0, 0, 66, 1, 0, 0, 0], afterHello: afterHello) == "receive.protocol")
      for _ in 0..<10 {
        let answer = try raw(chance.bytes(40) + [255], afterHello: afterHello)
        #expect(["receive.protocol", "gone"].contains(answer))
      }
    }
    // Counts that go beyond what comes.
    for kind in [FrameKind.sizes, .together, .end, .keep, .read, .list, .remove] {
      let client = try scene.client()
      var payload = PayloadWriter()
      payload.put([255, 255, 255])
      #expect(client.ask(kind, payload) == "receive.protocol", "\(kind)")
      client.leave()
    }
    // More objects at once than have room.
    let client = try scene.client()
    for number in 1...17 { try? client.channel.send(WireFrame(.data, UInt32(number), [1])) }
    #expect(client.answer() == "receive.protocol")
    client.leave()
    #expect(try scene.isUntouched())
    let left = try contents(of: "\(scene.keeper.store.path)/.tmp").filter { $0.value.count > 0 }
    #expect(left.isEmpty, "\(left.keys)")
    try await scene.expectRefused("receive.protocol")
    try await scene.expectWhole()
  }

  @Test func aClientThatIsSilentLosesItsRightToWrite() async throws {
    let scene = try await HostileScene()
    let client = try scene.client(patience: 1)
    try client.channel.send(WireFrame(.data, 1, [1, 2, 3]))
    #expect(client.answer() == "receive.silent")
    #expect(client.answer() == "gone")
    client.leave()
    try await scene.expectRefused("receive.silent")
    try await scene.expectWhole()
  }

  @Test func aHostSeesNothingOfAnother() async throws {
    let scene = try await HostileScene()
    let other = SigningKey.generate()
    let file = try scene.keeper.folder.write(other.verifyingKey.text, to: "other.pub")
    let client = try HostileClient(scene.keeper, as: file)
    try client.begin()
    for name in try scene.keeper.store.objects().keys
    where !name.hasPrefix("keeper") && name != "coffer.json" {
      #expect(client.ask(.read, name, 0, 100) == "object.missing", "\(name)")
    }
    // Naming another's object in an entry of one's own does not open it, either.
    let theirs = try scene.forgery.entries[0].added[0]
    var set = NeededSet()
    set.insert(
      try #require(ObjectName(ledgerText: theirs.name)),
      .init(size: theirs.size, sha256: theirs.sha256))
    let entry = LedgerEntry(
      store: try scene.forgery.entries[0].store, host: other.verifyingKey.keyID, hostname: "other",
      sequence: .first, previous: nil, snapshot: SnapshotID(startedAt: .now()), started: .now(),
      finished: .now(), sources: [], compartments: nil, added: [theirs], unneeded: [],
      needed: set.summary)
    let bytes = try JSONDocument.pretty(entry)
    let signature = try bytes.withBytes { try other.sign($0, trustedComment: "other") }
    let id = other.verifyingKey.keyID
    #expect(
      client.put([
        (ObjectName.ledgerSignature(id, .first).path, Array(signature.utf8)),
        (ObjectName.ledgerEntry(id, .first).path, bytes),
      ]) == "receive.missing-object")
    #expect(try scene.isUntouched())
    client.leave()
    try await scene.expectRefused("object.missing", "receive.missing-object", of: id)
    try await scene.expectWhole()
  }
}
