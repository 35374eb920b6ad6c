package import AgeFormat
import SecretMemory
package import Vocabulary

/// Reads the content of one compartment in one snapshot, checking every chunk by its keyed hash.
package final class CompartmentReader {
  package let manifest: Manifest
  private let chunks: ChunkSource

  /// Opens the manifest and the indexes.
  ///
  /// - Throws: `AgeError.noIdentityMatches` where no identity opens the compartment; else an
  ///   `OperatorError` that names the object.
  package init(
    _ compartment: CompartmentName, in snapshot: SnapshotID, objects: ObjectReader,
    identities: [any Identity]
  ) throws {
    let name = ObjectName.manifest(snapshot, compartment)
    let plaintext = try objects.open(name, with: identities)
    guard let manifest = try? JSONDocument.decode(Manifest.self, from: plaintext),
      manifest.snapshot == snapshot, manifest.compartment == compartment,
      let key = Hexadecimal.decode(manifest.chunkIDKey), key.count == 32
    else {
      throw OperatorError("manifest.damaged", .mismatch, "\(name) is no manifest of this snapshot")
    }
    self.manifest = manifest
    var index = ChunkIndexBuilder()
    for name in objects.needed.objects.keys.sorted()
    where name.index?.compartment == compartment {
      try objects.openIndex(name, with: identities) {
        try index.insert($0, neededBy: objects.needed)
      }
    }
    chunks = ChunkSource(
      try index.finish(), objects: objects, identities: identities,
      keyedHash: KeyedHash(key: key.withBytes { SecretBytes(copying: $0) }))
  }

  /// Starts to read content, which workers fetch ahead.
  package func cursor(_ reference: ContentReference) -> ContentCursor {
    ContentCursor(chunks, reference)
  }

  /// Has content of a few frames fetched, for any thread to read.
  package func fetch(_ reference: ContentReference) throws -> FetchedContent {
    try cursor(reference).fetchAll()
  }

  /// Lends content piece by piece.
  ///
  /// - Throws: what damage there is; or whatever `consume` throws.
  package func stream(_ reference: ContentReference, _ consume: (RawSpan) throws -> Void) throws {
    var cursor = cursor(reference)
    while let run = try cursor.next() { try run.bytes.withBytes(consume) }
  }

  /// Lends content piece by piece and checks its length and SHA-256 at the end.
  ///
  /// - Throws: `content.mismatch` where they are not what the manifest says.
  package func stream(_ content: Content, _ consume: (RawSpan) throws -> Void) throws {
    let check = ContentCheck(content)
    var cursor = cursor(content.reference)
    while let run = try cursor.next() {
      check.update(run)
      try run.bytes.withBytes(consume)
    }
    try check.finish()
  }
}
