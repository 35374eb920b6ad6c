import Keeping
import Repository
import Stores
import Vocabulary

/// How what officers rewrapped takes the place of what is here: all of it waits beside the store first, then
/// the entry that says so comes, then each object is replaced.
extension ImportRun {
  /// Has a rewrapped object wait, unless it does already, or is in its place.
  ///
  /// - Returns: how it stands with it then.
  /// - Throws: of status `mismatch` where it is not to be had.
  func stage(
    _ name: ObjectName, _ facts: NeededSet.Facts, _ report: inout Report
  ) throws -> ArrivingHost.State {
    if isGood(name, facts, in: staging) { return .staged }
    if isGood(name, facts, in: store) { return .here }
    try staging.remove(name)
    try take(name, facts, into: staging, &report)
    return .staged
  }

  /// Publishes the entries about rewrapped objects of each host that has all of them at hand, and replaces
  /// what is older here.
  ///
  /// - Throws: as `run`.
  func takeRewraps(_ plan: inout ImportPlan, _ report: inout Report) throws {
    var isWaiting = false
    for index in plan.hosts.indices {
      if try lacksRewrapped(plan.hosts[index]) {
        isWaiting = true
        try hold(index, &plan, &report)
      } else {
        try replace(index, &plan, &report)
      }
    }
    guard !isWaiting else { return }
    for name in try staging.objects() { try staging.remove(name) }
  }

  /// Whether an object would be called hurt if the entry that rewrapped it came: it is here as it was before.
  private func lacksRewrapped(_ host: ArrivingHost) throws -> Bool {
    try host.rows(.absent).contains { row in
      guard host.wasHere(row), host.isRewrapped(row), let name = host.holding.objects.name(at: row)
      else { return false }
      return try store.size(of: name) != nil
    }
  }

  private func replace(
    _ index: Int, _ plan: inout ImportPlan, _ report: inout Report
  ) throws {
    let host = plan.hosts[index]
    for (head, key) in host.rewraps?.newEntries ?? [] {
      try publish(
        .rewrapEntry(host.host, head.sequence), head.sha256,
        signedIn: .rewrapSignature(host.host, head.sequence), by: key)
    }
    let rows = host.rows(.staged)
    for row in rows {
      guard let name = host.holding.objects.name(at: row) else { continue }
      try interruption.check()
      try replace(name, host.holding.objects.facts(at: row))
      plan.note(row, of: index, .here)
    }
    try checks.add(rows.map { Self.good(host.holding.objects.text(at: $0)) })
    report.rewrapped += rows.count
  }

  private func replace(_ name: ObjectName, _ facts: NeededSet.Facts) throws {
    try store.replace(name) { take in
      var proof = CopyProof(name, facts)
      try staging.stream(name) { bytes in
        try proof.add(bytes)
        try take(bytes)
      }
      try proof.finish()
    }
  }

  /// Leaves everything as it was before the entries; what came for them is kept for the next run.
  private func hold(_ index: Int, _ plan: inout ImportPlan, _ report: inout Report) throws {
    let host = plan.hosts[index]
    for row in host.states.indices where host.isRewrapped(row) {
      if host.wasHere(row) {
        if host.states[row] == .absent, let name = host.holding.objects.name(at: row),
          try store.size(of: name) != nil
        {
          plan.note(row, of: index, .here)
        }
      } else {
        if host.states[row] == .offered { try take(row, of: host, &report) }
        plan.note(row, of: index, .absent)
      }
    }
    report.problems.append(
      OperatorError(
        "import.rewraps-wait", .partly,
        "not all is at hand that officers rewrapped of host \(host.host): nothing of it is replaced yet",
        hint: "put in the volumes that are not there, or have it carried again: 'coffer-store have'"
      ))
  }

  private func isGood(
    _ name: ObjectName, _ facts: NeededSet.Facts, in place: any BlobStore
  ) -> Bool {
    (try? place.size(of: name)) == facts.size
      && (try? ObjectCheck.run(name, facts, in: place)) != nil
  }
}
