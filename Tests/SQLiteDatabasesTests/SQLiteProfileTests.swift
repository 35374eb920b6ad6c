import Testing

@testable import SQLiteDatabases

@Suite("SQLite profiles")
struct SQLiteProfileTests {
  private func facts(_ rowCounts: [String: Int64]) -> SQLiteFacts {
    SQLiteFacts(
      pageCount: 1, pageSize: 4096, userVersion: 0, journalMode: .rollback, rowCounts: rowCounts)
  }

  @Test("Pantalaimon's tables are found in any case, and a missing one is named")
  func vitalTables() {
    let profile = SQLiteProfile.pantalaimon
    var rows = Dictionary(
      uniqueKeysWithValues: (profile.vitalTables + profile.watchedTables)
        .map { ($0.uppercased(), Int64(1)) })
    #expect(profile.warnings(about: facts(rows)).isEmpty)
    rows["KEYS"] = nil
    #expect(profile.missingVitalTables(in: facts(rows)) == [])
    rows["KEYS"] = 1
    rows["OLMSESSIONS"] = nil
    #expect(profile.missingVitalTables(in: facts(rows)) == ["olmsessions"])
    #expect(
      profile.warnings(about: facts(rows))
        == ["the table olmsessions, which pantalaimon needs, is missing"])
  }

  @Test("a file of another application gives one warning, not eleven")
  func wrongFile() {
    #expect(SQLiteProfile.pantalaimon.warnings(about: facts(["moz_places": 3])).count == 1)
  }

  @Test("a profile is found by its name, and only by that")
  func names() {
    #expect(SQLiteProfile.named("pantalaimon")?.name == "pantalaimon")
    #expect(SQLiteProfile.named("pan") == nil)
  }

  @Test("differences between two databases are named one by one")
  func differences() {
    let old = SQLiteFacts(
      pageCount: 2, pageSize: 4096, userVersion: 3, journalMode: .writeAheadLog,
      rowCounts: ["a": 1, "b": 2])
    #expect(old.differences(to: old).isEmpty)
    #expect(
      old.differences(to: facts(["a": 4, "c": 0])) == [
        "the page count was 2 and is 1", "user_version was 3 and is 0",
        "the journal mode was wal and is rollback", "the row count of a was 1 and is 4",
        "the table b is missing", "the table c was not there before",
      ])
  }
}
