package import SecretMemory
package import TrustedHardware
internal import Vocabulary

/// Opens a volume by what a person or a key file gives, without activating anything.
package enum Unlocking {
  /// Takes the volume key.
  ///
  /// The bytes are tried as they are, then without the line end that an editor put there, then as a
  /// recovery key in any spelling.
  ///
  /// - Returns: the key, with the keyslot that gave it.
  /// - Throws: `OperatorError` `luks.wrong-key`, or what the volume fails with.
  package static func volumeKey(
    of device: borrowing LUKSDevice, from given: borrowing SecretBytes
  ) throws -> VolumeKey {
    if let key = try device.volumeKey(from: given) { return key }
    let line = given.withoutLineEnd()
    if line.count < given.count, let key = try device.volumeKey(from: line) { return key }
    if let recovery = RecoveryKey(typed: given),
      let key = try device.volumeKey(from: recovery.text)
    {
      return key
    }
    throw OperatorError(
      "luks.wrong-key", .noIdentity, "what was given opens no keyslot of the volume",
      hint: "a key file counts to its last byte; 'luks status' shows the keyslots")
  }
}
