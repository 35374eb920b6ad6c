internal import AgeFormat
internal import CustodyRecords
internal import LocalFiles
internal import SecretMemory
internal import SystemPackage
internal import TrustedHardware
internal import Vocabulary

/// A header backup that was decrypted and loaded; the image is private and gone when this is.
struct OpenedHeaderBackup: ~Copyable {
  let image: HeaderImage
  let uuid: String
  let header: LUKSHeader
  let reencryption: ReencryptionState

  /// Decrypts and loads a backup, and holds it against the facts beside it, where there are some.
  ///
  /// - Parameters:
  ///   - stored: the backup.
  ///   - identities: what opens it.
  ///   - place: the folder in which a scratch folder is made.
  /// - Throws: `OperatorError`: `header.backup-damaged`, `header.unreadable`, `header.unwritable`, or
  ///   what decrypting throws: `age.no-identity` where no identity fits.
  init(
    _ stored: StoredHeaderBackup, with identities: [any Identity], in place: FilePath
  ) throws {
    let image = try Self.image(stored, identities, place)
    let loaded = try Self.load(image, stored)
    if let facts = stored.facts {
      guard facts.headerSHA256 == image.sha256, facts.describes(loaded.header, uuid: loaded.uuid)
      else { throw stored.damaged("is not what the file of facts beside it says") }
    }
    (uuid, header, reencryption) = loaded
    self.image = image
  }

  private static func image(
    _ stored: StoredHeaderBackup, _ identities: [any Identity], _ place: FilePath
  ) throws -> HeaderImage {
    let sealed = try stored.bytes()
    var bytes: [UInt8]
    do {
      bytes = try sealed.withBytes { try AgeFile.open($0, with: identities) }
    } catch let error as AgeError {
      throw error.operatorError(about: stored.file.string)
    }
    defer { bytes.wipe() }
    do {
      try DurableFile.makeFolder(place)
      return try HeaderImage.of(bytes, in: place)
    } catch let error as Errno {
      throw OperatorError(
        "header.unwritable", .failed, "cannot open the header backup in \(place): \(error)",
        hint: "name another folder by --state")
    }
  }

  private static func load(
    _ image: borrowing HeaderImage, _ stored: StoredHeaderBackup
  ) throws -> (uuid: String, header: LUKSHeader, reencryption: ReencryptionState) {
    do {
      let device = try LUKSDevice(image.file)
      return (device.uuid, device.header, device.reencryption)
    } catch let error as OperatorError {
      throw stored.damaged("opens to what is no LUKS2 header: \(error.message)")
    }
  }
}
