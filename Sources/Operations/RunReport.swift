package import Origins
package import Repository
package import Vocabulary

/// What happens during an operation, as a console, a log or a program wants to hear it.
package enum OperationEvent: Sendable {
  case sourceStarted(SourceName)
  case sourceSaved(SourceName, SourceSavings)
  case sourceFailed(SourceName, OperatorError)
  case snapshotPublished(SnapshotID, LedgerHead)
  case step(String)
  case note(String)
  case warning(String)
  case finding(Finding)
}

/// What saving a source cost.
package struct SourceSavings: Sendable, Codable {
  package let bytes: Int
  package let files: Int
  /// Bytes of chunks that were not in the store before.
  package let newBytes: Int
  /// Bytes that the store grew by.
  package let storedBytes: Int
  package let seconds: Double
  package let failures: [String]
  /// Media rows of the night's dump that have no file; nil where they were not reconciled.
  package let rowsWithoutFile: Int?
}

/// Hears of what happens; called from one task at a time.
package protocol OperationListener: Sendable {
  func hear(_ event: OperationEvent)
}

/// How a backup run ended.
package struct BackupReport: Sendable, Codable {
  package let snapshot: SnapshotID
  package let head: LedgerHead
  package let started: Timestamp
  package let finished: Timestamp
  package let sources: [SourceSummary]
  package let savings: [String: SourceSavings]
  /// Sources that failed, and why.
  package let failures: [String: String]
  /// When each source was last saved, by this run or an earlier one.
  package let lastSuccess: [String: Timestamp]

  /// Whether something in it was not saved.
  package var isPartial: Bool {
    !failures.isEmpty || savings.values.contains { !$0.failures.isEmpty }
  }
}
