import CustodyRecords
import Foundation
import ProofTools
import SecretMemory
import Signatures
import Testing
import Vocabulary

/// What somebody does to the record's files, and that it is found.
@Suite(.timeLimit(.minutes(20))) struct TamperedRecordTests {
  @Test func aChangedByteAnywhereIsFound() throws {
    var chance = SeededChance(for: "a changed byte in the custody record")
    let state = try RecordState()
    try state.append(4)
    let trusted = try state.trusted()
    for _ in 0..<60 {
      let number = Int.random(in: 1...4, using: &chance)
      let isEntry = Bool.random(using: &chance)
      let name = "record/000000000\(number).\(isEntry ? "json" : "minisig")"
      let before = try state.read(name)
      var bytes = before
      // The first line of a signature is a comment that nobody signs.
      let start = isEntry ? 0 : (before.firstIndex(of: 10) ?? 0) + 1
      let place = Int.random(in: start..<bytes.count, using: &chance)
      bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
      try state.write(bytes, to: name)
      let found = refusal { _ = try state.record.entries(trusting: trusted) }
      #expect(found?.status == .untrusted, "\(name), byte \(place): \(found?.code ?? "nothing")")
      #expect(found?.message.contains("000000000\(number)") == true, "\(found?.message ?? "")")
      try state.write(before, to: name)
    }
    #expect(try state.record.entries(trusting: trusted).count == 4)
  }

  @Test(arguments: 1...3) func anEntryTakenOutIsFound(number: Int) throws {
    let state = try RecordState()
    try state.append(4)
    try state.remove("record/000000000\(number).json")
    try state.remove("record/000000000\(number).minisig")
    let found = refusal { _ = try state.record.entries() }
    #expect(found?.code == "record.missing-entry")
    #expect(found?.message.contains("000000000\(number)") == true)
  }

  @Test func entriesMovedUpAreFound() throws {
    let state = try RecordState()
    try state.append(4)
    for kind in ["json", "minisig"] {
      try state.remove("record/0000000002.\(kind)")
      try state.move("record/0000000003.\(kind)", to: "record/0000000002.\(kind)")
      try state.move("record/0000000004.\(kind)", to: "record/0000000003.\(kind)")
    }
    let found = refusal { _ = try state.record.entries() }
    #expect(found?.code == "record.broken" && found?.message.contains("0000000002") == true)
  }

  @Test func exchangedEntriesAreFound() throws {
    let state = try RecordState()
    try state.append(4)
    for kind in ["json", "minisig"] {
      try state.move("record/0000000002.\(kind)", to: "record/aside")
      try state.move("record/0000000003.\(kind)", to: "record/0000000002.\(kind)")
      try state.move("record/aside", to: "record/0000000003.\(kind)")
    }
    let found = refusal { _ = try state.record.entries() }
    #expect(found?.code == "record.broken" && found?.message.contains("0000000002") == true)
  }

  @Test func anEntryOfAnotherKeyIsFound() throws {
    let state = try RecordState()
    try state.append(3)
    let forger = SigningKey.generate()
    let entry = try state.read("record/0000000002.json")
    let signature = try entry.withBytes { try forger.sign($0, trustedComment: "forged") }
    try state.write(Array(signature.utf8), to: "record/0000000002.minisig")
    let found = refusal { _ = try state.record.entries() }
    #expect(found?.code == "record.other-key" && found?.message.contains("0000000002") == true)
  }

  @Test func aRecordWrittenAnewWithAKeyOfItsOwnIsFoundByWhoKnowsTheKey() throws {
    let (mine, forged) = (try RecordState(), try RecordState())
    try mine.append(2)
    try forged.append(2)
    #expect(try forged.record.entries().count == 2)
    let trusted = try mine.trusted()
    let found = refusal { _ = try forged.record.entries(trusting: trusted) }
    #expect(found?.code == "record.other-key" && found?.message.contains("0000000001") == true)
  }

  @Test func anEndCutOffIsFoundByWhoKnowsAHead() throws {
    let state = try RecordState()
    let heads = try state.append(4)
    try state.remove("record/0000000004.json")
    try state.remove("record/0000000004.minisig")
    // The chain alone cannot show it.
    #expect(try state.record.entries().count == 3)
    let found = refusal { _ = try state.record.entries(expecting: heads[3].sha256) }
    #expect(found?.code == "record.rolled-back" && found?.status == .untrusted)
    #expect(try state.record.entries(expecting: heads[2].sha256).count == 3)
  }

  @Test func aLastEntryWhoseSignatureStayedIsMissed() throws {
    let state = try RecordState()
    try state.append(2)
    try state.remove("record/0000000002.json")
    #expect(refusal { _ = try state.record.entries() }?.code == "record.missing-entry")
    #expect(refusal { try state.append(1) }?.code == "record.missing-entry")
  }

  @Test func whatStandsBeforeABreakIsStillRead() throws {
    let state = try RecordState()
    try state.append(3)
    try state.remove("record/0000000003.minisig")
    var seen: [Int] = []
    let found = refusal { try state.record.read { seen.append($0.head.sequence) } }
    #expect(found?.code == "record.unsigned" && seen == [1, 2])
  }
}
