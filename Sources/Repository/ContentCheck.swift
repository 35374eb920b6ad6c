import Synchronization
import Vocabulary

/// Compares content that passes by with what a manifest says of it, beside what is done with it.
package final class ContentCheck: Sendable {
  private let expected: Content
  private let digest = ConcurrentDigest()
  private let size = Atomic(0)

  package init(_ expected: Content) {
    self.expected = expected
  }

  /// Takes the next bytes.
  package func update(_ run: CheckedRun) {
    digest.update(run)
    size.wrappingAdd(run.bytes.count, ordering: .relaxed)
  }

  /// Throws `content.mismatch` where length or SHA-256 differ.
  package func finish() throws {
    guard size.load(ordering: .relaxed) == expected.size, digest.finish() == expected.sha256 else {
      throw OperatorError(
        "content.mismatch", .mismatch,
        "content is not what was saved: its length or SHA-256 differs from the manifest's")
    }
  }
}
