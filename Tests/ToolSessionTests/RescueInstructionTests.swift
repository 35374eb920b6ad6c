import Foundation
import PostgreSQL
import ProofTools
import Testing

/// What `Scripts/rescue` tells an operator to type, typed.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RescueInstructionTests {
  private static let scripts =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path + "/Scripts"

  private static let print = """
    import json, pathlib, sys
    sys.path.insert(0, sys.argv[1])
    from rescuer.sources import instructions
    source = {"facts": {"database": json.loads(sys.argv[2])}}
    print(*instructions(source, pathlib.Path("dump")), sep="\\n")
    """

  @Test(arguments: [("i", "\"icuLocale\": \"de-AT\","), ("c", "")])
  func theDatabaseHasTheLocaleThatItHad(provider: String, icu: String) async throws {
    let there = try await SharedServer.database()
    let name = try #require(try ConnectionInfo(await SharedServer.freshConninfo()).database)
    let owner = try #require(try SharedServer.value("SELECT current_user", in: there))
    let facts = """
      {"database": "\(name)", "owner": "\(owner)", "roles": [], "extensions": [],
        "serverVersionNumber": 150020,
        "locale": {\(icu) "encoding": "UTF8", "collate": "C", "ctype": "C"}}
      """
    let said = try #require(StockTool("python3")).run(["-c", Self.print, Self.scripts, facts])
    let create = said.text.split(separator: "\n").first { $0.hasPrefix("CREATE DATABASE") }
    try SharedServer.execute(String(try #require(create, "\(said.text)")), in: there)
    let row = try SharedServer.value(
      """
      SELECT datlocprovider::text || ' ' || coalesce(daticulocale, '') FROM pg_database
      WHERE datname = '\(name)'
      """, in: there)
    #expect(row == "\(provider) \(icu.isEmpty ? "" : "de-AT")")
  }
}
