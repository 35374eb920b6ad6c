/// What a tool's exit code tells cron, a runbook or a person.
///
/// One table for all tools; `docs/exit-codes.md` says the same in prose.
package enum ExitStatus: Int32, Sendable, CaseIterable {
  /// Done and checked.
  case done = 0
  /// Failed.
  case failed = 1
  /// Wrong arguments or configuration.
  case usage = 2
  /// Partly done: what succeeded is saved, what failed is named.
  case partly = 3
  /// Checked, and it does not match.
  case mismatch = 4
  /// Nothing was tested or saved.
  case nothingDone = 5
  /// No store here.
  case noStore = 10
  /// Locked by another run.
  case locked = 11
  /// No identity fits.
  case noIdentity = 12
  /// Signature missing, wrong or not trusted; ledger broken or rolled back.
  case untrusted = 13
  /// Refused by policy.
  case refused = 14
  /// A program or device that is needed is missing.
  case missingProgram = 20
  /// Interrupted; the next run goes on from there.
  case interrupted = 130
}
