import SecretMemory
package import Signatures
package import Vocabulary

/// The head of a ledger: what an officer notes on paper, and what a host remembers.
package struct LedgerHead: Sendable, Hashable, Codable {
  package let sequence: LedgerSequence
  /// SHA-256 of the entry's file.
  package let sha256: SHA256Digest

  package init(sequence: LedgerSequence, sha256: SHA256Digest) {
    self.sequence = sequence
    self.sha256 = sha256
  }
}

/// Whose word is taken for what a store says.
package enum LedgerTrust: Sendable {
  /// The host that holds this key's secret half.
  case key(VerifyingKey)
  /// Nobody's: links are followed, but signatures are not checked. Anybody may have written it.
  case nobody

  /// Whether there is somebody at all.
  package var isSomebodys: Bool {
    if case .key = self { true } else { false }
  }
}

/// One host's ledger, every signature and link of which has been checked.
package struct Ledger: Sendable {
  /// An entry whose signature and place in the chain hold.
  package struct VerifiedEntry: Sendable {
    package let entry: LedgerEntry
    package let sha256: SHA256Digest

    package var head: LedgerHead { LedgerHead(sequence: entry.sequence, sha256: sha256) }
  }

  package let host: KeyID
  package let store: StoreFormat
  package let entries: [VerifiedEntry]

  package var head: LedgerHead? { entries.last?.head }

  /// Reads and checks a host's whole ledger.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - trust: whose signatures count.
  ///   - known: for the host itself, the last entry that it knows to have finished, 0 for none: a lone
  ///     signature just after it is what a crash leaves, and no entry.
  /// - Returns: the ledger, every link of it checked.
  /// - Throws: `OperatorError` with status `untrusted` and the entry named: `ledger.missing-entry`,
  ///   `ledger.unsigned`, `ledger.bad-signature`, `ledger.other-key`, `ledger.broken`; or
  ///   `ledger.unknown-host` where the store holds no ledger of this host.
  package static func load(
    from store: any BlobStore, trusting trust: LedgerTrust,
    unfinishedAfter known: LedgerSequence? = nil
  ) throws -> Ledger {
    let format = try StoreFormat.load(from: store)
    let host = try host(trust, in: store)
    let walk = LedgerWalk(of: host, in: store, format, trusting: trust)
    let last = try walk.last(unfinishedAfter: known)
    // A host that knows of no entry may be new in a store of others'; a reader has the wrong key.
    if last == 0, known?.number != 0 { try requireLedger(of: host, in: store) }
    var entries: [VerifiedEntry] = []
    try walk.run(through: last) { entries.append($0) }
    return Ledger(host: host, store: format, entries: entries)
  }

  /// How many files each source held in the newest snapshot in which it held any.
  package func lastFiles() -> [SourceName: Int] {
    var files: [SourceName: Int] = [:]
    for source in entries.flatMap(\.entry.sources) where source.files > 0 {
      files[source.name] = source.files
    }
    return files
  }

  /// Makes sure that the ledger still contains a head that somebody remembers.
  ///
  /// - Throws: `ledger.rolled-back` where it does not.
  package func mustContain(_ known: SHA256Digest, rememberedBy witness: String) throws {
    guard !entries.contains(where: { $0.sha256 == known }) else { return }
    throw OperatorError(
      "ledger.rolled-back", .untrusted,
      "the ledger does not contain \(known), which \(witness) remembers: "
        + "the store was rolled back or its history rewritten",
      hint: "do not restore from it before you know why; look for a newer copy of the store")
  }

  private static func requireLedger(of host: KeyID, in store: any BlobStore) throws {
    let hosts = try store.list("ledger")
    guard hosts.isEmpty || hosts.contains(host.description) else {
      throw OperatorError(
        "ledger.unknown-host", .untrusted,
        "the store at \(store.location) holds no ledger signed by the trusted key \(host)",
        hint: "it holds ledgers of \(hosts.joined(separator: ", ")); is --trust the right key?")
    }
  }

  private static func host(_ trust: LedgerTrust, in store: any BlobStore) throws -> KeyID {
    if case .key(let key) = trust { return key.keyID }
    let hosts = try store.list("ledger").compactMap { KeyID($0) }
    guard hosts.count == 1, let host = hosts.first else {
      throw OperatorError(
        "ledger.unknown-host", .untrusted,
        "the store at \(store.location) holds the ledgers of \(hosts.count) hosts",
        hint: "name the host's key with --trust")
    }
    return host
  }
}

extension LedgerEntry {
  /// Signs the entry and puts it into the store, the last act of a run.
  ///
  /// - Returns: the new head.
  /// - Throws: `run.overtaken` where an entry of this number is there: it is never replaced.
  package func publish(to store: any BlobStore, signedWith key: SigningKey) throws -> LedgerHead {
    let bytes = try JSONDocument.pretty(self)
    let digest = SHA256Hasher.digest(of: bytes)
    let comment =
      "coffer ledger entry, store \(self.store), host \(host), sequence \(sequence.number), "
      + "snapshot \(snapshot), sha256 \(digest)"
    let signature = try bytes.withBytes { try key.sign($0, trustedComment: comment) }
    let keyID = key.verifyingKey.keyID
    let (entryName, signatureName) = (
      ObjectName.ledgerEntry(keyID, sequence), ObjectName.ledgerSignature(keyID, sequence)
    )
    guard try store.size(of: entryName) == nil else { throw overtaken(entryName) }
    // A signature without its entry is what a killed run left, and vouches for nothing.
    try store.remove(signatureName)
    do {
      try store.putTogether([(signatureName, Array(signature.utf8)), (entryName, bytes)])
    } catch let error as OperatorError where error.code == "object.exists" {
      throw overtaken(entryName)
    }
    return LedgerHead(sequence: sequence, sha256: digest)
  }

  private func overtaken(_ name: ObjectName) -> OperatorError {
    OperatorError(
      "run.overtaken", .locked, "another run published \(name) while this one was under way",
      hint: "run again; two hosts or state folders must not share a host key and a store")
  }
}
