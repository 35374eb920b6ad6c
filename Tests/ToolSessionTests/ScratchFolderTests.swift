import Foundation
import ProofTools
import Testing

/// What a drill leaves behind: nothing, or an error that says where.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ScratchFolderTests {
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
    var chance = SeededChance(for: "a scratch folder that stays")
    try await host.writeNoise(30_000_000, to: "bridge/large", &chance)
    try await host.initialise()
    try await host.night()
    let chattr = try host.program("chattr")
    let drill = try await host.restore(
      ["drill", "--scratch", host.path("")] + host.allIdentities, from: host.store
    ) { _ in
      // As soon as there is a folder, a file in it is made that not even root can remove.
      while try leftovers(host).isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      let stuck = "\(try leftovers(host)[0])/stuck"
      try host.write("x", to: stuck)
      try await chattr.run(["+i", host.path(stuck)]).expect(0)
    }
    let left = try #require(try leftovers(host).first)
    try await chattr.run(["-i", host.path("\(left)/stuck")]).expect(0)
    drill.expect(1, "drill.leftover", naming: host.path(left))
  }
}
