package import Keeping
import LocalFiles
package import Repository
import SecretMemory
import Signatures
package import Stores
import SystemPackage
package import Vocabulary

/// Takes a set in: objects first, each proven, then the ledger entries that have all they need, in order.
///
/// A run that is killed anywhere leaves the store valid; the next one goes on with what is there.
package struct ImportRun {
  /// What an import came to.
  package struct Report: Sendable {
    /// Objects that were taken from the set, and their bytes.
    package internal(set) var objects = 0
    package internal(set) var bytes = 0
    /// Objects that took the place of older ones.
    package internal(set) var rewrapped = 0
    /// Snapshots that count now and did not before.
    package fileprivate(set) var snapshots = 0
    /// Snapshots of the set that do not count yet.
    package fileprivate(set) var waiting = 0
    /// Volumes, counted from 1, with objects that had to be made good from the others.
    package fileprivate(set) var hurtVolumes: Set<Int> = []
    /// What stands against hosts and objects of the set.
    package internal(set) var problems: [OperatorError] = []
  }

  /// So many bytes come in before the keeper notes which objects they were.
  private static let bytesANote = 256 << 20

  let set: VolumeSet
  let store: any BlobStore
  let staging: DirectoryStore
  let checks: CheckDates
  private let meter: ProgressMeter
  let interruption: Interruption

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - set: what is at hand.
  ///   - store: where it goes; the caller holds its lease.
  ///   - staging: where rewrapped objects wait for their officer's entry; the caller holds its lease, too.
  ///   - checks: where it is noted what was proven.
  ///   - meter: shows progress.
  ///   - interruption: asks to stop.
  package init(
    of set: VolumeSet, into store: any BlobStore, over staging: DirectoryStore,
    noting checks: CheckDates, meter: ProgressMeter, interruption: Interruption
  ) {
    (self.set, self.store, self.staging, self.checks) = (set, store, staging, checks)
    (self.meter, self.interruption) = (meter, interruption)
  }

  /// Takes in what a plan names.
  ///
  /// - Throws: `store.full`, `store.failed`, `interrupted`, `keeper.unusable`; what is wrong with
  ///   objects and ledgers is in the report.
  package func run(_ plan: ImportPlan) throws -> Report {
    var plan = plan
    var report = Report()
    // A store is made for what a host signed for, and for nothing else.
    if plan.isNewStore, plan.hosts.contains(where: { $0.newEntries > 0 }) {
      try plan.format.create(in: store)
    }
    meter.begin("objects", total: plan.offered.bytes)
    for index in plan.hosts.indices { try takeObjects(of: index, &plan, &report) }
    try takeRewraps(&plan, &report)
    for host in plan.hosts { try publish(host, &report) }
    report.problems += plan.problems
    return report
  }

  // MARK: Objects

  private func takeObjects(
    of index: Int, _ plan: inout ImportPlan, _ report: inout Report
  ) throws {
    let host = plan.hosts[index]
    var proven: [(name: String, check: CheckDates.Check)] = []
    var unnoted = 0
    for row in host.states.indices where host.states[row] != .here {
      do {
        let state = try settle(row, of: host, &report)
        plan.note(row, of: index, state)
        guard state == .here else { continue }
        unnoted += host.holding.objects.size(at: row)
        proven.append(Self.good(host.holding.objects.text(at: row)))
        guard unnoted > Self.bytesANote || proven.count > 1000 else { continue }
        try checks.add(proven)
        (proven, unnoted) = ([], 0)
      } catch let error as OperatorError where error.status == .mismatch {
        report.problems.append(error)
        plan.note(row, of: index, .absent)
      }
    }
    try checks.add(proven)
  }

  /// Takes or proves an object.
  ///
  /// - Returns: how it stands with it then.
  /// - Throws: of status `mismatch` where it is not to be had.
  private func settle(
    _ row: Int, of host: ArrivingHost, _ report: inout Report
  ) throws -> ArrivingHost.State {
    guard let name = host.holding.objects.name(at: row) else { return .absent }
    let facts = host.holding.objects.facts(at: row)
    switch host.states[row] {
    case .here, .staged: return host.states[row]
    case .unbelieved: return .absent
    case .superseded: return try stage(name, facts, &report)
    case .absent: throw try missing(name, facts)
    case .unproven:
      do {
        try ObjectCheck.run(name, facts, in: store) { try pass($0) }
        return .here
      } catch let error as OperatorError where error.status == .mismatch {
        throw Self.conflict(name, "is in the store, and is not what the host signed for")
      }
    case .offered where host.comesLate(row):
      try prove(name, facts, &report)
      return .offered
    case .offered:
      try take(row, of: host, &report)
      return .here
    }
  }

  /// Proves an object that stays in the set for now.
  private func prove(
    _ name: ObjectName, _ facts: NeededSet.Facts, _ report: inout Report
  ) throws {
    let copied = try set.copy(name, facts) { read in
      var proof = CopyProof(name, facts)
      try read { bytes in
        try pass(bytes.byteCount)
        try proof.add(bytes)
      }
      try proof.finish()
    }
    report.hurtVolumes.formUnion(copied.hurt)
  }

  func take(_ row: Int, of host: ArrivingHost, _ report: inout Report) throws {
    guard let name = host.holding.objects.name(at: row) else { return }
    let facts = host.holding.objects.facts(at: row)
    try take(name, facts, into: store, &report)
  }

  /// Takes an object into the store, or beside it.
  func take(
    _ name: ObjectName, _ facts: NeededSet.Facts, into place: any BlobStore,
    _ report: inout Report
  ) throws {
    let copied = try set.copy(name, facts) { read in
      try place.stage { take in
        var proof = CopyProof(name, facts)
        try read { bytes in
          try pass(bytes.byteCount)
          try proof.add(bytes)
          try take(bytes)
        }
        try proof.finish()
      }
    }
    try copied.result.keep(as: name)
    report.hurtVolumes.formUnion(copied.hurt)
    report.objects += 1
    report.bytes += facts.size
  }

  static func good(_ name: String) -> (name: String, check: CheckDates.Check) {
    (name, CheckDates.Check(time: .now(), outcome: .good))
  }

  func pass(_ bytes: Int) throws {
    try interruption.check()
    meter.advance(bytes: bytes)
  }

  /// What is to be said of an object that is not to be had.
  private func missing(_ name: ObjectName, _ facts: NeededSet.Facts) throws -> OperatorError {
    guard let size = try store.size(of: name) else {
      return OperatorError(
        "import.missing", .mismatch, "\(name) is neither in the store nor in a volume at hand",
        hint: "put in the volumes that are not there, or have it carried again: 'coffer-store have'"
      )
    }
    return Self.conflict(
      name, "is in the store with \(size) bytes; the host signed for \(facts.size)")
  }

  private static func conflict(_ name: ObjectName, _ why: String) -> OperatorError {
    OperatorError(
      "import.conflict", .mismatch, "\(name) \(why)",
      hint: "nothing is overwritten: mend it or move it out of the store, then run again")
  }

  // MARK: The ledger

  /// Publishes what may count of a host, each entry with what comes late; what waits for objects is kept
  /// for then.
  private func publish(_ host: ArrivingHost, _ report: inout Report) throws {
    var host = host
    func takeLate(_ rows: [Int]) throws {
      for row in rows {
        try take(row, of: host, &report)
        host.note(row, .here)
      }
      try checks.add(rows.map { Self.good(host.holding.objects.text(at: $0)) })
    }
    let last = try host.lastWhole()
    try host.newEntries(through: last) { verified in
      try takeLate(host.late(of: verified.entry))
      let sequence = verified.entry.sequence
      try publish(
        .ledgerEntry(host.host, sequence), verified.sha256,
        signedIn: .ledgerSignature(host.host, sequence), by: host.key)
    }
    try takeLate(host.rows(.offered))
    report.snapshots += last.number - host.last.number
    report.waiting += host.newEntries - (last.number - host.last.number)
  }

  /// Keeps an entry and its signature, just as they were proven; whose key is nil has one that nobody checks.
  func publish(
    _ entryName: ObjectName, _ sha256: SHA256Digest, signedIn signatureName: ObjectName,
    by key: VerifyingKey?
  ) throws {
    try interruption.check()
    let entry = try set.ledgerFile(entryName)
    let signature =
      try store.size(of: signatureName).map { _ in try store.read(signatureName) }
      ?? set.ledgerFile(signatureName)
    let isSigned =
      key.map { key in
        (try? entry.withBytes {
          try key.verify(String(decoding: signature, as: UTF8.self), of: $0)
        }) != nil
      } ?? true
    guard SHA256Hasher.digest(of: entry) == sha256, isSigned else {
      throw OperatorError(
        "import.changed", .untrusted, "\(entryName) reads otherwise than when it was checked",
        hint: "the medium fails, or somebody writes to it: copy it, then run again")
    }
    // A signature without its entry is what a killed run left.
    try store.remove(signatureName)
    try store.putTogether([(signatureName, signature), (entryName, entry)])
  }
}
