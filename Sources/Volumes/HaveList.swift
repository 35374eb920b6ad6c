package import Keeping
import LocalFiles
package import Repository
import Signatures
package import SystemPackage
package import Vocabulary

/// What a store has, carried back by hand so that only what is missing travels; `docs/formats/volumes.md`.
///
/// Nobody signs it, for nothing is believed of it: what it says wrongly travels twice, or is missed when the
/// set is taken in.
package struct HaveList: Sendable, Codable {
  /// What is there of one host.
  package struct Host: Sendable, Codable {
    package let host: String
    /// The last entry of its ledger, with the SHA-256 of the entry's file.
    package let head: LedgerHead
    /// The last entry about what officers rewrapped of its objects; nil where there is none.
    package let rewraps: LedgerHead?
    /// Objects that the ledger asks for and that are not there, or hurt, or not rewrapped yet.
    package let lacks: [String]
  }

  /// What came in just before, in a receipt.
  package struct Arrival: Sendable, Codable {
    package let set: String
    package let objects: Int
    package let bytes: Int
    /// Whether every snapshot of the set counts now.
    package let complete: Bool

    package init(set: String, objects: Int, bytes: Int, complete: Bool) {
      (self.set, self.objects, self.bytes, self.complete) = (set, objects, bytes, complete)
    }
  }

  private static let type = "coffer-have"
  private static let largest = 1 << 30

  package let type: String
  package let format: Int
  package let store: String
  package let written: Timestamp
  package let hosts: [Host]
  /// Objects that are there and proven, and that no ledger entry asks for yet.
  package let holds: [String]
  package let received: Arrival?

  /// Looks at a store.
  ///
  /// - Parameters:
  ///   - holdings: what its ledgers ask for.
  ///   - checks: what was found when objects were checked.
  ///   - store: the store; sizes of objects are looked at, bytes are not.
  ///   - received: what came in just before.
  /// - Throws: what the store and the keeper's folder fail with.
  package init(
    _ holdings: StoreHoldings, _ checks: CheckDates, in store: any BlobStore,
    after received: Arrival? = nil
  ) throws {
    (type, format) = (Self.type, StoreFormat.version)
    self.store = try StoreFormat.load(from: store).store
    (written, self.received) = (.now(), received)
    let last = try LastChecks(checks)
    hosts = try holdings.hosts.compactMap { holding in
      guard let head = holding.head else { return nil }
      let lacks = try holding.keptRows.filter { row in
        guard let name = holding.objects.name(at: row) else { return true }
        // What is here as it was before is to be had as it is elsewhere, if anywhere.
        return try last.isHurt(name) || holding.former.contains(row)
          || store.size(of: name) != holding.objects.size(at: row)
      }
      return Host(
        host: holding.host.description, head: head, rewraps: holding.rewrapHead,
        lacks: lacks.map(holding.objects.text(at:)))
    }
    holds = try last.good.filter { name in
      // An officer may rewrap all but payloads; it is small, and travels again.
      try name.packDigest != nil && !holdings.keep(name.path) && store.size(of: name) != nil
    }.map(\.path).sorted()
  }

  /// Reads a list, or a receipt.
  ///
  /// - Throws: `have.unreadable`.
  package init(at path: FilePath) throws {
    guard let size = LocalPath(path).size, size <= Self.largest,
      let list = try? JSONDocument.decode(Self.self, from: LocalPath(path).read()),
      list.type == Self.type, list.format == StoreFormat.version
    else {
      throw OperatorError(
        "have.unreadable", .usage, "\(path) is no list of what a store has",
        hint: "write it there with 'coffer-store have', or take the receipt of an import")
    }
    self = list
  }

  /// What is there of a host; nil where nothing is.
  func host(_ id: KeyID) -> Host? { hosts.first { $0.host == id.description } }
}

/// What the last check of each object found.
struct LastChecks {
  private var outcomes: [ObjectName: CheckOutcome] = [:]

  /// Reads the keeper's checks.
  init(_ checks: CheckDates) throws {
    try checks.each { line in
      guard case .check(let text, let check) = line,
        let name = ObjectName(ledgerText: String(decoding: text, as: UTF8.self))
      else { return }
      outcomes[name] = check.outcome
    }
  }

  /// Nothing was ever checked.
  init() {}

  func isHurt(_ name: ObjectName) -> Bool { outcomes[name] == .hurt }

  func isGood(_ name: ObjectName) -> Bool { outcomes[name] == .good }

  var good: some Sequence<ObjectName> { outcomes.lazy.filter { $0.value == .good }.map(\.key) }
}
