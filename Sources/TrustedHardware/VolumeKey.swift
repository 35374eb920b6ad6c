internal import SecretMemory

/// The key that a volume's data is encrypted with, in locked memory.
package struct VolumeKey: ~Copyable {
  let bytes: SecretBytes

  /// The keyslot that gave it; nil where it is a new one.
  package let keyslot: Int?

  init(_ bytes: consuming SecretBytes, from keyslot: Int?) {
    self.bytes = bytes
    self.keyslot = keyslot
  }
}
