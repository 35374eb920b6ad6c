package import AgeFormat
import Compression
import SecretMemory
package import Vocabulary

/// Reads the content of one compartment in one snapshot, checking every chunk by its keyed hash.
package final class CompartmentReader {
  package let manifest: Manifest
  private let objects: ObjectReader
  private let identities: [any Identity]
  private let keyedHash: KeyedHash
  private let index: ChunkIndex
  private var packs = RecentlyUsed<SHA256Digest, SeekableAgeFile>(limit: 32)
  private var frames = RecentlyUsed<UInt32, [UInt8]>(limit: 64)

  /// Opens the manifest and the indexes.
  ///
  /// - Throws: `AgeError.noIdentityMatches` where no identity opens the compartment; else an
  ///   `OperatorError` that names the object.
  package init(
    _ compartment: CompartmentName, in snapshot: SnapshotID, objects: ObjectReader,
    identities: [any Identity]
  ) throws {
    self.objects = objects
    self.identities = identities
    let name = ObjectName.manifest(snapshot, compartment)
    let plaintext = try objects.open(name, with: identities)
    guard let manifest = try? JSONDocument.decode(Manifest.self, from: plaintext),
      manifest.snapshot == snapshot, manifest.compartment == compartment,
      let key = Hexadecimal.decode(manifest.chunkIDKey), key.count == 32
    else {
      throw OperatorError("manifest.damaged", .mismatch, "\(name) is no manifest of this snapshot")
    }
    self.manifest = manifest
    keyedHash = KeyedHash(key: key.withBytes { SecretBytes(copying: $0) })
    var index = ChunkIndex()
    for name in objects.needed.objects.keys.sorted()
    where name.index?.compartment == compartment {
      let plaintext = try objects.open(name, with: identities)
      index.insert(try IndexFile.decode(plaintext), neededBy: objects.needed)
    }
    self.index = index
  }

  /// Starts to read content, chunk by chunk.
  package func cursor(_ reference: ContentReference) -> ContentCursor {
    ContentCursor(reader: self, reference)
  }

  /// Lends content piece by piece.
  ///
  /// - Throws: what damage there is; or whatever `consume` throws.
  package func stream(_ reference: ContentReference, _ consume: (RawSpan) throws -> Void) throws {
    var cursor = cursor(reference)
    while let piece = try cursor.next() { try piece.withBytes(consume) }
  }

  /// Lends content piece by piece and checks its length and SHA-256 at the end.
  ///
  /// - Throws: `content.mismatch` where they are not what the manifest says.
  package func stream(_ content: Content, _ consume: (RawSpan) throws -> Void) throws {
    var check = ContentCheck(content)
    try stream(content.reference) { piece in
      check.update(piece)
      try consume(piece)
    }
    try check.finish()
  }

  /// Fetches a chunk and checks that it is the one named.
  func chunk(_ id: ChunkID) throws -> [UInt8] {
    let place = try index.place(of: id)
    let frame = try frame(place.frame)
    let range = Int(place.offset)..<Int(place.offset) + Int(place.length)
    guard range.upperBound <= frame.count else { throw damaged(id) }
    let bytes = Array(frame[range])
    guard bytes.withBytes({ ChunkID(of: $0, under: keyedHash) }) == id else { throw damaged(id) }
    return bytes
  }

  private func damaged(_ id: ChunkID) -> OperatorError {
    OperatorError("chunk.damaged", .mismatch, "chunk \(id) does not have the content of its name")
  }

  private func frame(_ number: UInt32) throws -> [UInt8] {
    if let known = frames[number] { return known }
    let place = index.frames[Int(number)]
    let payload = try payload(of: place.pack)
    let name = ObjectName.pack(place.pack)
    let range = place.frame.offset..<place.frame.offset + place.frame.storedLength
    guard range.upperBound <= payload.plaintextSize else {
      throw OperatorError("pack.damaged", .mismatch, "\(name) is shorter than its index says")
    }
    let stored: [UInt8]
    do {
      stored = try payload.open(range)
    } catch let error as OperatorError {
      throw error
    } catch {
      throw OperatorError(
        "pack.damaged", .mismatch, "\(name) cannot be decrypted: \(error)",
        hint: "fetch it from another copy of the store")
    }
    let raw =
      place.frame.codec == .zstd
      ? try stored.withBytes { try ZstdFrame.expand($0, to: place.frame.rawLength) } : stored
    frames[number] = raw
    return raw
  }

  private func payload(of pack: SHA256Digest) throws -> SeekableAgeFile {
    if let known = packs[pack] { return known }
    let headerName = ObjectName.packHeader(pack)
    let name = ObjectName.pack(pack)
    let bytes = try objects.read(headerName)
    guard let size = try objects.store.size(of: name) else {
      throw OperatorError("object.missing", .mismatch, "\(name) is missing")
    }
    do {
      let store = objects.store
      let reader = try SeekableAgeFile(
        header: AgeHeader(parsing: bytes), payloadOfSize: size, identities: identities
      ) { try store.read(name, $0) }
      packs[pack] = reader
      return reader
    } catch let error as OperatorError {
      throw error
    } catch {
      throw OperatorError("pack.damaged", .mismatch, "\(name) cannot be opened: \(error)")
    }
  }
}
