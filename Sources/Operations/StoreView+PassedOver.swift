import Origins
package import Repository
package import Vocabulary

extension StoreView {
  /// The sources that a drill of the latest snapshot asks for: those of the newest one.
  package var newestSources: [SourceName] {
    ledger.entries.last { $0.entry.holdsSources }?.entry.sources.filter(\.isThere).map(\.name) ?? []
  }

  /// What to say where `latest` is not the newest snapshot, for that lacks something or has it in part.
  ///
  /// - Parameters:
  ///   - chosen: the snapshot that was taken.
  ///   - choice: what was asked for.
  ///   - sources: the sources that were asked for.
  /// - Returns: nil where the newest was taken, or one by its id.
  package func passedOver(
    for chosen: Ledger.VerifiedEntry, _ choice: Choice, holding sources: [SourceName]
  ) -> String? {
    guard case .latest = choice, let newest = ledger.entries.last, newest.sha256 != chosen.sha256,
      newest.entry.holdsSources
    else { return nil }
    let states = sources.compactMap { name -> String? in
      let summary = newest.entry.sources.first { $0.name == name }
      return summary?.state == .saved ? nil : "\(name): \(summary?.state.rawValue ?? "not there")"
    }
    return "the newest snapshot \(newest.entry.snapshot) has not all that was asked for whole "
      + "(\(states.joined(separator: ", "))); using \(chosen.entry.snapshot) of "
      + "\(chosen.entry.started): --snapshot takes another"
  }
}
