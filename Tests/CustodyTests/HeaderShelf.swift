import AgeFormat
import Custody
import CustodyRecords
import Foundation
import ProofTools
import Recipients
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// A folder with header backups, the identity that opens them, and a custody record.
final class HeaderShelf: Sendable {
  let identity = X25519Identity.generate()
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    try identity.withText { text in
      _ = unsafe try text.withUnsafeBytes { try folder.write(unsafe Array($0), to: "key") }
    }
    try FileManager.default.createDirectory(
      atPath: folder.path(of: "backups"), withIntermediateDirectories: false)
  }

  var identityFile: String { folder.path(of: "key") }
  var backups: FilePath { FilePath(folder.path(of: "backups")) }
  var record: CustodyRecord {
    CustodyRecord(at: FilePath(folder.path(of: "state")), tool: "proofs", version: "1")
  }

  func path(_ name: String) -> String { folder.path(of: name) }
  func read(_ name: String) throws -> [UInt8] { try folder.read(name) }
  @discardableResult func write(_ bytes: [UInt8], to name: String) throws -> String {
    try folder.write(bytes, to: name)
  }

  func bytes(of file: FilePath) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file.string)))
  }

  /// The names of the backups and of what lies beside them.
  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: backups.string).sorted()
  }

  @discardableResult func backUp(
    _ image: VolumeImage, at time: Timestamp = .now()
  ) throws -> HeaderBackup {
    let path = FilePath(image.path)
    return try HeaderBackup.make(
      of: LUKSDevice(path), at: path, into: backups, for: [identity.recipient], record: record,
      time: time)
  }

  /// What is in a backup.
  func opened(_ backup: HeaderBackup) throws -> [UInt8] {
    try bytes(of: backup.file).withBytes { try AgeFile.open($0, with: [identity]) }
  }
}
