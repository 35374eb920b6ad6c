import Foundation
import ProofTools
import Subprocess
import Testing

/// Disks that have no room, on either side of the gap.
@Suite("A full disk across the air gap", .serialized, .timeLimit(.minutes(10)))
struct FullMediumTests {
  /// Runs something while a small file system stands at a place of the host.
  private func withSmallDisk(
    at name: String, of host: Deployment, _ body: () async throws -> Void
  ) async throws {
    try FileManager.default.createDirectory(
      atPath: host.path(name), withIntermediateDirectories: true)
    try await host.program("mount").run([
      "-t", "tmpfs", "-o", "size=12m", "coffer", host.path(name),
    ]).expect(0)
    do {
      try await body()
    } catch {
      try await host.program("umount").run(["-l", host.path(name)]).expect(0)
      throw error
    }
    try await host.program("umount").run(["-l", host.path(name)]).expect(0)
  }

  private func host() async throws -> Deployment {
    var chance = SeededChance(for: "a full disk across the air gap")
    let host = try await Deployment()
    try await host.writeNoise(20_000_000, to: "config/noise", &chance)
    try await host.initialise()
    try await host.night()
    return host
  }

  @Test(.enabled(if: geteuid() == 0, "only root can mount a small file system"))
  func isSeenBeforeAnythingIsWritten() async throws {
    let host = try await host()
    try await withSmallDisk(at: "small", of: host) {
      try await host.trustingKeeper(
        "export", "--to", host.path("small"), "--volume-size", "40M"
      ).expect(1, "export.no-space")
      #expect(try FileManager.default.contentsOfDirectory(atPath: host.path("small")).isEmpty)
    }
    let set = try await host.export("40M", to: "out")
    try await withSmallDisk(at: "far", of: host) {
      try await host.takeIn(set.path).expect(1, "import.no-space")
      #expect(try host.far.objects().keys.allSatisfy { $0.hasPrefix("keeper/") })
    }
    try host.remove("far")
    try await host.takeIn(set.path).expect(0)
    try host.expectTheSame()
  }

  @Test func aTransferThatIsAskedToStopStopsCleanlyAndGoesOn() async throws {
    let host = try await host()
    let stopped = try await host.trustingKeeper(
      "export", "--to", host.path("out"), "--volume-size", "40M"
    ) { run in
      try await until { FileManager.default.fileExists(atPath: host.path("out")) }
      try run.send(signal: .terminate)
    }
    #expect([0, 130].contains(stopped.status), "\(stopped)")
    if stopped.status == 130 {
      stopped.expect(130, "interrupted")
      _ = try await host.export("40M", to: "out")
    }
    let imported = try await host.takeIn(host.path("out")) { run in
      try await until { FileManager.default.fileExists(atPath: host.far.path) }
      try run.send(signal: .interrupt)
    }
    #expect([0, 130].contains(imported.status), "\(imported)")
    try await host.takeIn(host.path("out")).expect(0)
    try host.expectTheSame()
  }
}
