import Foundation
import ProofTools
import Testing

/// The commands in `Schedules/` that a keeper's machine runs, as they stand there.
@Suite(.serialized, .timeLimit(.minutes(10))) struct KeeperScheduleTests {
  private static let schedules = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Schedules")

  private func text(_ name: String) throws -> String {
    try String(contentsOf: Self.schedules.appending(path: name), encoding: .utf8)
      .replacing("\\\n", with: "")
  }

  /// What follows the tool's name on lines, as far as a shell would hand it to the tool.
  private func commands(in lines: [Substring]) -> [String] {
    lines.flatMap { $0.components(separatedBy: " coffer-store ").dropFirst() }
      .map { String($0.prefix { $0 != ">" }) }
  }

  /// Runs commands on a store with a night, and returns what they wrote for Prometheus.
  private func figures(after commands: [String]) async throws -> String {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let places = [
      ("/srv/coffer", host.store.path), ("/var/lib/coffer-keeper", host.path("keeper")),
      ("/var/lib/node_exporter", host.path("metrics")),
    ]
    let key = host.path("keys/host.pub")
    try await host.keeper("status", "--state", host.path("keeper"), "--trust", key).expect(0)
    for command in commands {
      let words = command.split(separator: " ").map { word in
        places.reduce(String(word)) { $0.replacing($1.0, with: $1.1) }
      }
      try await Program(path: BuiltTools.store).run(words).expect(0)
    }
    return try host.folder.readText("metrics/coffer-store.prom")
  }

  @Test func systemdsGoWell() async throws {
    let units = try ["coffer-retain", "coffer-scrub"].map { try text("\($0).service") }
    let lines = units.flatMap { $0.split(separator: "\n") }.filter { $0.hasPrefix("ExecStart=") }
    try await expectAll(of: commands(in: lines))
  }

  @Test func cronsGoWell() async throws {
    let lines = try text("coffer.cron").split(separator: "\n").filter { $0.contains(" root ") }
    try await expectAll(of: commands(in: lines))
  }

  private func expectAll(of commands: [String]) async throws {
    #expect(commands.count == 3)
    let figures = try await figures(after: commands)
    for verb in ["retain", "protect", "scrub"] {
      #expect(figures.contains("coffer_store_last_\(verb)_timestamp_seconds 1"), "\(figures)")
    }
  }
}
