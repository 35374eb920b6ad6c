package import AgeFormat
import Origins
package import Repository
package import Signatures
import Stores
package import Vocabulary

/// A store as a restoring host sees it: its ledger checked, a snapshot chosen.
package struct StoreView: Sendable {
  /// Which snapshot is meant.
  package enum Choice: Sendable {
    case latest
    case id(String)

    /// Reads `latest`, an id, or the beginning of one.
    package init(_ text: String) {
      self = text == "latest" ? .latest : .id(text)
    }
  }

  package let store: any BlobStore
  package let ledger: Ledger
  package let keeper: KeeperWord
  /// What officers rewrapped of the host's objects.
  package let officers: OfficersWord

  /// Opens a store and checks the whole ledger of the host.
  ///
  /// - Parameters:
  ///   - location: the store.
  ///   - trust: whose word to take.
  ///   - expected: a head that somebody noted: the ledger must still contain it.
  ///   - keeper: whose word is taken for what was removed on purpose; nobody's where nil.
  ///   - officers: whose word is taken for what no identity opens and was rewrapped.
  ///   - known: the last entry that the host knows to have finished, where its state is at hand.
  /// - Throws: status `noStore` or `untrusted`.
  package init(
    _ location: String, trusting trust: LedgerTrust, expected: SHA256Digest?,
    keeper: VerifyingKey? = nil, officers: [VerifyingKey] = [],
    unfinishedAfter known: LedgerSequence? = nil
  ) throws {
    store = try StoreRegistry.open(location)
    ledger = try Ledger.load(from: store, trusting: trust, unfinishedAfter: known)
    self.keeper = try KeeperWord(in: store, trusting: keeper)
    self.officers = try OfficersWord(in: store, of: ledger.host, trusting: officers)
    if let expected { try ledger.mustContain(expected, rememberedBy: "--expect-head") }
    // A first night that was cut off leaves packs; manifests come just before the ledger's entry.
    if ledger.entries.isEmpty, let manifest = try store.list("manifests").first {
      throw OperatorError(
        "ledger.missing-entry", .untrusted,
        "manifests/\(manifest) is there, but no ledger names it: the ledger was removed, or the "
          + "first run was cut off just before its end",
        hint: "run again, or look for another copy of the store")
    }
  }

  /// Finds a snapshot.
  ///
  /// The latest is the newest one that holds every source asked for, and any at all: a source that
  /// failed last night is looked for the night before. One that holds them whole goes before newer
  /// ones that hold some only in part.
  /// - Throws: `snapshot.unknown`, `snapshot.ambiguous`, `snapshot.removed` where the keeper removed it, or
  ///   `snapshot.none` where there is none yet.
  package func entry(
    _ choice: Choice, holding sources: [SourceName] = []
  ) throws -> Ledger.VerifiedEntry {
    guard ledger.entries.contains(where: \.entry.holdsSources) else {
      throw OperatorError(
        "snapshot.none", .nothingDone, "the store at \(store.location) holds no snapshot yet")
    }
    switch choice {
    case .latest:
      func newest(_ isGood: (SourceSummary) -> Bool) -> Ledger.VerifiedEntry? {
        ledger.entries.last { verified in
          verified.entry.holdsSources && keeper.removal(of: verified.entry) == nil
            && sources.allSatisfy { name in
              verified.entry.sources.contains { $0.name == name && isGood($0) }
            }
        }
      }
      guard let found = newest({ $0.state == .saved }) ?? newest(\.isThere) else {
        let names = sources.map(\.text).joined(separator: ", ")
        throw OperatorError(
          "snapshot.unknown", .usage, "no snapshot holds \(names)",
          hint: "'coffer-restore snapshots' lists what there is")
      }
      return found
    case .id(let text):
      let found = ledger.entries.filter { $0.entry.snapshot.text.hasPrefix(text) }
      guard let first = found.first else {
        throw OperatorError(
          "snapshot.unknown", .usage, "there is no snapshot '\(text)'",
          hint: "'coffer-restore snapshots' lists what there is")
      }
      guard found.count == 1 else {
        throw OperatorError(
          "snapshot.ambiguous", .usage, "'\(text)' is the beginning of \(found.count) snapshots")
      }
      if let moment = keeper.removal(of: first.entry) {
        throw OperatorError(
          "snapshot.removed", .nothingDone,
          "the keeper removed snapshot \(first.entry.snapshot) on \(moment)",
          hint:
            "'coffer-restore snapshots' lists what there is; another copy of the store may have it")
      }
      return first
    }
  }

  /// The objects that any snapshot needs which was not removed on purpose.
  ///
  /// - Throws: `ledger.broken` where an entry contradicts itself.
  func neededByAny() throws -> NeededSet {
    try ledger.neededByAny { keeper.removal(of: $0) != nil }
  }

  /// Opens the compartments of a snapshot that the identities open.
  ///
  /// - Throws: `identity.none-fits` where they open none, `snapshot.empty` where there is none, and
  ///   what is wrong with what they open.
  package func open(
    _ verified: Ledger.VerifiedEntry, with identities: [any Identity]
  ) throws -> OpenSnapshot {
    let needed = try ledger.needed(at: verified.entry.sequence)
    let objects = ObjectReader(store: store, needed: needed, rewraps: officers.ledger)
    var open: [CompartmentReader] = []
    var sealed: [CompartmentName] = []
    let compartments = Set(
      verified.entry.sources.filter(\.isThere).map(\.compartment)
    ).sorted()
    for compartment in compartments {
      do {
        let reader = try CompartmentReader(
          compartment, in: verified.entry.snapshot, objects: objects, identities: identities)
        try reader.manifest.check(against: verified.entry)
        open.append(reader)
      } catch AgeError.noIdentityMatches {
        sealed.append(compartment)
      }
    }
    guard !compartments.isEmpty else {
      throw OperatorError(
        "snapshot.empty", .nothingDone, "snapshot \(verified.entry.snapshot) holds no source")
    }
    guard !open.isEmpty else {
      throw OperatorError(
        "identity.none-fits", .noIdentity,
        "none of the given identities opens any compartment of snapshot \(verified.entry.snapshot)",
        hint: "it has \(sealed.map(\.text).joined(separator: ", ")); use an officer's identity")
    }
    return OpenSnapshot(
      entry: verified.entry, head: verified.head, objects: objects, identities: identities,
      officers: officers, compartments: open, sealed: sealed)
  }
}

extension LedgerEntry {
  /// Whether it is of a snapshot that can be restored: one of which nothing was saved cannot.
  var holdsSources: Bool { sources.contains(where: \.isThere) }
}

/// A snapshot, with the compartments that could be opened.
package struct OpenSnapshot {
  package let entry: LedgerEntry
  package let head: LedgerHead
  package let objects: ObjectReader
  /// What opened it.
  let identities: [any Identity]
  let officers: OfficersWord
  package let compartments: [CompartmentReader]
  /// Compartments that no given identity opens.
  package let sealed: [CompartmentName]

  /// Every source that can be read, with the reader of its compartment.
  package var sources: [(record: SourceRecord, reader: CompartmentReader)] {
    compartments.flatMap { reader in reader.manifest.sources.map { ($0, reader) } }
  }

  /// Finds a source.
  ///
  /// - Throws: `source.sealed` where it is in a compartment that was not opened, `source.unknown`
  ///   where the snapshot does not hold it.
  package func source(
    _ name: SourceName
  ) throws -> (record: SourceRecord, reader: CompartmentReader) {
    if let found = sources.first(where: { $0.record.name == name }) { return found }
    if let summary = entry.sources.first(where: { $0.name == name && $0.isThere }),
      sealed.contains(summary.compartment)
    {
      throw OperatorError(
        "source.sealed", .noIdentity,
        "source '\(name)' is in compartment '\(summary.compartment)', which no identity opens")
    }
    throw OperatorError(
      "source.unknown", .usage, "snapshot \(entry.snapshot) holds no source '\(name)'",
      hint: "it holds \(entry.sources.filter(\.isThere).map(\.name.text).joined(separator: ", "))")
  }

  /// Warns of sources that the night could not read whole, and names what it could not read.
  ///
  /// - Parameter names: the sources that somebody wants back.
  /// - Returns: nothing where all of them were saved whole.
  /// - Throws: `manifest.damaged`, and what `source` throws.
  func warnings(about names: [SourceName]) throws -> [Finding] {
    let partly = Set(entry.sources.filter { $0.state == .partly }.map(\.name))
    return try names.filter(partly.contains).flatMap { name in
      let record = try source(name).record
      let unsaved = try OriginRegistry.kind(record.kind).unsaved(record)
      return ["\(name) was saved in part only: what could not be read that night is not in it"]
        .map { Finding(.warning, "source.partly", $0) }
        + unsaved.map { Finding(.warning, "source.partly", "\(name): not saved: \($0)") }
    }
  }
}
