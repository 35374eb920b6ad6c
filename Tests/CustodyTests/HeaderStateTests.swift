import Custody
import CustodyRecords
import Foundation
import ProofTools
import SystemPackage
import Testing
import TrustedHardware
import Vocabulary

/// What a status says of a header's copies and backups.
@Suite(
  .enabled(if: VolumeImage.obstacle == nil, "cryptsetup is not installed"),
  .timeLimit(.minutes(20)))
struct HeaderStateTests {
  @Test func noBackupIsAWarning() throws {
    let (shelf, image) = (try HeaderShelf(), try VolumeImage())
    let found = try findings(image, shelf)
    #expect(found.map(\.code) == ["header-backup.none"] && found.first?.severity == .warning)
  }

  @Test func theLastBackupIsKnownFromTheRecordOrFromTheFolder() throws {
    let (shelf, image) = (try HeaderShelf(), try VolumeImage())
    let (early, late) = (
      try #require(Timestamp("2026-01-02T03:04:05Z")),
      try #require(Timestamp("2026-01-12T03:04:04Z"))
    )
    let backup = try shelf.backUp(image, at: early)
    for (record, folder) in [(shelf.record, nil), (nil, HeaderBackupFolder(shelf.backups))] {
      let known = try #require(try state(image, record, folder, late).backup)
      #expect(known.time == early && known.ageDays == 9 && known.matches && known.sameKeyslots)
      #expect(known.file.hasSuffix(backup.file.lastComponent?.string ?? "?"))
    }
    #expect(try findings(image, shelf).isEmpty)
  }

  @Test func anotherKeyslotMakesABackupStale() throws {
    let (shelf, image) = (try HeaderShelf(), try VolumeImage())
    try shelf.backUp(image)
    try image.addKeyslot()
    let found = try findings(image, shelf)
    #expect(found.map(\.code) == ["header-backup.stale-keyslots"])
    #expect(found.first?.severity == .info)
    try shelf.backUp(image)
    #expect(try findings(image, shelf).isEmpty)
  }

  @Test func aNewVolumeKeyMakesABackupWorthless() throws {
    let (shelf, image) = (try HeaderShelf(), try VolumeImage())
    try shelf.backUp(image)
    try image.reencrypt()
    let found = try findings(image, shelf)
    #expect(found.map(\.code) == ["header-backup.other-volume-key"])
    #expect(found.first?.severity == .bad)
  }

  @Test func aBrokenRecordIsTold() throws {
    let (shelf, image) = (try HeaderShelf(), try VolumeImage())
    try shelf.backUp(image)
    try shelf.backUp(image)
    try FileManager.default.removeItem(atPath: shelf.path("state/record/0000000002.minisig"))
    let found = try findings(image, shelf)
    #expect(found.map(\.code) == ["record.broken"] && found.first?.severity == .bad)
  }

  @Test func aDamagedCopyIsTold() throws {
    let (shelf, image) = (try HeaderShelf(), try VolumeImage())
    try shelf.backUp(image)
    let device = try LUKSDevice(FilePath(image.path))
    try image.damage(20000..<20001)
    let state = try HeaderState(
      of: device, at: FilePath(image.path),
      history: HeaderBackupHistory(of: device.uuid, in: shelf.record), folder: nil)
    let found = about(
      VolumeStatus(Volume(device, at: FilePath(image.path)), Self.noTPM, header: state))
    #expect(found.map(\.code) == ["header.copy-damaged"])
    #expect(found.first?.text.contains("the second copy") == true)
  }

  private static let noTPM = TPMAnswer.none(
    OperatorError("tpm.unreachable", .missingProgram, "no TPM in this proof"))

  private func state(
    _ image: VolumeImage, _ record: CustodyRecord?, _ folder: HeaderBackupFolder?, _ now: Timestamp
  ) throws -> HeaderState {
    let path = FilePath(image.path)
    let device = try LUKSDevice(path)
    return try HeaderState(
      of: device, at: path, history: HeaderBackupHistory(of: device.uuid, in: record),
      folder: folder, now: now)
  }

  private func findings(_ image: VolumeImage, _ shelf: HeaderShelf) throws -> [CustodyFinding] {
    let path = FilePath(image.path)
    let header = try state(image, shelf.record, nil, .now())
    return about(
      VolumeStatus(Volume(try LUKSDevice(path), at: path), Self.noTPM, header: header))
  }

  /// Those about the header.
  private func about(_ status: VolumeStatus) -> [CustodyFinding] {
    status.findings.filter { $0.code.hasPrefix("header") || $0.code.hasPrefix("record") }
  }
}
