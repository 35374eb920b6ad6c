import Foundation
import ProofTools
import Testing

/// Configurations and maps that say what cannot be meant: exit 2, the line, and nothing is made.
@Suite(.serialized, .timeLimit(.minutes(20))) struct BadConfigurationTests {
  /// Changes the configuration and expects every verb to refuse it.
  private func expectRefusal(
    replacing old: String, with new: String, _ code: String, naming names: [String]
  ) async throws {
    let host = try await Deployment()
    let yaml = try host.folder.readText("coffer.yaml")
    #expect(yaml.contains(old))
    try host.folder.write(yaml.replacing(old, with: new), to: "coffer.yaml")
    for verb in ["init", "check-config", "run", "status"] {
      let outcome = try await host.backup(verb).expect(2, code)
      for name in names { #expect(outcome.errors.contains(name), "\(name): \(outcome)") }
    }
    for name in ["store", "state", "keys"] {
      #expect(!FileManager.default.fileExists(atPath: host.path(name)))
    }
  }

  @Test(arguments: [
    ("metrics:", "metrcs:", "coffer.yaml:4:", "did you mean 'metrics'?"),
    ("recipients: bridge-team", "recipient: bridge-team", "coffer.yaml:10:", "recipients"),
    ("kind: sqlite, path", "kind: sqlite, pth", "coffer.yaml:13:", "did you mean 'path'?"),
  ])
  func anUnknownKeyIsNamedWithItsLineAndTheNearestKey(
    old: String, new: String, line: String, hint: String
  ) async throws {
    try await expectRefusal(
      replacing: old, with: new, "config.unknown-key", naming: [line, hint])
  }

  @Test func aKindOrProfileNobodyKnowsIsNamed() async throws {
    try await expectRefusal(
      replacing: "kind: sqlite", with: "kind: sqlit", "config.unknown-kind",
      naming: ["'sqlit'", "coffer.yaml:13:", "sqlite"])
    try await expectRefusal(
      replacing: "profile: synapse-media", with: "profile: synaps-media", "config.unknown-profile",
      naming: ["synaps-media", "synapse-media"])
  }

  @Test func aRecipientGroupNobodyDefinedIsNamed() async throws {
    try await expectRefusal(
      replacing: "recipients: bridge-team", with: "recipients: bridge-tea",
      "config.unknown-recipients", naming: ["'bridge-tea'", "bridge-team"])
  }

  @Test(arguments: ["age1qqqq", "AGE-SECRET-KEY-1", "ssh-ed25519 AAAA", "alice"])
  func aRecipientThatIsNoneIsRefusedBeforeAnythingIsMade(text: String) async throws {
    let host = try await Deployment()
    let yaml = try host.folder.readText("coffer.yaml")
    try host.folder.write(
      yaml.replacing(host.officers.recipient, with: text), to: "coffer.yaml")
    for verb in ["init", "check-config", "run"] {
      let outcome = try await host.backup(verb)
      #expect(outcome.status == 2, "\(outcome)")
      #expect(!outcome.errors.contains("[unexpected]"), "\(outcome)")
      let place = "coffer.yaml:6: entry 1 of recipients 'officers': "
      // A run looks for its state first, and there is none.
      #expect(verb == "run" || outcome.errors.contains(place), "\(outcome)")
    }
    #expect(!FileManager.default.fileExists(atPath: host.store.path))
  }

  @Test func aSecretKeyInPlaceOfARecipientIsNotRepeated() async throws {
    let host = try await Deployment()
    let identity = try host.folder.readText("officers.identity")
    let secret = try #require(identity.split(separator: "\n").last.map(String.init))
    let yaml = try host.folder.readText("coffer.yaml")
    try host.folder.write(yaml.replacing(host.officers.recipient, with: secret), to: "coffer.yaml")
    let outcome = try await host.backup("init")
    outcome.expect(2, "recipient.secret", naming: "coffer.yaml:6: entry 1 of recipients 'officers'")
    #expect(!outcome.text.contains(secret), "a secret key must not end in a log")
  }

  @Test func theEntryOfALongListOfRecipientsIsNamed() async throws {
    let host = try await Deployment()
    let yaml = try host.folder.readText("coffer.yaml")
    let list = "\n    - \(host.bridgeTeam.recipient)\n    - alice"
    try host.folder.write(
      yaml.replacing("bridge-team: [\(host.bridgeTeam.recipient)]", with: "bridge-team:\(list)"),
      to: "coffer.yaml")
    try await host.backup("check-config").expect(
      2, "recipient.unknown", naming: "coffer.yaml:9: entry 2 of recipients 'bridge-team'")
  }

  @Test func aPasswordInAConnectionStringIsRefusedAndNotRepeated() async throws {
    let host = try await Deployment()
    host.moreSources = [
      "db: {kind: postgresql, conninfo: \"host=/run dbname=x password=correcthorse\"}"
    ]
    try host.configure()
    let outcome = try await host.backup("init").expect(
      2, "postgres.password-in-conninfo", naming: "coffer.yaml:19: source 'db': ")
    #expect(!outcome.text.contains("correcthorse"))
  }

  @Test func aConnectionStringThatIsNoneIsNamedInConfigurationAndMap() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let text = "host=/run dbname='x password=correcthorse"
    host.moreSources = ["db: {kind: postgresql, conninfo: \"\(text)\"}"]
    try host.configure()
    let run = try await host.backup("run").expect(
      2, "postgres.conninfo", naming: "coffer.yaml:19: source 'db': ")
    #expect(!run.text.contains("correcthorse"))
    for (text, code) in [
      (text, "postgres.conninfo"),
      ("dbname=x password=correcthorse", "postgres.password-in-conninfo"),
    ] {
      try host.folder.write("\nbridge-db: {conninfo: \"\(text)\"}\n", to: "map")
      let outcome = try await host.restore(
        ["host", "--map", host.path("map")] + host.allIdentities, from: host.store
      ).expect(2, code, naming: "map:2: source 'bridge-db': ")
      #expect(!outcome.text.contains("correcthorse"))
    }
  }

  @Test func textThatIsNoYAMLIsNamedWithItsFile() async throws {
    let host = try await Deployment()
    for text in ["store: [", "", "just words\n", "store: a\nstore: b\n"] {
      try host.folder.write(text, to: "coffer.yaml")
      let outcome = try await host.backup("run")
      #expect(outcome.status == 2, "\(outcome)")
      #expect(outcome.errors.contains("coffer.yaml"), "\(outcome)")
    }
    try host.remove("coffer.yaml")
    try await host.backup("run").expect(2, "config.unreadable", naming: host.configuration)
  }

  @Test func aMapWithUnknownKeyOrSourceIsRefused() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let maps = [
      ("bridge-config: {pth: /x}\n", "pth"), ("nothing: {path: \(host.path("new"))}\n", "nothing"),
      ("{}\n", "map"), ("bridge-config: {conninfo: \"dbname=x\"}\n", "bridge-config"),
    ]
    for (text, name) in maps {
      try host.folder.write(text, to: "map")
      try await host.restore(
        ["host", "--map", host.path("map")] + host.allIdentities, from: host.store
      ).expect(2, naming: name)
    }
    #expect(!FileManager.default.fileExists(atPath: host.path("new")))
  }

  @Test func aRunBeforeInitSaysWhatToDo() async throws {
    let host = try await Deployment()
    try await host.backup("run").expect(2, naming: "coffer-backup init")
    try await host.backup("status").expect(2)
  }
}
