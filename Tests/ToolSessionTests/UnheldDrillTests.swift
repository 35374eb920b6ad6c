import Foundation
import ProofTools
import Testing

/// A drill that cannot be held: the report says so, and yesterday's does not stay in its place.
@Suite(.serialized, .timeLimit(.minutes(20))) struct UnheldDrillTests {
  /// A host with the report of a drill that passed, signed and with its page.
  private func hostAfterADrill() async throws -> (host: Deployment, flags: [String]) {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let flags = ["--report", host.path("drill.json"), "--report-key", host.path("drill.key")]
    try await drill(host, flags).expect(0)
    #expect(try host.folder.readText("drill.json").contains("\"passed\" : true"))
    return (host, flags)
  }

  private func drill(_ host: Deployment, _ flags: [String]) async throws -> Program.Outcome {
    try await host.restore(
      ["drill", "--scratch", host.path("")] + host.allIdentities + flags, from: host.store)
  }

  private func expectFailureReport(_ host: Deployment, _ code: String) async throws {
    let report = try host.folder.readText("drill.json")
    #expect(report.contains("\"passed\" : false") && report.contains("\"\(code)\""), "\(report)")
    let page = try host.folder.readText("drill.txt")
    #expect(
      page.hasPrefix("Restore drill: FAILED\n") && page.contains("could not be held"), "\(page)")
  }

  @Test(.enabled(if: StockTool.isInstalled("minisign"), "minisign is not installed"))
  func aDamagedIndexOrABrokenLedgerIsWhatTheSignedReportSays() async throws {
    let (host, flags) = try await hostAfterADrill()
    let kept = try host.store.copy(to: host.path("kept"))
    let damages: [(String, Int32, String)] = [
      (try #require(try host.store.names("indexes").first), 4, "object.digest"),
      (try #require(try host.store.entries().first), 13, "ledger.bad-signature"),
    ]
    for (object, status, code) in damages {
      _ = try kept.copy(to: host.store.path)
      try await drill(host, flags).expect(0)
      try host.store.flipAByte(of: object)
      try await drill(host, flags).expect(status, code, naming: object)
      try await expectFailureReport(host, code)
      let checked = try await host.program("minisign").run([
        "-VHm", host.path("drill.json"), "-p", host.path("drill.pub"),
      ])
      checked.expect(0, naming: "failed")
    }
  }

  @Test func withoutItsKeyTheReportIsWrittenUnsigned() async throws {
    let (host, flags) = try await hostAfterADrill()
    try host.write("no key\n", to: "drill.key")
    try host.store.flipAByte(of: try #require(try host.store.entries().first))
    try await drill(host, flags).expect(13)
    try await expectFailureReport(host, "ledger.bad-signature")
    #expect(!FileManager.default.fileExists(atPath: host.path("drill.json.minisig")))
  }
}
