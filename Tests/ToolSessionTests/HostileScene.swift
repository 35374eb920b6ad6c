import Foundation
import ProofTools
import Repository
import Signatures
import Testing

/// A host with two nights at a keeper's, what lies there, and somebody who has all that the host has.
struct HostileScene {
  let host: Deployment
  let keeper: KeeperMachine
  let before: [String: Data]

  init() async throws {
    (host, keeper) = (try await Deployment(), try KeeperMachine())
    try await host.sendNights(to: keeper)
    try await host.night()
    try host.write("second\n", to: "config/second")
    try await host.night()
    before = try Self.published(keeper)
  }

  /// Every object of the store.
  static func published(_ keeper: KeeperMachine) throws -> [String: Data] {
    try contents(of: keeper.store.path).filter {
      !$0.key.hasPrefix(".tmp") && !$0.key.hasPrefix("keeper")
    }
  }

  /// What somebody makes up for the ledger as it is now.
  var forgery: Forgery { get throws { try Forgery(host, keeper.store) } }

  /// A client that has said hello and has the right to write.
  func client(
    quota: String = "1G", patience: Int = 30, over way: HostileClient.Way = .pipes
  ) throws -> HostileClient {
    let client = try HostileClient(
      keeper, as: host.path("keys/host.pub"), quota: quota, patience: patience, over: way)
    try client.begin()
    return client
  }

  /// Whether everything that was there is there as it was.
  func isUntouched() throws -> Bool { try Self.published(keeper) == before }

  /// Every object of the snapshots that were there before, and a restore of each.
  func expectEarlierSnapshots(_ place: SourceLocation = #_sourceLocation) async throws {
    let after = try Self.published(keeper)
    #expect(before.allSatisfy { after[$0.key] == $0.value }, sourceLocation: place)
    try await host.verify(of: keeper.store).expect(0)
    for entry in try Forgery(host, keeper.store, upTo: 2).entries {
      try await host.drill("--snapshot", entry.snapshot.text, of: keeper.store).expect(0)
    }
  }

  /// All that, and the host's next night goes well.
  func expectWhole(nights: Int = 2) async throws {
    try await expectEarlierSnapshots()
    try host.write("third\n", to: "config/third")
    try await host.night()
    try await host.verify(of: keeper.store).expect(0, naming: "ledger head \(nights + 1) ")
  }

  /// That the keeper is told of each of these refusals of a host's.
  func expectRefused(
    _ codes: String..., of id: KeyID? = nil, _ place: SourceLocation = #_sourceLocation
  ) async throws {
    let id = try id ?? forgery.key.verifyingKey.keyID
    let told = try await refusals(of: id)
    for code in codes {
      #expect(told[code, default: 0] > 0, "\(code) is not in \(told)", sourceLocation: place)
    }
  }

  /// How often a host was refused something, by code, as the keeper's status says.
  func refusals(of id: KeyID) async throws -> [String: Int] {
    let status = try await keeper.run(["status", "--json"])
    let refused = try status.events().filter { $0.name == "refusal" && $0["host"] == "\(id)" }
    return Dictionary(
      refused.map { ($0["code"] ?? "", $0.number("count") ?? 0) }, uniquingKeysWith: +)
  }

  /// The keeper's journal.
  func journal() throws -> String { try keeper.folder.readText("store/keeper/journal") }
}
