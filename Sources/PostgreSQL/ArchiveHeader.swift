/// The start of an archive in pg_dump's custom format.
struct ArchiveHeader {
  /// The format's minor version: 14 to 16 is 1.14 to 1.16.
  let minorVersion: UInt8
  /// Bytes an integer takes.
  let integerSize: Int
  /// Bytes a file offset takes.
  let offsetSize: Int
  /// Entries in the table of contents that follows.
  let entries: Int

  /// Reads the header and the number of entries after it.
  init(_ cursor: inout ArchiveCursor) throws(ArchiveTrouble) {
    for expected in "PGDMP".utf8 {
      guard try cursor.byte() == expected else { throw .malformed("no PGDMP at its start") }
    }
    let major = try cursor.byte()
    minorVersion = try cursor.byte()
    let revision = try cursor.byte()
    guard major == 1, (14...16).contains(minorVersion) else {
      throw .malformed("archive version \(major).\(minorVersion).\(revision) is not known")
    }
    integerSize = Int(try cursor.byte())
    offsetSize = Int(try cursor.byte())
    guard integerSize == 4, (1...8).contains(offsetSize) else {
      throw .malformed("integers of \(integerSize) and offsets of \(offsetSize) bytes")
    }
    cursor.integerSize = integerSize
    cursor.offsetSize = offsetSize
    guard try cursor.byte() == 1 else { throw .malformed("not the custom format") }
    // 1.15 names an algorithm where older versions give a level; none is 0 in both.
    let compression = minorVersion >= 15 ? Int(try cursor.byte()) : try cursor.integer()
    guard compression == 0 else { throw .malformed("the archive is compressed") }
    for _ in 0..<7 { _ = try cursor.integer() }  // when it was made
    for _ in 0..<3 { try cursor.skipString() }  // database, server version, pg_dump version
    entries = try cursor.integer()
    guard (0...50_000_000).contains(entries) else { throw .malformed("\(entries) entries") }
  }
}
