internal import SystemPackage
internal import TrustedHardware

/// How much of a volume's data is encrypted anew.
package struct ReencryptionProgress: Sendable, Encodable {
  /// Bytes under the new volume key.
  package let doneBytes: Int
  /// Bytes in all; nil where it cannot be told.
  package let totalBytes: Int?

  /// Reads it out of a header; nil where nothing is being encrypted anew.
  init?(of device: borrowing LUKSDevice, at path: FilePath) {
    guard device.reencryption != .none, let layout = try? device.layout(),
      let done = layout.reencrypted
    else { return nil }
    totalBytes = LUKSDevice.dataSize(of: path, from: layout.dataOffset)
    doneBytes = min(done, totalBytes ?? done)
  }

  /// In one phrase.
  package var text: String {
    guard let totalBytes else { return "\(doneBytes >> 20) MiB" }
    return "\(doneBytes >> 20) of \(totalBytes >> 20) MiB"
  }
}
