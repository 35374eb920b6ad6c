import Foundation
import PostgreSQL
import ProofTools
import Testing

/// Nights during which people go on writing, as they do.
@Suite(.serialized, .timeLimit(.minutes(20))) struct LivingDatabaseTests {
  @Test func aDatabaseThatIsWrittenToDuringTheNightPassesItsDrillAndItsRestore() async throws {
    let host = try await Deployment(withDatabase: true)
    let database = try #require(host.database)
    try SharedServer.execute(
      "CREATE TABLE chatter (id bigserial PRIMARY KEY, word text)", in: database)
    try await host.initialise()
    let isDone = Flag()
    async let writing: Void = Task.detached {
      let connection = try PostgresConnection(conninfo: database)
      defer { connection.close() }
      while !isDone.isSet {
        try connection.execute(
          "INSERT INTO chatter (word) VALUES ('x'); SELECT nextval('events_stream_seq')")
        // A machine of two cores runs two tests at a time, and this one would never make way.
        await Task.yield()
      }
    }.value
    let night = try await host.backup("run")
    isDone.set()
    try await writing
    night.expect(0)
    try await host.drill().expect(0, naming: "4 sequences stand as saved")
    let map = try await host.map(into: "new")
    try await host.restore(["host", "--map", map] + host.allIdentities, from: host.store)
      .expect(0, naming: "Start Synapse")
    try await host.verify("--map", map).expect(0)
  }
}
