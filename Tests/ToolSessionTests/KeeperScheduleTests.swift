import Foundation
import ProofTools
import Testing

/// The commands in `Schedules/` that a keeper's machine runs, as they stand there.
@Suite(.serialized, .timeLimit(.minutes(10))) struct KeeperScheduleTests {
  private static let schedules = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Schedules")

  /// A store whose host the keeper knows, and where the schedules' paths are there.
  private func kept() async throws -> (Deployment, (String) -> [String]) {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let places = [
      ("/srv/coffer", host.store.path), ("/var/lib/coffer-keeper", host.path("keeper")),
      ("/var/lib/node_exporter", host.path("metrics")),
    ]
    let key = host.path("keys/host.pub")
    try await host.keeper("status", "--state", host.path("keeper"), "--trust", key).expect(0)
    return (
      host,
      { command in
        command.split(separator: " ").map { word in
          places.reduce(String(word)) { $0.replacing($1.0, with: $1.1) }
        }
      }
    )
  }

  private func run(_ arguments: [String]) async throws {
    try await Program(path: BuiltTools.store).run(arguments).expect(0)
  }

  @Test func systemdsGoWell() async throws {
    let (host, arguments) = try await kept()
    var count = 0
    for unit in ["coffer-retain", "coffer-scrub"] {
      let file = Self.schedules.appending(path: "\(unit).service")
      let text = try String(contentsOf: file, encoding: .utf8).replacing("\\\n", with: "")
      for line in text.split(separator: "\n") where line.hasPrefix("ExecStart=") {
        let command = try #require(line.components(separatedBy: " coffer-store ").last)
        try await run(arguments(command))
        count += 1
      }
    }
    #expect(count == 3)
    let figures = try host.folder.readText("metrics/coffer-store.prom")
    for verb in ["retain", "protect", "scrub"] {
      #expect(figures.contains("coffer_store_last_\(verb)_timestamp_seconds 1"), "\(figures)")
    }
  }

  @Test func cronsGoWell() async throws {
    let (_, arguments) = try await kept()
    let text = try String(
      contentsOf: Self.schedules.appending(path: "coffer.cron"), encoding: .utf8)
    let lines = text.split(separator: "\n").filter { $0.contains(" root ") }
    let commands = lines.flatMap { $0.components(separatedBy: " coffer-store ").dropFirst() }
      .map { String($0.prefix { $0 != ">" }) }
    #expect(commands.map { $0.hasPrefix("retain ") } == [true, false, false])
    for command in commands { try await run(arguments(command)) }
  }
}
