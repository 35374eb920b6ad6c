package import Vocabulary

/// One thing in a source, as a listing shows it.
package struct ListedItem: Sendable, Codable {
  /// What it is: `file`, `dir`, `link`, `table` and so on.
  package let kind: String
  package let path: String
  /// Bytes.
  package let size: Int
  /// RFC 3339, where there is such a time.
  package let modified: String?
  package let sha256: SHA256Digest?
  /// Rows of a table.
  package let rows: Int?

  init(
    kind: String, path: String, size: Int, modified: String? = nil, sha256: SHA256Digest? = nil,
    rows: Int? = nil
  ) {
    self.kind = kind
    self.path = path
    self.size = size
    self.modified = modified
    self.sha256 = sha256
    self.rows = rows
  }
}
