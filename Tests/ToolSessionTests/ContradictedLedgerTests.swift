import Foundation
import ProofTools
import Repository
import SecretMemory
import Testing

/// A ledger that the host's own key signed, and that says something else than the manifests do.
@Suite(
  .serialized, .timeLimit(.minutes(20)),
  .enabled(if: StockTool.isInstalled("minisign"), "minisign is not installed"))
struct ContradictedLedgerTests {
  /// Changes the newest entry as only the holder of the host's key can.
  private func rewrite(
    _ host: Deployment, _ store: Store, replacing old: String, with new: String
  ) async throws {
    let entry = try #require(try store.entries().last)
    let text = String(decoding: try store.data(entry), as: UTF8.self)
    #expect(text.contains(old), "\(text)")
    try store.write(Data(text.replacing(old, with: new).utf8), to: entry)
    let path = "\(store.path)/\(entry)"
    let signed = try await host.program("minisign").run([
      "-SHm", path, "-s", host.path("keys/host.key"), "-x",
      path.replacing(".json", with: ".minisig"),
    ])
    #expect(signed.status == 0, "\(signed)")
  }

  @Test(arguments: [
    ("\"bridge-config\"", "\"bridge-canfig\""), ("\"sqlite\"", "\"files\""),
  ])
  func aSourceThatTheManifestDoesNotHaveIsDamageForEverybody(
    old: String, new: String
  ) async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try await rewrite(host, host.store, replacing: old, with: new)
    let name = "manifests/"
    let verified = try await host.verify("--json").expect(4, "verify.mismatch", naming: name)
    let findings = try verified.events().filter { $0.name == "finding" }
    #expect(findings.map { $0["check"] } == ["manifest.damaged"], "\(verified)")
    try await host.drill().expect(4, "manifest.damaged", naming: name)
    let restore = ["run", "--source", "bridge-db", "--target", host.path("new")]
    try await host.restore(restore + host.allIdentities, from: host.store)
      .expect(4, "manifest.damaged", naming: name)
    #expect(!FileManager.default.fileExists(atPath: host.path("new")))
  }

  @Test func anEntryThatSaysSomethingElseOfAnObjectCostsNoEarlierSnapshot() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try host.write("second\n", to: "config/second")
    try await host.night()
    let forgery = try Forgery(host, host.store)
    let old = try #require(forgery.entries[0].added.first { $0.name.hasSuffix(".header") })
    let other = ObjectRecord(
      name: try #require(ObjectName(ledgerText: old.name)), size: old.size,
      sha256: SHA256Hasher.digest(of: [1]))
    let entry = try forgery.entry(sources: forgery.entries[1].sources, added: [other])
    for file in try forgery.signed(entry) { try host.store.write(Data(file.bytes), to: file.name) }
    try await host.verify().expect(13, "ledger.broken", naming: "something else of \(old.name)")
    try await host.trustingKeeper("scrub").expect(13, naming: "something else of \(old.name)")
    try await host.drill().expect(13, "ledger.broken")
    func rescue(_ target: String, _ arguments: String...) async throws -> Program.Outcome {
      let script =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/Scripts/rescue"
      return try await Program(path: script, environment: host.environment).run(
        [
          host.store.path, host.officers.identity, host.path(target), "--trust",
          host.path("keys/host.pub"), "--source", "synapse-config",
        ] + arguments)
    }
    try await rescue("none").expect(13, naming: "something else of \(old.name)")
    for (number, earlier) in forgery.entries.enumerated() {
      let snapshot = earlier.snapshot.text
      try await host.drill("--snapshot", snapshot).expect(0)
      try await rescue("rescued-\(number)", "--snapshot", snapshot).expect(0)
      let second = host.path("rescued-\(number)/synapse-config/second")
      #expect(FileManager.default.fileExists(atPath: second) == (number == 1))
    }
  }

  @Test func aSnapshotOfWhichNothingIsSaidToBeSavedIsNotTested() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try await rewrite(host, host.store, replacing: "\"saved\"", with: "\"failed\"")
    try await host.verify().expect(5, "snapshot.none")
    try await host.drill().expect(5, "snapshot.none")
  }
}
