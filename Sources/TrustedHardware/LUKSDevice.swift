internal import CCryptsetup
internal import Glibc
package import SystemPackage
internal import Vocabulary

/// A LUKS2 volume, a block device or an image file, with its header read.
///
/// Nothing is unlocked or activated by it, no key is asked for, and no token plugin is loaded. What
/// it tells is the header as it was when the volume was opened. One task owns it.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3; `libcryptsetup.h` 2.6.1.
@safe package struct LUKSDevice: ~Copyable {
  let handle: OpaquePointer
  /// What libcryptsetup complains of; it holds a reference that this one keeps alive.
  let complaint: Complaint

  /// What the JSON area says: keyslots and tokens.
  package let header: LUKSHeader

  /// Opens a volume and reads its header.
  ///
  /// - Parameter path: a block device or an image file.
  /// - Throws: `OperatorError`: `luks.missing`, `luks.unreadable`, `luks.not-luks2`, or
  ///   `luks.damaged` where neither copy of the header is whole.
  package init(_ path: FilePath) throws {
    let start = try VolumeStart(path)
    var opened: OpaquePointer?
    let found = unsafe crypt_init(&opened, path.string)
    guard found >= 0, let handle = unsafe opened else {
      throw OperatorError(
        "luks.unreadable", .failed, "cannot open \(path): \(Errno(rawValue: -found))")
    }
    let complaint = Complaint()
    unsafe complaint.listen(to: handle)
    do {
      guard unsafe crypt_load(handle, CRYPT_LUKS2, nil) >= 0 else {
        throw start.refusal(path, complaint.text)
      }
      var text: UnsafePointer<CChar>?
      guard unsafe crypt_dump_json(handle, &text, 0) >= 0, let json = unsafe text else {
        throw OperatorError(
          "luks.damaged", .mismatch, "the JSON area of \(path) cannot be read\(complaint.suffix)")
      }
      header = try LUKSHeader(json: unsafe Array(String(cString: json).utf8), of: path.string) {
        KeyslotState(unsafe crypt_keyslot_status(handle, Int32($0)))
      }
    } catch {
      unsafe crypt_free(handle)
      throw error
    }
    unsafe self.handle = handle
    self.complaint = complaint
  }

  deinit { unsafe crypt_free(handle) }

  /// Forbids libcryptsetup to write for the rest of the process.
  ///
  /// It repairs a damaged copy of a header as soon as it reads it, even for `luksDump`, unless
  /// locking is off; a process that only looks turns it off, and cannot turn it on again. A header
  /// that is being written meanwhile is told by its checksum.
  ///
  /// Source: cryptsetup 2.6.1, `lib/luks2/luks2_disk_metadata.c`, `LUKS2_disk_hdr_read`.
  package static func renounceRepair() {
    _ = crypt_metadata_locking(nil, 0)
  }

  /// The volume's UUID, as `blkid` shows it.
  package var uuid: String { unsafe Self.text(crypt_get_uuid(handle)) ?? "" }

  /// The label; nil where it has none.
  package var label: String? { unsafe Self.text(crypt_get_label(handle)) }

  /// The cipher of the data, `aes-xts-plain64` for example.
  package var cipher: String {
    let name = unsafe Self.text(crypt_get_cipher(handle)) ?? "unknown"
    return unsafe Self.text(crypt_get_cipher_mode(handle)).map { "\(name)-\($0)" } ?? name
  }

  /// The size of the volume key in bytes: 64 for AES-256 in XTS mode.
  package var volumeKeySize: Int { Int(unsafe crypt_get_volume_key_size(handle)) }

  /// Whether the data is being encrypted anew.
  package var reencryption: ReencryptionState {
    switch unsafe crypt_reencrypt_status(handle, nil) {
    case CRYPT_REENCRYPT_NONE: .none
    case CRYPT_REENCRYPT_CLEAN: .clean
    case CRYPT_REENCRYPT_CRASH: .crash
    default: .invalid
    }
  }

  /// A text of libcryptsetup's; nil where there is none or an empty one.
  private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    guard let pointer = unsafe pointer else { return nil }
    let text = unsafe String(cString: pointer)
    return text.isEmpty ? nil : text
  }
}

/// How far a change of the volume key is.
package enum ReencryptionState: String, Sendable, Codable {
  /// None is under way.
  case none
  /// Begun, stopped in order, to be resumed.
  case clean
  /// Begun and cut off; it must be recovered before the volume is used.
  case crash
  /// Its metadata contradict themselves.
  case invalid
}

extension KeyslotState {
  fileprivate init(_ info: crypt_keyslot_info) {
    switch info {
    case CRYPT_SLOT_ACTIVE: self = .active
    case CRYPT_SLOT_ACTIVE_LAST: self = .lastActive
    case CRYPT_SLOT_UNBOUND: self = .unbound
    case CRYPT_SLOT_INACTIVE: self = .inactive
    default: self = .invalid
    }
  }
}

/// The last error that libcryptsetup told of; without a listener it would be lost.
final class Complaint {
  private(set) var text: String?

  var suffix: String { text.map { ": \($0)" } ?? "" }

  /// Listens for as long as this object lives.
  func listen(to handle: OpaquePointer) {
    let box = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe crypt_set_log_callback(
      handle,
      { level, message, box in
        guard level == CRYPT_LOG_ERROR, let message = unsafe message, let box = unsafe box else {
          return
        }
        let complaint = unsafe Unmanaged<Complaint>.fromOpaque(box).takeUnretainedValue()
        complaint.text = unsafe String(cString: message).trimmedLine
      }, box)
  }
}

extension String {
  /// Without the line end and full stop that libcryptsetup puts there.
  fileprivate var trimmedLine: String {
    var line = self
    while let last = line.last, last.isNewline || last == "." { line.removeLast() }
    return line
  }
}
