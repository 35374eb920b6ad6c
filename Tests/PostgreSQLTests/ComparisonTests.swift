import PostgreSQL
import Testing
import Vocabulary

@Suite struct ComparisonTests {
  static let rows = """
    CREATE TABLE t (n int, word text);
    INSERT INTO t SELECT n, md5(n::text) FROM generate_series(1, 1000) n;
    CREATE TABLE other (a int); INSERT INTO other VALUES (1);
    """

  private func differences(after change: String) async throws -> [String] {
    let source = try await SharedCluster.database(Self.rows)
    let expected = try census(source)
    try PostgresConnection(conninfo: source).execute(change)
    return ContentFigures.compare(
      expected: expected, found: try census(source, like: expected)
    ).map(\.description)
  }

  @Test func rowsInAnotherOrderAreTheSameRows() async throws {
    let changes = """
      CREATE TABLE copy AS TABLE t; TRUNCATE t; INSERT INTO t SELECT * FROM copy ORDER BY word;
      DROP TABLE copy; UPDATE other SET a = 1
      """
    #expect(try await differences(after: changes) == [])
  }

  @Test func oneChangedRowIsNamed() async throws {
    #expect(
      try await differences(after: "UPDATE t SET word = md5('x') WHERE n = 500")
        == ["public.t: 1000 rows as saved, but their digest differs"])
  }

  @Test func oneAddedOrRemovedRowIsNamed() async throws {
    #expect(
      try await differences(after: "INSERT INTO t VALUES (0, NULL)")
        == ["public.t: 1000 rows saved, 1001 found"])
    #expect(
      try await differences(after: "DELETE FROM t WHERE n = 7")
        == ["public.t: 1000 rows saved, 999 found"])
  }

  @Test func twoRowsWithTheirValuesSwappedAreFound() async throws {
    let change = """
      UPDATE t SET word = md5((CASE n WHEN 1 THEN 2 ELSE 1 END)::text) WHERE n IN (1, 2)
      """
    #expect(try await differences(after: change).count == 1)
  }

  @Test func tablesThatWentOrCameAreNamed() async throws {
    #expect(
      try await differences(after: "DROP TABLE t; CREATE TABLE new (a int)")
        == [
          "public.new: not saved, there with 0 rows", "public.t: saved with 1000 rows, not there",
        ])
    #expect(
      try await differences(after: "ALTER TABLE other ADD COLUMN b int")
        == ["public.other: other columns than were saved"])
  }

  @Test func aDotInANameIsNoSeparator() async throws {
    let source = try await SharedCluster.database(
      """
      CREATE SCHEMA a; CREATE SCHEMA "a.b"; CREATE TABLE a."b.c" (x int); CREATE TABLE "a.b".c (x int);
      INSERT INTO "a.b".c VALUES (1)
      """)
    let expected = try census(source)
    try PostgresConnection(conninfo: source).execute("DROP TABLE a.\"b.c\"")
    let found = ContentFigures.compare(expected: expected, found: try census(source))
    #expect(found.map(\.description) == ["a.b.c: saved with 0 rows, not there"])
  }

  @Test func tablesOfExtensionsAreNotCompared() async throws {
    let source = try await SharedCluster.database(Self.rows)
    let expected = try census(source)
    try PostgresConnection(conninfo: source).execute("ALTER EXTENSION plpgsql ADD TABLE other")
    let census = try TableCensus(PostgresConnection(conninfo: source))
    let extensions = try census.extensionTables()
    #expect(extensions == ["public.other"])
    let found = ContentFigures.compare(
      expected: expected, found: try census.figures(), ignoring: extensions)
    #expect(found == [])
  }

  @Test func changedLargeObjectsAreNamed() async throws {
    #expect(
      try await differences(after: "SELECT lo_from_bytea(0, 'x')")
        == ["large objects: 0 rows saved, 1 found"])
  }

  @Test func tablesWhoseDataIsLeftOutMustBeEmpty() async throws {
    let source = try await SharedCluster.database(Self.rows)
    let expected = ContentFigures(
      tables: try census(source).tables.filter { $0.table != "other" },
      largeObjects: LargeObjectFigures(), sequences: [])
    let full = ContentFigures.compare(
      expected: expected, found: try census(source), excludedData: ["other"])
    #expect(full.map(\.kind) == [.notEmpty])
    try PostgresConnection(conninfo: source).execute("TRUNCATE other")
    let empty = ContentFigures.compare(
      expected: expected, found: try census(source), excludedData: ["other"])
    #expect(empty == [])
  }
}
