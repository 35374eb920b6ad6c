import Foundation
import ProofTools
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

  @Test func aSnapshotOfWhichNothingIsSaidToBeSavedIsNotTested() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try await rewrite(host, host.store, replacing: "\"saved\"", with: "\"failed\"")
    try await host.verify().expect(5, "snapshot.none")
    try await host.drill().expect(5, "snapshot.none")
  }
}
