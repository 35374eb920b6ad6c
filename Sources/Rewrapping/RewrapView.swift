package import AgeFormat
package import Repository
package import Signatures
package import Stores
import SystemPackage
package import Vocabulary

/// A store in a folder as an officer sees it who rewraps a host's objects.
package struct RewrapView: Sendable {
  package let store: DirectoryStore
  package let ledger: Ledger
  package internal(set) var rewraps: RewrapLedger
  private let gone: Set<SnapshotPlace>

  /// Opens a store and checks the ledger of a host.
  ///
  /// - Parameters:
  ///   - location: the store.
  ///   - host: the host's key.
  ///   - keeper: the keeper's, whose word is taken for what was removed on purpose; nil for nobody's.
  /// - Throws: `rewrap.remote` where the store is another machine's; what is wrong with it.
  package init(
    _ location: String, trusting host: VerifyingKey, keeper: VerifyingKey?
  ) throws {
    guard
      let store = try StoreRegistry.open(location, writer: RewrapStaging.writer) as? DirectoryStore
    else {
      throw OperatorError(
        "rewrap.remote", .usage, "\(location) is another machine's: from here nothing is replaced",
        hint: "mount the store's folder, or run where it lies; packs themselves are not read")
    }
    self.store = store
    ledger = try Ledger.load(from: store, trusting: .key(host))
    rewraps = try RewrapLedger(in: store, of: ledger.host)
    gone = try keeper.map { Set(try KeeperLedger(in: store, of: $0).book.gone.keys) } ?? []
  }

  /// Whether the keeper removed a snapshot.
  func isGone(_ entry: LedgerEntry) -> Bool { gone.contains(SnapshotPlace(of: entry)) }

  /// The objects that any snapshot needs which was not removed.
  func objects() throws -> ObjectReader {
    ObjectReader(
      store: store, needed: try ledger.neededByAny(without: isGone), rewraps: rewraps)
  }

  /// Plans what is to be rewrapped, so that all that the identities open is for a policy's recipients.
  ///
  /// - Parameters:
  ///   - policy: who may open what.
  ///   - identities: what opens it now.
  ///   - meter: hears how far it is.
  ///   - interruption: ends it.
  /// - Returns: the plan.
  /// - Throws: `identity.none-fits` where no identity opens any compartment of the policy,
  ///   `policy.unknown-compartment`, and what the store fails with.
  package func plan(
    _ policy: RewrapPolicy, with identities: [any Identity], meter: ProgressMeter,
    interruption: Interruption
  ) throws -> RewrapPlan {
    try requireKnown(policy)
    var plan = RewrapPlan()
    let objects = try objects()
    for (compartment, readers) in policy.compartments.sorted(by: { $0.key < $1.key }) {
      var survey = CompartmentSurvey(
        of: compartment, for: readers, in: self, objects, with: identities, meter: meter,
        interruption: interruption)
      try survey.run(&plan)
    }
    guard plan.sealed.count < policy.compartments.count else {
      throw OperatorError(
        "identity.none-fits", .noIdentity,
        "none of the given identities opens any compartment that the policy names",
        hint: "it names \(plan.sealed.map(\.text).joined(separator: ", "))")
    }
    return plan
  }

  private func requireKnown(_ policy: RewrapPolicy) throws {
    let known = Set(ledger.entries.flatMap(\.entry.sources).map(\.compartment))
    for compartment in policy.compartments.keys.sorted() where !known.contains(compartment) {
      throw OperatorError(
        "policy.unknown-compartment", .usage,
        "no snapshot of host \(ledger.host) has a compartment '\(compartment)'",
        hint: "it has \(known.sorted().map(\.text).joined(separator: ", "))")
    }
  }
}
