import Foundation
import ProofTools
import Repository
import SecretMemory
import Signatures
import Stores
import Subprocess
import SystemPackage
import Testing
import Vocabulary

/// Receipts that a keeper signs while a host's entry comes in.
@Suite(.serialized, .timeLimit(.minutes(20))) struct ArrivalReceiptTests {
  /// A store at a keeper's, and hosts that send an entry without objects each.
  private struct Scene {
    let keeper: KeeperMachine
    let format: StoreFormat
    var state: String { keeper.path("state") }

    init() throws {
      keeper = try KeeperMachine()
      let store = DirectoryStore(FilePath(keeper.store.path), writer: "keeper")
      let lease = try store.prepareForWriting()
      format = StoreFormat()
      try format.create(in: store)
      lease.release()
    }

    /// The server of a host that nobody knew before, with the host's first entry on its way there.
    func sending(_ number: Int, state: String?) throws -> HostileClient {
      let key = SigningKey.generate()
      let file = try keeper.folder.write(key.verifyingKey.text, to: "host-\(number).pub")
      let client = try HostileClient(keeper, as: file, state: state)
      try client.begin()
      let id = key.verifyingKey.keyID
      let entry = LedgerEntry(
        store: format.store, host: id, hostname: "host", sequence: .first, previous: nil,
        snapshot: SnapshotID(startedAt: .now()), started: .now(), finished: .now(), sources: [],
        compartments: nil, added: [], unneeded: [], needed: NeededSet().summary)
      let bytes = try JSONDocument.pretty(entry)
      let signature = try bytes.withBytes { try key.sign($0, trustedComment: "proof") }
      client.send([
        (ObjectName.ledgerSignature(id, .first).path, Array(signature.utf8)),
        (ObjectName.ledgerEntry(id, .first).path, bytes),
      ])
      return client
    }

    /// Sends such an entry, and waits until the server is gone.
    func send(_ number: Int, state: String?) throws -> String {
      let client = try sending(number, state: state)
      defer { client.leave() }
      return client.answer()
    }

    /// How many entries have no receipt, host by host.
    func unreceived() async throws -> [Int?] {
      let status = try await keeper.run(["status", "--json", "--state", state])
      return try status.events().filter { $0.name == "host" }.map { $0.number("unreceived") }
    }

    func receipts() throws -> [String] { try keeper.store.names("receipts", ending: ".json") }
  }

  @Test func aNightIsReceivedWhenItComesIn() async throws {
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    let state = keeper.path("state")
    try await host.sendNights(to: keeper)
    for night in 1...2 {
      try keeper.admit(host, state: state)
      try await host.night()
      // The host does not wait for it.
      try await until { try keeper.store.names("receipts", ending: ".json").count == night }
    }
    let status = try await keeper.run(["status", "--json", "--state", state]).expect(0)
    let line = try #require(try status.events().first)
    #expect(line.number("receivedSequence") == 2 && line.number("unreceived") == 0)
    // The key is the same that other verbs sign with.
    try await keeper.run(["retain", "--keep-last", "3", "--state", state]).expect(0)
    #expect(try keeper.store.names("receipts", ending: ".json").count == 2)
    try await host.restore(
      ["verify", "--keeper", "\(state)/keeper.pub"] + host.allIdentities, from: keeper.store
    ).expect(0)
  }

  @Test func hostsThatSendAtOnceAreAllReceived() async throws {
    let scene = try Scene()
    let clients = try (0..<6).map { try scene.sending($0, state: scene.state) }
    #expect(clients.map { $0.answer() } == Array(repeating: "done", count: 6))
    for client in clients { client.leave() }
    #expect(try await scene.unreceived() == Array(repeating: 0, count: 6))
  }

  @Test func anotherVerbMakesTheReceiptWhereTheKeeperIsBusy() async throws {
    let scene = try Scene()
    #expect(try scene.send(1, state: scene.state) == "done")
    #expect(try scene.receipts().count == 1)
    let lock = try FileDescriptor.open(FilePath("\(scene.state)/lock"), .readWrite)
    #expect(flock(lock.rawValue, LOCK_EX) == 0)
    #expect(try scene.send(2, state: scene.state) == "done")
    #expect(try scene.receipts().count == 1)
    #expect(try await scene.unreceived().compactMap { $0 }.sorted() == [0, 1])
    try lock.close()
    try await scene.keeper.run(["scrub", "--state", scene.state]).expect(0)
    #expect(try await scene.unreceived() == [0, 0])
    #expect(!(try scene.keeper.folder.readText("state/journal").contains("\"receipt\"")))
  }

  @Test func noKeyIsMadeInTheStoreUnasked() async throws {
    let scene = try Scene()
    #expect(try scene.send(1, state: nil) == "done")
    #expect(try scene.receipts().isEmpty)
    #expect(!FileManager.default.fileExists(atPath: "\(scene.keeper.store.path)/keeper/keeper.key"))
    // Once the keeper has made it there, it is used.
    try await scene.keeper.run(["retain", "--keep-last", "3"]).expect(0)
    #expect(try scene.send(2, state: nil) == "done")
    #expect(try scene.receipts().count == 2)
  }

  @Test func aReceiptThatCannotBeSignedIsNotedAndTheHostHearsNothing() async throws {
    let scene = try Scene()
    #expect(try scene.send(1, state: scene.state) == "done")
    try FileManager.default.removeItem(atPath: "\(scene.state)/keeper.key")
    #expect(try scene.send(2, state: scene.state) == "done")
    let status = try await scene.keeper.run(["status", "--state", scene.state])
    status.expect(0, naming: "receipt", "exit 2 [keeper.no-key]", "did not end well")
  }

  @Test(.enabled(if: geteuid() == 0, "only root gives files away"))
  func anotherAccountsFolderGetsNothingFromUs() async throws {
    let scene = try Scene()
    #expect(try scene.send(1, state: scene.state) == "done")
    try FileManager.default.setAttributes([.ownerAccountID: 65534], ofItemAtPath: scene.state)
    #expect(try scene.send(2, state: scene.state) == "done")
    #expect(try scene.receipts().count == 1)
  }
}
