internal import CCryptsetup
internal import Glibc
package import SecretMemory
internal import SystemPackage
internal import Vocabulary

// Encrypting the data under another volume key, in place. libcryptsetup takes one passphrase that
// opens a keyslot of either key, and at the end drops every keyslot of the old one.
//
// Source: cryptsetup 2.6.1, `libcryptsetup.h` and `lib/luks2/luks2_reencrypt.c`.
extension LUKSDevice {
  /// Adds a keyslot for a key that is not the data's, like another: same key derivation and cost, same
  /// encryption of its area, same priority.
  ///
  /// - Parameters:
  ///   - number: a keyslot that is free.
  ///   - old: the keyslot that it is like.
  ///   - key: the new key.
  ///   - passphrase: what opens it.
  ///   - isFirst: whether no keyslot has the new key yet.
  /// - Throws: `OperatorError` `luks.full`, `luks.read-only`, `luks.changed-meanwhile`,
  ///   `luks.failed`.
  package func addUnboundKeyslot(
    _ number: Int, like old: Int, for key: borrowing VolumeKey,
    openedBy passphrase: borrowing SecretBytes, isFirst: Bool
  ) throws {
    try useCost(of: old)
    let flags =
      coffer_volume_key_no_segment | (isFirst ? 0 : coffer_volume_key_digest_reuse)
    let result = key.bytes.withBytes { key in
      passphrase.withBytes { text in
        unsafe key.withUnsafeBytes { key in
          unsafe text.withUnsafeBytes { text in
            unsafe crypt_keyslot_add_by_key(
              handle, Int32(number), key.baseAddress?.assumingMemoryBound(to: CChar.self),
              key.count, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, flags)
          }
        }
      }
    }
    guard result >= 0 else { throw failure("add keyslot \(number)", result) }
    let priority = unsafe crypt_keyslot_get_priority(handle, Int32(old))
    guard priority != CRYPT_SLOT_PRIORITY_NORMAL else { return }
    let set = unsafe crypt_keyslot_set_priority(handle, Int32(number), priority)
    guard set >= 0 else { throw failure("set the priority of keyslot \(number)", set) }
  }

  private func useCost(of keyslot: Int) throws {
    var cost = unsafe crypt_pbkdf_type()
    let found = unsafe crypt_keyslot_get_pbkdf(handle, Int32(keyslot), &cost)
    guard found >= 0 else { throw failure("read the cost of keyslot \(keyslot)", found) }
    unsafe cost.time_ms = 0
    unsafe cost.flags = coffer_pbkdf_no_benchmark
    let result = unsafe crypt_set_pbkdf_type(handle, &cost)
    guard result >= 0 else { throw failure("set the cost of a keyslot", result) }
    var size = 0
    guard let cipher = unsafe crypt_keyslot_get_encryption(handle, Int32(keyslot), &size) else {
      return
    }
    let set = unsafe crypt_keyslot_set_encryption(handle, cipher, size)
    guard set >= 0 else { throw failure("set the cipher of a keyslot", set) }
  }

  /// Writes into the header that the data is being encrypted anew, and does none of it.
  ///
  /// - Parameters:
  ///   - passphrase: what opens both keyslots.
  ///   - old: a keyslot of the data's key.
  ///   - new: a keyslot of the new key.
  ///   - name: the name that the volume is mapped by; nil where it is not in use.
  /// - Throws: `OperatorError` `luks.in-use`, `luks.full`, `luks.wrong-key`, `luks.failed`.
  package func beginReencryption(
    by passphrase: borrowing SecretBytes, from old: Int, to new: Int, mappedAs name: String?
  ) throws {
    let result = reencrypt(
      passphrase, old, new, name, hotzone: 0, flags: coffer_reencrypt_initialize_only)
    guard result >= 0 else { throw reencryptionFailure("begin to encrypt the data anew", result) }
  }

  /// Repairs what a cut-off left: the piece of data that was being written is brought to one key.
  ///
  /// - Returns: false where the passphrase does not open both keyslots.
  /// - Throws: `OperatorError` `luks.in-use`, `luks.failed`.
  package func recoverReencryption(
    by passphrase: borrowing SecretBytes, from old: Int, to new: Int
  ) throws -> Bool {
    let result = reencrypt(
      passphrase, old, new, nil, hotzone: 0, flags: coffer_reencrypt_recovery)
    if Self.isWrongKey(result) { return false }
    guard result >= 0 else { throw reencryptionFailure("recover the data", result) }
    return true
  }

  /// Takes up a reencryption that is under way and in order, for `runReencryption`.
  ///
  /// - Parameters:
  ///   - passphrase: what opens both keyslots.
  ///   - old: a keyslot of the data's key.
  ///   - new: a keyslot of the new key.
  ///   - name: the name that the volume is mapped by; nil where it is not in use.
  ///   - hotzone: how many bytes are in work at a time, a multiple of the sector size.
  /// - Returns: false where the passphrase does not open both keyslots.
  /// - Throws: `OperatorError` `luks.in-use`, `luks.failed`.
  package func loadReencryption(
    by passphrase: borrowing SecretBytes, from old: Int, to new: Int, mappedAs name: String?,
    hotzone: Int
  ) throws -> Bool {
    let result = reencrypt(
      passphrase, old, new, name, hotzone: hotzone, flags: coffer_reencrypt_resume_only)
    if Self.isWrongKey(result) { return false }
    guard result >= 0 else {
      throw reencryptionFailure("go on with encrypting the data anew", result)
    }
    return true
  }

  /// Encrypts the data anew until it is done or told to stop.
  ///
  /// At the end the old keyslots are gone.
  ///
  /// - Parameter progress: told of the bytes that are done and of all; false stops it in order.
  /// - Throws: `OperatorError` `luks.failed`; whether it is done, `reencryption` of a device opened
  ///   after that tells.
  package func runReencryption(
    _ progress: @escaping (_ done: Int, _ total: Int) -> Bool
  ) throws {
    let listener = ProgressListener(progress)
    let result = withExtendedLifetime(listener) {
      unsafe crypt_reencrypt_run(
        handle,
        { total, done, box in
          guard let box = unsafe box else { return 0 }
          let listener = unsafe Unmanaged<ProgressListener>.fromOpaque(box).takeUnretainedValue()
          let goesOn = listener.told(Int(clamping: done), Int(clamping: total))
          return goesOn ? 0 : 1
        }, Unmanaged.passUnretained(listener).toOpaque())
    }
    guard result >= 0 else { throw reencryptionFailure("encrypt the data anew", result) }
  }

  private func reencrypt(
    _ passphrase: borrowing SecretBytes, _ old: Int, _ new: Int, _ name: String?, hotzone: Int,
    flags: UInt32
  ) -> Int32 {
    // With the same cipher and sector size as before; of the header's text, which is replaced, copies
    // are made.
    let cipher = unsafe crypt_get_cipher(handle).map { unsafe String(cString: $0) } ?? "aes"
    let mode =
      unsafe crypt_get_cipher_mode(handle).map { unsafe String(cString: $0) } ?? "xts-plain64"
    var format = unsafe crypt_params_luks2()
    unsafe format.sector_size = UInt32(unsafe crypt_get_sector_size(handle))
    return unsafe "checksum".withCString { resilience in
      unsafe "sha256".withCString { hash in
        unsafe withUnsafePointer(to: &format) { format in
          var parameters = unsafe crypt_params_reencrypt()
          unsafe parameters.mode = CRYPT_REENCRYPT_REENCRYPT
          unsafe parameters.direction = CRYPT_REENCRYPT_FORWARD
          unsafe parameters.resilience = resilience
          unsafe parameters.hash = hash
          // In sectors of 512 bytes, whatever the volume's own are.
          unsafe parameters.max_hotzone_size = UInt64(hotzone / 512)
          unsafe parameters.luks2 = format
          unsafe parameters.flags = flags
          return passphrase.withBytes { text in
            unsafe text.withUnsafeBytes { text in
              unsafe crypt_reencrypt_init_by_passphrase(
                handle, name, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count,
                Int32(old), Int32(new), cipher, mode, &parameters)
            }
          }
        }
      }
    }
  }

  private static func isWrongKey(_ result: Int32) -> Bool { [EPERM, ENOENT].contains(-result) }

  private func reencryptionFailure(_ deed: String, _ result: Int32) -> OperatorError {
    if -result == EBUSY {
      return OperatorError(
        "luks.in-use", .refused, "cannot \(deed): the volume is in use\(complaint.suffix)",
        hint: "close it: 'cryptsetup close NAME', or wait for the other program to end")
    }
    if Self.isWrongKey(result) {
      return OperatorError(
        "luks.wrong-key", .noIdentity, "cannot \(deed): the passphrase does not open both keyslots")
    }
    return failure(deed, result)
  }
}

/// Who is told of progress, where C can find it.
private final class ProgressListener {
  let told: (Int, Int) -> Bool
  init(_ told: @escaping (Int, Int) -> Bool) { self.told = told }
}
