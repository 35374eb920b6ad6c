import SecretMemory
package import Vocabulary

/// The objects that a snapshot needs, with size and SHA-256 of each.
package struct NeededSet: Sendable {
  /// Size in bytes and digest of an object.
  package struct Facts: Sendable, Hashable {
    /// No object is larger, so that sums of sizes stay numbers.
    package static let sizes = 0...1 << 40

    package let size: Int
    package let sha256: SHA256Digest

    package init(size: Int, sha256: SHA256Digest) {
      self.size = size
      self.sha256 = sha256
    }
  }

  package private(set) var objects: [ObjectName: Facts] = [:]
  /// What entries dropped: earlier snapshots need it as it was.
  private var dropped: [ObjectName: Facts] = [:]

  package init() {}

  /// What the next snapshot needs, given what an entry says of it.
  ///
  /// - Throws: `ledger.broken` where the entry names what no object can be called, drops what was
  ///   not needed, gives an object another size or SHA-256 than an earlier entry did, or where the digest
  ///   of the result is not the entry's.
  package mutating func apply(_ entry: LedgerEntry) throws {
    func broken(_ why: String) -> OperatorError {
      OperatorError(
        "ledger.broken", .untrusted, "ledger entry \(entry.sequence) contradicts itself: \(why)")
    }
    for text in entry.unneeded {
      guard let name = ObjectName(ledgerText: text), let facts = objects.removeValue(forKey: name)
      else { throw broken("it drops '\(text)', which was not needed") }
      dropped[name] = facts
    }
    for record in entry.added {
      guard let name = ObjectName(ledgerText: record.name),
        Facts.sizes.contains(record.size)
      else {
        throw broken("it adds an object of an impossible name or size")
      }
      let facts = Facts(size: record.size, sha256: record.sha256)
      guard (objects[name] ?? dropped.removeValue(forKey: name) ?? facts) == facts else {
        throw broken("it says something else of \(name) than an earlier entry")
      }
      objects[name] = facts
    }
    guard summary == entry.needed else { throw broken("its needed set has another digest") }
  }

  /// Takes an object in.
  package mutating func insert(_ name: ObjectName, _ facts: Facts) {
    objects[name] = facts
  }

  /// Takes objects out.
  package mutating func remove(_ names: [ObjectName]) {
    for name in names { objects[name] = nil }
  }

  /// Count, bytes and digest, as an entry records them.
  package var summary: LedgerEntry.Needed {
    var hasher = SHA256Hasher()
    var bytes = 0
    for (name, facts) in objects.sorted(by: { $0.key < $1.key }) {
      Array("\(name) \(facts.size) \(facts.sha256)\n".utf8).withBytes { hasher.update($0) }
      bytes += facts.size
    }
    return LedgerEntry.Needed(count: objects.count, bytes: bytes, sha256: hasher.finish())
  }
}
