internal import CCryptsetup
internal import Glibc
package import SystemPackage
internal import Vocabulary

/// Headers as whole images: both copies and the keyslots' areas, as `cryptsetup luksHeaderBackup`
/// writes them.
extension LUKSDevice {
  /// Writes the header as it is on the disk now to a new file, mode 0400, which is not synced.
  ///
  /// libcryptsetup reads the header first, and writes a damaged copy anew where it may.
  ///
  /// - Parameter file: where; nothing may be there. Who reads the file can try passphrases.
  /// - Throws: `OperatorError` `luks.header-unread`.
  package borrowing func writeHeader(to file: FilePath) throws {
    let result = unsafe crypt_header_backup(handle, CRYPT_LUKS2, file.string)
    guard result >= 0 else {
      throw OperatorError(
        "luks.header-unread", .failed,
        "the header of \(uuid) cannot be copied: \(Errno(rawValue: -result))\(complaint.suffix)",
        hint: "is there room for it? it takes 16 MiB by default")
    }
  }

  /// Writes an image of a header over whatever header a device has, and syncs the device.
  ///
  /// libcryptsetup compares the places of the data and the sizes where it finds a header on the
  /// device, and nothing else: that the image is of the same volume key is for the caller to know.
  ///
  /// - Parameters:
  ///   - file: the image.
  ///   - device: a block device or an image file.
  /// - Throws: `OperatorError` `luks.header-unwritten`.
  package static func writeHeader(from file: FilePath, over device: FilePath) throws {
    var opened: OpaquePointer?
    let found = unsafe crypt_init(&opened, device.string)
    guard found >= 0, let handle = unsafe opened else {
      throw unwritten(device, "\(Errno(rawValue: -found))")
    }
    defer { unsafe crypt_free(handle) }
    let complaint = Complaint()
    unsafe complaint.listen(to: handle)
    let result = unsafe crypt_header_restore(handle, CRYPT_LUKS2, file.string)
    guard result >= 0 else {
      throw unwritten(device, "\(Errno(rawValue: -result))\(complaint.suffix)")
    }
    do {
      let disk = try FileDescriptor.open(device, .readOnly, options: [.closeOnExec])
      defer { try? disk.close() }
      guard fsync(disk.rawValue) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      throw unwritten(device, "\(error)")
    }
  }

  private static func unwritten(_ device: FilePath, _ why: String) -> OperatorError {
    OperatorError(
      "luks.header-unwritten", .failed, "the header cannot be written to \(device): \(why)",
      hint: "'coffer-custody luks status' shows what is there now")
  }
}
