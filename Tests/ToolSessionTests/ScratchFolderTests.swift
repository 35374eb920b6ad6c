import Foundation
import ProofTools
import Testing

/// What a drill leaves behind: nothing, or an error that says where.
@Suite(.serialized, .timeLimit(.minutes(20))) struct ScratchFolderTests {
  private func leftovers(_ host: Deployment) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: host.path("")).filter {
      $0.hasPrefix("coffer-drill-")
    }
  }

  @Test func foldersDeeperThanAnyPathAreRemovedAfterADrill() async throws {
    let host = try await Deployment()
    let script = """
      name=$(printf '%0200d' 0)
      for i in $(seq 25); do mkdir $name && cd -P $name || exit 1; done
      echo secret > deepest
      """
    var bash = try host.program("bash")
    bash.folder = host.path("bridge")
    try await bash.run(["-c", script]).expect(0)
    try await host.initialise()
    try await host.night()
    _ = try await host.drill()
    #expect(try leftovers(host) == [])
    try await host.program("rm").run(["-r", host.path("bridge")]).expect(0)
  }

  @Test(.enabled(if: geteuid() == 0 && StockTool.isInstalled("chattr"), "needs root and chattr"))
  func aScratchFolderThatCannotBeRemovedIsAnErrorThatNamesIt() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    // In a folder that is only ever added to, what is made stays.
    let scratch = host.path("scratch")
    try FileManager.default.createDirectory(
      atPath: scratch, withIntermediateDirectories: false)
    let chattr = try host.program("chattr")
    try await chattr.run(["+a", scratch]).expect(0)
    let drill = try await host.restore(
      ["drill", "--scratch", scratch] + host.allIdentities, from: host.store)
    try await chattr.run(["-a", scratch]).expect(0)
    let left = try #require(try FileManager.default.contentsOfDirectory(atPath: scratch).first)
    drill.expect(1, "drill.leftover", naming: "\(scratch)/\(left)")
  }
}
