package import Vocabulary

/// All that is kept of one file: enough to put it back as it was.
///
/// The content itself is elsewhere; `content` says where, in words only the room that stored it
/// reads. Sizes and offsets are bytes.
package struct FileRecord: Hashable, Sendable {
  /// What a record stands for.
  ///
  /// Sockets and devices have none: they hold nothing to restore.
  package enum Kind: Hashable, Sendable {
    /// A file with content.
    case regular
    /// A folder.
    case directory
    /// A symbolic link; the target is kept as written and never looked at.
    case symbolicLink(target: [UInt8])
    /// Another name of a file that stands earlier in the list.
    case hardLink(to: RelativePath)
    /// A named pipe.
    case fifo
  }

  /// Where the file lies.
  package var path: RelativePath
  /// What it is.
  package var kind: Kind
  /// Permission bits with set-user-id, set-group-id and sticky: 12 bits.
  package var mode: UInt16
  /// The owner's number.
  package var userID: UInt32
  /// The owner's name, where the host knew one.
  package var userName: String?
  /// The group's number.
  package var groupID: UInt32
  /// The group's name, where the host knew one.
  package var groupName: String?
  /// When the content was last written.
  package var modified: FileTime
  /// Bytes of a regular file, holes included; 0 for every other kind.
  package var size: Int64
  /// The parts that hold data, ascending and apart, where the file has holes; nil where it has none.
  package var extents: [FileExtent]?
  /// Extended attributes, sorted by name, ACLs among them.
  ///
  /// ACLs travel as the kernel encodes them, `system.posix_acl_access` and `_default`: by number.
  package var attributes: [ExtendedAttribute]
  /// SHA-256 of the whole logical content, holes read as zeros.
  package var sha256: SHA256Digest?
  /// Where the content is; opaque here.
  package var content: String?
  /// Whether the file changed while it was read, so that the content may be of two moments.
  package var isTorn: Bool

  /// Describes a file.
  package init(
    path: RelativePath, kind: Kind, mode: UInt16, userID: UInt32, userName: String? = nil,
    groupID: UInt32, groupName: String? = nil, modified: FileTime, size: Int64 = 0,
    extents: [FileExtent]? = nil, attributes: [ExtendedAttribute] = [],
    sha256: SHA256Digest? = nil, content: String? = nil, isTorn: Bool = false
  ) {
    (self.path, self.kind, self.mode) = (path, kind, mode)
    (self.userID, self.userName) = (userID, userName)
    (self.groupID, self.groupName) = (groupID, groupName)
    (self.modified, self.size, self.extents) = (modified, size, extents)
    self.attributes = attributes
    (self.sha256, self.content, self.isTorn) = (sha256, content, isTorn)
  }

  /// Bytes of data in the content, holes left out: what a restore is fed.
  package var dataSize: Int64 {
    guard let extents else { return size }
    return extents.reduce(0) { $0 + $1.length }
  }

  /// Takes over what a reading found, so that the record tells of the bytes that were really read.
  package mutating func adopt(_ reading: FileReading) {
    size = reading.size
    extents = reading.extents
    isTorn = reading.outcome == .changed
  }
}

/// A part of a file that holds data.
package struct FileExtent: Hashable, Sendable {
  /// Where it starts in the file, in bytes.
  package let offset: Int64
  /// How many bytes it holds.
  package let length: Int64

  /// Names a part; the list format refuses negative ones.
  package init(offset: Int64, length: Int64) {
    (self.offset, self.length) = (offset, length)
  }

  /// The first byte after it.
  package var end: Int64 { offset + length }
}

/// One extended attribute, bytes as the kernel gives them.
package struct ExtendedAttribute: Hashable, Sendable {
  /// The full name with its namespace, for example `user.comment`.
  package let name: [UInt8]
  /// The value.
  package let value: [UInt8]

  /// Pairs a name with a value.
  package init(name: [UInt8], value: [UInt8]) {
    (self.name, self.value) = (name, value)
  }
}

/// The list format and the restore share these limits, so that neither can be led past the other.
extension FileRecord {
  /// What is wrong with the numbers of this record; nil where nothing is.
  ///
  /// Compilers cannot check extents, and a hostile list could make them overlap, overflow or write
  /// past the end.
  var flaw: String? {
    if mode > 0o7777 { return "the mode has more than 12 bits" }
    if size < 0 { return "the size is negative" }
    guard kind == .regular else {
      let plain = size == 0 && extents == nil && sha256 == nil && content == nil && !isTorn
      return plain ? nil : "only a regular file has content"
    }
    var end: Int64 = 0
    for extent in extents ?? [] {
      guard extent.length > 0, extent.offset >= end else { return "its extents overlap" }
      let (next, overflow) = extent.offset.addingReportingOverflow(extent.length)
      guard !overflow, next <= size else { return "an extent ends after the file" }
      end = next
    }
    return nil
  }
}
