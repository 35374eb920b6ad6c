internal import Glibc
internal import SystemPackage
internal import Vocabulary

/// The first bytes of what should be a volume, by which it is told why it is none.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, section 2.1: magic of 6 bytes, version of 2
/// bytes, big-endian. LUKS1 has both in the same place.
struct VolumeStart {
  private static let magic: [UInt8] = [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]

  private let bytes: [UInt8]

  /// Reads them, without waiting for the other end of a pipe.
  ///
  /// - Throws: `OperatorError` `luks.missing` or `luks.unreadable`.
  init(_ path: FilePath) throws {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
      defer { try? file.close() }
      var status = stat()
      guard unsafe fstat(file.rawValue, &status) == 0,
        [S_IFREG, S_IFBLK].contains(status.st_mode & S_IFMT)
      else {
        throw OperatorError(
          "luks.unreadable", .failed, "\(path) is neither a block device nor an image file")
      }
      var bytes = [UInt8](repeating: 0, count: Self.magic.count + 2)
      let count = unsafe try bytes.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
      self.bytes = Array(bytes.prefix(count))
    } catch Errno.noSuchFileOrDirectory {
      throw OperatorError(
        "luks.missing", .missingProgram, "there is no device or image \(path)")
    } catch let error as Errno {
      throw OperatorError("luks.unreadable", .failed, "cannot read \(path): \(error)")
    }
  }

  /// Why libcryptsetup did not load it.
  func refusal(_ path: FilePath, _ complaint: String?) -> OperatorError {
    guard bytes.starts(with: Self.magic) else {
      return OperatorError("luks.not-luks2", .failed, "\(path) is no LUKS2 volume")
    }
    guard bytes.last == 2 else {
      return OperatorError(
        "luks.not-luks2", .failed,
        "\(path) is a LUKS\(bytes.last ?? 0) volume, which has no tokens",
        hint: "'cryptsetup convert --type luks2' makes LUKS2 of it; back its header up before")
    }
    return OperatorError(
      "luks.damaged", .mismatch,
      "the LUKS2 header of \(path) is damaged, both copies"
        + (complaint.map { ": \($0)" } ?? ""),
      hint: "restore a header backup of the same volume key")
  }
}
