import Foundation
import ProofTools
import Testing

/// Maps that lead two sources to one place: nothing is written.
@Suite(.serialized, .timeLimit(.minutes(20))) struct SeparateTargetTests {
  private func expectRefusal(
    _ host: Deployment, _ map: [String], naming names: String...
  ) async throws {
    try host.folder.write(map.joined(separator: "\n") + "\n", to: "map")
    let outcome = try await host.restore(
      ["host", "--map", host.path("map")] + host.allIdentities, from: host.store)
    outcome.expect(2, "restore.same-target")
    for name in names { #expect(outcome.errors.contains("'\(name)'"), "\(outcome)") }
    #expect(!FileManager.default.fileExists(atPath: host.path("new")))
  }

  @Test func sourcesWithOneOrNestedPathsAreRefusedAndNamed() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let new = host.path("new")
    try FileManager.default.createSymbolicLink(
      atPath: host.path("link"), withDestinationPath: host.path(""))
    for other in [
      new, "\(new)/below", "\(new)/", host.path("link/x/../new"), host.path("link/new"),
    ] {
      try await expectRefusal(
        host, ["bridge-config: {path: \(new)}", "synapse-config: {path: \(other)}"],
        naming: "bridge-config", "synapse-config")
      try await expectRefusal(
        host, ["synapse-config: {path: \(other)}", "bridge-config: {path: \(new)}"],
        naming: "bridge-config", "synapse-config")
    }
    // An SQLite file goes into a folder under its own name.
    try await expectRefusal(
      host, ["bridge-config: {path: \(new)/bridge.db}", "bridge-db: {path: \(new)}"],
      naming: "bridge-config", "bridge-db")
    let apart = ["bridge-config: {path: \(new)/bridge}", "bridge-db: {path: \(new)}"]
    try host.folder.write(apart.joined(separator: "\n"), to: "map")
    try await host.restore(
      ["host", "--map", host.path("map")] + host.allIdentities, from: host.store
    ).expect(0)
  }

  @Test func sourcesWithOneDatabaseAreRefusedAndNamed() async throws {
    let host = try await Deployment(withDatabase: true)
    let second = try await SharedServer.database("CREATE TABLE t (a int)")
    host.moreSources = ["other-db: {kind: postgresql, conninfo: \"\(second)\"}"]
    try host.configure()
    try await host.initialise()
    try await host.night()
    let target = try await SharedServer.freshConninfo()
    try await expectRefusal(
      host,
      [
        "synapse-db: {conninfo: \"\(target)\", create: true}",
        "other-db: {conninfo: \"\(target) connect_timeout=5\", create: true}",
      ], naming: "synapse-db", "other-db")
  }
}
