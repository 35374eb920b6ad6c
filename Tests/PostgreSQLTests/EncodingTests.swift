import PostgreSQL
import Testing
import Vocabulary

@Suite struct EncodingTests {
  /// A database of an encoding, with names and rows that only that encoding and UTF-8 have alike.
  private func database(_ encoding: String, _ word: String) async throws -> String {
    let cluster = try await SharedCluster.cluster()
    let name = SharedCluster.freshName("encoded")
    try PostgresConnection(conninfo: cluster.conninfo()).execute(
      "CREATE DATABASE \(name) ENCODING '\(encoding)' LOCALE 'C' TEMPLATE template0")
    let conninfo = cluster.conninfo(database: name)
    try PostgresConnection(conninfo: conninfo).execute(
      """
      CREATE SCHEMA "s\(word)"; CREATE TABLE "s\(word)"."t\(word)" ("c \(word)" text, plain int);
      INSERT INTO "s\(word)"."t\(word)" VALUES ('\(word)', 1), ('plain', 2);
      CREATE TABLE plain (word text); INSERT INTO plain VALUES ('\(word)\(word)')
      """)
    return conninfo
  }

  @Test(arguments: [
    ("LATIN1", "ä"), ("LATIN9", "€"), ("WIN1251", "мир"), ("KOI8R", "мир"), ("EUC_JP", "日本"),
    ("UTF8", "🏰"), ("SQL_ASCII", "ä"),
  ])
  func aDatabaseOfAnyEncodingIsSavedAndComesBackUnderItsNames(
    encoding: String, word: String
  ) async throws {
    let source = try await database(encoding, word)
    let saved = try await SavedDatabase.save(source)
    #expect(saved.facts.locale.encoding == encoding)
    #expect(saved.figures.tables.map(\.name) == ["public.plain", "s\(word).t\(word)"])
    #expect(saved.figures.tables.last?.columns == ["c \(word)", "plain"])
    #expect(saved.figures == (try census(source)))
    let found = try await census(saved.restore(), like: saved.figures)
    #expect(ContentFigures.compare(expected: saved.figures, found: found) == [])
  }
}
