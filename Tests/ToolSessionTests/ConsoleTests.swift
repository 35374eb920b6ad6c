import Foundation
import ProofTools
import Testing

@Suite(.serialized, .timeLimit(.minutes(20))) struct ConsoleTests {
  @Test func standardOutputIsOneJSONObjectALineAndNothingElse() async throws {
    let host = try await Deployment(withDatabase: true)
    let map = try await host.map(into: "new-host")
    let officers = host.allIdentities
    let backups = [["init"], ["check-config"], ["run", "--dry-run"], ["run"], ["status"]]
    let restores = [
      ["snapshots"], ["files"] + officers, ["files", "--source", "synapse-db"] + officers,
      ["verify"] + officers, ["host", "--map", map] + officers,
      ["verify", "--map", map] + officers, ["drill", "--scratch", host.path("")] + officers,
    ]
    var outcomes: [Program.Outcome] = []
    for verb in backups {
      outcomes.append(
        try await Program(path: BuiltTools.backup).run(
          verb + ["--json", "--config", host.configuration]))
    }
    for verb in restores {
      outcomes.append(try await host.restore(verb + ["--json"], from: host.store))
    }
    for outcome in outcomes {
      outcome.expect(0)
      let events = try outcome.events()
      #expect(!events.isEmpty, "\(outcome)")
      #expect(outcome.output.hasSuffix("}\n"))
      #expect(!outcome.errors.contains("{\""), "\(outcome)")
    }
  }

  @Test func anErrorIsAJSONLineToo() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try host.store.remove("coffer.json")
    let outcome = try await host.restore("snapshots", "--json").expect(10, "store.missing")
    let event = try #require(try outcome.events().last)
    #expect(event["code"] == "store.missing")
    #expect(event.number("status") == 10)
  }

  @Test func aDryRunChangesNeitherStoreNorState() async throws {
    let host = try await Deployment(withDatabase: true)
    try await host.initialise()
    try await host.night()
    try host.write("new\n", to: "config/new.yaml")
    let before = try [contents(of: host.path("store")), contents(of: host.path("state"))]
    try await host.backup("run", "--dry-run").expect(0, naming: "synapse-db", "bridge-db")
    try await host.backup("check-config").expect(0, naming: "synapse-config")
    try await host.backup("status").expect(0, naming: "ledger head 1 ")
    let after = try [contents(of: host.path("store")), contents(of: host.path("state"))]
    #expect(before == after)
  }

  @Test(arguments: [BuiltTools.backup, BuiltTools.restore])
  func helpVersionAndCompletionsAreThere(tool: String) async throws {
    let program = Program(path: tool)
    let help = try await program.run(["--help"]).expect(0, naming: "USAGE:", "run")
    #expect(help.errors.isEmpty)
    let version = try await program.run(["--version"]).expect(0)
    #expect(version.output.split(separator: ".").count == 3)
    try await program.run(["run", "--help"]).expect(0, naming: "--json")
    for shell in ["bash", "zsh", "fish"] {
      let script = try await program.run(["--generate-completion-script", shell]).expect(0)
      #expect(script.output.count > 500)
    }
    let script = try await program.run(["--generate-completion-script", "bash"])
    let folder = try ScratchFolder()
    let bash = try #require(StockTool("bash"))
    let checked = try bash.run(["-n", folder.write(script.output, to: "completions")])
    #expect(checked.status == 0, "\(checked.text)")
  }

  @Test(arguments: [
    ["run", "--confg", "x"], ["run"], ["rum"], ["run", "--config"], ["--jsn"],
  ])
  func wrongFlagsAreWrongUsage(arguments: [String]) async throws {
    for tool in [BuiltTools.backup, BuiltTools.restore] {
      let outcome = try await Program(path: tool).run(arguments).expect(
        2, "usage", naming: "--help")
      #expect(outcome.output.isEmpty)
    }
  }

  @Test(arguments: [
    ["run", "--json", "--confg", "x"], ["run", "--json"], ["rum", "--json"], ["--json", "run"],
  ])
  func wrongFlagsAreAJSONLineToo(arguments: [String]) async throws {
    for tool in [BuiltTools.backup, BuiltTools.restore] {
      let outcome = try await Program(path: tool).run(arguments).expect(2, "usage")
      let events = try outcome.events()
      #expect(events.count == 1, "\(outcome)")
      #expect(events.first?.name == "error" && events.first?["code"] == "usage", "\(outcome)")
      #expect(events.first?.number("status") == 2 && events.first?["hint"] != nil)
    }
  }

  @Test func aToolWithoutAVerbShowsItsHelp() async throws {
    try await Program(path: BuiltTools.backup).run([]).expect(0, naming: "SUBCOMMANDS:")
  }

  @Test(.enabled(if: StockTool.isInstalled("promtool"), "Debian's prometheus is not installed"))
  func prometheusTakesTheMetricsOfNightAndDrill() async throws {
    let host = try await Deployment()
    try host.write("odd\n", to: "bridge/odd")
    try await host.initialise()
    try await host.night()
    try await host.drill("--metrics", host.path("metrics/drill.prom")).expect(0)
    for name in ["coffer.prom", "drill.prom"] {
      let text = try host.folder.readText("metrics/\(name)")
      let outcome = try await host.program("promtool").run(["check", "metrics"], input: text)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.text.trimmingCharacters(in: .whitespacesAndNewlines) == "", "\(outcome)")
      let path = host.path("metrics/\(name)")
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o644, "node_exporter runs as another user")
    }
    let text = try host.folder.readText("metrics/drill.prom")
    #expect(text.contains("coffer_drill_passed 1\n"))
    #expect(text.contains("coffer_drill_last_success_timestamp_seconds "))
  }

  @Test(.enabled(if: StockTool.isInstalled("minisign"), "minisign is not installed"))
  func minisignVerifiesLedgerEntryAndDrillReport() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try await host.night()
    for entry in try host.store.entries() {
      let path = "\(host.store.path)/\(entry)"
      let outcome = try await host.program("minisign").run([
        "-VHm", path, "-x", path.replacing(".json", with: ".minisig"), "-p",
        host.path("keys/host.pub"),
      ])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.text.contains("coffer ledger entry, store"), "\(outcome)")
    }
    let report = host.path("reports/drill.json")
    try await host.drill("--report", report, "--report-key", host.path("drill.key"))
      .expect(0, naming: "drill.json.minisig", "drill.txt")
    let outcome = try await host.program("minisign").run([
      "-VHm", report, "-p", host.path("drill.pub"),
    ])
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try host.folder.readText("reports/drill.txt").hasPrefix("Restore drill: PASSED\n"))
  }
}
