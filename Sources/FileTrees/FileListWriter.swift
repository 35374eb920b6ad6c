internal import Vocabulary

/// Writes records as a list in the manner of mtree(5): text, one record a line, one spelling each.
///
/// ```
/// #mtree coffer-files 1
/// . type=dir mode=0755 uid=0 uname=root gid=0 gname=root time=1700000000.000000000
/// ./a\040b type=file mode=0640 uid=… gid=… size=5 time=… sha256digest=… content=…
/// ```
/// Keywords stand in one order: `type mode uid uname gid gname size time link hardlink extents
/// sha256digest content xattr.NAME torn`; what does not apply is left out. `content`, `hardlink`,
/// `extents`, `xattr.` and `torn` are ours, the others mtree's; programs that read mtree warn about
/// the former and read the rest. Bytes outside printable ASCII are written `\ooo`. Lists of unchanged
/// trees are the same bytes, so that they cost nothing to store the next night.
package struct FileListWriter: Sendable {
  static let header = Array("#mtree coffer-files 1\n".utf8)

  private var wroteHeader = false

  /// Starts a list.
  package init() {}

  /// Appends one record's line, and the header before the first.
  package mutating func append(_ record: FileRecord, to text: inout [UInt8]) {
    finish(to: &text)
    if record.path.isRoot {
      text.append(UInt8(ascii: "."))
    } else {
      appendPath(record.path, to: &text)
    }
    switch record.kind {
    case .regular, .hardLink: text.append(contentsOf: " type=file mode=".utf8)
    case .directory: text.append(contentsOf: " type=dir mode=".utf8)
    case .symbolicLink: text.append(contentsOf: " type=link mode=".utf8)
    case .fifo: text.append(contentsOf: " type=fifo mode=".utf8)
    }
    appendMode(record.mode, to: &text)
    text.append(contentsOf: " uid=".utf8)
    append(UInt64(record.userID), to: &text)
    append(record.userName, as: " uname=", to: &text)
    text.append(contentsOf: " gid=".utf8)
    append(UInt64(record.groupID), to: &text)
    append(record.groupName, as: " gname=", to: &text)
    if record.kind == .regular {
      text.append(contentsOf: " size=".utf8)
      append(record.size.magnitude, to: &text)
    }
    appendTime(record.modified, to: &text)
    switch record.kind {
    case .symbolicLink(let target):
      text.append(contentsOf: " link=".utf8)
      OctalEscaping.append(target, to: &text)
    case .hardLink(let first):
      text.append(contentsOf: " hardlink=".utf8)
      appendPath(first, to: &text)
    case .regular, .directory, .fifo: break
    }
    appendContent(of: record, to: &text)
    for attribute in record.attributes {
      text.append(contentsOf: " xattr.".utf8)
      OctalEscaping.append(attribute.name, to: &text)
      text.append(UInt8(ascii: "="))
      Base64.append(attribute.value, to: &text)
    }
    if record.isTorn { text.append(contentsOf: " torn".utf8) }
    text.append(UInt8(ascii: "\n"))
  }

  /// Ends the list: a list of nothing still has its header.
  package mutating func finish(to text: inout [UInt8]) {
    if wroteHeader { return }
    text.append(contentsOf: Self.header)
    wroteHeader = true
  }

  private func appendContent(of record: FileRecord, to text: inout [UInt8]) {
    if let extents = record.extents {
      text.append(contentsOf: " extents=".utf8)
      if extents.isEmpty { text.append(contentsOf: "none".utf8) }
      for (index, extent) in extents.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        append(extent.offset.magnitude, to: &text)
        text.append(UInt8(ascii: "+"))
        append(extent.length.magnitude, to: &text)
      }
    }
    if let digest = record.sha256 {
      text.append(contentsOf: " sha256digest=".utf8)
      for byte in digest.bytes {
        text.append(hexadecimalDigit(byte >> 4))
        text.append(hexadecimalDigit(byte & 15))
      }
    }
    append(record.content, as: " content=", to: &text)
  }

  private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private func appendPath(_ path: RelativePath, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "."))
    text.append(UInt8(ascii: "/"))
    OctalEscaping.append(path.bytes, to: &text)
  }

  private func append(_ word: String?, as keyword: StaticString, to text: inout [UInt8]) {
    guard var word, !word.isEmpty else { return }
    unsafe text.append(
      contentsOf: UnsafeBufferPointer(
        start: keyword.utf8Start, count: keyword.utf8CodeUnitCount))
    word.withUTF8 { unsafe OctalEscaping.append($0.span, to: &text) }
  }

  private func appendMode(_ mode: UInt16, to text: inout [UInt8]) {
    for shift in stride(from: 9, through: 0, by: -3) {
      text.append(UInt8(ascii: "0") + UInt8(mode >> shift & 7))
    }
  }

  private func appendTime(_ time: FileTime, to text: inout [UInt8]) {
    text.append(contentsOf: " time=".utf8)
    if time.seconds < 0 { text.append(UInt8(ascii: "-")) }
    append(time.seconds.magnitude, to: &text)
    text.append(UInt8(ascii: "."))
    var unit: Int32 = 100_000_000
    while unit > 0 {
      text.append(UInt8(ascii: "0") + UInt8(time.nanoseconds / unit % 10))
      unit /= 10
    }
  }

  private func append(_ number: UInt64, to text: inout [UInt8]) {
    var unit: UInt64 = 1
    while number / unit >= 10 { unit *= 10 }
    while unit > 0 {
      text.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
      unit /= 10
    }
  }
}
