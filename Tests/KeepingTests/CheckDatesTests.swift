import ProofTools
import Repository
import SystemPackage
import Testing
import Vocabulary

@testable import Keeping

@Suite("The dates of checks")
struct CheckDatesTests {
  private func all(_ dates: CheckDates) throws -> [String] {
    var lines: [String] = []
    try dates.each { name, check in
      lines.append(
        "\(check.time.secondsSince1970) \(check.outcome) \(String(decoding: name, as: UTF8.self))")
    }
    return lines
  }

  @Test("are there after a crash in the middle of a line, and go on after it")
  func torn() throws {
    let folder = try ScratchFolder()
    let keeper = try KeeperFolder(
      FilePath(folder.path(of: "keeper")), of: FilePath(folder.path(of: "store")))
    let dates = CheckDates(in: keeper)
    #expect(try all(dates) == [])
    let (first, second) = (Timestamp(secondsSince1970: 1), Timestamp(secondsSince1970: 2))
    try dates.add([("packs/a", .init(time: first, outcome: .good))])
    try folder.write(try folder.readText("keeper/checks") + "2 hurt packs/b", to: "keeper/checks")
    #expect(try all(dates) == ["1 good packs/a"])
    try dates.add([("packs/c", .init(time: second, outcome: .hurt))])
    #expect(try all(dates) == ["1 good packs/a", "2 hurt packs/c"])
    try dates.rewrite([("packs/c", .init(time: second, outcome: .good))])
    #expect(try all(dates) == ["2 good packs/c"])
  }

  @Test("are read whole where there are many, across pieces of a file")
  func many() throws {
    let folder = try ScratchFolder()
    let keeper = try KeeperFolder(
      FilePath(folder.path(of: "keeper")), of: FilePath(folder.path(of: "store")))
    let dates = CheckDates(in: keeper)
    let time = Timestamp(secondsSince1970: 1_700_000_000)
    try dates.rewrite((0..<100_000).lazy.map { ("packs/\($0)", .init(time: time, outcome: .good)) })
    let lines = try all(dates)
    #expect(lines.count == 100_000 && lines.last == "1700000000 good packs/99999")
  }
}
