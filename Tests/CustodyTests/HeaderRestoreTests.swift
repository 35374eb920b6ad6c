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

/// Restores of headers: what is let through, and what is not.
@Suite(
  .enabled(if: VolumeImage.obstacle == nil, "cryptsetup is not installed"),
  .timeLimit(.minutes(20)))
struct HeaderRestoreTests {
  @Test func aWipedHeaderComesBackAndWhatWasThereIsKept() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let backup = try shelf.backUp(image)
    try image.damage(0..<(1 << 20))
    let wiped = Array(try image.content().prefix(16 << 20))
    let restore = try plan(backup, to: image, shelf)
    guard case .none = restore.present else {
      Issue.record("a header where none is")
      return
    }
    #expect(restore.difference.revivedKeyslots == [0])
    #expect(restore.unchecked.count == 2)
    #expect(restore.unchecked.first?.contains("volume keys were not compared") == true)
    let saved = try restore.apply(savingTo: shelf.backups, for: [shelf.identity.recipient])
    #expect(saved.string.hasSuffix(".overwritten.age"))
    #expect(
      try shelf.bytes(of: saved).withBytes { try AgeFile.open($0, with: [shelf.identity]) }
        == wiped)
    try opens(image)
    #expect(try Array(image.content().prefix(16 << 20)) == shelf.opened(backup))
    #expect(
      try shelf.record.entries().map { "\($0.entry.action) \($0.entry.outcome.rawValue)" }
        == ["luks.header-backup done", "luks.header-restore begun", "luks.header-restore done"])
  }

  @Test func whatARestoreChangesIsToldBefore() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    try image.addKeyslot()
    try image.addToken(#"{"type":"systemd-recovery","keyslots":["1"]}"#)
    let backup = try shelf.backUp(image)
    // Keyslot 1 is retired with its token, and another one of its number made.
    try image.run(["token", "remove", "--token-id", "0", image.path])
    try image.run(["luksKillSlot", "--key-file", image.passphrase, image.path, "1"])
    try image.addKeyslot()
    try image.addKeyslot()
    try image.run(["config", "--priority", "prefer", "--key-slot", "0", image.path])
    let restore = try plan(backup, to: image, shelf)
    let changes = restore.difference
    #expect(changes.revivedKeyslots == [1] && changes.lostKeyslots == [1, 2])
    #expect(changes.revivedTokens == [0] && changes.lostTokens == [])
    #expect(restore.unchecked.isEmpty)
    let saved = try restore.apply(savingTo: shelf.backups, for: [shelf.identity.recipient])
    // What was there can be had back.
    try HeaderRestore(
      of: saved, to: FilePath(image.path), with: [shelf.identity], record: shelf.record
    ).difference.expect(revived: [1, 2], lost: [1])
    #expect(try LUKSDevice(FilePath(image.path)).header.keyslots.map(\.number) == [0, 1])
    try opens(image)
  }

  @Test func aBackupFromBeforeTheVolumeKeyChangedIsRefused() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let backup = try shelf.backUp(image)
    try image.reencrypt()
    let before = try image.content()
    let refused = refusal { _ = try plan(backup, to: image, shelf) }
    #expect(refused?.code == "header.other-volume-key" && refused?.status == .refused)
    #expect(try image.content() == before)
  }

  @Test func whereTheHeaderIsGoneTheRecordKnowsOfANewerVolumeKey() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let old = try shelf.backUp(image)
    try image.reencrypt()
    let new = try shelf.backUp(image)
    try image.damage(0..<(1 << 20))
    #expect(refusal { _ = try plan(old, to: image, shelf) }?.code == "header.other-volume-key")
    _ = try plan(new, to: image, shelf).apply(
      savingTo: shelf.backups, for: [shelf.identity.recipient])
    try opens(image)
  }

  @Test func anotherVolumesBackupIsRefused() throws {
    let shelf = try HeaderShelf()
    let (image, other) = (try VolumeImage(), try VolumeImage())
    let backup = try shelf.backUp(other)
    #expect(refusal { _ = try plan(backup, to: image, shelf) }?.code == "header.other-volume-key")
  }

  @Test func aHeaderThatIsWholeButNotUnderstoodIsNoMissingOne() throws {
    let shelf = try HeaderShelf()
    let (image, other) = (try VolumeImage(), try VolumeImage())
    let backup = try shelf.backUp(other)
    try image.rewriteHeader(#""json_size":"12288""#, as: #""json_size":"99999""#)
    let refused = refusal { _ = try plan(backup, to: image, shelf) }
    #expect(refused?.code == "luks.damaged")
    let old = try VolumeImage("luks1")
    #expect(refusal { _ = try plan(backup, to: old, shelf) }?.code == "luks.not-luks2")
  }

  @Test func duringAReencryptionNothingIsRestored() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let backup = try shelf.backUp(image)
    try image.beginReencryption()
    #expect(refusal { _ = try plan(backup, to: image, shelf) }?.code == "luks.reencryption")
  }

  @Test func aBackupOfAReencryptionIsRefused() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let path = shelf.path("during")
    try image.beginReencryption()
    try image.run(["luksHeaderBackup", image.path, "--header-backup-file", path])
    let sealed = try shelf.read("during").withBytes {
      try AgeFile.seal($0, to: [shelf.identity.recipient])
    }
    let file = FilePath(try shelf.write(sealed, to: "during.luks-header.age"))
    let fresh = try VolumeImage()
    let refused = refusal {
      _ = try HeaderRestore(
        of: file, to: FilePath(fresh.path), with: [shelf.identity], record: shelf.record)
    }
    #expect(refused?.code == "luks.reencryption")
  }

  @Test func whatWasMarkedIsRefusedWhereverItLies() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let uuid = try LUKSDevice(FilePath(image.path)).uuid
    let old = try shelf.backUp(image)
    let copy = FilePath(
      try shelf.write(shelf.bytes(of: old.file), to: "copy.luks-header.age"))
    let done = try HeaderBackup.expireAll(
      of: uuid, on: FilePath(image.path), in: [shelf.backups], reason: "keyslot 1 was retired",
      record: shelf.record)
    #expect(done.marked == [old.file] && done.unmarked.isEmpty)
    let new = try shelf.backUp(image)
    for file in [old.file, copy] {
      let refused = refusal {
        _ = try HeaderRestore(
          of: file, to: FilePath(image.path), with: [shelf.identity], record: shelf.record)
      }
      #expect(refused?.code == "header.expired" && refused?.status == .refused, "\(file)")
      #expect(refused?.message.contains("keyslot 1 was retired") == true)
    }
    #expect(try plan(new, to: image, shelf).difference.isEmpty)
    let checks = try HeaderBackupFolder(shelf.backups).backups(of: uuid).map { backup in
      HeaderCheck(
        backup, for: try LUKSDevice(FilePath(image.path)), with: [],
        history: HeaderBackupHistory(of: uuid, in: shelf.record), record: shelf.record)
    }
    #expect(Set(checks.map(\.isUsable)) == [true, false])
  }

  @Test func aChangedByteIsFoundBeforeAnythingIsWritten() throws {
    var chance = SeededChance(for: "a changed byte in a header backup")
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let backup = try shelf.backUp(image)
    let good = try shelf.bytes(of: backup.file)
    let facts = backup.factsFile
    for hasFacts in [true, false] {
      if !hasFacts { try FileManager.default.removeItem(atPath: facts.string) }
      for _ in 0..<6 {
        var bytes = good
        let place = Int.random(in: 0..<bytes.count, using: &chance)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
        try Data(bytes).write(to: URL(fileURLWithPath: backup.file.string))
        let refused = refusal { _ = try plan(backup, to: image, shelf) }
        // In the head of an age file, a flipped bit may also make it somebody else's.
        #expect(
          hasFacts
            ? refused?.code == "header.backup-damaged"
            : refused?.code.hasPrefix("age.") == true, "byte \(place): \(refused?.code ?? "none")")
        if hasFacts || place > 1000 { #expect(refused?.status == .mismatch) }
      }
    }
  }

  @Test func factsThatDoNotFitAreFound() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let backup = try shelf.backUp(image)
    let text = String(decoding: try shelf.bytes(of: backup.factsFile), as: UTF8.self)
    let other = String(repeating: "0", count: 64)
    let digest = try #require(backup.facts.volumeKeyDigest).hex
    try Data(text.replacingOccurrences(of: digest, with: other).utf8)
      .write(to: URL(fileURLWithPath: backup.factsFile.string))
    #expect(refusal { _ = try plan(backup, to: image, shelf) }?.code == "header.backup-damaged")
  }

  @Test func anIdentityThatDoesNotFitOpensNothing() throws {
    let shelf = try HeaderShelf()
    let image = try VolumeImage()
    let backup = try shelf.backUp(image)
    let stranger = X25519Identity.generate()
    let refused = refusal {
      _ = try HeaderRestore(
        of: backup.file, to: FilePath(image.path), with: [stranger], record: shelf.record)
    }
    #expect(refused?.code == "age.no-identity" && refused?.status == .noIdentity)
  }

  private func plan(
    _ backup: HeaderBackup, to image: VolumeImage, _ shelf: HeaderShelf
  ) throws -> HeaderRestore {
    try HeaderRestore(
      of: backup.file, to: FilePath(image.path), with: [shelf.identity], record: shelf.record)
  }

  private func opens(_ image: VolumeImage) throws {
    try image.run([
      "open", "--test-passphrase", "--key-file", image.passphrase, image.path, "any",
    ])
  }
}

extension HeaderDifference {
  fileprivate func expect(revived: [Int], lost: [Int]) {
    #expect(revivedKeyslots == revived && lostKeyslots == lost)
  }
}
