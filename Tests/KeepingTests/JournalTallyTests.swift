import ProofTools
import Synchronization
import SystemPackage
import Testing
import Vocabulary

@testable import Keeping

@Suite("The keeper's journal")
struct JournalTallyTests {
  private static func keeper(_ folder: borrowing ScratchFolder) throws -> KeeperFolder {
    try KeeperFolder(
      FilePath(folder.path(of: "keeper")), of: FilePath(folder.path(of: "store")))
  }

  private static func refusal(_ code: String, _ host: String, _ seconds: Int) -> String {
    #"{"act":"refused","details":{"code":"\#(code)","host":"\#(host)","#
      + #""message":"\#(seconds) \",\\\"message\\\":"},"#
      + #""time":"\#(Timestamp(secondsSince1970: seconds))"}"# + "\n"
  }

  @Test("counts a flood of refusals by host and code, and tells the last of each")
  func flood() throws {
    let folder = try ScratchFolder()
    let keeper = try Self.keeper(folder)
    var text = ""
    for number in 0..<30_000 {
      text += Self.refusal(number % 3 == 0 ? "a" : "b", number % 2 == 0 ? "X" : "Y", number)
      if number % 100 == 0 { text += "{\"act\":\"received\",\"details\":{}}\nno line of ours\n" }
    }
    try folder.write(text, to: "keeper/journal")
    let tally = try JournalTally(in: keeper, since: Timestamp(secondsSince1970: 29_994))
    let all = tally.refusals.map { "\($0.host) \($0.code) \($0.recent) \($0.total)" }
    #expect(all == ["X a 1 5000", "X b 2 10000", "Y a 1 5000", "Y b 2 10000"])
    #expect(tally.refusals[0].last == Timestamp(secondsSince1970: 29_994))
    #expect(tally.refusals[0].message.hasPrefix("29994 "))
    #expect(tally.acts.isEmpty)
  }

  @Test("says how the last act of each kind ended, and when one came to its end")
  func acts() throws {
    let folder = try ScratchFolder()
    let keeper = try Self.keeper(folder)
    let journal = try KeeperJournal(in: keeper)
    #expect(try journal.noting("scrub") { _ in .done } == .done)
    #expect(throws: OperatorError.self) {
      try journal.noting("scrub") { details in
        details["objects"] = .integer(1)
        throw OperatorError("interrupted", .interrupted, "interrupted")
      }
    }
    // As an older coffer wrote it.
    try journal.note("protect", ["batches": .integer(1)])
    try journal.note("import", ["hurt": .integer(2)])
    let acts = try JournalTally(in: keeper, since: .now()).acts
    #expect(acts.map(\.name) == ["import", "protect", "scrub"])
    #expect(acts.map(\.status) == [.mismatch, .done, .interrupted])
    #expect(acts.map(\.code) == [nil, nil, "interrupted"])
    #expect(acts.allSatisfy { $0.completed != nil })
  }

  @Test("loses no line where several processes write at once, and one of them is just opening it")
  func together() async throws {
    let folder = try ScratchFolder()
    let keeper = try Self.keeper(folder)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for number in 0..<1_000 {
            try KeeperJournal(in: keeper).note("note", ["n": .integer(writer * 1_000 + number)])
          }
        }
      }
      try await group.waitForAll()
    }
    let lines = try folder.readText("keeper/journal").split(separator: "\n")
    let numbers = lines.compactMap { $0.split(separator: "\"n\":").last?.prefix { $0.isNumber } }
    #expect(lines.count == 8_000 && Set(numbers).count == 8_000)
  }
}
