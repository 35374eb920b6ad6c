import Keeping
import OperatorConsole
import Vocabulary

/// What is to be said of the ledgers of a store, whatever else a verb does.
struct LedgerVerdict {
  private let holdings: StoreHoldings

  init(_ holdings: StoreHoldings) {
    self.holdings = holdings
  }

  /// Tells of ledgers that do not hold, and of those that nobody vouches for.
  ///
  /// - Returns: `untrusted`, `partly`, or `done` where every ledger is signed and holds.
  func tell(_ console: Console) -> ExitStatus {
    let problems = holdings.hosts.compactMap(\.problem)
    for problem in problems { console.report(problem) }
    let strangers = holdings.hosts.filter { !$0.isVouchedFor }
    for holding in strangers {
      console.report(
        OperatorError(
          "keeper.unknown-host", .partly,
          "the key of host \(holding.host) is not known: its ledger's signatures were not checked",
          hint: "name the host's public key once with --trust"))
    }
    return !problems.isEmpty ? .untrusted : !strangers.isEmpty ? .partly : .done
  }
}
