import Foundation
import ProofTools
import Testing

/// A night into a store that somebody else can write to.
@Suite(.serialized, .timeLimit(.minutes(20))) struct HostileStoreTests {
  @Test(arguments: [".tmp", ".tmp/HOST", "packs", "indexes", "manifests", "ledger", "ledger/HOST"])
  func aNightIsNotLedOutOfItsStoreByALink(place: String) async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let id = try #require(
      try FileManager.default.contentsOfDirectory(atPath: host.path("store/ledger")).first)
    let link = host.path("store/\(place.replacing("HOST", with: id))")
    let victim = host.path("victim")
    // Everything that was there, so that nothing but the link is in the way.
    try FileManager.default.moveItem(atPath: link, toPath: victim)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim)
    try host.folder.write("mine", to: "victim/letter")
    try host.folder.write("mine", to: "victim/0123456789abcdef.tmp")
    try host.write("another\n", to: "config/conf.d/more.yaml")
    let before = try contents(of: victim)
    try await host.backup("run").expect(4, "object.not-a-file", naming: "link")
    #expect(try contents(of: victim) == before)
  }
}
