package import Vocabulary

/// Which snapshots stay, counted on the keeper's receipts.
package struct RetentionPolicy: Sendable, Hashable {
  /// A stretch of the calendar, in UTC.
  package enum Period: String, Sendable, Hashable, CaseIterable {
    case daily, weekly, monthly, yearly
  }

  /// What no policy undercuts.
  package struct Floors: Sendable, Hashable {
    /// What `--min-count` and `--min-age` may only raise.
    package static let least = Floors(count: 3, age: .days(7))

    /// So many snapshots of a series stay, and the newest of so many days.
    package let count: Int
    /// Nothing goes before the keeper has had it so long.
    package let age: TimeSpan

    package init(count: Int, age: TimeSpan) {
      (self.count, self.age) = (count, age)
    }
  }

  /// Why a snapshot stays.
  package enum Reason: Sendable, Hashable {
    case last
    case period(Period)
    case within
    case minimumCount
    case minimumAge
    /// The newest snapshot that holds this source whole.
    case newest(SourceName)
    case held(String)
    /// What its host's next night builds upon.
    case head
  }

  package let last: Int
  package let periods: [Period: Int]
  package let within: TimeSpan?
  package let floors: Floors

  /// Puts a policy together.
  ///
  /// - Parameters:
  ///   - last: keep so many of the newest.
  ///   - periods: keep the newest of so many days, weeks, months, years that have any.
  ///   - within: keep what was received not longer ago.
  ///   - floors: what stays in any case.
  /// - Throws: `retain.no-rule` where nothing is to be kept, `retain.floor` where a floor is lower than
  ///   it may be.
  package init(
    last: Int, periods: [Period: Int], within: TimeSpan?, floors: Floors
  ) throws(OperatorError) {
    guard last > 0 || within != nil || periods.values.contains(where: { $0 > 0 }) else {
      throw OperatorError(
        "retain.no-rule", .usage, "no rule says what is kept",
        hint: "give one or more of --keep-last, --keep-daily, --keep-weekly, --keep-monthly, "
          + "--keep-yearly, --keep-within")
    }
    guard floors.count >= Floors.least.count, floors.age >= Floors.least.age else {
      throw OperatorError(
        "retain.floor", .refused,
        "at least \(Floors.least.count) snapshots of a series, and all that are younger than "
          + "\(Floors.least.age), stay under any policy",
        hint: "--min-count and --min-age raise these floors; nothing lowers them")
    }
    (self.last, self.periods, self.within, self.floors) = (last, periods, within, floors)
  }

  /// Why each snapshot of a series stays.
  ///
  /// - Parameters:
  ///   - series: its snapshots that are not gone, in the order in which they were received.
  ///   - now: the keeper's clock.
  /// - Returns: the reasons of each, in the same order; none where it may go.
  package func reasons(for series: [KnownSnapshot], at now: Timestamp) -> [[Reason]] {
    var reasons = [[Reason]](repeating: [], count: series.count)
    let newestFirst = Array(series.indices.reversed())
    for index in newestFirst.prefix(last) { reasons[index].append(.last) }
    for period in Period.allCases {
      for index in newest(periods[period] ?? 0, in: series, by: period) {
        reasons[index].append(.period(period))
      }
    }
    for (index, snapshot) in series.enumerated() {
      if let within, snapshot.reckoned.age(at: now) <= within { reasons[index].append(.within) }
      if snapshot.received.age(at: now) < floors.age { reasons[index].append(.minimumAge) }
    }
    let floor = Set(newestFirst.prefix(floors.count))
      .union(newest(floors.count, in: series, by: .daily))
    for index in floor { reasons[index].append(.minimumCount) }
    return reasons
  }

  /// The newest snapshot of each of the newest stretches that have any.
  private func newest(_ count: Int, in series: [KnownSnapshot], by period: Period) -> [Int] {
    var seen: Set<Int> = []
    var found: [Int] = []
    for index in series.indices.reversed() where found.count < count {
      if seen.insert(period.number(of: series[index].reckoned)).inserted { found.append(index) }
    }
    return found
  }
}

extension RetentionPolicy.Period {
  /// Which stretch a moment is in; the same number for two moments of one, in UTC, weeks from Monday.
  package func number(of moment: Timestamp) -> Int {
    let seconds = moment.secondsSince1970
    let day = (seconds - (seconds % 86_400 + 86_400) % 86_400) / 86_400
    let text = moment.text
    switch self {
    case .daily: return day
    // 1970-01-01 was a Thursday.
    case .weekly: return (day + 3) / 7
    case .monthly: return (Int(text.prefix(4)) ?? 0) * 12 + (Int(text.dropFirst(5).prefix(2)) ?? 0)
    case .yearly: return Int(text.prefix(4)) ?? 0
    }
  }
}

extension RetentionPolicy.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .last: "last"
    case .period(let period): period.rawValue
    case .within: "within"
    case .minimumCount: "minimum count"
    case .minimumAge: "minimum age"
    case .newest(let source): "newest of \(source)"
    case .held(let reason): "held: \(reason)"
    case .head: "newest of its host"
    }
  }
}
