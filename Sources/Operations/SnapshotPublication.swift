import AgeFormat
import Catalog
import Glibc
import Recipients
import Repository
import SecretMemory
import Signatures
import Vocabulary

/// The last part of a run: indexes, manifests, and the signed ledger entry that makes them count.
struct SnapshotPublication {
  let snapshot: SnapshotID
  let started: Timestamp
  let ledger: Ledger
  let store: any BlobStore
  let catalog: CatalogDatabase
  let keys: HostKeys
  let seals: [CompartmentSeal]
  let plan: NightPlan
  let rewraps: HostRewraps

  /// Publishes the snapshot.
  ///
  /// - Returns: the new head of the ledger.
  func publish(
    _ saved: [(step: NightPlan.Step, record: SourceRecord)], summaries: [SourceSummary]
  ) throws -> LedgerHead {
    let book = SnapshotBook(catalog)
    let used = try book.usedPacks()
    let pending = try book.pendingHandles()
    let before = try book.needed()
    var after = NeededSet()
    // What was read of a source that was then not saved serves the next run.
    var kept: Set<PackHandle> = []

    for compartment in plan.recipients.keys.sorted() {
      let waiting = try book.pendingPacks(of: compartment)
      if summaries.contains(where: { $0.compartment == compartment && !$0.isThere }) {
        kept.formUnion(waiting.map(\.handle))
      }
      let packs = waiting.filter { used.contains($0.handle) }
      if !packs.isEmpty {
        try putIndex(of: packs.map(\.handle), compartment, needed: &after)
      }
      for pack in packs {
        after.insert(.pack(pack.name), .init(size: pack.size, sha256: pack.name))
        after.insert(
          .packHeader(pack.name), .init(size: pack.headerSize, sha256: pack.headerSHA256))
      }
      let records = saved.filter { $0.step.compartment == compartment }.map(\.record)
      if !records.isEmpty { try putManifest(of: records, compartment, needed: &after) }
    }
    var droppedPacks = pending.filter { !used.contains($0) && !kept.contains($0) }
    for pack in try book.publishedPacks() {
      guard used.contains(pack.handle) else {
        droppedPacks.append(pack.handle)
        continue
      }
      let index = ObjectName.index(pack.snapshot, pack.compartment)
      for name in [.pack(pack.name), .packHeader(pack.name), index] {
        if let facts = before.objects[name] { after.insert(name, facts) }
      }
    }

    let added = after.objects.filter { before.objects[$0.key] == nil }.sorted { $0.key < $1.key }
      .map { ObjectRecord(name: $0.key, size: $0.value.size, sha256: $0.value.sha256) }
    let unneeded = before.objects.keys.filter { after.objects[$0] == nil }.sorted()
    let entry = LedgerEntry(
      store: ledger.store.store, host: ledger.host, hostname: Self.hostname(),
      sequence: ledger.head?.sequence.next ?? .first, previous: ledger.head?.sha256,
      snapshot: snapshot, started: started, finished: Timestamp.now(), sources: summaries,
      compartments: seals, added: added, unneeded: unneeded, needed: after.summary)
    try requireThere(after)
    let head = try entry.publish(to: store, signedWith: keys.signing)
    try book.record(
      snapshot, head: head, added: added, unneeded: unneeded,
      published: pending.filter(used.contains), dropped: droppedPacks)
    return head
  }

  /// What was there when the run began may have been removed since, by a keeper or anybody else: a
  /// snapshot that needs it must not be signed.
  private func requireThere(_ needed: NeededSet) throws {
    for (name, facts) in needed.objects {
      let size = try store.size(of: name)
      if size == facts.size || rewraps.explains(size, of: name) { continue }
      throw OperatorError(
        "run.object-lost", .failed,
        "\(name) went while the run was under way; nothing was published",
        hint: "run again: what it held is stored anew")
    }
  }

  private func putIndex(
    of packs: [PackHandle], _ compartment: CompartmentName, needed: inout NeededSet
  ) throws {
    guard let own = keys.compartments[compartment] else { return }
    let recipients = plan.recipients[compartment] ?? []
    guard let host = try own.indexRecipient(beside: recipients) else {
      throw HostKeys.otherKind(compartment)
    }
    let name = ObjectName.index(snapshot, compartment)
    let book = SnapshotBook(catalog)
    // Records of a first night of millions of files are large: one at a time is in memory.
    let facts = try SealedObject.put(name, into: store, for: recipients + [host]) { take in
      try IndexFile.write(packs: packs.count, record: { try book.record(of: packs[$0]) }, to: take)
    }
    needed.insert(name, facts)
  }

  private func putManifest(
    of records: [SourceRecord], _ compartment: CompartmentName, needed: inout NeededSet
  ) throws {
    guard let own = keys.compartments[compartment] else { return }
    let host = try own.indexRecipient(beside: plan.recipients[compartment] ?? [])
    let manifest = Manifest(
      store: ledger.store.store, host: ledger.host.description, snapshot: snapshot,
      compartment: compartment,
      chunkIDKey: own.chunkIDKey.withBytes { Hexadecimal.encode($0.copied()) },
      started: started, sources: records,
      recipients: plan.recipientTexts[compartment],
      indexRecipient: (host as? any WrittenRecipient)?.text)
    let name = ObjectName.manifest(snapshot, compartment)
    let plaintext = try manifest.encoded()
    let facts = try SealedObject.put(
      name, into: store, for: plan.recipients[compartment] ?? []
    ) { take in try plaintext.withBytes(take) }
    needed.insert(name, facts)
  }

  private static func hostname() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
