internal import Glibc
package import SystemPackage

/// A time stamp of the file system: nanoseconds since 1970, in two parts so that no year is out of
/// reach.
package struct FileTime: Hashable, Sendable, Codable, Comparable {
  /// Whole seconds since 1970, rounded towards the past.
  package let seconds: Int64
  /// Nanoseconds after that second, 0 to 999,999,999.
  package let nanoseconds: Int32

  /// Takes the two parts; nil where `nanoseconds` is not within a second.
  package init?(seconds: Int64, nanoseconds: Int32) {
    guard (0..<1_000_000_000).contains(nanoseconds) else { return nil }
    (self.seconds, self.nanoseconds) = (seconds, nanoseconds)
  }

  init(_ time: timespec) {
    seconds = Int64(time.tv_sec)
    nanoseconds = Int32(truncatingIfNeeded: min(max(time.tv_nsec, 0), 999_999_999))
  }

  var timespec: timespec {
    Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
  }

  package static func < (left: FileTime, right: FileTime) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

/// What must stay the same for a file to be taken as unchanged without reading it.
///
/// `changed` (ctime) cannot be set back by the file's owner, so content, mode, owner, ACL and
/// attributes are all covered. A stamp is only as fine as the file system's clock; `FileReader`
/// waits that out.
package struct FileStamp: Hashable, Sendable, Codable {
  /// Bytes, holes included.
  package let size: Int64
  /// When the content was last written (mtime).
  package let modified: FileTime
  /// When anything about the file last changed (ctime).
  package let changed: FileTime
  /// The inode's number on its device.
  package let inode: UInt64
  /// The device the inode lies on.
  package let device: UInt64
  /// How many names the inode has.
  package let linkCount: UInt64

  /// Puts a stamp together again from a catalog.
  package init(
    size: Int64, modified: FileTime, changed: FileTime, inode: UInt64, device: UInt64,
    linkCount: UInt64
  ) {
    (self.size, self.modified, self.changed) = (size, modified, changed)
    (self.inode, self.device, self.linkCount) = (inode, device, linkCount)
  }

  init(_ facts: stat) {
    self.init(
      size: Int64(facts.st_size), modified: FileTime(facts.st_mtim),
      changed: FileTime(facts.st_ctim), inode: UInt64(facts.st_ino), device: UInt64(facts.st_dev),
      linkCount: UInt64(facts.st_nlink))
  }
}

/// What one `lstat` tells of a file.
package struct FileStatus: Hashable, Sendable {
  /// The kinds of file there are.
  package enum Kind: String, Hashable, Sendable {
    case regular = "file"
    case directory
    case symbolicLink = "symbolic link"
    case fifo
    case socket
    case characterDevice = "character device"
    case blockDevice = "block device"
    case unknown = "file of unknown kind"
  }

  /// What kind of file it is.
  package let kind: Kind
  /// Permission bits with set-user-id, set-group-id and sticky: 12 bits.
  package let mode: UInt16
  /// The owner's number.
  package let userID: UInt32
  /// The group's number.
  package let groupID: UInt32
  /// What to compare with the last run.
  package let stamp: FileStamp

  /// Bytes on the device; fewer than the size where the file has holes.
  let allocated: Int64

  /// What lstat(2) tells of a path.
  /// - Throws: `Errno`.
  package init(of path: FilePath) throws(Errno) {
    var facts = stat()
    _ = try Errno.check { unsafe path.withPlatformString { unsafe lstat($0, &facts) } }
    self.init(facts)
  }

  init(_ facts: stat) {
    kind =
      switch facts.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      case S_IFIFO: .fifo
      case S_IFSOCK: .socket
      case S_IFCHR: .characterDevice
      case S_IFBLK: .blockDevice
      default: .unknown
      }
    mode = UInt16(facts.st_mode & 0o7777)
    userID = facts.st_uid
    groupID = facts.st_gid
    stamp = FileStamp(facts)
    allocated = Int64(facts.st_blocks) * 512
  }
}
