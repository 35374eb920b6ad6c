import Foundation
import ProofTools
import Testing

/// What a drill and verify say of restored files of every kind, and of what was changed about them.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RestoredTreeTests {
  /// Runs a shell command in a host's folder.
  private func shell(_ command: String, _ host: Deployment) async throws {
    try await Program(path: "/bin/sh", folder: host.path("")).run(["-ec", command]).expect(0)
  }

  /// A host whose bridge folder holds names that share an inode, saved and restored beside itself.
  private func restoredHost() async throws -> (host: Deployment, map: String) {
    let host = try await Deployment()
    try await shell(
      """
      cd bridge; echo one > f1; echo two > f2; ln f1 f1-again
      ln -s f1 l1; ln -P l1 l2; mkfifo p1; ln p1 p2; mkdir more; ln -P l1 more/l3
      setfattr -n user.colour -v blue f2 2>/dev/null || :
      """, host)
    try await host.initialise()
    try await host.night()
    let map = try await host.map(into: "new")
    try await host.restore(["host", "--map", map] + host.allIdentities, from: host.store)
      .expect(0)
    return (host, map)
  }

  @Test func hardLinksOfFilesSymbolicLinksAndPipesAreRestoredAndFoundRight() async throws {
    let (host, map) = try await restoredHost()
    for outcome in [try await host.drill(), try await host.verify("--map", map)] {
      outcome.expect(
        0, naming: "bridge-config: 11 files are as they were saved: kind, content, mode")
      #expect(
        !outcome.output.contains("BAD") && !outcome.output.contains("not saved"), "\(outcome)")
    }
    for (change, name) in [
      ("rm l2; ln -s f1 l2", "l2 is no hard link to l1"),
      ("rm p2; mkfifo p2", "p2 is no hard link to p1"),
      ("rm more/l3; ln -s f1 more/l3", "more/l3 is no hard link to l1"),
      ("cp -p f1-again x; mv x f1-again", "f1-again is no hard link to f1"),
    ] {
      try await shell("cp -a new/bridge kept; cd new/bridge; \(change)", host)
      try await host.verify("--map", map).expect(4, "restore.mismatch", naming: name)
      try await shell("rm -r new/bridge; mv kept new/bridge", host)
    }
    try await host.verify("--map", map).expect(0)
  }

  @Test func anotherTimeModeOwnerOrAttributeIsNamed() async throws {
    let (host, map) = try await restoredHost()
    var changes = [
      ("touch -d 2001-02-03 f2", "f2 has another modification time"),
      ("touch -h -d 2001-02-03 l1", "l1 has another modification time"),
      ("chmod 711 f2", "f2 has another mode"), ("chmod 711 more", "more has another mode"),
    ]
    if geteuid() == 0 {
      changes += [
        ("chown 12 f2; touch -r ../../bridge/f2 f2", "f2 has another owner or group"),
        ("chgrp -h 12 l1", "l1 has another owner or group"),
        ("chmod u+s f2", "f2 has another mode"),
      ]
    }
    if (try? await shell("setfattr -n user.probe -v x coffer.yaml", host)) != nil {
      changes += [
        ("setfattr -n user.colour -v red f2", "f2 has another user.colour"),
        ("setfattr -n user.new -v x f1", "f1 has another user.new"),
        ("setfacl -m u:12:r f1", "f1 has another"),
      ]
    }
    for (change, name) in changes {
      try await shell("cp -a new/bridge kept; cd new/bridge; \(change)", host)
      let outcome = try await host.verify("--map", map).expect(
        4, "restore.mismatch", naming: name)
      #expect(!outcome.output.contains("bridge-config: 11 files are"), "\(outcome)")
      try await shell("rm -r new/bridge; mv kept new/bridge", host)
    }
    try await host.verify("--map", map).expect(0)
  }

  @Test func whatWasNotSavedAndWhatTheFileSystemLacksIsToBeLookedAt() async throws {
    let (host, map) = try await restoredHost()
    try await shell(
      "cd new; echo x > bridge/intruder; echo x > bridge/more/deeper; mkdir bridge/zz", host)
    try await shell("mkdir new/media/url_cache; echo x > new/media/url_cache/y", host)
    try await host.verify("--map", map).expect(
      0,
      naming:
        "warning bridge-config: 3 files are there that were not saved: more/deeper, intruder, zz",
      "synapse-media: ")
    #expect(
      try await !host.verify("--map", map).output.contains("synapse-media: 1 files are there"))
    guard (try? await shell("setfattr -x user.colour new/bridge/f2", host)) != nil else { return }
    let outcome = try await host.verify("--map", map).expect(
      0,
      naming:
        "warning bridge-config: 1 files lack attributes that were saved, the first is f2: user.colour"
    )
    #expect(
      !outcome.output.contains(
        "bridge-config: 11 files are as they were saved: kind, content, mode, time, attributes"))
  }
}
