import Foundation
import ProofTools
import Testing

/// Stores that officers rewrapped, rescued without Coffer.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RewrappedRescueTests {
  /// A host whose officers changed, and what its store holds.
  private struct Custody {
    let host: Deployment
    let leaver: Officer
    let newcomer: Officer

    func rescue(
      _ target: String, as officer: Officer, _ arguments: String...
    ) async throws -> Program.Outcome {
      let script =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/Scripts/rescue"
      return try await Program(path: script, environment: host.environment).run(
        [
          host.store.path, officer.identity, host.path(target), "--trust",
          host.path("keys/host.pub"),
        ] + arguments)
    }

    func hasRescued(_ target: String) throws -> Bool {
      let file = host.path("\(target)/synapse-config/second")
      guard FileManager.default.fileExists(atPath: file) else { return false }
      return try host.folder.readText("\(target)/synapse-config/second") == "second\n"
    }
  }

  private func custody() async throws -> Custody {
    let host = try await Deployment()
    let (leaver, newcomer) = try host.changeOfOfficers()
    try await host.initialise()
    try await host.night()
    try host.write("second\n", to: "config/second")
    try await host.night()
    try await host.rewrap(for: [host.officers, newcomer], as: host.officers).expect(0)
    return Custody(host: host, leaver: leaver, newcomer: newcomer)
  }

  private let core = ["--source", "synapse-config"]

  @Test func theNewcomerRescuesByTheWordOfAKnownOfficer() async throws {
    let custody = try await custody()
    let (host, newcomer) = (custody.host, custody.newcomer)
    let outcome = try await custody.rescue(
      "rescued", as: newcomer, "--officer", host.officerKey, "--source", "synapse-config")
    outcome.expect(0)
    #expect(try custody.hasRescued("rescued"))
    #expect(!outcome.errors.contains("rewrapped"), "\(outcome)")
    try await custody.rescue("left", as: custody.leaver, "--officer", host.officerKey)
      .expect(12)
    // A second officer rewraps again, so that one of two entries is a known officer's.
    try await host.rewrap(for: [newcomer], as: newcomer).expect(0)
    try await custody.rescue("again", as: newcomer, "--officer", host.officerKey, core[0], core[1])
      .expect(0)
    // What a known officer said of an object is what it must be.
    let name = try #require(try host.store.latest("manifests").first { $0.contains(".core.") })
    try host.store.flipAByte(of: name)
    let damaged = try await custody.rescue(
      "damaged", as: newcomer, "--officer", host.officerKey, "--without-trusted-officer")
    damaged.expect(4)
    #expect(damaged.errors.contains("damaged: \(name)"), "\(damaged)")
  }

  @Test func whatNobodyKnownVouchesForIsUsedOnlyWhenToldSoAndIsNamed() async throws {
    let custody = try await custody()
    let (host, newcomer) = (custody.host, custody.newcomer)
    let manifest = try #require(try host.store.latest("manifests").first { $0.contains(".core.") })
    let stranger = host.path("keys/host.pub")
    for officer in [[], ["--officer", stranger]] {
      let refused = try await custody.rescue(
        "refused", as: newcomer, officer.first ?? core[0], officer.last ?? core[1])
      refused.expect(4)
      #expect(refused.errors.contains("its manifest was rewrapped by"), "\(refused)")
      #expect(refused.errors.contains("--without-trusted-officer"), "\(refused)")
      #expect(try !custody.hasRescued("refused"))
      try? host.remove("refused")
    }
    let told = try await custody.rescue("told", as: newcomer, "--without-trusted-officer")
    #expect(told.status == 3, "\(told)")
    #expect(try custody.hasRescued("told"))
    #expect(told.errors.contains("\(manifest) was rewrapped by"), "\(told)")
    #expect(told.errors.contains("NOBODY VOUCHES FOR THEM"), "\(told)")
    // Who wants a compartment that nobody touched has it, and is told of the rest.
    let bridge = try await custody.rescue(
      "freed", as: host.bridgeTeam, "--source", "bridge-config")
    #expect(bridge.status == 3, "\(bridge)")
    let config = host.path("freed/bridge-config/config.yaml")
    #expect(FileManager.default.fileExists(atPath: config))
  }

  @Test func anEntryThatWasAlteredIsNobodysWord() async throws {
    let custody = try await custody()
    let (host, newcomer) = (custody.host, custody.newcomer)
    let entry = try #require(try host.store.names("rewraps", ending: ".json").first)
    let text = String(decoding: try host.store.data(entry), as: UTF8.self)
    let time = try #require(text.firstRange(of: "\"time\" : \""))
    var altered = text
    altered.replaceSubrange(time.upperBound..<text.index(after: time.upperBound), with: "3")
    for changed in [altered, "{}", String(text.dropLast(4))] {
      try host.store.write(Data(changed.utf8), to: entry)
      let outcome = try await custody.rescue(
        "altered", as: newcomer, "--officer", host.officerKey, "--without-trusted-officer")
      outcome.expect(4)
      #expect(outcome.errors.contains("entry 00000001 about rewrapped objects"), "\(outcome)")
      #expect(try !custody.hasRescued("altered"))
      try? host.remove("altered")
    }
    // A compartment that was not rewrapped is rescued all the same.
    try await custody.rescue("freed", as: host.bridgeTeam, "--source", "bridge-config")
      .expect(4)
    let config = host.path("freed/bridge-config/config.yaml")
    #expect(FileManager.default.fileExists(atPath: config))
  }
}
