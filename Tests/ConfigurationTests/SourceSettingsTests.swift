import Configuration
import Origins
import ProofTools
import Testing
import Vocabulary

@Suite("Sources as a configuration names them")
struct SourceSettingsTests {
  /// What a source of these settings is refused with, when the file is read or the source made.
  private func problem(_ settings: String) -> OperatorError? {
    let yaml = """
      store: /s
      state: /t
      host_key: /k
      recipients: {officers: [age1x]}
      compartments: {core: {recipients: officers, sources: {one: {\(settings)}}}}
      """
    return refusal {
      let configuration = try CofferConfiguration(
        yaml: yaml, file: "coffer.yaml", schemas: OriginRegistry.schemas)
      for (_, source) in configuration.sources { _ = try OriginRegistry.make(source) }
    }
  }

  @Test(
    "a password in a connection string is refused, in every form, and not repeated",
    arguments: [
      "host=/run/postgresql dbname=synapse password=hunter2", "password='hunter2'",
      "postgresql://synapse:hunter2@localhost/synapse", "postgres:///synapse?password=hunter2",
      "dbname=synapse sslpassword=hunter2",
    ])
  func passwords(conninfo: String) {
    let error = problem("kind: postgresql, conninfo: \"\(conninfo)\"")
    #expect(error?.code == "postgres.password-in-conninfo" && error?.status == .usage)
    #expect(error?.message.contains("hunter2") == false)
    #expect(error?.hint?.contains("passfile") == true)
  }

  @Test("a connection string that libpq cannot read is refused, and one without password is not")
  func conninfo() {
    #expect(problem("kind: postgresql, conninfo: \"no such = thing\"")?.code == "postgres.conninfo")
    for conninfo in ["dbname=synapse", "host=/run/postgresql passfile=/etc/coffer/pgpass"] {
      #expect(problem("kind: postgresql, conninfo: \"\(conninfo)\"") == nil)
    }
  }

  @Test("what is left out of a tree lies below its root")
  func excluded() {
    #expect(problem("kind: files, path: /a, exclude: [b, c/d]") == nil)
    for path in ["../b", "/etc", "a/../../b"] {
      let error = problem("kind: files, path: /a, exclude: [\"\(path)\"]")
      #expect(error?.code == "config.bad-path" && error?.status == .usage, "\(path)")
    }
  }
}
