import Foundation
import ProofTools
import Testing

/// A keeper on whose machine nothing lies that opens anything: every verb does its work all the same.
@Suite(.serialized, .timeLimit(.minutes(20))) struct KeeperWithoutKeysTests {
  /// What the tool says that it can do.
  private func verbs() async throws -> Set<String> {
    let help = try await Program(path: BuiltTools.store).run(["--help"]).expect(0).output
    let list = try #require(help.split(separator: "SUBCOMMANDS:").last)
    return Set(
      list.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
        .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { $0 != "See" })
  }

  /// Takes everything away that opens a backup, and says where such a thing lies still.
  private func takeIdentities(of host: Deployment) throws -> [String] {
    for officer in [host.officers, host.bridgeTeam] {
      try FileManager.default.removeItem(atPath: officer.identity)
    }
    // What the host keeps of its own opens indexes: a keeper does not have it, either.
    try host.remove("keys/host.compartments")
    try host.remove("keys/host.key")
    return try contents(of: host.path("")).filter {
      $0.value.range(of: Data("AGE-SECRET-KEY-".utf8)) != nil
    }.keys.sorted()
  }

  @Test func everyVerbWorksWhereNoIdentityIsAndNoneIsAskedFor() async throws {
    let (host, keeper) = (try await Deployment(), try KeeperMachine())
    var tried: Set<String> = []
    func run(_ verb: String, _ arguments: String..., at store: Store? = nil) async throws {
      let keeping = ["--store", (store ?? keeper.store).path]
      // Nobody sits there, and standard input is empty.
      try await Program(path: BuiltTools.store).run([verb] + arguments + keeping).expect(0)
      tried.insert(verb)
    }
    try await host.sendNights(to: keeper)
    for night in 0..<2 {
      try host.write("night \(night)\n", to: "config/night")
      try await host.night()
    }
    tried.insert("receive")
    #expect(try takeIdentities(of: host).isEmpty)
    let trust = ["--trust", host.path("keys/host.pub")]
    let newest = try host.snapshot(of: #require(keeper.store.entries().last), in: keeper.store)
    try await run("status", trust[0], trust[1])
    try await run("protect")
    try await run("scrub", "--repair")
    try await run("retain", "--keep-last", "1", "--apply")
    try await run("hold", newest, "--reason", "a proof")
    try await run("release", newest)
    try await run("export", "--to", host.path("out"), "--volume-size", "64M")
    let sets = try FileManager.default.contentsOfDirectory(atPath: host.path("out"))
    let set = "\(host.path("out"))/\(try #require(sets.first))"
    try await run("import", "--from", set, trust[0], trust[1], at: host.far)
    try await run("have", "--to", host.path("have.json"), at: host.far)
    #expect(try await verbs() == tried)
    for verb in tried {
      let help = try await Program(path: BuiltTools.store).run([verb, "--help"]).expect(0)
      #expect(!help.output.contains("--identity"), "\(verb)")
    }
  }
}
