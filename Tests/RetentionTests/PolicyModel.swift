import Foundation
import Repository
import Retention
import Vocabulary

/// What a policy keeps, said in another way than the program says it: a snapshot is looked at alone, and
/// what came after it is counted; days are the calendar's.
struct PolicyModel {
  /// A snapshot that is there.
  struct Snapshot {
    let place: SnapshotPlace
    let received: Int
    let reckoned: Int
    let sources: [SourceSummary]
  }

  private static let calendar: Calendar = {
    var calendar = Calendar(identifier: .iso8601)
    if let zone = TimeZone(identifier: "UTC") { calendar.timeZone = zone }
    return calendar
  }()

  let policy: RetentionPolicy
  let now: Int
  /// All of one host that are not gone, in the order of its ledger.
  let snapshots: [Snapshot]
  let held: Set<SnapshotID>
  let head: SnapshotPlace?

  func keeps(_ place: SnapshotPlace) -> Bool {
    guard let snapshot = snapshots.first(where: { $0.place == place }) else { return false }
    if place == head || held.contains(place.snapshot) { return true }
    if now - snapshot.received < policy.floors.age.seconds { return true }
    if let within = policy.within, now - snapshot.reckoned <= within.seconds { return true }
    let later = snapshots.filter { $0.place.sequence > place.sequence }
    for source in snapshot.sources where source.state == .saved {
      let isLast = !later.contains { other in
        other.sources.contains { $0.name == source.name && $0.state == .saved }
      }
      if isLast { return true }
    }
    let peers = later.filter { names($0) == names(snapshot) }
    if peers.count < max(policy.last, policy.floors.count) { return true }
    let daily = max(policy.periods[.daily] ?? 0, policy.floors.count)
    return isNewest(snapshot, among: peers, of: daily, [.year, .month, .day])
      || isNewest(
        snapshot, among: peers, of: policy.periods[.weekly] ?? 0, [.yearForWeekOfYear, .weekOfYear])
      || isNewest(snapshot, among: peers, of: policy.periods[.monthly] ?? 0, [.year, .month])
      || isNewest(snapshot, among: peers, of: policy.periods[.yearly] ?? 0, [.year])
  }

  private func names(_ snapshot: Snapshot) -> Set<SourceName> {
    Set(snapshot.sources.filter { $0.state == .saved || $0.state == .partly }.map(\.name))
  }

  /// Whether it is the last one of its stretch, and fewer than `count` later stretches have any.
  private func isNewest(
    _ snapshot: Snapshot, among later: [Snapshot], of count: Int,
    _ components: Set<Calendar.Component>
  ) -> Bool {
    func stretch(_ snapshot: Snapshot) -> DateComponents {
      Self.calendar.dateComponents(
        components, from: Date(timeIntervalSince1970: TimeInterval(snapshot.reckoned)))
    }
    let own = stretch(snapshot)
    let others = Set(later.map(stretch))
    return !others.contains(own) && others.count < count
  }
}
