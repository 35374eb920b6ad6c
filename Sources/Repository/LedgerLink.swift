import SecretMemory
package import Signatures
package import Vocabulary

/// A place in a host's ledger, and what an entry must be to stand there.
package struct LedgerLink: Sendable {
  /// An entry grows with what a night added: this is a night of more than 50 TB.
  package static let largestEntry = 1 << 30
  /// A signature is some hundred bytes.
  package static let largestSignature = 1 << 16

  private let host: KeyID
  private let format: StoreFormat
  private let sequence: LedgerSequence

  /// Names a place.
  ///
  /// - Parameters:
  ///   - host: whose ledger.
  ///   - format: what the store is.
  ///   - sequence: the place.
  package init(of host: KeyID, in format: StoreFormat, at sequence: LedgerSequence) {
    (self.host, self.format, self.sequence) = (host, format, sequence)
  }

  /// Checks the signature of an entry.
  ///
  /// - Throws: `ledger.other-key`, `ledger.bad-signature`.
  package func check(_ signature: [UInt8], of entry: [UInt8], by key: VerifyingKey) throws {
    do {
      _ = try entry.withBytes { entry throws(SignatureError) in
        try key.verify(String(decoding: signature, as: UTF8.self), of: entry)
      }
    } catch .signedByAnotherKey {
      throw untrusted("other-key", "is signed by another key than \(key.keyID)")
    } catch {
      throw untrusted("bad-signature", "was altered, or its signature was: it does not verify")
    }
  }

  /// Reads an entry, and checks that it belongs in this place, whatever stands before it.
  ///
  /// - Throws: `ledger.broken`.
  package func read(_ bytes: [UInt8]) throws -> Ledger.VerifiedEntry {
    guard let entry = try? JSONDocument.decode(LedgerEntry.self, from: bytes),
      entry.type == LedgerEntry.type, entry.format == StoreFormat.version
    else { throw untrusted("broken", "is not a ledger entry of version 1") }
    guard entry.store == format.store else {
      throw untrusted("broken", "belongs to another store, \(entry.store)")
    }
    guard entry.host == host.description, entry.sequence == sequence else {
      throw untrusted("broken", "stands in the place of another entry")
    }
    return Ledger.VerifiedEntry(entry: entry, sha256: SHA256Hasher.digest(of: bytes))
  }

  /// Checks that an entry follows the one before it, whose digest is nil before the first place.
  ///
  /// - Throws: `ledger.broken`.
  package func require(_ verified: Ledger.VerifiedEntry, after previous: SHA256Digest?) throws {
    guard verified.entry.previous == previous else {
      throw untrusted("broken", "does not follow the entry before it")
    }
  }

  /// What is to be said of an entry in this place that cannot be believed.
  func untrusted(_ code: String, _ why: String) -> OperatorError {
    OperatorError(
      "ledger.\(code)", .untrusted, "\(ObjectName.ledgerEntry(host, sequence)) \(why)",
      hint: "nothing after this entry can be trusted; look for another copy of the store")
  }
}
