internal import SecretMemory
internal import Vocabulary

/// The key that a volume's data is encrypted with, in locked memory.
package struct VolumeKey: ~Copyable {
  let bytes: SecretBytes

  /// The keyslot that gave it; nil where it is a new one.
  package let keyslot: Int?

  init(_ bytes: consuming SecretBytes, from keyslot: Int?) {
    self.bytes = bytes
    self.keyslot = keyslot
  }

  /// Draws a new one.
  ///
  /// - Parameter size: its size in bytes, 64 for AES-256 in XTS mode.
  /// - Returns: the key, which no keyslot has yet.
  package static func random(size: Int) -> VolumeKey {
    VolumeKey(SecretBytes.random(count: size), from: nil)
  }

  /// Whether two are the same, in a time that tells nothing.
  package borrowing func matches(_ other: borrowing VolumeKey) -> Bool {
    bytes.matches(other.bytes)
  }

  /// What `fixate-volume-key=` in crypttab wants, 64 hexadecimal digits: systemd from 260 on then
  /// opens no volume of another key by that name.
  ///
  /// Source: systemd 261, `src/shared/cryptsetup-util.c`: HMAC-SHA-256 under the volume key.
  ///
  /// - Parameters:
  ///   - name: the volume's name in crypttab.
  ///   - uuid: its UUID.
  /// - Returns: the digits.
  package borrowing func fixation(name: String, uuid: String) -> String {
    let message = Array("cryptsetup:\(name):\(uuid)".utf8)
    let code = bytes.withBytes { key in
      message.withBytes { HMACSHA256.code(key: key, message: $0) }
    }
    return Hexadecimal.encode(code)
  }
}
