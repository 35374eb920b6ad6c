import Foundation
import ProofTools
import Subprocess
import Testing

/// Files with holes larger than any disk: whoever waits for them can stop.
@Suite(.serialized, .timeLimit(.minutes(20))) struct HugeHoleTests {
  /// A host with a file that is one hole.
  private func host(holeOf size: String) async throws -> Deployment {
    let host = try await Deployment()
    try await host.initialise()
    try await host.program("truncate").run(["-s", size, host.path("bridge/hole")]).expect(0)
    return host
  }

  @Test func aNightThatIsStoppedInAHoleStopsAtOnce() async throws {
    let host = try await host(holeOf: "3T")
    let clock = ContinuousClock()
    let start = clock.now
    let night = try await host.backup("run", "--only", "bridge-config") { run in
      try await Task.sleep(for: .seconds(2))
      try run.send(signal: .terminate)
    }
    night.expect(130, "interrupted")
    // To read all of it would take the better part of an hour.
    #expect(clock.now - start < .seconds(600))
  }

  @Test func aVerificationAndARestoreThatAreStoppedInAHoleStopAtOnce() async throws {
    // Long enough to be stopped in, short enough to be saved first.
    let host = try await host(holeOf: "12G")
    try await host.night()
    let identity = ["--identity", host.bridgeTeam.identity]
    let trust = ["--store", host.store.path, "--trust", host.path("keys/host.pub")]
    let restore = ["run", "--source", "bridge-config", "--target", host.path("new")]
    for verb in [["verify"], restore] {
      let outcome = try await Program(path: BuiltTools.restore).run(verb + trust + identity) {
        run in
        try await Task.sleep(for: .seconds(1.5))
        try run.send(signal: .terminate)
      }
      outcome.expect(130, "interrupted")
    }
  }
}
