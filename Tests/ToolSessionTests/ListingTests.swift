import Foundation
import ProofTools
import Testing

/// What `coffer-restore files` shows of databases.
@Suite(.timeLimit(.minutes(20))) struct ListingTests {
  @Test func tablesAreListedWithTheirRows() async throws {
    let host = try await Deployment(withDatabase: true)
    try await host.sqlite("CREATE TABLE empty (a); INSERT INTO portal VALUES ('!s', 'work')")
    try await host.initialise()
    try await host.night()
    for (source, lines) in [
      ("synapse-db", ["table  2 rows  -  public.users", "table  0 rows  -  public.account_data"]),
      ("bridge-db", ["table  2 rows  -  portal", "table  0 rows  -  empty", "file  "]),
    ] {
      let listed = try await host.restore(
        ["files", "--source", source] + host.allIdentities, from: host.store
      ).expect(0)
      for line in lines { #expect(listed.output.contains(line), "\(listed)") }
    }
  }
}
