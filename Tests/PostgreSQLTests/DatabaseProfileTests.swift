import PostgreSQL
import Testing

@Suite struct DatabaseProfileTests {
  private static let bridge = """
    CREATE TABLE version (v int); CREATE TABLE database_owner (o text); CREATE TABLE crypto_version (v int);
    CREATE TABLE crypto_account (a int); CREATE TABLE crypto_device (a int);
    CREATE TABLE crypto_megolm_inbound_session (a int); CREATE TABLE crypto_olm_session (a int);
    CREATE TABLE "user" (a int); CREATE TABLE user_login (a int); CREATE TABLE portal (a int);
    CREATE TABLE ghost (a int); CREATE TABLE message (a int); CREATE TABLE signalmeow_version (v int);
    CREATE TABLE signalmeow_device (a int); CREATE TABLE signalmeow_sessions (a int);
    """

  @Test(
    arguments: [
      ("", [], []), ("DROP TABLE version", ["version"], []),
      ("DROP TABLE database_owner", ["database_owner"], ["database_owner"]),
      ("DROP TABLE crypto_account", ["crypto_account"], []),
      ("DROP TABLE signalmeow_device", ["signalmeow_device"], []),
      // Without encryption none of its tables is there, and none is missed.
      (
        "DROP TABLE crypto_version, crypto_account, crypto_device, crypto_olm_session", [],
        ["crypto_version"]
      ),
      // A bridge of the old generation.
      (
        "DROP TABLE ghost, user_login, database_owner, signalmeow_version", [], ["database_owner"]
      ),
    ] as [(String, [String], [String])])
  func aBridgesMissingTablesAreToldApart(
    change: String, vital: [String], watched: [String]
  ) async throws {
    let database = try await SharedCluster.database(Self.bridge + change)
    let missing = try DatabaseProfile.mautrix.missingTables(
      in: PostgresConnection(conninfo: database))
    #expect(missing.vital == vital && missing.watched == watched)
  }

  @Test func anEmptyDatabaseLacksEverythingThatSynapseNeeds() async throws {
    let connection = try await PostgresConnection(conninfo: SharedCluster.database())
    let missing = try DatabaseProfile.synapse.missingTables(in: connection)
    #expect(missing.vital == DatabaseProfile.synapse.vitalTables)
    #expect(missing.watched.contains("e2e_room_keys"))
    let plain = try DatabaseProfile.plain.missingTables(in: connection)
    #expect(plain.vital == [] && plain.watched == [])
  }
}
