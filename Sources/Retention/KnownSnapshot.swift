package import Repository
package import Vocabulary

/// A snapshot as its host's plain ledger and the keeper's receipts show it.
package struct KnownSnapshot: Sendable {
  package let place: SnapshotPlace
  /// When the keeper first saw it.
  package let received: Timestamp
  /// When it counts as received where a rule asks for days; see `ReckonedTimes`.
  package let reckoned: Timestamp
  /// What the host says that it did with each source, left out ones included.
  package let sources: [SourceSummary]
  package let seals: [CompartmentSeal]

  package init(
    place: SnapshotPlace, received: Timestamp, reckoned: Timestamp, sources: [SourceSummary],
    seals: [CompartmentSeal]
  ) {
    (self.place, self.received, self.reckoned) = (place, received, reckoned)
    (self.sources, self.seals) = (sources, seals)
  }

  /// Which snapshots are counted together: those of one host that hold the same sources.
  package struct Series: Sendable, Hashable {
    package let host: String
    package let sources: [SourceName]
  }

  package var series: Series {
    Series(host: place.host, sources: sources.filter(\.isThere).map(\.name).sorted())
  }

  /// What it says of a source.
  package func summary(of source: SourceName) -> SourceSummary? {
    sources.first { $0.name == source }
  }
}
