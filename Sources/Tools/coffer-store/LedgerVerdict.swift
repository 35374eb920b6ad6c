import Keeping
import OperatorConsole
import Vocabulary

/// What is to be said of the ledgers of a store, whatever else a verb does.
struct LedgerVerdict {
  private let holdings: StoreHoldings
  private let options: KeeperOptions

  init(_ holdings: StoreHoldings, _ options: KeeperOptions) {
    (self.holdings, self.options) = (holdings, options)
  }

  private static func former(_ holding: HostHolding) -> OperatorError {
    OperatorError(
      "keeper.former-objects", .partly,
      "\(holding.former.count) objects of host \(holding.host) are as they were before an officer "
        + "rewrapped them: whom he left out opens them",
      hint: "run again what was cut off, a rewrapping or an import; what only snapshots need that "
        + "were let go of elsewhere stays so until they are let go of here")
  }

  /// Tells of ledgers that do not hold, and of what nobody vouches for.
  ///
  /// - Returns: `untrusted`, `partly`, or `done` where every ledger is signed and holds.
  func tell(_ console: Console) -> ExitStatus {
    let problems = holdings.problems
    for problem in problems { console.report(problem) }
    let strangers = holdings.hosts.filter { !$0.isVouchedFor }
    for holding in strangers {
      console.report(
        UnknownHost(holding.host, called: holding.hostname, options)
          .error("its ledger's signatures were not checked"))
    }
    let officers = Set(holdings.hosts.flatMap(\.strangers)).sorted()
    for officer in officers {
      console.report(
        OperatorError(
          "keeper.unknown-officer", .partly,
          "objects were rewrapped by \(officer), whose key is not known: what they are to be is "
            + "nobody's word",
          hint: "name the officer's public key, his record.pub, once with --officer"))
    }
    let former = holdings.hosts.filter { !$0.former.isEmpty }
    for holding in former { console.report(Self.former(holding)) }
    guard problems.isEmpty else { return .untrusted }
    return strangers.isEmpty && officers.isEmpty && former.isEmpty ? .done : .partly
  }
}
