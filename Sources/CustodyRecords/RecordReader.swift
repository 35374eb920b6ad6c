internal import SecretMemory
package import Signatures
internal import SystemPackage
package import Vocabulary

extension CustodyRecord {
  /// Reads and checks the whole record.
  ///
  /// - Parameters:
  ///   - key: whose signatures count; nil for the key beside the record, which proves no more than
  ///     that nothing was changed by accident.
  ///   - head: a head that was noted; a record whose end was cut off does not contain it.
  /// - Returns: all entries in order; none where there is no record yet and no head was noted.
  /// - Throws: `OperatorError` with status `untrusted`, naming the first entry that does not hold:
  ///   `record.missing-entry`, `record.unsigned`, `record.bad-signature`, `record.other-key`,
  ///   `record.broken`, `record.rolled-back`, `record.key`; or `record.unreadable`.
  package func entries(
    trusting key: VerifyingKey? = nil, expecting head: SHA256Digest? = nil
  ) throws -> [VerifiedRecordEntry] {
    var entries: [VerifiedRecordEntry] = []
    try read(trusting: key, expecting: head) { entries.append($0) }
    return entries
  }

  /// As `entries`, and lends each entry before the next is looked at: what stands before a break is
  /// good.
  package func read(
    trusting key: VerifyingKey? = nil, expecting head: SHA256Digest? = nil,
    _ body: (VerifiedRecordEntry) throws -> Void
  ) throws {
    let last: Int
    do {
      last = try folder.last()
    } catch let error as Errno {
      throw OperatorError(
        "record.unreadable", .failed, "cannot read the custody record in \(state): \(error)")
    }
    var isContained = head == nil
    if last > 0 {
      let key = try key ?? RecordKey(folder).verifying()
      let reader = RecordReader(folder)
      var previous: SHA256Digest?
      for sequence in 1..<last + 1 {
        let verified = try reader.verified(sequence, after: previous, by: key)
        previous = verified.head.sha256
        isContained = isContained || previous == head
        try body(verified)
      }
    }
    guard isContained else {
      throw OperatorError(
        "record.rolled-back", .untrusted,
        "the record does not contain the head that was noted: its end was cut off, or it was written "
          + "anew",
        hint: "look for a copy of \(state) of a later date")
    }
  }
}

/// Reads entries, and checks each.
struct RecordReader {
  private let folder: RecordFolder

  init(_ folder: RecordFolder) {
    self.folder = folder
  }

  func verified(
    _ sequence: Int, after previous: SHA256Digest?, by key: VerifyingKey
  ) throws -> VerifiedRecordEntry {
    let bytes = try bytes(of: sequence)
    try check(bytes, sequence, by: key)
    guard let entry = RecordEntry(bytes) else {
      throw Self.broken(sequence, "is not an entry of version \(RecordEntry.format)")
    }
    guard entry.sequence == sequence else {
      throw Self.broken(sequence, "stands in the place of another, it is entry \(entry.sequence)")
    }
    guard entry.previous == previous else {
      throw Self.broken(sequence, "does not follow the entry before it")
    }
    return VerifiedRecordEntry(
      entry: entry,
      head: RecordHead(sequence: sequence, sha256: SHA256Hasher.digest(of: bytes)))
  }

  func bytes(of sequence: Int) throws -> [UInt8] {
    guard let bytes = try folder.read(folder.entry(sequence)) else {
      throw OperatorError(
        "record.missing-entry", .untrusted,
        "entry \(RecordFolder.name(sequence)) is missing: it was removed", hint: Self.hint)
    }
    return bytes
  }

  static func broken(_ sequence: Int, _ why: String) -> OperatorError {
    OperatorError(
      "record.broken", .untrusted, "entry \(RecordFolder.name(sequence)) \(why)", hint: hint)
  }

  private static let hint =
    "nothing from this entry on can be trusted; look for another copy of the record"

  private func check(_ bytes: [UInt8], _ sequence: Int, by key: VerifyingKey) throws {
    let name = RecordFolder.name(sequence)
    guard let signature = try folder.read(folder.signature(sequence)) else {
      throw OperatorError(
        "record.unsigned", .untrusted, "entry \(name) has no signature",
        hint: "if it is the last one, a crash may have left it so; the next action then signs it")
    }
    do {
      _ = try bytes.withBytes { bytes throws(SignatureError) in
        try key.verify(String(decoding: signature, as: UTF8.self), of: bytes)
      }
    } catch .signedByAnotherKey(let other) {
      throw OperatorError(
        "record.other-key", .untrusted, "entry \(name) is signed by \(other), not by \(key)",
        hint: Self.hint)
    } catch {
      throw OperatorError(
        "record.bad-signature", .untrusted,
        "entry \(name) was altered, or its signature was: \(error)", hint: Self.hint)
    }
  }
}
