internal import Vocabulary

/// One line of a list, read keyword by keyword in the one order they may stand in.
struct FileListLine {
  /// Why a line is refused, as the end of a sentence.
  struct Flaw: Error {
    let reason: String

    init(_ reason: String) {
      self.reason = reason
    }
  }

  private static let type = Array(" type=".utf8)
  private static let mode = Array(" mode=".utf8)
  private static let userID = Array(" uid=".utf8)
  private static let userName = Array(" uname=".utf8)
  private static let groupID = Array(" gid=".utf8)
  private static let groupName = Array(" gname=".utf8)
  private static let size = Array(" size=".utf8)
  private static let time = Array(" time=".utf8)
  private static let link = Array(" link=".utf8)
  private static let hardLink = Array(" hardlink=".utf8)
  private static let extents = Array(" extents=".utf8)
  private static let none = Array("none".utf8)
  private static let digest = Array(" sha256digest=".utf8)
  private static let content = Array(" content=".utf8)
  private static let attribute = Array(" xattr.".utf8)
  private static let torn = Array(" torn".utf8)

  private enum TypeWord { case file, directory, link, fifo }

  private var cursor: FileListCursor

  /// Reads the line that stands in `range` of `text`, its newline left out.
  static func parse(_ text: Span<UInt8>, _ range: Range<Int>) throws(Flaw) -> FileRecord {
    var line = FileListLine(cursor: FileListCursor(range))
    return try line.record(text)
  }

  private mutating func record(_ text: Span<UInt8>) throws(Flaw) -> FileRecord {
    let path = try path(text, orRoot: true)
    try expect(Self.type, text)
    let type = try typeWord(text)
    try expect(Self.mode, text)
    guard let mode = cursor.takeDigits(4, base: 8, in: text) else {
      throw Flaw("the mode is not four octal digits")
    }
    try expect(Self.userID, text)
    let userID = try identifier(text)
    let userName = try word(after: Self.userName, text)
    try expect(Self.groupID, text)
    let groupID = try identifier(text)
    let groupName = try word(after: Self.groupName, text)
    let size = cursor.take(Self.size, in: text) ? try offset(text) : nil
    try expect(Self.time, text)
    let modified = try fileTime(text)
    let kind = try kind(type, hasSize: size != nil, text)
    let extents = cursor.take(Self.extents, in: text) ? try extentList(text) : nil
    let digest = cursor.take(Self.digest, in: text) ? try sha256(text) : nil
    let content = try word(after: Self.content, text)
    let attributes = try attributeList(text)
    let isTorn = cursor.take(Self.torn, in: text)
    guard cursor.isAtEnd else { throw Flaw("what stands after its keywords is not understood") }
    let record = FileRecord(
      path: path, kind: kind, mode: UInt16(mode), userID: userID, userName: userName,
      groupID: groupID, groupName: groupName, modified: modified, size: size ?? 0,
      extents: extents, attributes: attributes, sha256: digest, content: content, isTorn: isTorn)
    if let flaw = record.flaw { throw Flaw(flaw) }
    if path.isRoot && kind != .directory { throw Flaw("the root is not a folder") }
    return record
  }

  private func name(of keyword: [UInt8]) -> String {
    String(decoding: keyword.dropFirst(), as: UTF8.self)
  }

  private mutating func expect(_ keyword: [UInt8], _ text: Span<UInt8>) throws(Flaw) {
    guard cursor.take(keyword, in: text) else {
      throw Flaw("`\(name(of: keyword))` is missing or out of place")
    }
  }

  private mutating func path(
    _ text: Span<UInt8>, orRoot: Bool
  ) throws(Flaw) -> RelativePath {
    let range = cursor.passValue(in: text)
    var path = FileListCursor(range)
    guard path.take(".", in: text) else { throw Flaw("a path does not start with `./`") }
    if path.isAtEnd && orRoot { return .root }
    guard path.take("/", in: text) else { throw Flaw("a path does not start with `./`") }
    guard let bytes = OctalEscaping.decode(text, path.position..<path.end) else {
      throw Flaw("a path is not escaped as it should be")
    }
    do {
      return try RelativePath(bytes)
    } catch {
      throw Flaw("a path is refused: \(error.rawValue)")
    }
  }

  private mutating func typeWord(_ text: Span<UInt8>) throws(Flaw) -> TypeWord {
    let range = cursor.passValue(in: text)
    var word: [UInt8] = []
    for index in range.prefix(8) { word.append(text[index]) }
    switch String(decoding: word, as: UTF8.self) {
    case "file": return .file
    case "dir": return .directory
    case "link": return .link
    case "fifo": return .fifo
    default: throw Flaw("the type is none of file, dir, link and fifo")
    }
  }

  private mutating func kind(
    _ type: TypeWord, hasSize: Bool, _ text: Span<UInt8>
  ) throws(Flaw) -> FileRecord.Kind {
    switch type {
    case .file:
      if hasSize { return .regular }
      guard cursor.take(Self.hardLink, in: text) else {
        throw Flaw("a file has neither `size=` nor `hardlink=`")
      }
      return .hardLink(to: try path(text, orRoot: false))
    case .link:
      guard !hasSize else { throw Flaw("only a regular file has a size") }
      try expect(Self.link, text)
      let target = OctalEscaping.decode(text, cursor.passValue(in: text))
      guard let target, !target.isEmpty, !target.contains(0) else {
        throw Flaw("the target of a symbolic link is empty or not escaped as it should be")
      }
      return .symbolicLink(target: target)
    case .directory, .fifo:
      guard !hasSize else { throw Flaw("only a regular file has a size") }
      return type == .directory ? .directory : .fifo
    }
  }

  private mutating func identifier(_ text: Span<UInt8>) throws(Flaw) -> UInt32 {
    // The highest number means "leave as it is" to chown(2), so no file can have it.
    guard let number = cursor.takeNumber(in: text), number < UInt32.max else {
      throw Flaw("a uid or gid is not a number of 32 bits")
    }
    return UInt32(number)
  }

  private mutating func offset(_ text: Span<UInt8>) throws(Flaw) -> Int64 {
    guard let number = cursor.takeNumber(in: text), let offset = Int64(exactly: number) else {
      throw Flaw("a size or offset is not a number of 63 bits")
    }
    return offset
  }

  private mutating func word(
    after keyword: [UInt8], _ text: Span<UInt8>
  ) throws(Flaw) -> String? {
    guard cursor.take(keyword, in: text) else { return nil }
    guard let bytes = OctalEscaping.decode(text, cursor.passValue(in: text)), !bytes.isEmpty,
      let word = String(validating: bytes, as: UTF8.self)
    else { throw Flaw("the value of `\(name(of: keyword))` is empty or not escaped UTF-8") }
    return word
  }

  private mutating func fileTime(_ text: Span<UInt8>) throws(Flaw) -> FileTime {
    let isNegative = cursor.take("-", in: text)
    guard let magnitude = cursor.takeNumber(in: text), let seconds = Int64(exactly: magnitude),
      !(isNegative && seconds == 0), cursor.take(".", in: text),
      let nanoseconds = cursor.takeDigits(9, base: 10, in: text),
      let time = FileTime(
        seconds: isNegative ? -seconds : seconds, nanoseconds: Int32(nanoseconds))
    else { throw Flaw("the time is not seconds, a dot and nine digits") }
    return time
  }

  private mutating func extentList(_ text: Span<UInt8>) throws(Flaw) -> [FileExtent] {
    if cursor.take(Self.none, in: text) { return [] }
    var extents: [FileExtent] = []
    repeat {
      let start = try offset(text)
      guard cursor.take("+", in: text) else { throw Flaw("an extent is not `offset+length`") }
      extents.append(FileExtent(offset: start, length: try offset(text)))
    } while cursor.take(",", in: text)
    return extents
  }

  private mutating func sha256(_ text: Span<UInt8>) throws(Flaw) -> SHA256Digest {
    let range = cursor.passValue(in: text)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    if range.count == 64 {
      for index in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
        guard let high = hexadecimalValue(text[index]), let low = hexadecimalValue(text[index + 1])
        else { break }
        bytes.append(high << 4 | low)
      }
    }
    guard let digest = SHA256Digest(bytes: bytes) else {
      throw Flaw("the SHA-256 is not 64 lower-case hexadecimal digits")
    }
    return digest
  }

  private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  private mutating func attributeList(
    _ text: Span<UInt8>
  ) throws(Flaw) -> [ExtendedAttribute] {
    var attributes: [ExtendedAttribute] = []
    while cursor.take(Self.attribute, in: text) {
      let name = OctalEscaping.decode(text, cursor.passValue(until: "=", in: text))
      guard let name, !name.isEmpty, !name.contains(0), cursor.take("=", in: text) else {
        throw Flaw("the name of an extended attribute is empty or not escaped as it should be")
      }
      guard let value = Base64.decode(text, cursor.passValue(in: text)) else {
        throw Flaw("the value of an extended attribute is not base64")
      }
      if let last = attributes.last, !last.name.lexicographicallyPrecedes(name) {
        throw Flaw("its extended attributes are not in order")
      }
      attributes.append(ExtendedAttribute(name: name, value: value))
    }
    return attributes
  }
}
