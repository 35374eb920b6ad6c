package import SecretMemory
package import TrustedHardware
internal import Vocabulary

/// What opens one keyslot, in locked memory, shared by who needs it.
package final class KeyslotSecret: Sendable {
  /// The keyslot.
  package let keyslot: Int
  /// Exactly the bytes that open it.
  let text: SecretBytes
  /// Whether a person can type it at a prompt: no control characters, and not longer than
  /// systemd and cryptsetup read.
  package let isTypeable: Bool

  init(_ text: consuming SecretBytes, opening keyslot: Int) {
    self.keyslot = keyslot
    // cryptsetup 2.6.1, `DEFAULT_PASSPHRASE_SIZE_MAX`.
    isTypeable = text.withBytes { bytes in
      (1...512).contains(bytes.byteCount)
        && (0..<bytes.byteCount).allSatisfy {
          bytes[byteAt: $0] >= 0x20 && bytes[byteAt: $0] != 0x7f
        }
    }
    self.text = text
  }

  /// Tries what a person or a key file gives on one keyslot: as it is, without a line end, as a
  /// recovery key in any spelling.
  ///
  /// - Returns: nil where it does not open the keyslot.
  /// - Throws: `OperatorError` `luks.failed`.
  package static func trying(
    _ given: borrowing SecretBytes, on keyslot: Int, of device: borrowing LUKSDevice
  ) throws -> KeyslotSecret? {
    if try device.volumeKey(from: given, at: .keyslot(keyslot)) != nil {
      return KeyslotSecret(given.withBytes { SecretBytes(copying: $0) }, opening: keyslot)
    }
    let line = given.withoutLineEnd()
    if line.count < given.count, line.count > 0,
      try device.volumeKey(from: line, at: .keyslot(keyslot)) != nil
    {
      return KeyslotSecret(line, opening: keyslot)
    }
    guard let recovery = RecoveryKey(typed: given),
      try device.volumeKey(from: recovery.text, at: .keyslot(keyslot)) != nil
    else { return nil }
    return KeyslotSecret(
      recovery.text.withBytes { SecretBytes(copying: $0) }, opening: keyslot)
  }
}

/// Something that was given to open a volume with, before it is known which keyslot it opens.
package final class GivenSecret: Sendable {
  /// The keyslot that it is said to open; nil for any that it fits.
  package let keyslot: Int?
  let text: SecretBytes

  package init(_ text: consuming SecretBytes, for keyslot: Int? = nil) {
    self.keyslot = keyslot
    self.text = text
  }
}
