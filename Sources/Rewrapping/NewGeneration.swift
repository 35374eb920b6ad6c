import AgeFormat
import Repository
import SecretMemory
import Stores
import Synchronization
import Vocabulary

/// Makes an object's new header, and proves that it opens what the old one did.
struct NewGeneration {
  let objects: ObjectReader
  let identities: [any Identity]
  /// Where new objects wait.
  let staging: DirectoryStore

  /// Writes an object with a new header into the staging folder, durably.
  ///
  /// - Returns: what it is since.
  /// - Throws: what is wrong with the old object, and what a recipient throws.
  func stage(_ name: ObjectName, of part: RewrapPlan.Part) throws -> ObjectRecord {
    let old = try oldHeader(of: name)
    let new = try header(in: old, of: name, part)
    let facts = Mutex<NeededSet.Facts?>(nil)
    let store = objects.store
    try staging.stage { take in
      let sink = MeasuringSink(take)
      try new.bytes.withBytes { try sink.write($0) }
      var passed = 0
      // What comes after the header of a pack is another object.
      try store.stream(name) { bytes in
        let start = min(max(old.bytes.count - passed, 0), bytes.byteCount)
        passed += bytes.byteCount
        try sink.write(bytes.extracting(start..<bytes.byteCount))
      }
      facts.withLock { $0 = sink.facts() }
    }.keep(as: name)
    guard let facts = facts.withLock({ $0 }) else {
      preconditionFailure("a store stages what it is handed, or throws")
    }
    return ObjectRecord(name: name, size: facts.size, sha256: facts.sha256)
  }

  /// The header that an object has; what it is not the header of was read through when it was planned.
  private func oldHeader(of name: ObjectName) throws -> AgeHeader {
    if let pack = name.headedPack { return try objects.header(ofPack: pack, with: identities) }
    return try header(of: name, in: objects.store)
  }

  /// The header that stands in an object; no more of it is read than a header may take.
  private func header(of name: ObjectName, in store: any BlobStore) throws -> AgeHeader {
    let size = try store.size(of: name) ?? 0
    return try AgeHeader(parsing: store.read(name, 0..<min(size, AgeHeader.maximumSize)))
  }

  /// Opens a staged object as a reader will, down to what the host signed for.
  ///
  /// - Throws: `rewrap.unproven` where no identity opens it, or it is not what it must be.
  func prove(_ name: ObjectName, of part: RewrapPlan.Part) throws {
    let reader = ObjectReader(store: staging, needed: objects.needed)
    do {
      // Asked first: whom the policy leaves out cannot tell what it is that he cannot open.
      _ = try header(of: name, in: staging).fileKey(for: identities)
      if let pack = name.headedPack {
        _ = try reader.header(ofPack: pack, with: identities)
      } else {
        try reader.open(name, with: identities) { _ in }
      }
    } catch AgeError.noIdentityMatches {
      throw OperatorError(
        "rewrap.unproven", .refused,
        "none of the given identities would open '\(part.compartment)' under the policy: that it can "
          + "be opened is not proven, and nothing was changed",
        hint: "run with the identity of somebody whom the policy names")
    } catch let error as OperatorError where error.status == .mismatch {
      throw OperatorError(
        "rewrap.unproven", .failed,
        "\(name) is not what it was with its new header: \(error.message); nothing was changed")
    }
  }

  private func header(
    in old: AgeHeader, of name: ObjectName, _ part: RewrapPlan.Part
  ) throws -> AgeHeader {
    let fileKey = try old.fileKey(for: identities)
    let before = try CarriedHeader(in: old, under: fileKey)
    let isManifest = name.path.hasPrefix("manifests/")
    let carried = CarriedHeader(
      readers: isManifest
        ? Set((before?.readers ?? []) + part.readers.texts).sorted() : [],
      bytes: before?.bytes ?? old.bytes)
    let stanza = carried.stanza(under: fileKey)
    if name.index != nil, let host = part.host {
      do {
        return try AgeHeader(
          fileKey: fileKey, recipients: part.readers.recipients + [host], carrying: [stanza])
      } catch AgeError.recipientsDoNotMix {
        // Officers became post-quantum, and the host's identity is not: without its catalog it stores
        // anew what this index lists.
      }
    }
    return try AgeHeader(
      fileKey: fileKey, recipients: part.readers.recipients, carrying: [stanza])
  }
}
