internal import SecretMemory
package import SystemPackage

extension FileDescriptor {
  /// Reads the bytes at a place, in as many calls as it takes; the file's own position stays.
  ///
  /// - Parameters:
  ///   - room: where they go; it is filled, or the file ends.
  ///   - offset: the place of the first, in bytes from the file's beginning.
  /// - Returns: how many bytes there were: fewer than there is room for at the end of the file only.
  /// - Throws: `Errno`.
  package func readWhole(into room: inout MutableRawSpan, at offset: Int) throws -> Int {
    var filled = 0
    while filled < room.byteCount {
      var rest = room._mutatingExtracting(filled..<room.byteCount)
      let got = try unsafe rest.withUnsafeMutableBytes {
        unsafe try read(fromAbsoluteOffset: Int64(offset + filled), into: $0)
      }
      guard got > 0 else { break }
      filled += got
    }
    return filled
  }
}
