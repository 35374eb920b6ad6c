import Foundation
import ProofTools
import Testing

/// An age identity of an officer, made by `age-keygen`, and its public half.
struct Officer: Sendable {
  let identity: String
  let recipient: String

  init(identity: String, recipient: String) {
    self.identity = identity
    self.recipient = recipient
  }

  init(_ name: String, in folder: borrowing ScratchFolder) throws {
    identity = folder.path(of: "\(name).identity")
    let keygen = try #require(StockTool("age-keygen"))
    _ = try keygen.run(["-o", identity])
    recipient = try keygen.run(["-y", identity]).text.trimmingCharacters(
      in: .whitespacesAndNewlines)
  }
}

/// A Matrix host in a folder of its own: configuration, media, a bridge, and two sets of officers.
///
/// Compartment `core` (officers) holds Synapse's configuration, media and, where wanted, database;
/// compartment `bridge` (bridge team) holds a folder and an SQLite file.
final class Deployment {
  let folder: ScratchFolder
  var officers: Officer
  let bridgeTeam: Officer
  /// The connection string of Synapse's database, where there is one.
  let database: String?
  /// Who the compartment `core` is sealed for.
  var coreOfficers: [Officer]
  /// Lines of further sources of the compartment `core`.
  var moreSources: [String] = []
  var environment: [String: String] = [:]
  var backupTool = BuiltTools.backup
  /// A command that runs `coffer-backup` in its own way, and its arguments.
  var wrapper: [String] = []
  /// The connection string of the database that the last map named.
  var restoredDatabase = ""

  /// Makes the host, below `parent` or among the temporary files; nothing is backed up yet.
  init(withDatabase: Bool = false, in parent: String? = nil) async throws {
    folder = try ScratchFolder(in: parent)
    officers = try Officer("officers", in: folder)
    coreOfficers = [officers]
    bridgeTeam = try Officer("bridge-team", in: folder)
    database = withDatabase ? try await SharedServer.database(SynapseLike.schema) : nil
    try write(SynapseLike.homeserver, to: "config/homeserver.yaml")
    try write(SynapseLike.signingKey, to: "config/signing.key")
    try write("log: to nowhere\n", to: "config/conf.d/log.yaml")
    for (path, content) in SynapseLike.media { try write(content, to: "media/\(path)") }
    try write("a copy of another server's\n", to: "media/remote_content/other.test/aa/bb/cc")
    try write("permissions: {}\n", to: "bridge/config.yaml")
    try await sqlite(
      "CREATE TABLE portal (mxid TEXT, room TEXT); INSERT INTO portal VALUES ('!r', 'family')")
    try configure()
  }

  /// Where something of this host lies.
  func path(_ name: String) -> String { folder.path(of: name) }

  var configuration: String { path("coffer.yaml") }
  var store: Store { Store(path: path("store")) }

  /// Writes the configuration file anew.
  func configure() throws {
    var core = ["synapse-config: {kind: files, path: \(path("config"))}"]
    core.append("synapse-media: {kind: files, profile: synapse-media, path: \(path("media"))}")
    if let database {
      core.append("synapse-db: {kind: postgresql, profile: synapse, conninfo: \"\(database)\"}")
    }
    let yaml = """
      store: \(path("store"))
      state: \(path("state"))
      host_key: \(path("keys/host.key"))
      metrics: \(path("metrics/coffer.prom"))
      recipients:
        officers: [\(coreOfficers.map(\.recipient).joined(separator: ", "))]
        bridge-team: [\(bridgeTeam.recipient)]
      compartments:
        bridge:
          recipients: bridge-team
          sources:
            bridge-config: {kind: files, path: \(path("bridge"))}
            bridge-db: {kind: sqlite, path: \(path("bridge.db"))}
        core:
          recipients: officers
          sources:

      """
    let lines = (core + moreSources).map { "      \($0)\n" }.joined()
    try folder.write(yaml + lines, to: "coffer.yaml")
  }

  /// Writes a file of this host, with the folders above it.
  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  /// Writes a file of this host, with the folders above it.
  func write(_ bytes: [UInt8], to name: String) throws {
    let above = (path(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: true)
    try folder.write(bytes, to: name)
  }

  /// Writes a file that does not compress, always the same of one state of `chance`.
  func writeNoise(_ count: Int, to name: String, _ chance: inout SeededChance) async throws {
    try write("", to: name)
    let script = """
      import random, sys
      noise = random.Random(int(sys.argv[1])).randbytes(int(sys.argv[2]))
      open(sys.argv[3], "wb").write(noise)
      """
    try await program("python3").run(["-c", script, "\(chance.next())", "\(count)", path(name)])
      .expect(0)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  /// Runs SQL in the bridge's SQLite file.
  func sqlite(_ sql: String) async throws {
    let outcome = try await program("sqlite3").run([path("bridge.db"), sql])
    #expect(outcome.status == 0, "\(outcome)")
  }

  /// A program of Debian's.
  func program(_ name: String) throws -> Program {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let path = (folders + ["/usr/sbin"]).map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
    return Program(path: try #require(path, "\(name) is not installed"), environment: environment)
  }

  // MARK: The tools

  /// Runs a verb of `coffer-backup` on this host's configuration.
  func backup(
    _ arguments: String..., while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    let command = wrapper + [backupTool] + arguments + ["--config", configuration]
    return try await Program(path: command[0], environment: environment)
      .run(Array(command.dropFirst()), while: body)
  }

  /// Makes store and keys.
  func initialise() async throws {
    try await backup("init").expect(0)
  }

  /// A night that must go well.
  @discardableResult func night() async throws -> Program.Outcome {
    try await backup("run", "--json").expect(0)
  }

  /// Runs a verb of `coffer-restore` on this host's store, trusting its key.
  func restore(_ arguments: String..., input: String = "") async throws -> Program.Outcome {
    try await restore(arguments, from: store, input: input)
  }

  /// Runs a verb of `coffer-restore` on any store, trusting this host's key.
  func restore(
    _ arguments: [String], from store: Store, input: String = "",
    while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    var all = arguments + ["--store", store.path]
    if !arguments.contains("--trust") { all += ["--trust", path("keys/host.pub")] }
    return try await Program(path: BuiltTools.restore, environment: environment)
      .run(all, input: input, while: body)
  }

  /// The flags of both sets of officers.
  var allIdentities: [String] {
    ["--identity", officers.identity, "--identity", bridgeTeam.identity]
  }

  /// Verifies a store with all identities.
  func verify(_ arguments: String..., of store: Store? = nil) async throws -> Program.Outcome {
    try await restore(["verify"] + allIdentities + arguments, from: store ?? self.store)
  }

  /// Drills a store with all identities, in this host's folder.
  func drill(_ arguments: String..., of store: Store? = nil) async throws -> Program.Outcome {
    try await restore(
      ["drill", "--scratch", path("")] + allIdentities + arguments, from: store ?? self.store)
  }
}

extension Program.Outcome {
  /// Expects an exit code, the code of an error in brackets, and that things are named.
  @discardableResult
  func expect(
    _ status: Int32, _ code: String? = nil, naming names: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> Self {
    #expect(self.status == status, "\(self)", sourceLocation: sourceLocation)
    if let code {
      #expect(errors.contains("[\(code)]"), "\(self)", sourceLocation: sourceLocation)
    }
    for name in names {
      #expect(text.contains(name), "\(name) is not named: \(self)", sourceLocation: sourceLocation)
    }
    return self
  }
}
