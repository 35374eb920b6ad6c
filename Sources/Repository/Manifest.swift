package import Vocabulary

/// What one compartment's sources were at a snapshot; `docs/formats/store.md`, Manifest.
package struct Manifest: Sendable, Codable {
  package let format: Int
  package let store: String
  package let host: String
  package let snapshot: SnapshotID
  package let compartment: CompartmentName
  /// The compartment's chunk-id key in hexadecimal: whoever may read this may check every chunk.
  package let chunkIDKey: String
  package let started: Timestamp
  package let sources: [SourceRecord]
  /// Who could open the snapshot when it was made, as age writes them; nil from writers that did not note it.
  package let recipients: [String]?
  /// The host's own recipient of indexes, whom an officer must not leave out; nil as above.
  package let indexRecipient: String?

  package init(
    store: String, host: String, snapshot: SnapshotID, compartment: CompartmentName,
    chunkIDKey: String, started: Timestamp, sources: [SourceRecord], recipients: [String]? = nil,
    indexRecipient: String? = nil
  ) {
    self.format = StoreFormat.version
    self.store = store
    self.host = host
    self.snapshot = snapshot
    self.compartment = compartment
    self.chunkIDKey = chunkIDKey
    self.started = started
    self.sources = sources
    self.recipients = recipients
    self.indexRecipient = indexRecipient
  }

  /// Makes sure that it says what the host signed: nobody signs a manifest but through its entry.
  ///
  /// - Parameter entry: the ledger's entry of its snapshot.
  /// - Throws: `manifest.damaged` where store, host, snapshot or sources are others.
  package func check(against entry: LedgerEntry) throws {
    let name = ObjectName.manifest(snapshot, compartment)
    func damaged(_ why: String) -> OperatorError {
      OperatorError("manifest.damaged", .mismatch, "\(name) contradicts the ledger: \(why)")
    }
    guard store == entry.store else { throw damaged("it is of another store, \(store)") }
    guard host == entry.host else { throw damaged("it is of another host, \(host)") }
    guard snapshot == entry.snapshot else { throw damaged("it is of another snapshot") }
    let here = sources.map { "\($0.name) (\($0.kind))" }.sorted()
    let signed = entry.sources.filter { $0.compartment == compartment && $0.isThere }
      .map { "\($0.name) (\($0.kind))" }.sorted()
    guard here == signed else {
      throw damaged(
        "it holds \(here.joined(separator: ", ")), and \(signed.joined(separator: ", ")) was saved")
    }
  }

  /// JSON, padded with spaces so that its size tells little.
  package func encoded() throws -> [UInt8] {
    var bytes = try JSONDocument.pretty(self)
    let padded = PadmeSize.holding(bytes.count)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padded - bytes.count))
    return bytes
  }
}

/// One source as a manifest records it.
package struct SourceRecord: Sendable, Codable {
  package let name: SourceName
  package let kind: String
  package let profile: String?
  /// Where it came from, as the configuration said it.
  package let origin: String
  package let saved: Timestamp
  package let content: Content
  /// Bytes that the source holds.
  package let bytes: Int
  /// Files that it holds; 1 for a database.
  package let files: Int
  /// What only the source's kind understands.
  package let facts: JSONValue

  package init(
    name: SourceName, kind: String, profile: String?, origin: String, saved: Timestamp,
    content: Content, bytes: Int, files: Int, facts: JSONValue
  ) {
    self.name = name
    self.kind = kind
    self.profile = profile
    self.origin = origin
    self.saved = saved
    self.content = content
    self.bytes = bytes
    self.files = files
    self.facts = facts
  }
}
