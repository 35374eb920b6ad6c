import Keeping
import OperatorConsole
import Repository
import Retention
import Scrubbing
import Signatures
import Vocabulary

extension KeeperAtWork {
  /// Makes batches of parity anew without what is about to go, where the store has parity: a batch that lost
  /// members on purpose could mend less than it promises.
  ///
  /// - Parameters:
  ///   - plan: what goes.
  ///   - percent: how much parity there is to be at least.
  ///   - context: what progress is shown on, and who may interrupt.
  /// - Throws: `protect.hurt` where something that stays is hurt, for its old batch may still mend it.
  func protectWhatStays(_ plan: RetentionPlan, percent: Int, _ context: ToolContext) throws {
    guard try !store.list("parity").isEmpty else { return }
    var dropped = try DroppedSnapshots(in: store, of: folder)
    for place in plan.ripe + plan.unfinished {
      if let host = KeyID(place.host) { dropped.insert(place.sequence, of: host) }
    }
    let holdings = try StoreHoldings(
      in: store, of: hosts, remembering: RememberedHeads(in: folder), without: dropped)
    let report = try Protection(
      store, holdings, meter: context.meter, interruption: context.interruption
    ).run(percent: percent, atMost: .unlimited)
    guard report.hurt.isEmpty else {
      for hurt in report.hurt { context.console.say("BAD     \(hurt.problem)") }
      throw OperatorError(
        "protect.hurt", .mismatch,
        "\(report.hurt.count) objects that stay are not what the host signed for; nothing was removed",
        hint: "'coffer-store scrub --repair' mends what parity can mend; then run again")
    }
  }
}
