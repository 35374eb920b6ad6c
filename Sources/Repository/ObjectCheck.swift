import SecretMemory
package import Vocabulary

/// What is wrong with an object, said against what the host signed for.
package enum ObjectCheck {
  private static let hint = "it is damaged or forged; fetch it from another copy of the store"

  /// Reads an object through, opening it once, and compares it with what the ledger says; no more of it
  /// is read than there should be.
  ///
  /// - Parameters:
  ///   - name: the object.
  ///   - facts: what it must be.
  ///   - store: where it lies.
  ///   - pass: hears before each piece how long it is.
  /// - Throws: `object.missing`, `object.size`, `object.digest`, `object.not-a-file`, of status
  ///   `mismatch`; `store.failed` where it cannot be read; and what `pass` throws.
  package static func run(
    _ name: ObjectName, _ facts: NeededSet.Facts, in store: any BlobStore,
    _ pass: (Int) throws -> Void = { _ in }
  ) throws {
    var hasher = SHA256Hasher()
    var count = 0
    try store.stream(name) { bytes in
      try pass(bytes.byteCount)
      count += bytes.byteCount
      guard count <= facts.size else {
        throw sizeProblem(name, facts, try store.size(of: name) ?? count)
      }
      hasher.update(bytes)
    }
    guard count == facts.size else { throw sizeProblem(name, facts, count) }
    try compareDigest(name, facts, hasher.finish())
  }

  /// What is wrong with an object that was read through and is not what it must be.
  static func problem(
    _ name: ObjectName, _ facts: NeededSet.Facts, _ found: NeededSet.Facts
  ) -> OperatorError {
    found.size == facts.size
      ? digestProblem(name) : sizeProblem(name, facts, found.size)
  }

  /// Compares a digest with what it must be.
  ///
  /// - Throws: `object.digest`.
  package static func compareDigest(
    _ name: ObjectName, _ facts: NeededSet.Facts, _ digest: SHA256Digest
  ) throws {
    guard digest == facts.sha256 else { throw digestProblem(name) }
  }

  private static func digestProblem(_ name: ObjectName) -> OperatorError {
    OperatorError(
      "object.digest", .mismatch, "\(name) is not what the host signed for: its SHA-256 differs",
      hint: hint)
  }

  /// What is wrong with an object of another size.
  package static func sizeProblem(
    _ name: ObjectName, _ facts: NeededSet.Facts, _ size: Int
  ) -> OperatorError {
    OperatorError(
      "object.size", .mismatch,
      "\(name) is \(size) bytes long; the host signed for \(facts.size)", hint: hint)
  }
}
