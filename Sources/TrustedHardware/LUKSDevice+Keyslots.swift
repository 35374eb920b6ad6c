internal import CCryptsetup
internal import Glibc
package import SecretMemory
internal import SystemPackage
internal import Vocabulary

// What is written here is on the disk when the call returns, in both copies of the header, and is
// seen by whoever opens the volume after that; `header` stays what it was.
//
// Source: `libcryptsetup.h` 2.6.1; LUKS2 On-Disk Format Specification 1.1.3, section 3.2.
extension LUKSDevice {
  /// Which keyslot is meant.
  package enum Place: Sendable {
    case any
    case keyslot(Int)

    fileprivate var number: Int32 {
      switch self {
      case .any: CRYPT_ANY_SLOT
      case .keyslot(let number): Int32(number)
      }
    }
  }

  /// Has a passphrase open a keyslot, without activating anything.
  ///
  /// - Returns: the keyslot that it opens; nil where it opens none.
  /// - Throws: `OperatorError` `luks.failed`.
  package func opened(by passphrase: borrowing SecretBytes, at place: Place = .any) throws -> Int? {
    let result = passphrase.withBytes { text in
      unsafe text.withUnsafeBytes { text in
        unsafe crypt_activate_by_passphrase(
          handle, nil, place.number, text.baseAddress?.assumingMemoryBound(to: CChar.self),
          text.count, 0)
      }
    }
    if result >= 0 { return Int(result) }
    // No such keyslot, and a keyslot that another passphrase opens.
    guard [EPERM, ENOENT].contains(-result) else { throw failure("open a keyslot", result) }
    return nil
  }

  /// Takes the volume key out of a keyslot.
  ///
  /// - Returns: nil where the passphrase opens none.
  /// - Throws: `OperatorError` `luks.failed`.
  package func volumeKey(
    from passphrase: borrowing SecretBytes, at place: Place = .any
  ) throws -> VolumeKey? {
    var result: Int32 = 0
    let key = SecretBytes(count: volumeKeySize) { key in
      var size = key.byteCount
      result = unsafe key.withUnsafeMutableBytes { key in
        passphrase.withBytes { text in
          unsafe text.withUnsafeBytes { text in
            unsafe crypt_volume_key_get(
              handle, place.number, key.baseAddress?.assumingMemoryBound(to: CChar.self), &size,
              text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count)
          }
        }
      }
    }
    if [EPERM, ENOENT].contains(-result) { return nil }
    guard result >= 0 else { throw failure("take the volume key out of a keyslot", result) }
    return VolumeKey(key, from: Int(result))
  }

  /// Adds a keyslot for a random secret: PBKDF2-SHA-512 of 1000 iterations, as systemd does it.
  ///
  /// - Parameters:
  ///   - number: a keyslot that is free.
  ///   - key: the volume key.
  ///   - passphrase: at least 128 random bits, for it costs nothing to try one.
  /// - Throws: `OperatorError` `luks.full`, `luks.read-only`, `luks.changed-meanwhile`,
  ///   `luks.failed`.
  package func addKeyslot(
    _ number: Int, for key: borrowing VolumeKey, openedBy passphrase: borrowing SecretBytes
  ) throws {
    try useMinimalCost()
    let result = key.bytes.withBytes { key in
      passphrase.withBytes { text in
        unsafe key.withUnsafeBytes { key in
          unsafe text.withUnsafeBytes { text in
            unsafe crypt_keyslot_add_by_volume_key(
              handle, Int32(number), key.baseAddress?.assumingMemoryBound(to: CChar.self),
              key.count, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count)
          }
        }
      }
    }
    guard result >= 0 else { throw failure("add keyslot \(number)", result) }
  }

  /// Overwrites a keyslot, and takes it out of every token.
  ///
  /// The library lets the last one go, too; whoever calls has asked.
  ///
  /// - Throws: `OperatorError` `luks.no-keyslot`, `luks.read-only`, `luks.failed`.
  package func destroyKeyslot(_ number: Int) throws {
    let result = unsafe crypt_keyslot_destroy(handle, Int32(number))
    guard result >= 0 else { throw failure("destroy keyslot \(number)", result) }
  }

  /// Source: systemd 252, `src/shared/cryptsetup-util.c`, `cryptsetup_set_minimal_pbkdf`.
  func useMinimalCost() throws {
    let result = unsafe "pbkdf2".withCString { type in
      unsafe "sha512".withCString { hash in
        var cost = unsafe crypt_pbkdf_type(
          type: type, hash: hash, time_ms: 0, iterations: 1000, max_memory_kb: 0,
          parallel_threads: 0, flags: coffer_pbkdf_no_benchmark)
        return unsafe crypt_set_pbkdf_type(handle, &cost)
      }
    }
    guard result >= 0 else { throw failure("set the cost of a keyslot", result) }
  }
}
