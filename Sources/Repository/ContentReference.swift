import Vocabulary

/// Where content starts: a chunk, or a tree of lists of chunks.
///
/// Written `empty` or `DEPTH:ROOT`; see `docs/formats/store.md`, Content references.
package enum ContentReference: WrittenForm {
  /// Content of no bytes.
  case empty
  /// At depth 0 the root chunk is the content; above, it is a list of chunk ids one depth lower.
  case tree(depth: Int, root: ChunkID)

  /// The deepest tree a reader accepts: far more than any content needs.
  package static let deepest = 8

  /// Reads the written form; nil for anything else, other spellings of the same included.
  package init?(_ text: String) {
    if text == "empty" {
      self = .empty
      return
    }
    // Once a file: no pieces are made of it.
    let (colon, zero) = (UInt8(ascii: ":"), UInt8(ascii: "0"))
    guard text.utf8.dropFirst().first == colon,
      let depth = text.utf8.first.map({ Int($0) - Int(zero) }),
      (0...Self.deepest).contains(depth), let root = ChunkID(hex: text.dropFirst(2))
    else { return nil }
    self = .tree(depth: depth, root: root)
    guard self.text.utf8.elementsEqual(text.utf8) else { return nil }
  }

  /// The written form.
  package var text: String {
    switch self {
    case .empty: "empty"
    case .tree(let depth, let root): "\(depth):\(root.hex)"
    }
  }
}
