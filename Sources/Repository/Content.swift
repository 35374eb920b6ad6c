package import Vocabulary

/// Content as a manifest names it: where it starts, how long it is, and its SHA-256 end to end.
package struct Content: Sendable, Hashable, Codable {
  package let reference: ContentReference
  /// Length in bytes.
  package let size: Int
  package let sha256: SHA256Digest

  package init(reference: ContentReference, size: Int, sha256: SHA256Digest) {
    self.reference = reference
    self.size = size
    self.sha256 = sha256
  }
}
