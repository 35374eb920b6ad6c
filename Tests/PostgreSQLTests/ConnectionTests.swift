import PostgreSQL
import SecretMemory
import Testing
import Vocabulary

@Suite struct ConnectionTests {
  private func refusal(_ conninfo: String) -> OperatorError? {
    #expect(throws: OperatorError.self) { try PostgresConnection(conninfo: conninfo) }
  }

  private func socket() async throws -> String { try await SharedCluster.cluster().folder }

  @Test func aServerThatIsNotThereIsUnreachable() {
    let missing = refusal("host=/nonexistent port=5432 dbname=x")
    #expect(missing?.code == "postgres.unreachable")
    #expect(
      missing?.message == "the server cannot be reached: connection to server on socket "
        + "\"/nonexistent/.s.PGSQL.5432\" failed: No such file or directory")
    let closed = refusal("host=127.0.0.1,/nonexistent port=1 dbname=x connect_timeout=3")
    #expect(closed?.code == "postgres.unreachable")
    #expect(
      closed?.message
        == "the server cannot be reached: connection to server at \"127.0.0.1\", port 1 "
        + "failed: Connection refused; connection to server on socket "
        + "\"/nonexistent/.s.PGSQL.1\" failed: No such file or directory")
    #expect(closed?.hint != nil)
  }

  @Test func aServerThatDoesNotAnswerIsGivenUp() {
    // 192.0.2.0/24 is for documentation: nobody answers there, or no route leads there.
    let error = refusal("host=192.0.2.1 dbname=x connect_timeout=2")
    #expect(error?.code == "postgres.unreachable")
  }

  @Test func aMissingDatabaseIsNamed() async throws {
    let error = refusal("host='\(try await socket())' port=5432 user=coffer dbname=no_such")
    #expect(error?.code == "postgres.no-database")
    #expect(error?.message.contains("no_such") == true)
  }

  @Test func aPasswordIsNeverAskedOfAnybody() async throws {
    let error = refusal(
      "host='\(try await socket())' port=5432 user=asked dbname=postgres passfile=/nonexistent")
    #expect(error?.code == "postgres.password-asked")
    #expect(error?.hint?.contains("passfile") == true)
  }

  @Test func aWrongPasswordAndARefusalAreAuthentication() async throws {
    let socket = try await socket()
    let folder = TemporaryFolder()
    let wrong = try folder.write("wrong", "*:*:*:asked:wrong\n")
    let base = "host='\(socket)' port=5432 dbname=postgres"
    #expect(refusal("\(base) user=asked passfile='\(wrong)'")?.code == "postgres.authentication")
    let rejected = refusal("\(base) user=rejected")
    #expect(rejected?.code == "postgres.authentication")
    #expect(rejected?.message.contains("failed: pg_hba.conf rejects connection for") == true)
    #expect(rejected?.message.contains("28000") == false)
    #expect(refusal("\(base) user=nobody_knows_me")?.code == "postgres.authentication")
    let right = try folder.write("right", "*:*:*:asked:right\n")
    _ = try PostgresConnection(conninfo: "\(base) user=asked passfile='\(right)'")
  }

  @Test(arguments: [
    "dbname=x password=secret", "postgresql://u:secret@h/x", "dbname=x PASSWORD = 'secret'",
    "host='secret", "just words secret", "dbname=x sslpassword=secret",
  ])
  func aPasswordInTheConnectionStringIsRefusedAndNotRepeated(conninfo: String) {
    let error = refusal(conninfo)
    #expect(error?.status == .usage)
    #expect("\(String(describing: error))".contains("secret") == false)
  }

  @Test func connectionStringsKeepTheirValuesThroughQuoting() throws {
    let odd = #"it's a "back\slash"#
    let info = try ConnectionInfo(#"host=/run dbname=x user=u"#).naming(database: odd)
    #expect(try ConnectionInfo(info.description) == info)
    #expect(try ConnectionInfo(info.description).database == odd)
    let address = try ConnectionInfo("postgresql://u@h:5433/x?connect_timeout=3")
    #expect(address.description == "connect_timeout='3' dbname='x' host='h' port='5433' user='u'")
    #expect(address.connectTimeout == 3)
  }

  @Test func questionsAreAnsweredAsTextAndNothingElse() async throws {
    let connection = try await PostgresConnection(conninfo: SharedCluster.cluster().conninfo())
    #expect(connection.serverMajor == 15)
    let rows = try connection.query(
      "SELECT $1::text, $2::int + 1, NULL, 'ü'", ["it's", "41"])
    #expect(rows == [["it's", "42", nil, "ü"]])
    #expect(try connection.query("SELECT $1::text", [nil]) == [[nil]])
    #expect(try connection.value("SELECT current_setting('application_name')") == "coffer")
    #expect(try connection.value("SELECT 1 WHERE false") == nil)
    let error = #expect(throws: OperatorError.self) { try connection.query("SELECT 1/0") }
    #expect(error?.code == "postgres.query")
    #expect(error?.message.contains("22012") == true)
    #expect(try connection.value("SELECT 1") == "1")
    connection.close()
    #expect(throws: OperatorError.self) { try connection.query("SELECT 1") }
  }

  @Test func aCopyThatItsReaderStopsLeavesTheConnectionUsable() async throws {
    struct Enough: Error {}
    let connection = try await PostgresConnection(conninfo: SharedCluster.cluster().conninfo())
    var seen = 0
    #expect(throws: Enough.self) {
      try connection.copyOut("COPY (SELECT generate_series(1, 3000000)) TO STDOUT") { row in
        seen += 1
        if seen == 3 { throw Enough() }
      }
    }
    #expect(seen == 3)
    #expect(try connection.value("SELECT 7") == "7")
    #expect(throws: OperatorError.self) {
      try connection.copyOut("COPY (SELECT 1 / (3 - n) FROM generate_series(1, 9) n) TO STDOUT") {
        _ in
      }
    }
    #expect(throws: OperatorError.self) { try connection.copyOut("SELECT 1") { _ in } }
    #expect(try connection.value("SELECT 8") == "8")
  }

  @Test func namesAndValuesCannotBecomeSomethingElse() async throws {
    let connection = try await PostgresConnection(conninfo: SharedCluster.cluster().conninfo())
    for text in ["plain", "a\"b", "a'b", "a\\b", "a'; DROP TABLE x; --", "é\n\t"] {
      let row = try connection.query(
        "SELECT \(SQLText.literal(text)) AS \(SQLText.identifier(text))")
      #expect(row == [[text]])
    }
    #expect(SQLText.identifier("s", "t") == #""s"."t""#)
  }
}
