import LocalFiles
import SecretMemory
package import Signatures
package import SystemPackage
import Vocabulary

/// The key that signs drill reports: made at its first use, held by whoever drills.
package enum DrillKey {
  /// Reads the key, or makes it with its public half beside it.
  package static func load(_ path: FilePath) throws -> SigningKey {
    if !LocalPath(path).exists {
      let key = SigningKey.generate()
      try DurableFile.makeFolder(path.removingLastComponent())
      try key.withText { try DurableFile.write($0, to: path, taken: .refuse) }
      var publicPath = path
      publicPath.extension = "pub"
      try Array(key.verifyingKey.text.utf8).withBytes {
        try DurableFile.write($0, to: publicPath, mode: [.ownerReadWrite, .groupRead, .otherRead])
      }
    }
    do {
      return try SecretFile.read(path).withBytes { try SigningKey(parsing: $0) }
    } catch let error as SignatureError {
      throw OperatorError("drill.key", .usage, "\(path) is no signing key: \(error)")
    }
  }
}
