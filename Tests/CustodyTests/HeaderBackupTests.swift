import AgeFormat
import Custody
import CustodyRecords
import Foundation
import ProofTools
import Recipients
import SecretMemory
import SystemPackage
import Testing
import TrustedHardware
import Vocabulary

/// Backups of headers, held against cryptsetup and age.
@Suite(
  .enabled(if: VolumeImage.obstacle == nil, "cryptsetup is not installed"),
  .timeLimit(.minutes(20)))
struct HeaderBackupTests {
  @Test(.enabled(if: StockTool.isInstalled("age"), "age is not installed"))
  func ageOpensItToWhatCryptsetupWouldWrite() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    try image.addKeyslot()
    try image.addToken(#"{"type":"systemd-recovery","keyslots":["1"]}"#)
    let backup = try shelf.backUp(image)

    try image.run(["luksHeaderBackup", image.path, "--header-backup-file", shelf.path("stock")])
    let outcome = try #require(StockTool("age")).run([
      "-d", "-i", shelf.identityFile, "-o", shelf.path("ours"), backup.file.string,
    ])
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try shelf.read("ours") == shelf.read("stock"))

    let facts = backup.facts
    let stock = try shelf.read("stock")
    #expect(facts.headerSHA256 == SHA256Hasher.digest(of: stock))
    #expect(facts.headerSize == stock.count)
    #expect(facts.ageSHA256 == SHA256Hasher.digest(of: try shelf.bytes(of: backup.file)))
    #expect(facts.keyslots.map(\.number) == [0, 1])
    #expect(facts.tokens.map(\.type) == ["systemd-recovery"])
    #expect(facts.recipients == [shelf.identity.recipient.text])
    #expect(try facts.uuid + "\n" == image.run(["luksUUID", image.path]))
    #expect(
      backup.file.lastComponent?.string
        == "\(facts.uuid)-\(facts.time.compactText)-\(facts.headerSHA256.hex.prefix(8))"
        + ".luks-header.age")
  }

  @Test func whatCryptsetupRestoresOfItOpens() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let backup = try shelf.backUp(image)
    let plain = try shelf.opened(backup)
    try shelf.write(plain, to: "plain")
    try image.damage(0..<(16 << 20))
    try image.run(["luksHeaderRestore", image.path, "--header-backup-file", shelf.path("plain")])
    try image.run([
      "open", "--test-passphrase", "--key-file", image.passphrase, image.path, "any",
    ])
  }

  @Test func theVolumeKeyDigestIsThatOfTheKeyAndNothingElse() throws {
    let image = try VolumeImage()
    let path = FilePath(image.path)
    func digest() throws -> SHA256Digest? { try LUKSDevice(path).header.volumeKeyDigest }
    let first = try #require(try digest())
    let dumped = try JSONDocument.decode(
      Dump.self,
      from: Array(image.run(["luksDump", "--dump-json-metadata", image.path]).utf8))
    let written = try #require(dumped.digests["0"])
    #expect(
      first
        == SHA256Hasher.digest(
          of: Array(
            "\(written.salt)\n\(written.digest)\n\(written.hash)\n\(written.iterations)\n".utf8)))
    try image.addKeyslot()
    try image.addKeyslot("--unbound", "--key-size", "256")
    try image.run(["luksKillSlot", "--key-file", image.passphrase, image.path, "0"])
    #expect(try digest() == first)
    try image.reencrypt()
    #expect(try digest() != first)
    let other = try VolumeImage()
    #expect(try LUKSDevice(FilePath(other.path)).header.volumeKeyDigest != first)
  }

  @Test func duringAReencryptionThereAreTwoKeysAndNoBackup() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let before = try LUKSDevice(FilePath(image.path)).header.volumeKeyDigest
    try image.beginReencryption()
    let header = try LUKSDevice(FilePath(image.path)).header
    #expect(header.volumeKeyDigest == nil && header.volumeKeyDigests.count == 2)
    #expect(header.volumeKeyDigests.first == before)
    let refused = refusal { _ = try shelf.backUp(image) }
    #expect(refused?.code == "luks.reencryption" && refused?.status == .refused)
    #expect(try shelf.names().isEmpty)
  }

  @Test func itIsRecordedAndNothingPlainIsLeft() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let backup = try shelf.backUp(image)
    let entries = try shelf.record.entries()
    let entry = try #require(entries.last).entry
    #expect(entries.count == 1 && entry.action == "luks.header-backup" && entry.outcome == .done)
    #expect(entry.subject.uuid == backup.facts.uuid && entry.subject.device == image.path)
    #expect(entry.digests["age"] == backup.facts.ageSHA256)
    #expect(entry.digests["volumeKey"] == backup.facts.volumeKeyDigest)
    #expect(entry.details["backup"] == (try JSONDocument.value(of: backup.facts)))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: shelf.path("state")).sorted()
        == ["record", "record.key", "record.lock", "record.pub"])
    #expect(
      try shelf.names().map { $0.split(separator: ".", maxSplits: 1)[1] }
        == ["luks-header.age", "luks-header.json"])
    let mode = try FileManager.default.attributesOfItem(atPath: backup.file.string)
    #expect(mode[.posixPermissions] as? Int == 0o600)
  }

  @Test func twoOfOneSecondHaveTwoNames() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let time = try #require(Timestamp("2026-01-02T03:04:05Z"))
    let (first, second) = try (shelf.backUp(image, at: time), shelf.backUp(image, at: time))
    #expect(first.file != second.file && second.file.string.hasSuffix("-2.luks-header.age"))
    #expect(first.facts.headerSHA256 == second.facts.headerSHA256)
    #expect(first.facts.ageSHA256 != second.facts.ageSHA256)
  }

  @Test func ofADamagedCopyAWholeBackupIsMade() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let path = FilePath(image.path)
    let device = try LUKSDevice(path)
    try image.damage(20_000..<20_001)
    let backup = try HeaderBackup.make(
      of: device, at: path, into: shelf.backups, for: [shelf.identity.recipient],
      record: shelf.record)
    let file = try shelf.write(shelf.opened(backup), to: "plain")
    #expect(try LUKSHeaderCopies(of: FilePath(file)).areWhole)
  }

  @Test func theVolumeIsOnlyRead() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let before = try image.content()
    try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: image.path)
    _ = try shelf.backUp(image)
    #expect(try image.content() == before)
  }

  private struct Dump: Decodable {
    let digests: [String: Digest]

    struct Digest: Decodable {
      let salt: String
      let digest: String
      let hash: String
      let iterations: Int
    }
  }
}
