import Foundation
import ProofTools
import Repository
import SecretMemory
import Signatures
import StoreWire
import Testing
import Vocabulary

/// What somebody can do to earlier snapshots who signs new entries with a host's own key: nothing.
@Suite(.serialized, .timeLimit(.minutes(20))) struct HostileHostTests {
  /// An object of the first snapshot, of each kind, and what somebody would rather have in its place.
  private func targets(_ scene: HostileScene, _ chance: inout SeededChance) throws -> [(
    name: ObjectName, other: [UInt8], record: ObjectRecord
  )] {
    try [".header", "indexes/", "manifests/"].map { kind in
      let old = try #require(
        try scene.forgery.entries[0].added.first {
          $0.name.hasPrefix(kind) || $0.name.hasSuffix(kind)
        })
      let name = try #require(ObjectName(ledgerText: old.name))
      let other = chance.bytes(old.size)
      return (
        name, other,
        ObjectRecord(name: name, size: other.count, sha256: SHA256Hasher.digest(of: other))
      )
    }
  }

  @Test func anObjectThatIsListedAgainAsAnotherIsRefusedOverSsh() async throws {
    var chance = SeededChance(for: "a hostile host, listed again")
    let scene = try await HostileScene()
    let client = try scene.client(over: .ssh)
    for target in try targets(scene, &chance) {
      #expect(client.put(target.name.path, target.other) == "object.exists")
      let forgery = try scene.forgery
      let again = try forgery.entry(added: [target.record])
      #expect(client.put(try forgery.signed(again)) == "ledger.broken", "\(target.name)")
      // In one entry with its own removal, neither.
      let both = try forgery.entry(added: [target.record], unneeded: [target.name])
      #expect(client.put(try forgery.signed(both)) == "ledger.broken", "\(target.name)")
    }
    #expect(try scene.isUntouched())
    client.leave()
    try await scene.expectRefused("ledger.broken")
    try await scene.expectWhole()
  }

  @Test func anObjectThatWasDroppedIsNotListedAgainAsAnotherOverSsh() async throws {
    var chance = SeededChance(for: "a hostile host, dropped and listed again")
    let scene = try await HostileScene()
    let targets = try targets(scene, &chance)
    let first = try scene.client(over: .ssh)
    let needed = try scene.forgery.needed.objects
    let dropped = targets.map(\.name).filter { needed[$0] != nil }
    // To need less is a host's right; earlier snapshots need it still.
    let dropping = try scene.forgery.entry(unneeded: dropped)
    #expect(try first.put(scene.forgery.signed(dropping)) == "done")
    first.leave()
    let client = try scene.client(over: .ssh)
    for target in targets {
      #expect(client.put(target.name.path, target.other) == "object.exists")
      let again = try scene.forgery.entry(added: [target.record])
      #expect(try client.put(scene.forgery.signed(again)) == "ledger.broken", "\(target.name)")
    }
    client.leave()
    try await scene.expectRefused("ledger.broken")
    try await scene.expectEarlierSnapshots()
  }

  @Test func anOldLedgerThatIsReplayedOrGoesOnOtherwiseIsRefused() async throws {
    let scene = try await HostileScene()
    let client = try scene.client()
    // All of it, as it was.
    for entry in try scene.keeper.store.entries() {
      let signature = entry.replacing(".json", with: ".minisig")
      let files = try [signature, entry].map {
        (name: $0, bytes: [UInt8](try scene.keeper.store.data($0)))
      }
      #expect(client.put(files) == "object.exists")
    }
    // As a machine that was restored from an image of the first night would go on.
    let image = try Forgery(scene.host, scene.keeper.store, upTo: 1)
    #expect(client.put(try image.signed(image.entry())) == "object.exists")
    #expect(client.put(try image.signed(image.entry(sequence: 3), at: 3)) == "ledger.broken")
    let empty = try image.entry(sequence: 1, previous: SHA256Hasher.digest(of: []))
    #expect(client.put(try image.signed(empty, at: 3)) == "ledger.broken")
    #expect(try scene.isUntouched())
    client.leave()
    try await scene.expectRefused("ledger.broken")
    try await scene.expectWhole()
  }

  @Test func aLedgerOfAnotherStoreIsNotTakenInto() async throws {
    let scene = try await HostileScene()
    // Another keeper who knows this host, and whose store is another one.
    let (other, keeper) = (try await Deployment(), try KeeperMachine())
    try await other.sendNights(to: keeper)
    let client = try HostileClient(keeper, as: scene.host.path("keys/host.pub"))
    try client.begin()
    #expect(
      client.put(try scene.forgery.signed(scene.forgery.entry(sequence: 1), at: 1))
        == "ledger.broken")
    client.leave()
    #expect(try keeper.store.names("ledger").isEmpty)
    try await other.night()
    try await other.verify(of: keeper.store).expect(0, naming: "ledger head 1 ")
    try await scene.expectWhole()
  }

  @Test func anEntryThatNamesAnotherHostIsNotTakenAndAnotherHostnameChangesNothing() async throws {
    let scene = try await HostileScene()
    let client = try scene.client()
    let stranger = SigningKey.generate().verifyingKey.keyID
    let forgery = try scene.forgery
    let claimed = try forgery.entry(host: stranger)
    #expect(client.put(try forgery.signed(claimed)) == "ledger.broken")
    var elsewhere = try forgery.signed(claimed)
    for (place, name) in [
      ObjectName.ledgerSignature(stranger, .first), .ledgerEntry(stranger, .first),
    ].enumerated() {
      elsewhere[place].name = name.path
    }
    #expect(client.put(elsewhere) == "store.add-only")
    #expect(try scene.isUntouched())
    // What the machine is called is its own word, and may be anything.
    let odd = try forgery.entry(hostname: "\u{1b}[2J../../\n\"\u{202e}")
    #expect(client.put(try forgery.signed(odd)) == "done")
    client.leave()
    try await scene.expectRefused("ledger.broken", "store.add-only")
    let status = try await Program(path: BuiltTools.store).run([
      "status", "--store", scene.keeper.store.path,
    ])
    #expect(!status.expect(0).text.contains("\u{1b}"))
    try await scene.expectEarlierSnapshots()
  }

  @Test func numbersAndSizesBeyondAllBoundsAreNotTaken() async throws {
    let scene = try await HostileScene()
    let client = try scene.client()
    for number in [0, -1, 1 << 32, Int.max] {
      let forgery = try scene.forgery
      let entry = try forgery.entry(sequence: number)
      #expect(client.put(try forgery.signed(entry, at: 3)) == "ledger.broken", "\(number)")
    }
    let digest = SHA256Hasher.digest(of: [1])
    for size in [-1, Int.min, 1 << 40 + 1] {
      let forgery = try scene.forgery
      let record = ObjectRecord(name: .pack(digest), size: size, sha256: digest)
      #expect(client.put(try forgery.signed(forgery.entry(added: [record]))) == "ledger.broken")
    }
    client.leave()
    for number in [0, 1 << 32] {
      let other = try scene.client()
      let forgery = try scene.forgery
      let entry = try forgery.signed(forgery.entry(sequence: number), at: number)
      #expect(other.put(entry) == "receive.protocol", "\(number)")
      other.leave()
    }
    #expect(try scene.isUntouched())
    try await scene.expectRefused("ledger.broken", "receive.protocol")
    try await scene.expectWhole()
  }

  @Test func aSnapshotWhosePacksAreWithheldCountsForNothingAndHarmsNone() async throws {
    let scene = try await HostileScene()
    let client = try scene.client()
    let forgery = try scene.forgery
    // It says that all was saved, and sends nothing.
    let sources = forgery.entries[1].sources
    let hollow = try forgery.entry(sources: sources)
    #expect(client.put(try forgery.signed(hollow)) == "done")
    client.leave()
    let snapshot = try JSONDocument.decode(LedgerEntry.self, from: hollow).snapshot
    try await scene.host.drill("--snapshot", snapshot.text, of: scene.keeper.store)
      .expect(13, "object.unlisted", naming: "manifests/")
    let after = try HostileScene.published(scene.keeper)
    #expect(scene.before.allSatisfy { after[$0.key] == $0.value })
    for entry in forgery.entries {
      try await scene.host.drill("--snapshot", entry.snapshot.text, of: scene.keeper.store)
        .expect(0)
    }
  }

  @Test func aFloodOfSnapshotsTakesNoMoreThanTheQuota() async throws {
    let scene = try await HostileScene()
    let client = try scene.client(quota: "1M")
    var forgery = try scene.forgery
    var taken = 0
    while client.put(try forgery.signed(forgery.entry())) == "done" {
      taken += 1
      try #require(taken < 1000)
      forgery = try scene.forgery
    }
    #expect(taken > 10)
    #expect(client.put(try forgery.signed(forgery.entry())) == "receive.quota")
    client.leave()
    let again = try scene.client(quota: "1M")
    #expect(again.put(try forgery.signed(forgery.entry())) == "receive.quota")
    again.leave()
    try await scene.expectRefused("receive.quota")
    let received = try scene.journal().split(separator: "\n").filter {
      $0.contains("\"act\":\"received\"")
    }
    #expect(received.count == 2 + taken)
    try await scene.expectEarlierSnapshots()
  }

  @Test func whatIsRefusedAThousandTimesDoesNotFillTheJournalAndHidesNothing() async throws {
    let scene = try await HostileScene()
    let client = try scene.client()
    let name = try scene.keeper.store.entries()[0]
    for _ in 0..<1000 { #expect(client.ask(.remove, name) == "store.add-only") }
    let forged = try scene.forgery.entry(sequence: 4)
    #expect(client.put(try scene.forgery.signed(forged)) == "ledger.broken")
    client.leave()
    try await scene.expectRefused("store.add-only", "ledger.broken")
    #expect(try scene.journal().utf8.count < 20_000)
    #expect(try scene.isUntouched())
    try await scene.expectWhole()
  }
}
