package import Configuration
import Origins
import Repository
import Stores
import Vocabulary

/// A night that saves nothing: keys, store and sources are looked at, and what they hold is shown.
package struct Rehearsal {
  private let configuration: CofferConfiguration
  private let plan: NightPlan

  package init(
    _ configuration: CofferConfiguration, only: [String], by opener: any HostKeyOpener
  ) throws {
    self.configuration = configuration
    plan = try NightPlan(configuration, only: only)
    try HostKeys.load(configuration, by: opener).check(plan)
    _ = try StoreFormat.load(from: StoreRegistry.open(configuration.store))
  }

  /// Looks at every wanted source, in the order of the night.
  ///
  /// - Returns: whether all can be saved.
  package func run(_ listener: any OperationListener) async -> Bool {
    HostKeys.warnOfOpenFiles(configuration, listener)
    var allGood = true
    for step in plan.steps where step.isWanted {
      do {
        let bytes = try await step.origin.preflight()
        listener.hear(
          .finding(
            Finding(
              .good, "source.ready",
              "\(step.source) (\(step.kind), compartment \(step.compartment)): "
                + "\(bytes.map { "about \($0) bytes" } ?? "ready")")))
      } catch {
        allGood = false
        let problem =
          error as? OperatorError ?? OperatorError("source.unready", .failed, "\(error)")
        listener.hear(.sourceFailed(step.source, problem))
      }
    }
    return allGood
  }
}
