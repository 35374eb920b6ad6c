internal import SystemPackage
internal import TrustedHardware

/// How much of a volume's data is encrypted anew.
package struct ReencryptionProgress: Sendable, Encodable {
  /// Bytes under the new volume key.
  package let doneBytes: Int
  /// Bytes in all; nil where it cannot be told.
  package let totalBytes: Int?
  /// Whether all is, and only the header does not say so.
  let isComplete: Bool

  /// Reads it out of a header; nil where nothing is being encrypted anew.
  init?(of device: borrowing LUKSDevice, at path: FilePath) {
    guard device.reencryption != .none, let layout = try? device.layout(),
      let done = layout.reencrypted
    else { return nil }
    totalBytes = LUKSDevice.dataSize(of: path, from: layout.dataOffset)
    isComplete = layout.isReencrypted
    doneBytes = min(done, totalBytes ?? done)
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(doneBytes, forKey: .doneBytes)
    try fields.encode(totalBytes, forKey: .totalBytes)
  }

  private enum Field: CodingKey { case doneBytes, totalBytes }

  /// In one phrase.
  package var text: String {
    guard let totalBytes else { return "\(doneBytes >> 20) MiB" }
    return "\(doneBytes >> 20) of \(totalBytes >> 20) MiB"
  }
}
