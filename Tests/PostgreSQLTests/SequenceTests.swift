import PostgreSQL
import Testing
import Vocabulary

/// Sequences have no snapshot: what a dump sets them to is what a restore must show.
@Suite struct SequenceTests {
  private static let sequences = """
    CREATE TABLE t (id serial, word text); INSERT INTO t (word) VALUES ('a');
    CREATE SEQUENCE fresh START 7; CREATE SEQUENCE down INCREMENT -1; SELECT nextval('down');
    CREATE SEQUENCE "Odd ""name', 1, true);"; SELECT nextval('"Odd ""name'', 1, true);"');
    """

  @Test func aSequenceThatGoesOnDuringTheNightIsComparedWithWhatTheDumpSets() async throws {
    let source = try await SharedCluster.database(Self.sequences)
    let writer = try PostgresConnection(conninfo: source)
    let saved = try await SavedDatabase.save(source) {
      try writer.execute("SELECT nextval('t_id_seq') FROM generate_series(1, 200)")
    }
    let set = try #require(saved.figures.sequences)
    #expect(
      set.map { "\($0.name) \($0.lastValue) \($0.isCalled)" }
        == ["Odd \"name', 1, true); 1 true", "down -1 true", "fresh 7 false", "t_id_seq 201 true"])
    let restored = try await PostgresConnection(conninfo: saved.restore())
    let found = try SequenceFact.all(in: restored)
    #expect(SequenceExpectation.exactly(set).problems(with: found) == [])
    try restored.execute("SELECT nextval('t_id_seq')")
    #expect(
      try SequenceExpectation.exactly(set).problems(with: SequenceFact.all(in: restored))
        == ["sequence public.t_id_seq stands at 202, not at 201"])
  }

  @Test func anOlderManifestsSequencesMayHaveGoneOnButNotBack() async throws {
    let source = try await SharedCluster.database(Self.sequences)
    let connection = try PostgresConnection(conninfo: source)
    let expected = SequenceExpectation.atLeast(try SequenceFact.all(in: connection))
    func problems() throws -> [String] {
      try expected.problems(with: SequenceFact.all(in: connection))
    }
    #expect(try expected.count == 4 && problems() == [])
    try connection.execute("SELECT nextval('t_id_seq'), nextval('fresh')")
    #expect(try problems() == [])
    try connection.execute("SELECT setval('t_id_seq', 1, false)")
    #expect(try problems() == ["sequence public.t_id_seq stands before 1, not at 1"])
    try connection.execute("DROP SEQUENCE fresh; SELECT setval('t_id_seq', 9)")
    #expect(try problems() == ["sequence public.fresh is missing"])
  }

  @Test(arguments: [14, 15, 16] as [UInt8])
  func aSequenceSetInAnyOtherWayMakesTheDumpNotObserved(minor: UInt8) throws {
    for (statement, value) in [
      ("SELECT pg_catalog.setval('public.s', 42, true);\n", 42),
      ("SELECT pg_catalog.setval('public.s', -7, false);\n", -7),
      ("SELECT pg_catalog.setval('public.s', 42);\n", nil), ("CREATE SEQUENCE s, 1, true);", nil),
      ("", nil),
    ] as [(String, Int64?)] {
      var archive = SyntheticArchive(minor: minor, entries: 1)
      archive.entry(
        1, "SEQUENCE SET", tag: "s", schema: "public", copy: nil, hasData: false,
        definition: statement)
      let figures = try? DumpArchiveObserverTests.observe(archive.bytes, slices: 7)
      #expect(figures?.sequences?.first?.lastValue == value, "\(statement)")
    }
  }
}
