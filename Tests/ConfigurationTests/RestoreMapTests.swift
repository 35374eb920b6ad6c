import Configuration
import ProofTools
import Testing
import Vocabulary

@Suite("Restore maps")
struct RestoreMapTests {
  private func problem(_ yaml: String) -> OperatorError? {
    refusal { _ = try RestoreMap(yaml: yaml, file: "map.yaml") }
  }

  @Test("the design's map is read, in its order")
  func example() throws {
    let map = try RestoreMap(
      yaml: """
        synapse-db:     {conninfo: "host=/run/postgresql dbname=synapse", create: true, owner: synapse_user}
        synapse-media:  {path: /var/lib/matrix-synapse/media}
        other-db:       {conninfo: "dbname=other"}
        pan-db:         {path: /var/lib/pantalaimon/pan.db}
        """, file: "map.yaml")
    #expect(
      map.targets.map(\.source.text) == ["synapse-db", "synapse-media", "other-db", "pan-db"])
    let words = map.targets.map { target in
      switch target.target {
      case .path(let path): path
      case .database(let conninfo, let create, let owner):
        "\(conninfo) \(create) \(owner ?? "-")"
      }
    }
    #expect(
      words == [
        "host=/run/postgresql dbname=synapse true synapse_user", "/var/lib/matrix-synapse/media",
        "dbname=other false -", "/var/lib/pantalaimon/pan.db",
      ])
  }

  @Test(
    "what no target can be is refused, with its line",
    arguments: [
      ("db: {conninfo: a}\ndb: {path: /x}", "config.duplicate", "map.yaml:1:"),
      ("db: {path: /a}\nx: {path: /b, create: true}", "config.unknown-key", "map.yaml:2:"),
      ("db: {conninfo: a, path: /x}", "config.unknown-key", "map.yaml:1:"),
      ("db: {conninf: a}", "config.unknown-key", "map.yaml:1:"),
      ("db: {conninfo: a, create: maybe}", "config.wrong-type", "map.yaml:1:"),
      ("db: {}", "config.missing-key", "map.yaml:1:"), ("db: /x", "config.syntax", "map.yaml:1:"),
      ("../x: {path: /x}", "config.bad-name", "map.yaml:1:"),
      ("{}", "config.no-targets", "map.yaml"),
      ("", "config.syntax", "map.yaml"), ("db: {path: ''}", "config.wrong-type", "map.yaml:1:"),
    ])
  func refused(yaml: String, code: String, place: String) {
    let error = problem(yaml)
    #expect(error?.code == code && error?.status == .usage)
    #expect(error?.message.contains(place) == true)
  }

  @Test("a path that only databases could have create or owner for names what was meant")
  func owner() {
    #expect(problem("x: {path: /b, owner: me}")?.message.contains("'owner'") == true)
  }
}
