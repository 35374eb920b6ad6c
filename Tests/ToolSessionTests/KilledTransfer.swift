import ProofTools
import Subprocess

/// Ends exports or imports from outside, at random moments.
struct KilledTransfer {
  /// After so many that were hit it is enough.
  let kills: Int

  /// Kills runs.
  ///
  /// - Parameters:
  ///   - chance: where the moments come from.
  ///   - longest: how long a run takes that nobody kills.
  ///   - transfer: a run.
  ///   - look: what is to be said after each that was killed.
  /// - Returns: how many were hit.
  /// - Throws: what `transfer` and `look` throw.
  func run(
    _ chance: inout SeededChance, after longest: Duration,
    _ transfer: (_ while: (Program.Running) async throws -> Void) async throws -> Program.Outcome,
    then look: () async throws -> Void
  ) async throws -> Int {
    var hits = 0
    var longest = longest
    for _ in 0..<60 where hits < kills {
      let moment = longest * Double.random(in: 0...1, using: &chance)
      let killed = try await transfer { run in
        try await Task.sleep(for: moment)
        try? run.send(signal: .kill)
      }
      guard killed.status == 128 + 9 else {
        longest = longest * 0.7
        continue
      }
      hits += 1
      try await look()
    }
    return hits
  }
}
