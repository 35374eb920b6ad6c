/// Where a file lies below the root of its tree, as the file system spells it: bytes, not text.
///
/// Always one or more components joined by `/`, or the root itself. Never absolute, never an empty,
/// `.` or `..` component, never a NUL: such bytes cannot become a value of this type, so whoever
/// holds one may join it to a folder without looking again.
package struct RelativePath: Hashable, Sendable {
  /// The bytes; none for the root.
  package let bytes: [UInt8]

  /// The root of the tree.
  package static let root = RelativePath(checked: [])

  /// Why bytes are not a relative path.
  package enum Refusal: String, Error {
    case empty = "it is empty"
    case absolute = "it is absolute"
    case emptyComponent = "it has an empty component"
    case dotComponent = "it has a `.` component"
    case parentComponent = "it has a `..` component"
    case nul = "it holds a NUL byte"
  }

  /// Takes bytes from outside.
  /// - Parameter bytes: components joined by `/`.
  /// - Throws: `Refusal` for anything that could lead out of the tree or has two spellings.
  package init(_ bytes: [UInt8]) throws(Refusal) {
    guard let first = bytes.first else { throw .empty }
    if first == UInt8(ascii: "/") { throw .absolute }
    var length = 0
    var dots = 0
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "/"):
        try Self.check(length: length, dots: dots)
        (length, dots) = (0, 0)
      case 0: throw .nul
      case UInt8(ascii: "."): (length, dots) = (length + 1, dots + 1)
      default: length += 1
      }
    }
    try Self.check(length: length, dots: dots)
    self.bytes = bytes
  }

  /// Takes text from a configuration or a test.
  package init(_ text: String) throws(Refusal) {
    try self.init(Array(text.utf8))
  }

  /// Takes bytes that cannot be wrong because of where they come from: the kernel, or this type.
  init(checked bytes: [UInt8]) {
    self.bytes = bytes
  }

  private static func check(length: Int, dots: Int) throws(Refusal) {
    if length == 0 { throw .emptyComponent }
    guard length == dots else { return }
    if length == 1 { throw .dotComponent }
    if length == 2 { throw .parentComponent }
  }

  /// Whether this is the root of the tree.
  package var isRoot: Bool { bytes.isEmpty }

  /// The components from the top down; none for the root.
  package var components: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

  /// The last component; empty for the root.
  package var name: [UInt8] {
    Array(lastComponent)
  }

  /// The last component where it stands; empty for the root.
  package var lastComponent: ArraySlice<UInt8> {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return bytes[...] }
    return bytes[(slash + 1)...]
  }

  /// The folder this lies in; nil for the root.
  package var parent: RelativePath? {
    if isRoot { return nil }
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return .root }
    return RelativePath(checked: Array(bytes[..<slash]))
  }

  /// Whether this is `folder` itself or lies anywhere below it.
  package func isWithin(_ folder: RelativePath) -> Bool {
    guard bytes.starts(with: folder.bytes) else { return false }
    return folder.isRoot || bytes.count == folder.bytes.count
      || bytes[folder.bytes.count] == UInt8(ascii: "/")
  }

  /// The child of this folder that a directory listing named.
  package func child(_ name: some Collection<UInt8>) -> RelativePath {
    if isRoot { return RelativePath(checked: Array(name)) }
    var joined: [UInt8] = []
    joined.reserveCapacity(bytes.count + 1 + name.count)
    joined.append(contentsOf: bytes)
    joined.append(UInt8(ascii: "/"))
    joined.append(contentsOf: name)
    return RelativePath(checked: joined)
  }
}

extension RelativePath: Comparable {
  /// Orders by the bytes of the components, so that a folder comes right before what it holds.
  ///
  /// Plain byte order would put `a-b` between `a` and `a/b`; this is the order a walk goes in.
  package static func < (left: RelativePath, right: RelativePath) -> Bool {
    let shorter = min(left.bytes.count, right.bytes.count)
    for index in 0..<shorter where left.bytes[index] != right.bytes[index] {
      if left.bytes[index] == UInt8(ascii: "/") { return true }
      if right.bytes[index] == UInt8(ascii: "/") { return false }
      return left.bytes[index] < right.bytes[index]
    }
    return left.bytes.count < right.bytes.count
  }
}

extension RelativePath: CustomStringConvertible {
  /// What an operator may be shown: the name as it is, or escaped where it could upset a terminal.
  package var description: String {
    if isRoot { return "." }
    if let text = String(validating: bytes, as: UTF8.self),
      !text.unicodeScalars.contains(where: Self.isUnprintable)
    {
      return text
    }
    var escaped: [UInt8] = []
    OctalEscaping.append(bytes, to: &escaped)
    return String(decoding: escaped, as: UTF8.self)
  }

  private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: true
    default: false
    }
  }
}
