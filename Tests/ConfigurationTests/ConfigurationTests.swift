import Configuration
import Origins
import ProofTools
import SystemPackage
import Testing
import Vocabulary

@Suite("Configuration")
struct ConfigurationTests {
  /// The example of the design, with recipients written out.
  private static let example = """
    store: /srv/coffer                    # a directory; later ssh://… and s3://…
    state: /var/lib/coffer                # catalog, lock, journal
    host_key: /etc/coffer/host.key        # minisign secret key
    metrics: /var/lib/node_exporter/coffer.prom
    recipients:
      officers: [age1first, age1second]
      signal-team: [age1third]
    compartments:
      core:
        recipients: officers
        sources:
          synapse-db:     {kind: postgresql, profile: synapse, conninfo: "host=/run/postgresql dbname=synapse"}
          synapse-media:  {kind: files, profile: synapse-media, path: /var/lib/matrix-synapse/media}
          synapse-config: {kind: files, path: /etc/matrix-synapse}
      signal:
        recipients: signal-team
        sources:
          signal-db:      {kind: postgresql, profile: mautrix, conninfo: "host=/run/postgresql dbname=mautrix_signal"}
          signal-config:  {kind: files, path: /etc/mautrix-signal, exclude: [cache, tmp/x]}
      pantalaimon:
        recipients: officers
        sources:
          pan-db:         {kind: sqlite, profile: pantalaimon, path: /var/lib/pantalaimon/pan.db}
    """

  private static func read(_ yaml: String) throws -> CofferConfiguration {
    try CofferConfiguration(yaml: yaml, file: "coffer.yaml", schemas: OriginRegistry.schemas)
  }

  /// What the example with one text replaced is refused with.
  private func problem(_ old: String, _ new: String) -> OperatorError? {
    let changed = Self.example.replacing(old, with: new, maxReplacements: 1)
    #expect(changed != Self.example, "nothing to replace: \(old)")
    return refusal { _ = try Self.read(changed) }
  }

  private func expect(
    _ problem: OperatorError?, _ code: String, line: Int? = nil, saying words: String...,
    at place: SourceLocation = #_sourceLocation
  ) {
    #expect(problem?.code == "config.\(code)", sourceLocation: place)
    #expect(problem?.status == .usage, sourceLocation: place)
    let message = problem?.message ?? ""
    let start = line.map { "coffer.yaml:\($0):" } ?? "coffer.yaml"
    #expect(message.contains(start), sourceLocation: place)
    let said = "\(message) \(problem?.hint ?? "")"
    for word in words { #expect(said.contains(word), sourceLocation: place) }
  }

  @Test("the design's example is read, in its order")
  func example() throws {
    let configuration = try Self.read(Self.example)
    #expect(configuration.store == "/srv/coffer" && configuration.state == "/var/lib/coffer")
    #expect(configuration.hostKey == "/etc/coffer/host.key")
    #expect(configuration.hostPublicKey == "/etc/coffer/host.pub")
    #expect(configuration.compartmentKeys == "/etc/coffer/host.compartments")
    #expect(configuration.metrics == "/var/lib/node_exporter/coffer.prom")
    #expect(configuration.compartments.map(\.name.text) == ["core", "signal", "pantalaimon"])
    #expect(
      configuration.compartments.map(\.recipients) == [
        ["age1first", "age1second"], ["age1third"], ["age1first", "age1second"],
      ])
    #expect(
      configuration.sources.map(\.source.name.text) == [
        "synapse-db", "synapse-media", "synapse-config", "signal-db", "signal-config", "pan-db",
      ])
    #expect(
      configuration.sources.map(\.source.profile) == [
        "synapse", "synapse-media", nil, "mautrix", nil, "pantalaimon",
      ])
    let config = configuration.sources[4].source
    #expect(config.kind == "files" && config.text("path") == "/etc/mautrix-signal")
    #expect(config.list("exclude") == ["cache", "tmp/x"])
    for (_, source) in configuration.sources { _ = try OriginRegistry.make(source) }
  }

  @Test("a sealed host key has the neighbours that it had before it was sealed")
  func sealedHostKey() throws {
    for (path, stem) in [("host.key.sealed", "host"), ("host.sealed", "host"), ("key", "key")] {
      let configuration = try Self.read(
        Self.example.replacing(
          "host_key: /etc/coffer/host.key", with: "host_key: {sealed: /etc/coffer/\(path)}"))
      #expect(configuration.hostKey == FilePath("/etc/coffer/\(path)"))
      #expect(configuration.hostKeySeal == HostKeySeal(tcti: nil))
      #expect(configuration.hostPublicKey == FilePath("/etc/coffer/\(stem).pub"))
      #expect(configuration.compartmentKeys == FilePath("/etc/coffer/\(stem).compartments"))
    }
    let elsewhere = try Self.read(
      Self.example.replacing(
        "host_key: /etc/coffer/host.key",
        with: "host_key: {sealed: /etc/coffer/host.key.sealed, tcti: \"device:/dev/tpm0\"}"))
    #expect(elsewhere.hostKeySeal == HostKeySeal(tcti: "device:/dev/tpm0"))
  }

  @Test("a sealed host key is as strictly read as all else")
  func badSealedHostKey() {
    let old = "host_key: /etc/coffer/host.key"
    expect(
      problem(old, "host_key: {seald: /etc/coffer/host.key}"), "unknown-key", line: 3,
      saying: "'seald'", "'sealed'")
    expect(problem(old, "host_key: {tcti: swtpm}"), "missing-key", saying: "'sealed'")
    expect(problem(old, "host_key: {sealed: [a]}"), "wrong-type", saying: "'sealed'")
    expect(problem(old, "host_key: [a]"), "wrong-type", saying: "'host_key'")
    expect(problem(old, "host_key: {sealed: /etc/host.pub}"), "bad-host-key")
    expect(problem(old, "host_key: {sealed: /etc/host.pub.sealed}"), "bad-host-key")
  }

  @Test("metrics may be left out, and nothing else at the top")
  func leftOut() throws {
    let without = Self.example.replacing("metrics: /var/lib/node_exporter/coffer.prom\n", with: "")
    #expect(try Self.read(without).metrics == nil)
    for key in ["store", "state", "host_key"] {
      let lines = Self.example.split(separator: "\n").filter { !$0.hasPrefix("\(key):") }
      let problem = refusal { _ = try Self.read(lines.joined(separator: "\n")) }
      expect(problem, "missing-key", saying: "'\(key)'")
    }
    expect(problem("path: /etc/matrix-synapse}", "profile: plain}"), "missing-key", line: 14)
    expect(problem("    recipients: officers\n", ""), "missing-key", saying: "'recipients'")
  }

  @Test("a key nobody knows is named with its line and the nearest known one")
  func unknownKeys() {
    expect(problem("metrics:", "metric:"), "unknown-key", line: 4, saying: "'metric'", "'metrics'?")
    expect(
      problem("    recipients: signal-team", "    recipient: signal-team"),
      "unknown-key", line: 16, saying: "'recipient'", "compartment 'signal'", "'recipients'?")
    expect(
      problem("profile: mautrix", "profil: mautrix"), "unknown-key", line: 18, saying: "'profil'",
      "source 'signal-db'", "'profile'?")
    expect(problem("exclude:", "excluding:"), "unknown-key", line: 19, saying: "'exclude'?")
    expect(
      problem("conninfo:", "path: /x, conninfo:"), "unknown-key", line: 12, saying: "'path'")
    expect(problem("state:", "x: 1\nstate:"), "unknown-key", line: 2, saying: "known keys here")
  }

  @Test("a key that stands twice is refused wherever it stands")
  func duplicates() {
    expect(problem("state:", "store: /other\nstate:"), "duplicate", line: 1, saying: "'store'")
    expect(
      problem("signal-team: [age1third]", "officers: [age1third]"), "duplicate", line: 6,
      saying: "'officers'")
    expect(
      problem("synapse-media: ", "synapse-db: "), "duplicate", line: 12, saying: "'synapse-db'")
    expect(problem("  signal:\n", "  core:\n"), "duplicate", line: 9, saying: "'core'")
  }

  @Test("two sources of one name are refused although they are in two compartments")
  func sameNames() {
    expect(
      problem("pan-db: ", "signal-db: "), "duplicate", saying: "'signal-db'", "two sources")
  }

  @Test("recipients that are empty, missing or not defined are refused")
  func recipients() {
    expect(problem("[age1third]", "[]"), "no-recipients", line: 7, saying: "'signal-team'")
    expect(problem("[age1third]", ""), "wrong-type", line: 7)
    expect(problem("[age1third]", "age1third"), "wrong-type", line: 7)
    expect(problem("[age1third]", "[\"\"]"), "wrong-type", line: 7)
    expect(problem("[age1third]", "[{a: b}]"), "wrong-type", line: 7)
    expect(
      problem("    recipients: signal-team", "    recipients: signals"), "unknown-recipients",
      line: 16, saying: "'signals'", "officers, signal-team")
  }

  @Test("kinds and profiles nobody knows are refused, with those there are")
  func kinds() {
    expect(
      problem("kind: sqlite", "kind: mysql"), "unknown-kind", line: 23, saying: "'mysql'",
      "files, postgresql, sqlite")
    expect(
      problem("profile: synapse,", "profile: media,"), "unknown-profile", line: 12,
      saying: "'media'", "synapse, mautrix, plain")
    expect(problem("profile: synapse-media", "profile: []"), "wrong-type", line: 13)
  }

  @Test(
    "names that could mean something in a path are refused",
    arguments: ["a.b", "a/b", "..", "ä", "a b", "", String(repeating: "x", count: 65)])
  func names(name: String) {
    expect(problem("  signal:\n", "  \"\(name)\":\n"), "bad-name", line: 15, saying: "letters")
    expect(problem("pan-db: ", "\"\(name)\": "), "bad-name", line: 23, saying: "letters")
  }

  @Test("what is no YAML, no mapping or empty is refused by name")
  func syntax() {
    for text in ["", "# nothing\n", "a: [", "- a\n- b\n", "word", "a: b: c", "\u{1}"] {
      expect(refusal { _ = try Self.read(text) }, "syntax")
    }
    expect(problem("/srv/coffer ", "[/srv/coffer] "), "wrong-type", line: 1)
    expect(problem("/srv/coffer ", "'' "), "wrong-type", line: 1)
    expect(problem("{kind: files, path: /etc/matrix-synapse}", "files"), "syntax", line: 14)
  }

  @Test("what is wrong in a file is said without quoting it, for it may hold a password")
  func noQuotes() {
    for (old, new) in [
      ("state:", "store: /other\nstate:"), ("dbname=synapse\"", "password=hunter2"),
      ("dbname=synapse\"}", "password=hunter2\"}}"), ("dbname=synapse\"", "password=hunter2\": ["),
    ] {
      let problem = problem(old, new)
      #expect(problem?.status == .usage)
      #expect(problem?.message.contains("hunter2") == false)
      #expect(problem?.message.contains("dbname") == false)
      #expect(problem?.message.contains("coffer.yaml:") == true)
    }
  }

  @Test("a compartment without sources, and a file without compartments, are refused")
  func nothing() throws {
    let head = try #require(Self.example.firstRange(of: "compartments:")).upperBound
    expect(
      refusal { _ = try Self.read("\(Self.example[..<head]) {}\n") }, "no-sources", line: 8)
    let sources = "\n  core: {recipients: officers, sources: {}}\n"
    expect(
      refusal { _ = try Self.read("\(Self.example[..<head])\(sources)") }, "no-sources", line: 9,
      saying: "'core'")
  }
}
