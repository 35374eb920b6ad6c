import Foundation
import ProofTools
import Testing

/// Trees whose paths are longer than the system takes at once.
@Suite(.serialized, .timeLimit(.minutes(20))) struct DeepTreeTests {
  @Test func aTreeDeeperThanAPathCanBeIsSavedRestoredAndCompared() async throws {
    let host = try await Deployment()
    let script = """
      import os, sys
      os.chdir(sys.argv[1])
      for level in range(300):
          name = "folder-%013d" % level
          os.mkdir(name)
          os.chdir(name)
      open("deep", "w").write("down here")
      os.link("deep", "link")
      os.symlink("deep", "symbolic")
      """
    try await host.program("python3").run(["-c", script, host.path("bridge")]).expect(0)
    try await host.initialise()
    try await host.night()
    try await host.drill().expect(0, naming: "bridge-config: 305 files are as they were saved")
    try await host.restore(
      ["run", "--source", "bridge-config", "--target", host.path("new")] + host.allIdentities,
      from: host.store
    ).expect(0)
    try await host.program("bash").run([
      "-c", "cd $0 && while cd folder-* 2>/dev/null; do :; done; echo '!' > deep; touch more",
      host.path("new"),
    ]).expect(0)
    try host.write("bridge-config: {path: \(host.path("new"))}\n", to: "map")
    let outcome = try await host.verify("--map", host.path("map")).expect(4, "restore.mismatch")
    #expect(outcome.text.contains("/deep is 2 bytes long, 9 were saved"), "\(outcome)")
    #expect(outcome.text.contains("/more"), "\(outcome)")
    for folder in ["bridge", "new"] {
      try await host.program("rm").run(["-rf", host.path(folder)]).expect(0)
    }
  }
}
