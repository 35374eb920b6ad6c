import Foundation
import ProofTools
import Testing

/// Databases that are not what their profile says: noted in the night, and bad in a drill.
@Suite(.serialized, .timeLimit(.minutes(20))) struct MissingTableTests {
  private func host(with source: String) async throws -> Deployment {
    let host = try await Deployment()
    host.moreSources = [source]
    try host.configure()
    try await host.initialise()
    return host
  }

  @Test(arguments: ["mautrix", "synapse"])
  func aDatabaseWithoutItsVitalTablesIsNotedAndFailsItsDrill(profile: String) async throws {
    let database = try await SharedServer.database("CREATE TABLE something (a int)")
    let host = try await host(
      with: "wrong-db: {kind: postgresql, profile: \(profile), conninfo: \"\(database)\"}")
    let table = profile == "mautrix" ? "version" : "local_media_repository"
    try await host.backup("run").expect(
      0, naming: "note: wrong-db: the profile '\(profile)' expects a table '\(table)'")
    try await host.drill().expect(
      4, "drill.failed",
      naming:
        "BAD     wrong-db: there is no table '\(table)', which the profile '\(profile)' cannot")
  }

  @Test func aBridgeWithoutItsAccountForEncryptionFailsItsDrill() async throws {
    let database = try await SharedServer.database(
      "CREATE TABLE version (v int); CREATE TABLE crypto_version (v int)")
    let host = try await host(
      with: "bridge2-db: {kind: postgresql, profile: mautrix, conninfo: \"\(database)\"}")
    try await host.backup("run").expect(0, naming: "expects a table 'crypto_account'")
    try await host.drill().expect(
      4, naming: "BAD     bridge2-db: there is no table 'crypto_account'",
      "warning bridge2-db: there is no table 'portal'")
  }

  @Test func aPantalaimonWithoutItsAccountsFailsItsDrill() async throws {
    let host = try await Deployment()
    let pan = host.path("pan.db")
    host.moreSources = ["pan-db: {kind: sqlite, profile: pantalaimon, path: \(pan)}"]
    try host.configure()
    try await host.initialise()
    let tables = [
      "olmsessions", "megolminboundsessions", "accesstokens", "servers", "serverusers", "keys",
    ]
    let sql = tables.map { "CREATE TABLE \($0) (a);" }.joined()
    try await host.program("sqlite3").run([pan, sql]).expect(0)
    try await host.backup("run").expect(0, naming: "the table accounts, which pantalaimon needs")
    try await host.drill().expect(4, naming: "BAD     pan-db: there is no table 'accounts'")
    try await host.program("sqlite3").run([pan, "CREATE TABLE accounts (a)"]).expect(0)
    try await host.night()
    try await host.drill().expect(0)
  }
}
