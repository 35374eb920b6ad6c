import Foundation
import ProofTools
import Testing

/// Which files a drill takes for signing keys: people may upload any line.
@Suite(.serialized, .timeLimit(.minutes(20))) struct SigningKeyTests {
  private static let missing =
    "ed25519:a_new signed events of comms.test, but is not in the restored"

  /// A host with a database, whose whole Synapse folder is saved as plain files, uploads too.
  private func host(homeserver: String) async throws -> Deployment {
    let host = try await Deployment(withDatabase: true)
    host.moreSources = ["synapse-all: {kind: files, path: \(host.path("all"))}"]
    try host.configure()
    try host.write(SynapseLike.signingKey, to: "all/media/local_content/aa/bb/upload")
    try host.write("another's\n", to: "all/other.txt")
    try host.remove("config/signing.key")
    try host.write(SynapseLike.homeserver + homeserver, to: "config/homeserver.yaml")
    try await host.initialise()
    return host
  }

  @Test func anUploadIsNoSigningKey() async throws {
    let host = try await host(homeserver: "")
    try await host.night()
    try await host.drill().expect(4, "drill.failed", naming: Self.missing)
    // Beside the media store it is one.
    try host.write(SynapseLike.signingKey, to: "all/comms.test.signing.key")
    try await host.night()
    try await host.drill().expect(0, naming: "ed25519:a_new, ed25519:a_old signed events")
  }

  @Test(arguments: ["PLACE/all/signing.key", "/data/signing.key", "signing.key"])
  func onlyTheFileThatTheConfigurationNamesIsOne(path: String) async throws {
    let host = try await host(homeserver: "")
    let place = path.replacing("PLACE/", with: host.path(""))
    try host.write(
      SynapseLike.homeserver + "signing_key_path: \"\(place)\"  # never lose it\n",
      to: "config/homeserver.yaml")
    try host.write(SynapseLike.signingKey, to: "all/notes.txt")
    try await host.night()
    try await host.drill().expect(4, "drill.failed", naming: Self.missing)
    try host.write(SynapseLike.signingKey, to: "all/signing.key")
    try await host.night()
    try await host.drill().expect(0, naming: "ed25519:a_new, ed25519:a_old signed events")
  }
}
