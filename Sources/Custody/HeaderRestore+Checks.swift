internal import LocalFiles
internal import SystemPackage
internal import TrustedHardware
internal import Vocabulary

extension HeaderRestore {
  /// What has the header's place; a header of another volume key is refused, and nothing overrides
  /// that.
  static func present(
    on device: FilePath, _ digest: SHA256Digest, _ history: HeaderBackupHistory
  ) throws -> (Present, LUKSHeader?) {
    do {
      let opened = try LUKSDevice(device)
      try HeaderBackup.refuseReencryption(opened.reencryption, of: "\(device)")
      guard opened.header.volumeKeyDigest == digest else {
        throw otherVolumeKey("the header on \(device) is of another volume key than the backup")
      }
      return (.header(uuid: opened.uuid), opened.header)
    } catch let error as OperatorError
      where ["luks.damaged", "luks.not-luks2"].contains(error.code)
    {
      try refuseOtherVolumes(on: device, error)
      if let last = history.lastVolumeKeyDigest, last != digest {
        throw otherVolumeKey(
          "\(device) has no readable header, and the custody record says that the volume has had "
            + "another volume key since the backup")
      }
      return (.none(error), nil)
    }
  }

  /// A LUKS1 header is one that can be read, and not ours; a copy whose checksum holds is a header,
  /// whatever keeps libcryptsetup from loading it.
  private static func refuseOtherVolumes(on device: FilePath, _ error: OperatorError) throws {
    let start = try LocalPath(device).start(8)
    let copies = try LUKSHeaderCopies(of: device)
    if case .whole = copies.primary { throw error }
    if case .whole = copies.secondary { throw error }
    if start.starts(with: [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe, 0, 1]) { throw error }
  }

  private static func otherVolumeKey(_ what: String) -> OperatorError {
    OperatorError(
      "header.other-volume-key", .refused,
      "\(what): its passphrases would open, and the data would be garbage",
      hint: "'coffer-custody luks header check' shows which backups fit")
  }

  static func unchecked(
    _ present: Present, _ facts: HeaderBackupFacts?, _ history: HeaderBackupHistory
  ) -> [String] {
    var unchecked: [String] = []
    if case .none(let error) = present {
      let known =
        history.lastVolumeKeyDigest == nil
        ? "nor does the custody record know the volume"
        : "only the custody record says that it is of the volume key that was last seen"
      unchecked.append(
        "no header can be read (\(error.message)), so the volume keys were not compared; \(known)")
      unchecked.append(
        "which keyslots there were is not known: any that was retired since would come back")
    }
    if facts == nil {
      unchecked.append(
        "no file of facts lies beside the backup, and the custody record does not know it: whether it "
          + "has expired is not known")
    }
    if let problem = history.problem {
      unchecked.append("the custody record does not hold: \(problem.message)")
    }
    return unchecked
  }
}
