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

  package init(
    store: String, host: String, snapshot: SnapshotID, compartment: CompartmentName,
    chunkIDKey: String, started: Timestamp, sources: [SourceRecord]
  ) {
    self.format = StoreFormat.version
    self.store = store
    self.host = host
    self.snapshot = snapshot
    self.compartment = compartment
    self.chunkIDKey = chunkIDKey
    self.started = started
    self.sources = sources
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
