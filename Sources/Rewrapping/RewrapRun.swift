package import AgeFormat
import Dispatch
import LocalFiles
package import Repository
package import Signatures
import Stores
import Synchronization
import SystemPackage
package import Vocabulary

/// Rewraps: new headers for what is there, proven before the old ones go.
///
/// New objects are written apart and opened there as a reader will open them. Then an entry that says what
/// they are is signed, and only then does each take its place. Killed before the entry, a run has changed
/// nothing; after it, the next run goes on.
package final class RewrapRun {
  package private(set) var view: RewrapView
  private let staging: DirectoryStore
  private let leases: [any WriterLease]

  /// Takes the right of every writer to a store, and ends what a run that was killed had begun.
  ///
  /// - Parameters:
  ///   - location: the store.
  ///   - host: the host's key.
  ///   - keeper: the keeper's, as `RewrapView` has it.
  /// - Throws: `run.locked` where a night or a keeper is at work; what `RewrapView` throws.
  package init(
    _ location: String, trusting host: VerifyingKey, keeper: VerifyingKey?
  ) throws {
    // Looked at first: nothing is made in a folder that is no store.
    let view = try RewrapView(location, trusting: host, keeper: keeper)
    guard LocalPath(FilePath(location)).isOurs else {
      throw OperatorError(
        "rewrap.other-account", .usage,
        "\(location) is another account's: what this one puts there the keeper could not read",
        hint: "run as the account that owns the store, with sudo -u")
    }
    staging = DirectoryStore(
      FilePath(location).appending(".tmp").appending(RewrapView.writer).appending("rewrapped"),
      writer: "staging")
    var leases = [try view.store.prepareForWriting()]
    leases += try StoreRegistry.quiet(location, but: RewrapView.writer)
    leases.append(try staging.prepareForWriting())
    self.leases = leases
    self.view = try RewrapView(location, trusting: host, keeper: keeper)
    try settle()
  }

  /// Rewraps what is planned.
  ///
  /// - Parameters:
  ///   - plan: of this view.
  ///   - identities: what opens it now, and one of which must open it afterwards.
  ///   - signer: the officer's key.
  ///   - meter: hears how far it is.
  ///   - interruption: ends it before anything is changed.
  /// - Returns: the entry that says what was rewrapped.
  /// - Throws: `rewrap.unproven` where the new headers cannot be opened; nothing is changed then.
  package func apply(
    _ plan: RewrapPlan, with identities: [any Identity], signedWith signer: SigningKey,
    meter: ProgressMeter, interruption: Interruption
  ) throws -> LedgerHead {
    let new = NewGeneration(objects: try view.objects(), identities: identities, staging: staging)
    var staged: [(part: RewrapPlan.Part, records: [ObjectRecord])] = []
    do {
      for part in plan.parts {
        meter.begin("\(part.compartment)")
        staged.append(
          (part, try stage(part, new, meter: meter, interruption: interruption)))
      }
    } catch {
      try removeStaged()
      throw error
    }
    let head = try view.rewraps.append(
      to: view.store, at: .now(), signedWith: signer
    ) { place in
      staged.map { part, records in
        RewrappedCompartment(part.seal, objects: records, at: place, under: part.key)
      }
    }
    try view.store.replace(plan.parts.flatMap(\.objects), from: staging)
    return head
  }

  /// Ends the work.
  package func finish() {
    for lease in leases { lease.release() }
  }

  private func stage(
    _ part: RewrapPlan.Part, _ new: NewGeneration, meter: ProgressMeter,
    interruption: Interruption
  ) throws -> [ObjectRecord] {
    let records = Mutex([ObjectRecord?](repeating: nil, count: part.objects.count))
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: part.objects.count) { place in
      guard failure.withLock({ $0 == nil }) else { return }
      do {
        try interruption.check()
        let name = part.objects[place]
        let record = try new.stage(name, of: part)
        try new.prove(name, of: part)
        records.withLock { $0[place] = record }
        meter.advance(bytes: record.size, files: 1)
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return records.withLock { $0.compactMap(\.self) }
  }

  /// What an entry names is put in its place; what none names is nothing.
  private func settle() throws {
    var ready: [ObjectName] = []
    for name in try staging.objects() {
      if let generation = view.rewraps[name],
        (try? ObjectCheck.run(name, generation.facts, in: staging)) != nil
      {
        ready.append(name)
      } else {
        try staging.remove(name)
      }
    }
    if !ready.isEmpty { try view.store.replace(ready, from: staging) }
  }

  private func removeStaged() throws {
    for name in try staging.objects() { try staging.remove(name) }
  }
}
