import Repository
import SecretMemory

/// Looks at an object's bytes as they are copied, and says at the end whether they were what they had to be.
struct CopyProof: ~Copyable {
  private let name: ObjectName
  private let facts: NeededSet.Facts
  private var hasher = SHA256Hasher()
  private var count = 0

  init(_ name: ObjectName, _ facts: NeededSet.Facts) {
    (self.name, self.facts) = (name, facts)
  }

  /// Looks at the next bytes, before they go anywhere.
  ///
  /// - Throws: `object.size` where there are more than there should be.
  mutating func add(_ bytes: RawSpan) throws {
    count += bytes.byteCount
    guard count <= facts.size else { throw ObjectCheck.sizeProblem(name, facts, count) }
    hasher.update(bytes)
  }

  /// Ends the copy.
  ///
  /// - Throws: `object.size`, `object.digest`.
  consuming func finish() throws {
    guard count == facts.size else { throw ObjectCheck.sizeProblem(name, facts, count) }
    try ObjectCheck.compareDigest(name, facts, hasher.finish())
  }
}
