import CustodyRecords
import Foundation
import ProofTools
import Signatures
import SystemPackage
import Testing
import Vocabulary

/// The record as it is written, and what stock minisign says of it.
@Suite(.timeLimit(.minutes(20))) struct CustodyRecordTests {
  @Test func entriesFollowEachOther() throws {
    let state = try RecordState()
    let heads = try state.append(3)
    let entries = try state.record.entries()
    #expect(entries.map(\.head) == heads)
    #expect(entries.map(\.entry.sequence) == [1, 2, 3])
    #expect(entries.map(\.entry.previous) == [nil, heads[0].sha256, heads[1].sha256])
    let first = try #require(entries.first).entry
    #expect(first.action == "luks.enroll" && first.outcome == .done)
    #expect(first.subject == .init(device: "/dev/x", uuid: "u-0"))
    #expect(first.who.uid == Int(getuid()) && !first.who.host.isEmpty)
    #expect(first.tool.name == "proofs" && first.tool.version == "1")
    #expect(first.details == ["slot": .integer(0)])
    #expect(try state.names().contains("0000000001.json"))
  }

  @Test func anEntryIsPlainJSONWithEveryField() throws {
    let state = try RecordState()
    try state.append(1)
    let text = try state.read("record/0000000001.json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "type", "version", "sequence", "previous", "time", "who", "tool", "action", "subject",
        "before", "after", "details", "digests", "outcome",
      ])
    #expect(object["previous"] is NSNull)
  }

  @Test func theSecretKeyIsForItsOwnerAlone() throws {
    let state = try RecordState()
    try state.append(1)
    let key = try FileManager.default.attributesOfItem(atPath: state.path("record.key"))
    #expect(key[.posixPermissions] as? Int == 0o600)
    let folder = try FileManager.default.attributesOfItem(atPath: state.path("record"))
    #expect(folder[.posixPermissions] as? Int == 0o700)
  }

  @Test(.enabled(if: StockTool.isInstalled("minisign"), "minisign is not installed"))
  func stockMinisignAcceptsEveryEntry() throws {
    let state = try RecordState()
    try state.append(3)
    let minisign = try #require(StockTool("minisign"))
    for number in 1...3 {
      let outcome = try minisign.run([
        "-V", "-m", state.path("record/000000000\(number).json"), "-x",
        state.path("record/000000000\(number).minisig"), "-p", state.path("record.pub"),
      ])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.text.contains("coffer custody record, sequence \(number), sha256 "))
    }
  }

  @Test func nothingIsNoRecordAndNoError() throws {
    let state = try RecordState()
    #expect(try state.record.entries().isEmpty)
    let other = try #require(SHA256Digest(hex: String(repeating: "a", count: 64)))
    #expect(
      refusal { _ = try state.record.entries(expecting: other) }?.code == "record.rolled-back")
  }

  @Test func anEntryThatACrashLeftUnsignedIsSignedByTheNext() throws {
    let state = try RecordState()
    try state.append(2)
    try state.remove("record/0000000002.minisig")
    #expect(refusal { _ = try state.record.entries() }?.code == "record.unsigned")
    try state.append(1)
    #expect(try state.record.entries().count == 3)
    let signature = String(decoding: try state.read("record/0000000002.minisig"), as: UTF8.self)
    #expect(signature.contains("signed after an interruption"))
  }

  @Test func anEntryThatDoesNotFollowIsNotSignedLater() throws {
    let state = try RecordState()
    try state.append(3)
    // The second one's place in the chain, under the third one's number.
    let third = try state.read("record/0000000003.json")
    let (second, first) = try (state.previous(of: 3), state.previous(of: 2))
    let forged = String(decoding: third, as: UTF8.self)
      .replacingOccurrences(of: second, with: first)
    try state.write(Array(forged.utf8), to: "record/0000000003.json")
    try state.remove("record/0000000003.minisig")
    #expect(refusal { try state.append(1) }?.code == "record.broken")
    #expect(try !state.names().contains("0000000003.minisig"))
  }

  @Test func aRecordIsNotGoneOnWithUnderANewKey() throws {
    let state = try RecordState()
    try state.append(1)
    try state.remove("record.key")
    let refused = refusal { try state.append(1) }
    #expect(refused?.code == "record.key" && refused?.status == .untrusted)
    #expect(try state.record.entries().count == 1)
  }

  @Test func aLostPublicKeyIsWrittenAgain() throws {
    let state = try RecordState()
    try state.append(1)
    let before = try state.read("record.pub")
    try state.remove("record.pub")
    #expect(refusal { _ = try state.record.entries() }?.code == "record.key")
    try state.append(1)
    #expect(try state.read("record.pub") == before)
  }

  @Test func manyAtOnceComeOneAfterTheOther() throws {
    let state = try RecordState()
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<5 { #expect(throws: Never.self) { try state.append(1) } }
    }
    #expect(try state.record.entries().count == 40)
  }
}

/// A state folder with a record in it.
final class RecordState: Sendable {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
  }

  var record: CustodyRecord {
    CustodyRecord(at: FilePath(folder.path(of: "state")), tool: "proofs", version: "1")
  }

  func path(_ name: String) -> String { folder.path(of: "state/\(name)") }

  @discardableResult func append(_ count: Int) throws -> [RecordHead] {
    try (0..<count).map { number in
      try record.append(
        CustodyAction(
          "luks.enroll", on: .init(device: "/dev/x", uuid: "u-\(number)"),
          details: ["slot": .integer(number)]))
    }
  }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path("record")).sorted()
  }

  func read(_ name: String) throws -> [UInt8] { try folder.read("state/\(name)") }

  func write(_ bytes: [UInt8], to name: String) throws {
    try folder.write(bytes, to: "state/\(name)")
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  func move(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: path(name), toPath: path(other))
  }

  func previous(of number: Int) throws -> String {
    let entry = try record.entries().first { $0.entry.sequence == number }
    return try #require(entry?.entry.previous?.hex)
  }

  func trusted() throws -> VerifyingKey {
    try VerifyingKey(parsing: String(decoding: read("record.pub"), as: UTF8.self))
  }
}
