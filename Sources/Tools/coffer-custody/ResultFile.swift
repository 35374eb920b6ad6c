import LocalFiles
import SecretMemory
import SystemPackage
import Vocabulary

/// A result that is written to a file, whole or not at all.
enum ResultFile {
  /// - Throws: `OperatorError` `output.failed`.
  static func write(_ bytes: [UInt8], to path: FilePath) throws {
    do {
      try bytes.withBytes {
        try DurableFile.write(
          $0, to: path, mode: [.ownerReadWrite, .groupRead, .otherRead])
      }
    } catch {
      throw OperatorError("output.failed", .failed, "cannot write \(path): \(error)")
    }
  }
}
