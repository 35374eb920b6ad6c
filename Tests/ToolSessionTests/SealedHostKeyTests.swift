import Foundation
import ProofTools
import Testing

/// Nights of a host whose signing key only its TPM opens.
@Suite(
  .timeLimit(.minutes(20)),
  .enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"))
struct SealedHostKeyTests {
  private let host: Deployment
  private let tpm: SoftwareTPM

  init() async throws {
    host = try await Deployment()
    tpm = try SoftwareTPM()
    try tpm.extend(7)
  }

  private var key: String { host.path("keys/host.key") }

  private func custody(_ arguments: String...) async throws -> Program.Outcome {
    try await Program(
      path: BuiltTools.custody, environment: ["COFFER_CUSTODY_STATE": host.path("custody")]
    ).run(arguments + ["--tcti", tpm.tcti])
  }

  private func seal(_ options: String...) async throws {
    let outcome = try await Program(
      path: BuiltTools.custody, environment: ["COFFER_CUSTODY_STATE": host.path("custody")]
    ).run(
      [
        "seal", "--pcrs", "7", "--purpose", "minisign-key", "--in", key, "--out", "\(key).sealed",
        "--tcti", tpm.tcti,
      ] + options)
    outcome.expect(0)
  }

  /// Names the sealed key in the configuration.
  private func nameSealed() throws {
    let yaml = try host.folder.readText("coffer.yaml")
    try host.folder.write(
      yaml.replacing(
        "host_key: \(key)", with: "host_key: {sealed: \(key).sealed, tcti: \"\(tpm.tcti)\"}"),
      to: "coffer.yaml")
  }

  @Test func aNightIsSignedByAKeyThatOnlyTheTPMOpens() async throws {
    try await host.initialise()
    try await host.night()
    try await seal()
    try nameSealed()
    let plain = try host.folder.read("keys/host.key")
    try host.remove("keys/host.key")
    // Everything but the key is where it was: the public half, and the compartments' keys.
    try await host.backup("init").expect(0)
    #expect(!FileManager.default.fileExists(atPath: key))
    try await host.backup("check-config").expect(0)
    try await host.night()
    try await host.backup("status").expect(0)
    try await host.verify().expect(0)
    #expect(try host.store.entries().count == 2)

    // The secret is nowhere on the disk.
    let secret = try #require(
      String(decoding: plain, as: UTF8.self).split(separator: "\n").last.map { String($0) })
    let found = try await host.program("grep").run(["-rlF", secret, host.path("")])
    #expect(found.status == 1, "\(found)")

    // Booted otherwise.
    try tpm.extend(7)
    for verb in ["check-config", "run", "status"] {
      try await host.backup(verb).expect(4, "tpm.policy", naming: "PCR 7 ")
    }
    // Sealed anew from the copy that an officer kept.
    try host.folder.write(plain, to: "keys/host.key")
    try await seal("--replace", "\(key).sealed")
    try host.remove("keys/host.key")
    try await host.night()
    try await host.verify().expect(0)
    #expect(try host.store.entries().count == 3)
  }

  @Test func aKeyThatAsksForAPINIsRefusedBeforeAnythingIsSaved() async throws {
    try await host.initialise()
    try host.folder.write("1234\n", to: "pin")
    try await seal("--pin-file", host.path("pin"))
    try nameSealed()
    for verb in ["check-config", "run", "status", "init"] {
      try await host.backup(verb).expect(2, "keys.sealed-with-pin")
    }
    #expect(try host.store.entries().isEmpty)
  }

  @Test func aSealedKeyThatIsNotThereIsNotMade() async throws {
    try nameSealed()
    for verb in ["init", "run", "check-config", "status"] {
      try await host.backup(verb).expect(2, verb == "run" ? nil : "keys.not-sealed")
    }
    for name in ["store", "state", "keys"] {
      #expect(!FileManager.default.fileExists(atPath: host.path(name)))
    }
  }

  @Test func withoutATPMNothingIsSigned() async throws {
    try await host.initialise()
    try await seal()
    let yaml = try host.folder.readText("coffer.yaml")
    try host.folder.write(
      yaml.replacing(
        "host_key: \(key)", with: "host_key: {sealed: \(key).sealed, tcti: \"swtpm:path=/nowhere\"}"
      ),
      to: "coffer.yaml")
    try await host.backup("run").expect(20, "tpm.unreachable")
    #expect(try host.store.entries().isEmpty)
  }

  @Test func whatIsNoSealedKeyIsSaid() async throws {
    try await host.initialise()
    let copy = try host.folder.read("keys/host.key")
    try host.folder.write(copy, to: "keys/host.key.sealed")
    try nameSealed()
    try await host.backup("run").expect(1, "sealed.not-sealed")
    let yaml = try host.folder.readText("coffer.yaml")
    try host.folder.write(yaml.replacing("sealed: ", with: "seald: "), to: "coffer.yaml")
    try await host.backup("run").expect(2, "config.unknown-key", naming: "did you mean 'sealed'?")
  }

  /// A strange machine, on which somebody restores, has no libraries of a TPM.
  @Test func whatRestoresReachesNoTPM() async throws {
    for (tool, reaches) in [(BuiltTools.restore, false), (BuiltTools.backup, true)] {
      let linked = try await Program(path: "/usr/bin/ldd").run([tool]).expect(0).output
      for library in ["libtss2-esys", "libcryptsetup"] {
        #expect(linked.contains(library) == reaches, "\(linked)")
      }
    }
  }
}
