import PostgreSQL
import Testing
import Vocabulary

@Suite struct RoundTripTests {
  static let everything = """
    CREATE TABLE plain (id int PRIMARY KEY, word text);
    INSERT INTO plain SELECT n, 'word ' || n FROM generate_series(1, 5000) n;
    CREATE TABLE odd (a text, b bytea, c timestamptz, d float8, e interval, f numeric, g json);
    INSERT INTO odd VALUES
      (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      ('', '', 'epoch', 'NaN', '0', 0, '{}'),
      (E'line\\nfeed\\ttab\\rreturn', '\\x00ff0a5c', '2024-02-29 12:00+05', 0.1, '1 mon 2 days', 1e100,
        '{"a": "\\u0000"}'),
      ('\\.', '\\x5c2e0a', 'infinity', '-Infinity', '-1 h', -0.5, '[]'),
      ('\\N', 'x', now(), 1e-300, '3 y', 42, 'null'),
      ('日本語 🏰 é', decode(repeat('00ff', 100000), 'hex'), now(), 1, '1 s', 1, '1');
    CREATE TABLE empty (id int);
    CREATE TABLE nothing ();
    INSERT INTO nothing SELECT FROM generate_series(1, 3);
    CREATE SCHEMA "Odd ""schema";
    CREATE TABLE "Odd ""schema"."Ta.ble, (x)" ("Col, "" umn" int, "b c" text, plain text);
    INSERT INTO "Odd ""schema"."Ta.ble, (x)" VALUES (1, 'two', 'three');
    CREATE TABLE made (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text);
    INSERT INTO made (a, c) SELECT n, n FROM generate_series(1, 10) n;
    CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
    CREATE TABLE parts_23 PARTITION OF parts FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
    CREATE TABLE parts_24 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    INSERT INTO parts SELECT n, date '2023-06-01' + n FROM generate_series(1, 500) n;
    CREATE TABLE parent (a int, b int);
    CREATE TABLE child (c int);
    ALTER TABLE child ADD COLUMN b int; ALTER TABLE child ADD COLUMN a int;
    ALTER TABLE child INHERIT parent;
    INSERT INTO child VALUES (3, 2, 1);
    INSERT INTO parent VALUES (1, 2);
    CREATE TABLE dropped (a int, gone text, b int);
    INSERT INTO dropped VALUES (1, 'x', 2);
    ALTER TABLE dropped DROP COLUMN gone;
    CREATE UNLOGGED TABLE unlogged (a int);
    INSERT INTO unlogged VALUES (7);
    CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM plain;
    SELECT lo_from_bytea(70001, '\\x68656c6c6f'), lo_from_bytea(70002, ''),
      lo_from_bytea(70003, decode(repeat('ab', 200000), 'hex')),
      lo_from_bytea(70004, decode(repeat('cd', 65536), 'hex'));
    """

  @Test func anEmptyDatabaseIsSavedAndComesBackEmpty() async throws {
    let saved = try await SavedDatabase.save(SharedCluster.database())
    #expect(
      saved.figures
        == ContentFigures(
          tables: [], largeObjects: LargeObjectFigures(), sequences: []))
    #expect(try await census(saved.restore()) == saved.figures)
  }

  @Test func figuresOfADumpEqualThoseOfItsSourceAndOfTheRestoredDatabase() async throws {
    let source = try await SharedCluster.database(Self.everything)
    let saved = try await SavedDatabase.save(source)
    #expect(saved.figures == (try census(source)))
    #expect(saved.figures.largeObjects.objects == 4)
    #expect(saved.figures.largeObjects.bytes == 5 + 200_000 + 65_536)
    #expect(saved.figures.tables.first { $0.table == "plain" }?.rows == 5000)
    #expect(saved.figures.tables.first { $0.table == "made" }?.columns == ["a", "c"])
    #expect(saved.figures.tables.first { $0.table == "nothing" }?.rows == 3)
    #expect(
      saved.figures.tables.first { $0.table == "Ta.ble, (x)" }?.columns
        == ["Col, \" umn", "b c", "plain"])
    let restored = try await saved.restore()
    let found = try census(restored, like: saved.figures)
    #expect(ContentFigures.compare(expected: saved.figures, found: found) == [])
    #expect(saved.figures.tables.count == found.tables.count)
  }
}
