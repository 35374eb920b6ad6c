import Foundation
import GRDB
import SystemPackage
import Testing
import Vocabulary

@testable import SQLiteDatabases

/// A folder of its own for one test, gone with it.
final class ScratchFolder {
  let path: FilePath

  init() throws {
    path = FilePath("/tmp/coffer-sqlite-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path.string) }

  func at(_ name: String) -> FilePath { path.appending(name) }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
  }

  func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: at(name).string))
  }
}

/// Another program with the database open, as a daemon has: Python's SQLite, told what to do.
final class OtherProgram {
  private let process = Process()
  private let input = Pipe()

  /// Starts a script and waits for the first thing it says.
  init(_ script: String, in folder: FilePath) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import sqlite3, sys, os\n" + script]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.string)
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = output.fileHandleForReading.availableData
  }

  /// Ends its input, and waits until it is gone.
  func stop() throws -> Int32 {
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    return process.terminationStatus
  }

  deinit {
    if process.isRunning { process.terminate() }
  }
}

@Suite("Snapshots of SQLite databases")
struct SQLiteSnapshotTests {
  private func make(_ path: FilePath, _ sql: String) throws {
    let queue = try DatabaseQueue(path: path.string)
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
  }

  private func expect(
    _ code: String, at location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    #expect(sourceLocation: location) {
      try body()
    } throws: { error in
      (error as? OperatorError)?.code == code
    }
  }

  @Test(
    "a copy is of one moment while another program keeps writing", arguments: ["wal", "delete"])
  func consistent(journal: String) throws {
    let scratch = try ScratchFolder()
    try make(
      scratch.at("db"),
      """
      PRAGMA journal_mode = \(journal); PRAGMA user_version = 7;
      CREATE TABLE a(n INTEGER, filler BLOB); CREATE TABLE b(n INTEGER);
      WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 500)
        INSERT INTO a SELECT 100, randomblob(3000) FROM r;
      INSERT INTO b VALUES (0);
      """)
    // What leaves one table enters the other, far apart in the file, and rows are moved about.
    let daemon = try OtherProgram(
      """
      import select
      db = sqlite3.connect('db', timeout=30, isolation_level=None)
      i = 0
      while not select.select([sys.stdin], [], [], 0)[0]:
        db.execute('BEGIN IMMEDIATE')
        db.execute('UPDATE a SET n = n - 1, filler = randomblob(3000) WHERE rowid % 50 = ?', (i % 50,))
        db.execute('UPDATE b SET n = n + 10')
        db.execute('COMMIT')
        if i == 0: print('started', flush=True)
        i += 1
      """, in: scratch.path)
    var moved: Set<Int64> = []
    for round in 0..<25 {
      let copy = scratch.at("copy-\(round)")
      let facts = try SQLiteSnapshot.take(of: scratch.at("db"), into: copy)
      #expect(facts.rowCounts == ["a": 500, "b": 1] && facts.userVersion == 7)
      #expect(facts.journalMode == (journal == "wal" ? .writeAheadLog : .rollback))
      #expect(try SQLiteFacts.gather(copy) == facts)
      let queue = try DatabaseQueue(path: copy.string)
      let (left, right) = try queue.read {
        (
          try Int64.fetchOne($0, sql: "SELECT sum(n) FROM a") ?? -1,
          try Int64.fetchOne($0, sql: "SELECT sum(n) FROM b") ?? -1
        )
      }
      try queue.close()
      #expect(left + right == 50_000)
      moved.insert(right)
    }
    #expect(try daemon.stop() == 0)
    #expect(moved.count > 1, "the other program wrote nothing, so this proved nothing")
    #expect(try scratch.names().filter { $0.hasPrefix("copy") && $0.contains("-wal") }.isEmpty)
  }

  @Test("the source keeps every byte, and the copy is one file that only its owner may read")
  func untouched() throws {
    for journal in ["wal", "delete"] {
      let scratch = try ScratchFolder()
      try make(
        scratch.at("db"),
        "PRAGMA journal_mode = \(journal); CREATE TABLE t(x); INSERT INTO t VALUES (1);")
      let before = try scratch.bytes("db")
      let facts = try SQLiteSnapshot.take(of: scratch.at("db"), into: scratch.at("copy"))
      #expect(try scratch.bytes("db") == before)
      let mode = try FileManager.default.attributesOfItem(atPath: scratch.at("copy").string)
      #expect(mode[.posixPermissions] as? Int == 0o600)
      #expect(try scratch.names().filter { $0.hasPrefix("copy") } == ["copy"])
      #expect(facts.pageCount * facts.pageSize == Int64(try scratch.bytes("copy").count))
      #expect(try scratch.names() == ["copy", "db"], "nothing may be left beside the source")
      #expect(facts.journalMode == (journal == "wal" ? .writeAheadLog : .rollback))
    }
  }

  @Test("what is committed only in the write-ahead log is in the copy, and stays in the log")
  func uncheckpointed() throws {
    let scratch = try ScratchFolder()
    let daemon = try OtherProgram(
      """
      db = sqlite3.connect('db', isolation_level=None)
      db.execute('PRAGMA journal_mode = wal'); db.execute('PRAGMA wal_autocheckpoint = 0')
      db.execute('CREATE TABLE t(x)'); db.executemany('INSERT INTO t VALUES (?)', [(i,) for i in range(9)])
      print('ready', flush=True); sys.stdin.read(); os._exit(0)
      """, in: scratch.path)
    let files = ["db", "db-wal"]
    let before = try files.map(scratch.bytes)
    let facts = try SQLiteSnapshot.take(of: scratch.at("db"), into: scratch.at("copy"))
    #expect(facts.rowCounts == ["t": 9])
    #expect(try files.map(scratch.bytes) == before)
    // The daemon dies without closing; its log is still what counts.
    #expect(try daemon.stop() == 0)
    let after = try SQLiteSnapshot.take(of: scratch.at("db"), into: scratch.at("copy2"))
    #expect(after == facts)
    #expect(try files.map(scratch.bytes) == before)
  }

  @Test("a database that a crash left in the middle of a change is named, not repaired")
  func hotJournal() throws {
    let scratch = try ScratchFolder()
    let daemon = try OtherProgram(
      """
      db = sqlite3.connect('db', isolation_level=None)
      db.execute('PRAGMA cache_size = 5')
      db.execute('CREATE TABLE t(x)'); db.execute('BEGIN')
      for i in range(2000): db.execute('INSERT INTO t VALUES (randomblob(2000))')
      print('ready', flush=True); sys.stdin.read(); os._exit(0)
      """, in: scratch.path)
    #expect(try daemon.stop() == 0)
    let files = ["db", "db-journal"]
    let before = try files.map(scratch.bytes)
    expect("sqlite.hot-journal") {
      _ = try SQLiteSnapshot.take(of: scratch.at("db"), into: scratch.at("copy"))
    }
    #expect(try files.map(scratch.bytes) == before)
    #expect(try scratch.names() == files)
  }

  @Test("virtual tables, their shadows and SQLite's own tables are not counted, odd names are")
  func tables() throws {
    let scratch = try ScratchFolder()
    try make(
      scratch.at("db"),
      """
      CREATE VIRTUAL TABLE search USING fts5(body); INSERT INTO search VALUES ('x');
      CREATE TABLE "odd "" name; DROP"(id INTEGER PRIMARY KEY AUTOINCREMENT);
      INSERT INTO "odd "" name; DROP" VALUES (NULL), (NULL);
      CREATE TABLE sqlitelike(x PRIMARY KEY) WITHOUT ROWID; CREATE VIEW v AS SELECT 1; ANALYZE;
      """)
    let facts = try SQLiteFacts.gather(scratch.at("db"))
    #expect(facts.rowCounts == ["odd \" name; DROP": 2, "sqlitelike": 0])
    let coded = try JSONDecoder().decode(SQLiteFacts.self, from: try JSONEncoder().encode(facts))
    #expect(coded == facts)
    #expect(try scratch.names() == ["db"])
  }

  @Test("gathering figures of a file at rest leaves no file beside it and no byte changed")
  func gatherLeavesNothing() throws {
    let scratch = try ScratchFolder()
    try make(scratch.at("db"), "PRAGMA journal_mode = wal; CREATE TABLE t(x);")
    let before = try scratch.bytes("db")
    #expect(try SQLiteFacts.gather(scratch.at("db")).journalMode == .writeAheadLog)
    #expect(try scratch.names() == ["db"] && scratch.bytes("db") == before)
  }

  @Test("a missing file, no database, a damaged one and a copy in the way are told apart")
  func errors() throws {
    let scratch = try ScratchFolder()
    let copy = scratch.at("copy")
    expect("sqlite.missing") { _ = try SQLiteSnapshot.take(of: scratch.at("none"), into: copy) }
    expect("sqlite.missing") { _ = try SQLiteFacts.gather(scratch.at("none")) }
    #expect(try scratch.names().isEmpty)

    try Data("this is no database, but long enough to be mistaken for one".utf8)
      .write(to: URL(fileURLWithPath: scratch.at("text").string))
    expect("sqlite.not-a-database") {
      _ = try SQLiteSnapshot.take(of: scratch.at("text"), into: copy)
    }
    #expect(try scratch.names() == ["text"], "a failed copy leaves nothing")

    try make(
      scratch.at("db"),
      """
      CREATE TABLE t(x); CREATE INDEX i ON t(x);
      WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5000)
        INSERT INTO t SELECT hex(randomblob(20)) FROM r;
      """)
    var bytes = try scratch.bytes("db")
    for page in 3..<12 {
      bytes.replaceSubrange(
        page * 4096..<page * 4096 + 2000, with: Data(repeating: 0x41, count: 2000))
    }
    try bytes.write(to: URL(fileURLWithPath: scratch.at("db").string))
    expect("sqlite.damaged") { _ = try SQLiteSnapshot.take(of: scratch.at("db"), into: copy) }
    #expect(try scratch.names() == ["db", "text"])

    try Data("mine".utf8).write(to: URL(fileURLWithPath: copy.string))
    expect("sqlite.copy-exists") { _ = try SQLiteSnapshot.take(of: scratch.at("db"), into: copy) }
    #expect(try scratch.bytes("copy") == Data("mine".utf8))
  }

  @Test(
    "an empty file is an empty database, as SQLite sees it, and the profile says what is missing")
  func emptyFile() throws {
    let scratch = try ScratchFolder()
    try Data().write(to: URL(fileURLWithPath: scratch.at("db").string))
    let facts = try SQLiteSnapshot.take(of: scratch.at("db"), into: scratch.at("copy"))
    #expect(facts.rowCounts.isEmpty)
    #expect(SQLiteProfile.pantalaimon.warnings(about: facts).count == 1)
  }
}
