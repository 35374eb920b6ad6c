import Foundation
import ProofTools
import Testing

/// `coffer-custody luks header …` and `record …`, as an officer types them.
@Suite(
  .enabled(
    if: VolumeImage.obstacle == nil && StockTool.isInstalled("age-keygen"),
    "cryptsetup or age are not installed"),
  .timeLimit(.minutes(20)))
struct HeaderBackupSessionTests {
  @Test func aHeaderIsBackedUpCheckedAndRestored() async throws {
    let office = try Office()
    let image = try VolumeImage()
    let missing = try await office.custody(
      "luks", "header", "check", image.path, "--from", office.shelf)
    missing.expect(1, "header.unreadable")
    try FileManager.default.createDirectory(
      atPath: office.shelf, withIntermediateDirectories: false)
    let empty = try await office.custody(
      "luks", "header", "check", image.path, "--from", office.shelf)
    empty.expect(5, "header.none")
    let backup = try await office.backUp(image)
    #expect(backup.output.contains("opens with    \(office.recipient)"), "\(backup)")

    let trusting = try await office.custody(
      "luks", "header", "check", image.path, "--from", office.shelf)
    trusting.expect(0, naming: "volume key    the device's")
    #expect(trusting.output.contains("no, no identity was given"))
    let opening = try await office.custody(
      "luks", "header", "check", image.path, "--from", office.shelf, "-i", office.identity)
    opening.expect(0, naming: "opened        yes, and it is what it should be")
    let stranger = try await office.custody(
      "luks", "header", "check", image.path, "--from", office.shelf, "-i", office.stranger)
    stranger.expect(12)

    try image.addKeyslot()
    let stale = try await office.custody(
      "luks", "header", "check", image.path, "--from", office.shelf)
    stale.expect(0, naming: "would lose keyslot 1")
    try image.damage(0..<(1 << 20))

    let file = try office.newest()
    let dry = try await office.restore(image, file, "--dry-run")
    dry.expect(0, naming: "not checked   no header can be read")
    try await office.restore(image, file).expect(14, "header.not-confirmed")
    try await office.restore(image, file, "--force", "--uuid", "other")
      .expect(14, "header.not-confirmed")
    // There is no terminal here to type it at.
    try await office.restore(image, file, "--force").expect(2, "dialogue.no-terminal")
    #expect(try image.content().prefix(1 << 20).allSatisfy { $0 == 0xff })
    let uuid = try await office.uuid(of: file)
    let restored = try await office.restore(image, file, "--force", "--uuid", uuid)
    restored.expect(0, naming: "restored, read back and compared")
    try image.run([
      "open", "--test-passphrase", "--key-file", image.passphrase, image.path, "any",
    ])

    let list = try await office.custody("record", "list")
    list.expect(0, naming: "luks.header-restore  done")
    let verified = try await office.custody("record", "verify", "--json")
    #expect(try verified.events().first?.number("entries") == 3, "\(verified)")
    let status = try await office.custody("luks", "status", image.path)
    status.expect(0, naming: "0 days ago, same volume key and keyslots")
  }

  @Test func theUUIDIsTypedAtTheTerminal() async throws {
    let (office, session) = (try Office(), try AgeToolSession())
    let image = try VolumeImage()
    try await office.backUp(image)
    let file = try office.newest()
    let line =
      "COFFER_CUSTODY_STATE=\(office.path("state")) \(BuiltTools.custody) luks header restore "
      + "\(image.path) --from \(file) -i \(office.identity) --force"
    let uuid = try await office.uuid(of: file)
    let wrong = try await session.terminal(line, typing: "yes")
    #expect(wrong.status == 14 && wrong.output.contains("[header.not-confirmed]"), "\(wrong)")
    let right = try await session.terminal(line, typing: uuid)
    #expect(right.status == 0 && right.output.contains("read back and compared"), "\(right)")
  }

  @Test func backupsThatAreOfNoUseAreToldApart() async throws {
    let office = try Office()
    let image = try VolumeImage()
    try await office.backUp(image)
    let old = try office.newest()
    try image.reencrypt()
    let check = try await office.custody(
      "luks", "header", "check", image.path, "--from", office.shelf, "-i", office.identity)
    check.expect(4, naming: "another than the device's")
    let refused = try await office.restore(
      image, old, "--force", "--uuid", office.uuid(of: old))
    refused.expect(14, "header.other-volume-key")
    let status = try await office.custody("luks", "status", image.path, "--json")
    #expect(status.output.contains("header-backup.other-volume-key"), "\(status)")
    // A damaged one, with its facts and without them.
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: old)))
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: old))
    try await office.restore(image, old, "--dry-run").expect(4, "header.backup-damaged")
    try FileManager.default.removeItem(atPath: old.replacingOccurrences(of: ".age", with: ".json"))
    try await office.restore(image, old, "--dry-run").expect(4, "age.payload")
    let noFacts = try await office.custody(
      "luks", "header", "check", image.path, "--from", office.shelf)
    noFacts.expect(4, naming: "[header.no-facts]")
  }

  @Test func aReencryptionUnderWayIsLeftAlone() async throws {
    let office = try Office()
    let image = try VolumeImage()
    try image.beginReencryption()
    let backup = try await office.custody(
      "luks", "header", "backup", image.path, "--to", office.shelf, "-r", office.recipient)
    backup.expect(14, "luks.reencryption")
    #expect(!FileManager.default.fileExists(atPath: office.shelf))
  }

  @Test(.enabled(if: geteuid() == 0, "a read-only device needs a mount, which needs root"))
  func aReadOnlyDeviceIsBackedUpAndNotWritten() async throws {
    let office = try Office()
    let image = try VolumeImage()
    try image.damage(20_000..<20_001)
    let before = try image.content()
    let backup =
      "$custody luks header backup \(image.path) --to \(office.shelf) -r \(office.recipient)"
    let made = try await office.readOnly(image, backup)
    made.expect(0)
    #expect(made.errors.contains("a copy of the header was damaged"), "\(made)")
    let file = try office.newest()
    let restore =
      "$custody luks header restore \(image.path) --from \(file) -i \(office.identity) --force "
      + "--uuid \(try await office.uuid(of: file))"
    try await office.readOnly(image, restore).expect(1, "luks.header-unwritten")
    #expect(try image.content() == before)
    let list = try await office.custody("record", "list")
    list.expect(0, naming: "luks.header-restore  failed")
  }

  @Test func processesThatActAtOnceWriteOneRecord() async throws {
    let office = try Office()
    try await withThrowingTaskGroup { group in
      for _ in 0..<6 {
        group.addTask {
          let image = try VolumeImage()
          try await office.backUp(image)
        }
      }
      try await group.waitForAll()
    }
    let verified = try await office.custody("record", "verify", "--json")
    #expect(try verified.events().first?.number("entries") == 6, "\(verified)")
  }

  @Test func aBackupKilledAtAnyMomentLeavesNothingPlainAndNoHalf() async throws {
    var chance = SeededChance(for: "a header backup killed at any moment")
    let office = try Office()
    let image = try VolumeImage()
    var (longest, kills, attempts) = (0.6, 0, 0)
    while kills < 15, attempts < 60 {
      attempts += 1
      let moment = Double.random(in: 0.01...longest, using: &chance)
      let killed = try await Program(path: "/usr/bin/timeout", environment: office.environment).run(
        ["-s", "KILL", "\(moment)", BuiltTools.custody, "luks", "header", "backup", image.path]
          + ["--to", office.shelf, "-r", office.recipient])
      #expect([128 + 9, 0].contains(killed.status), "\(killed)")
      if killed.status == 128 + 9 { kills += 1 } else { longest = max(longest * 0.8, 0.05) }
    }
    #expect(kills == 15)
    try await office.backUp(image)
    print("a header backup killed at any moment: \(kills) kills of \(attempts)")
    let left = try FileManager.default.contentsOfDirectory(atPath: office.path("state"))
    #expect(!left.contains { $0.hasPrefix(".scratch-") }, "\(left)")
    try await office.custody("record", "verify").expect(0)
    let names = try FileManager.default.contentsOfDirectory(atPath: office.shelf)
    for name in names where name.hasSuffix(".luks-header.age") {
      let file = "\(office.shelf)/\(name)"
      try await office.restore(image, file, "--dry-run").expect(
        0, naming: "would change no keyslot")
    }
  }

  @Test func aRestoreKilledAtAnyMomentCanBeDoneAgain() async throws {
    var chance = SeededChance(for: "a header restore killed at any moment")
    let office = try Office()
    let image = try VolumeImage()
    try await office.backUp(image)
    let file = try office.newest()
    let uuid = try await office.uuid(of: file)
    var (longest, kills, attempts) = (0.6, 0, 0)
    while kills < 12, attempts < 60 {
      attempts += 1
      if Bool.random(using: &chance) { try image.damage(0..<(1 << 20)) }
      let moment = Double.random(in: 0.01...longest, using: &chance)
      let killed = try await Program(path: "/usr/bin/timeout", environment: office.environment).run(
        ["-s", "KILL", "\(moment)", BuiltTools.custody, "luks", "header", "restore", image.path]
          + ["--from", file, "-i", office.identity, "--force", "--uuid", uuid])
      #expect([128 + 9, 0].contains(killed.status), "\(killed)")
      if killed.status == 128 + 9 { kills += 1 } else { longest = max(longest * 0.8, 0.05) }
    }
    print("a header restore killed at any moment: \(kills) kills of \(attempts)")
    #expect(kills == 12)
    try await office.restore(image, file, "--force", "--uuid", uuid).expect(0)
    try image.run([
      "open", "--test-passphrase", "--key-file", image.passphrase, image.path, "any",
    ])
    try await office.custody("record", "verify").expect(0)
  }

  @Test func aRecordThatWasTouchedIsNotBelieved() async throws {
    let office = try Office()
    try await office.custody("record", "verify").expect(5, "record.none")
    try await office.custody("record", "list").expect(5, "record.none")
    let image = try VolumeImage()
    for _ in 0..<3 { try await office.backUp(image) }
    let key = office.path("noted.pub")
    try FileManager.default.copyItem(atPath: office.path("state/record.pub"), toPath: key)
    let verified = try await office.custody("record", "verify", "--trust", key, "--json")
    let head = try #require(try verified.events().first?["head"])
    try await office.custody("record", "verify", "--trust", key, "--expect-head", head).expect(0)
    for kind in ["json", "minisig"] {
      try FileManager.default.removeItem(atPath: office.path("state/record/0000000003.\(kind)"))
    }
    try await office.custody("record", "verify", "--trust", key).expect(0)
    try await office.custody("record", "verify", "--expect-head", head)
      .expect(13, "record.rolled-back")
    try FileManager.default.removeItem(atPath: office.path("state/record/0000000001.minisig"))
    try await office.custody("record", "verify").expect(13, "record.unsigned", naming: "0000000001")
  }
}

/// An officer's keys, a shelf for backups and a state folder.
final class Office: Sendable {
  let recipient: String
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    let keygen = try #require(StockTool("age-keygen"))
    for name in ["officer", "stranger"] {
      let made = try keygen.run(["-o", folder.path(of: name)])
      try #require(made.status == 0, "\(made)")
    }
    recipient = try keygen.run(["-y", folder.path(of: "officer")]).text
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  var identity: String { path("officer") }
  var stranger: String { path("stranger") }
  var shelf: String { path("shelf") }

  func path(_ name: String) -> String { folder.path(of: name) }

  /// Writes a file of the officer's, and gives its path.
  func write(_ text: String, to name: String) throws -> String { try folder.write(text, to: name) }

  @discardableResult func custody(_ arguments: String...) async throws -> Program.Outcome {
    try await Program(path: BuiltTools.custody, environment: environment).run(arguments)
  }

  @discardableResult func backUp(_ image: VolumeImage) async throws -> Program.Outcome {
    let outcome = try await custody(
      "luks", "header", "backup", image.path, "--to", shelf, "-r", recipient)
    outcome.expect(0)
    return outcome
  }

  func restore(
    _ image: VolumeImage, _ file: String, _ options: String...
  ) async throws -> Program.Outcome {
    try await Program(path: BuiltTools.custody, environment: environment).run(
      ["luks", "header", "restore", image.path, "--from", file, "-i", identity] + options)
  }

  /// Runs a line of shell where the image cannot be written.
  func readOnly(_ image: VolumeImage, _ line: String) async throws -> Program.Outcome {
    let mounts =
      "mount --make-rprivate / && mount --bind \(image.path) \(image.path) && "
      + "mount -o remount,ro,bind \(image.path) && "
    return try await Program(
      path: "/usr/bin/unshare",
      environment: environment.merging(["custody": BuiltTools.custody]) { $1 }
    ).run(["-m", "bash", "-c", mounts + line])
  }

  /// The backup that was made last.
  func newest() throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: shelf)
    return "\(shelf)/" + (try #require(names.filter { $0.hasSuffix(".luks-header.age") }.max()))
  }

  /// The UUID that a backup's name begins with.
  func uuid(of file: String) async throws -> String {
    String((file as NSString).lastPathComponent.prefix(36))
  }

  var environment: [String: String] { ["COFFER_CUSTODY_STATE": path("state")] }
}
