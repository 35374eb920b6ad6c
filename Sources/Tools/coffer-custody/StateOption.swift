import ArgumentParser
import CustodyRecords
import Glibc
import OperatorConsole
import SystemPackage
import Vocabulary

/// Where the custody record is.
struct StateOption: ParsableArguments {
  private static let variable = "COFFER_CUSTODY_STATE"

  @Option(
    help: ArgumentHelp(
      "The state folder, which holds the custody record and its key.",
      discussion: """
        Without it, the one that COFFER_CUSTODY_STATE names; else /var/lib/coffer/custody for root, \
        and for others coffer/custody in $XDG_STATE_HOME or ~/.local/state.
        """),
    completion: .directory)
  var state: String?

  /// The record, which need not be there yet.
  ///
  /// - Throws: `OperatorError` `usage` where no folder can be told.
  func record() throws -> CustodyRecord {
    guard let folder = folder() else {
      throw OperatorError(
        "usage", .usage, "there is no home folder to keep the custody record in",
        hint: "name a state folder by --state")
    }
    return CustodyRecord(at: folder, tool: "coffer-custody", version: cofferVersion)
  }

  private func folder() -> FilePath? {
    if let state { return FilePath(state) }
    if let value = unsafe getenv(Self.variable) {
      let text = unsafe String(cString: value)
      if !text.isEmpty { return FilePath(text) }
    }
    return CustodyRecord.defaultState()
  }
}
