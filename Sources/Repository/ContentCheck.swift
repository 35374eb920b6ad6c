import SecretMemory
import Vocabulary

/// Compares content that passes by with what a manifest says of it.
package struct ContentCheck: ~Copyable {
  private let expected: Content
  private var hasher = SHA256Hasher()
  private var size = 0

  package init(_ expected: Content) {
    self.expected = expected
  }

  package mutating func update(_ bytes: RawSpan) {
    hasher.update(bytes)
    size += bytes.byteCount
  }

  /// Throws `content.mismatch` where length or SHA-256 differ.
  package consuming func finish() throws {
    guard size == expected.size, hasher.finish() == expected.sha256 else {
      throw OperatorError(
        "content.mismatch", .mismatch,
        "content is not what was saved: its length or SHA-256 differs from the manifest's")
    }
  }
}
