import Foundation
import ProofTools
import Testing

/// Nights for recipients that a quantum computer does not open.
@Suite(.timeLimit(.minutes(20))) struct PostQuantumNightTests {
  private func hybrid(_ name: String, of host: Deployment) async throws -> Officer {
    let keygen = Program(path: BuiltTools.age)
    try await keygen.run(["keygen", "--pq", "-o", host.path(name)]).expect(0)
    let recipient = try await keygen.run(["keygen", "-y", host.path(name)]).expect(0).output
    return Officer(
      identity: host.path(name),
      recipient: recipient.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  @Test func aCompartmentMayHavePostQuantumRecipientsFromTheStart() async throws {
    let host = try await Deployment()
    host.officers = try await hybrid("officers.pq", of: host)
    host.coreOfficers = [host.officers]
    try host.configure()
    try await host.initialise()
    try await host.night()
    try await host.verify().expect(0)
    try await host.drill().expect(0)
    // The host's own index is opened by a key of the same kind.
    for name in try host.store.names("indexes") + host.store.names("packs", ending: ".header") {
      let stanzas = try String(decoding: host.store.data(name), as: UTF8.self)
        .split(separator: "\n").filter { $0.hasPrefix("-> ") }.map { $0.split(separator: " ")[1] }
      #expect(Set(stanzas).count == 1, "\(name): \(stanzas)")
      let isCore = name.hasSuffix(".core.age")
      #expect(!isCore || stanzas.first == "mlkem768x25519", "\(name): \(stanzas)")
    }
    try host.remove("state")
    try await host.initialise()
    let night = try await host.night()
    #expect(try night.stored() < 50_000, "\(night)")
    try await host.verify().expect(0)
  }

  @Test func whatWasStoredForClassicRecipientsIsRewrappedForPostQuantumOnes() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let (before, after) = (host.officers, try await hybrid("officers.pq", of: host))
    try await host.rewrap(for: [after], as: before, "--identity", after.identity).expect(0)
    try await host.restore("drill", "--scratch", host.path(""), "--identity", after.identity)
      .expect(0)
    try await host.restore("drill", "--scratch", host.path(""), "--identity", before.identity)
      .expect(12)
    // The host goes on from there, once it has an index identity of their kind.
    (host.officers, host.coreOfficers) = (after, [after])
    try host.configure()
    try await host.initialise()
    #expect(try await host.night().stored() < 50_000)
    try await host.verify().expect(0)
  }

  @Test func whoTurnsToPostQuantumRecipientsIsToldToMakeAKeyOfTheirKind() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let before = host.officers
    host.officers = try await hybrid("officers.pq", of: host)
    host.coreOfficers = [host.officers]
    try host.configure()
    for verb in ["run", "check-config"] {
      try await host.backup(verb).expect(2, "keys.other-kind", naming: "'core'", "init")
    }
    try await host.initialise()
    try await host.night()
    try await host.verify().expect(0)
    try await host.drill().expect(0)
    // And the catalog of both times can be rebuilt.
    try host.remove("state")
    try await host.initialise()
    try await host.night()
    try await host.verify().expect(0)
    host.officers = before
    try await host.verify("--snapshot", "latest").expect(0, naming: "sealed")
  }
}
