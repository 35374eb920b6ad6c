import Keeping
import ProofTools
import Retention
import Signatures
import Testing
import Vocabulary

@testable import Repository

/// What stops retention, and what does not.
@Suite struct BrakeTests {
  /// A host of two sources with ten good nights, and then others.
  private func brakes(
    _ later: [[SourceSummary]], drill: String? = nil
  ) throws -> [Brake.Code] {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let host = try kept.host()
    let good = [source("media"), source("db", files: 1)]
    for sources in Array(repeating: good, count: 12) + later {
      kept.wait(.days(1))
      try host.night(sources, added: [host.putPack(&chance)])
      try kept.look()
    }
    return try kept.plan(policy(last: 1), failedDrill: drill).findings.map(\.code)
  }

  @Test func aNightLikeTheOthersIsNoReasonToStop() throws {
    #expect(try brakes([]) == [])
    #expect(try brakes([[source("media", bytes: 600, files: 60), source("db", files: 1)]]) == [])
  }

  @Test func lessThanHalfOfTheBytesOrFilesIsOne() throws {
    #expect(try brakes([[source("media", bytes: 400), source("db", files: 1)]]) == [.smaller])
    #expect(try brakes([[source("media", files: 40), source("db", files: 1)]]) == [.fewerFiles])
  }

  @Test func aSourceThatIsGoneOrFailedIsOne() throws {
    #expect(try brakes([[source("media")]]) == [.sourceGone])
    #expect(try brakes([[source("media"), source("db", .failed)]]) == [.sourceFailed])
  }

  @Test func aSourceThatWasLeftOutOnPurposeIsLookedForInTheNightBefore() throws {
    #expect(try brakes([[source("media"), source("db", .skipped)]]) == [])
    #expect(
      try brakes([
        [source("media"), source("db", .failed)], [source("media"), source("db", .skipped)],
      ]) == [.sourceFailed])
  }

  @Test func aDrillThatFailedIsOne() throws {
    #expect(try brakes([], drill: "the drill failed") == [.drillFailed])
  }

  @Test func aClockThatJumpedOrALongSilenceIsOne() throws {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let host = try kept.host()
    for _ in 0..<12 {
      kept.wait(.days(1))
      try host.night([source("a")], added: [host.putPack(&chance)])
      try kept.look()
    }
    kept.wait(.days(3_650))
    #expect(try kept.plan(policy(within: .days(30))).findings.map(\.code) == [.gap])
    try host.night([source("a")], added: [host.putPack(&chance)])
    #expect(try kept.plan(policy(within: .days(30))).findings.map(\.code) == [.gap])
  }

  @Test func aBrakeOnOneHostLeavesTheOthersAlone() throws {
    var chance = SeededChance(seed: 1)
    let kept = try KeptStore()
    let hosts = try [kept.host(), kept.host()]
    for night in 0..<12 {
      kept.wait(.days(1))
      for (number, host) in hosts.enumerated() {
        let bytes = night == 11 && number == 0 ? 10 : 1_000
        try host.night([source("a", bytes: bytes)], added: [host.putPack(&chance)])
      }
      try kept.look()
    }
    let plan = try kept.plan(policy(last: 1))
    #expect(plan.findings.map(\.newest.host) == [hosts[0].id.description])
    #expect(!plan.condemn.isEmpty)
    #expect(plan.condemn.allSatisfy { $0.host == hosts[1].id.description })
  }
}
