import ArgumentParser
import Retention
import Vocabulary

/// What is kept, and what no policy undercuts.
struct PolicyOptions: ParsableArguments {
  @Option(help: "Keep so many of the newest snapshots.")
  var keepLast = 0

  @Option(help: "Keep the newest snapshot of each of the last so many days that have any.")
  var keepDaily = 0

  @Option(help: "The same for weeks, from Monday.")
  var keepWeekly = 0

  @Option(help: "The same for months.")
  var keepMonthly = 0

  @Option(help: "The same for years.")
  var keepYearly = 0

  @Option(help: "Keep all that was received so long ago, such as 30d or 1y6m.")
  var keepWithin: TimeSpan?

  @Option(help: "So many snapshots stay in any case, and the newest of so many days; 3 or more.")
  var minCount = RetentionPolicy.Floors.least.count

  @Option(help: "All that is younger stays in any case; 7d or more.")
  var minAge = RetentionPolicy.Floors.least.age

  @Option(help: "How long a marked snapshot still stays; 1d or more.")
  var grace = TimeSpan.days(3)

  func validate() throws {
    let counts = [keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly]
    guard counts.allSatisfy({ $0 >= 0 }) else {
      throw ValidationError("what is kept is a number of snapshots, not less than none")
    }
  }

  /// The policy.
  ///
  /// - Throws: `retain.no-rule`, `retain.floor`.
  func policy() throws -> RetentionPolicy {
    guard grace >= RetentionRun.leastGrace else {
      throw OperatorError(
        "retain.floor", .refused, "what is marked stays for at least \(RetentionRun.leastGrace)")
    }
    return try RetentionPolicy(
      last: keepLast,
      periods: [
        .daily: keepDaily, .weekly: keepWeekly, .monthly: keepMonthly, .yearly: keepYearly,
      ], within: keepWithin, floors: .init(count: minCount, age: minAge))
  }
}

extension TimeSpan: ExpressibleByArgument {
  public init?(argument: String) {
    self.init(argument)
  }
}
