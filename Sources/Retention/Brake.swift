package import Repository
package import Vocabulary

/// What stops retention although the policy would go on: what stays looks worse than what would go.
///
/// Only what the plain ledger and the receipts show is looked at. A host can lie in both; that a drill
/// restores the newest snapshot is the only proof.
package struct Brake: Sendable {
  /// The reasons, as `--despite` takes them.
  package enum Code: String, Sendable, Hashable, CaseIterable {
    /// A source holds less than half of the bytes that a snapshot to be removed holds.
    case smaller
    /// The same of its files.
    case fewerFiles = "fewer-files"
    /// A source that a snapshot to be removed holds is not in the newest one.
    case sourceGone = "source-gone"
    /// It could not be saved last time.
    case sourceFailed = "source-failed"
    /// The newest snapshot is sealed for other recipients, or under another chunk-id key.
    case recipientsChanged = "recipients-changed"
    /// More snapshots came on a day than ever before.
    case flood
    /// For weeks nothing came, or the keeper's clock jumped.
    case gap
    /// A drill failed.
    case drillFailed = "drill-failed"
  }

  /// A reason to stop.
  package struct Finding: Sendable, Hashable {
    package let code: Code
    /// The host's newest snapshot.
    package let newest: SnapshotPlace
    package let text: String
  }

  /// Longer than a month's backup takes to come.
  private static let longestGap = TimeSpan.days(35)
  /// So many a day are never a flood.
  private static let fewestOfFlood = 4

  /// The host's snapshots that are not gone, oldest first.
  private let there: [KnownSnapshot]
  private let going: [KnownSnapshot]
  /// All that were ever received, by number; the acceptance of a code names one of them.
  private let all: [LedgerSequence: KnownSnapshot]
  private let accepted: [String: LedgerSequence]
  private let now: Timestamp
  /// What of late is: the time in which the floor keeps everything.
  private let recent: TimeSpan

  /// Looks at one host.
  ///
  /// - Parameters:
  ///   - all: all snapshots ever received of it, oldest first.
  ///   - there: those that are not gone.
  ///   - going: those that no rule keeps.
  ///   - accepted: at which snapshot each code was last accepted.
  ///   - recent: the policy's minimum age.
  ///   - now: the keeper's clock.
  package init(
    all: [KnownSnapshot], there: [KnownSnapshot], going: [KnownSnapshot],
    accepted: [String: LedgerSequence], recent: TimeSpan, at now: Timestamp
  ) {
    self.all = Dictionary(all.map { ($0.place.sequence, $0) }) { first, _ in first }
    (self.there, self.going, self.accepted) = (there, going, accepted)
    (self.now, self.recent) = (now, recent)
  }

  /// Every reason to stop; none where nothing would go.
  package func findings() -> [Finding] {
    guard let newest = there.last, !going.isEmpty else { return [] }
    let found: [(Code, String)] =
      sources() + recipients(newest) + (flood().map { [(.flood, $0)] } ?? [])
      + (gap(newest).map { [(.gap, $0)] } ?? [])
    return found.map { Finding(code: $0.0, newest: newest.place, text: $0.1) }
  }

  /// What the newest snapshot is held against: what goes, but where somebody accepted a change, that and
  /// what came after it.
  private func references(for code: Code) -> [KnownSnapshot] {
    guard let sequence = accepted[code.rawValue] else { return going }
    return (all[sequence].map { [$0] } ?? []) + going.filter { $0.place.sequence > sequence }
  }

  private func sources() -> [(Code, String)] {
    [Code.sourceGone, .sourceFailed, .smaller, .fewerFiles].flatMap { code in
      var told: Set<SourceName> = []
      return references(for: code).flatMap { reference in
        reference.sources.filter(\.isThere).compactMap { before -> (Code, String)? in
          guard let text = worse(code, before, latest(before.name)),
            told.insert(before.name).inserted
          else { return nil }
          return (code, "\(text), in \(reference.place.snapshot)")
        }
      }
    }
  }

  /// What the newest night that did not leave a source out did with it; nil where it is gone.
  private func latest(_ source: SourceName) -> SourceSummary? {
    for snapshot in there.reversed() {
      guard let summary = snapshot.summary(of: source) else { return nil }
      if summary.state != .skipped { return summary }
    }
    return nil
  }

  private func worse(_ code: Code, _ before: SourceSummary, _ after: SourceSummary?) -> String? {
    switch (code, after) {
    case (.sourceGone, nil): "source \(before.name) is gone: it was there"
    case (.sourceFailed, let after?) where after.state == .failed:
      "source \(before.name) failed: it was there"
    case (.smaller, let after?) where after.isThere && after.bytes < before.bytes / 2:
      "source \(before.name) holds \(after.bytes) bytes: it had \(before.bytes)"
    case (.fewerFiles, let after?) where after.isThere && after.files < before.files / 2:
      "source \(before.name) holds \(after.files) files: it had \(before.files)"
    default: nil
    }
  }

  private func recipients(_ newest: KnownSnapshot) -> [(Code, String)] {
    let seals = Dictionary(newest.seals.map { ($0.name, $0) }) { first, _ in first }
    var told: Set<CompartmentName> = []
    return references(for: .recipientsChanged).flatMap { reference in
      reference.seals.compactMap { before -> (Code, String)? in
        guard let after = seals[before.name], after != before, told.insert(before.name).inserted
        else { return nil }
        return (
          .recipientsChanged,
          "compartment \(before.name) is sealed for other recipients, or under another key, than in "
            + "\(reference.place.snapshot): those who open that may not open the newest one"
        )
      }
    }
  }

  private func flood() -> String? {
    func day(_ moment: Timestamp) -> Int { RetentionPolicy.Period.daily.number(of: moment) }
    let counts = Dictionary(grouping: all.values) { day($0.reckoned) }
    let calm = accepted[Code.flood.rawValue].flatMap { all[$0] }.map { day($0.reckoned) } ?? .min
    let since = day(now) - recent.seconds / 86_400
    guard let busiest = counts.filter({ $0.key < since || $0.key <= calm }).map(\.value.count).max()
    else { return nil }
    let most = max(Self.fewestOfFlood, 2 * busiest)
    let late = counts.filter { $0.key >= since && $0.key > calm }
    guard let flood = late.max(by: { $0.value.count < $1.value.count }), flood.value.count > most
    else { return nil }
    return "\(flood.value.count) snapshots came on one day, never more than \(busiest) before: "
      + "what is counted by number would be pushed out"
  }

  private func gap(_ newest: KnownSnapshot) -> String? {
    let calm = accepted[Code.gap.rawValue] ?? LedgerSequence(0)
    let times = there.filter { $0.place.sequence >= calm }.map(\.received)
    let late = zip(times, times.dropFirst()).filter { $0.1.age(at: now) <= recent }
    if let gap = late.map({ $0.age(at: $1) }).max(), gap > Self.longestGap {
      return "nothing came for \(gap.roughly), until of late: did the clock jump?"
    }
    let silence = newest.received.age(at: now)
    guard silence > Self.longestGap, newest.place.sequence > calm else { return nil }
    return "nothing came for \(silence.roughly)"
  }
}
