package import SystemPackage
package import TrustedHardware

/// A LUKS2 volume with everything that its header says of keys; no more is needed to judge it.
package struct Volume: Sendable {
  /// Where it is.
  package let device: FilePath
  /// Its UUID.
  package let uuid: String
  /// Its label; nil where it has none.
  package let label: String?
  /// The cipher of its data.
  package let cipher: String
  /// The size of the volume key in bytes.
  package let volumeKeySize: Int
  /// How far a change of the volume key is.
  package let reencryption: ReencryptionState
  /// How much of the data is under the new volume key; nil where none is being changed.
  package let progress: ReencryptionProgress?
  /// The keyslots in use, by number.
  package let keyslots: [LUKSKeyslot]
  /// The tokens, by number.
  package let tokens: [VolumeToken]

  /// Takes what an open device tells.
  package init(_ opened: borrowing LUKSDevice, at device: FilePath) {
    self.device = device
    (uuid, label, cipher) = (opened.uuid, opened.label, opened.cipher)
    (volumeKeySize, reencryption) = (opened.volumeKeySize, opened.reencryption)
    progress = ReencryptionProgress(of: opened, at: device)
    keyslots = opened.header.keyslots
    tokens = opened.header.tokens.map { VolumeToken($0) }
  }

  /// The keyslots that open the volume.
  package var waysIn: [LUKSKeyslot] { keyslots.filter(\.opensVolume) }

  /// The tokens that refer to a keyslot.
  package func tokens(of keyslot: Int) -> [VolumeToken] {
    tokens.filter { $0.keyslots.contains(keyslot) }
  }

  /// Whether a keyslot can be opened by what a person types or holds, without a TPM.
  package func needsNoTPM(_ keyslot: LUKSKeyslot) -> Bool {
    !tokens(of: keyslot.number).contains(where: \.mayNeedTPM)
  }
}
