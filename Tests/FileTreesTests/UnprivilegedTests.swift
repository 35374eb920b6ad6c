import Foundation
import SystemPackage
import Testing

@testable import FileTrees

/// Runs of someone who is not root, each in a process of its own that gave its privileges away.
@Suite("Without privileges", .enabled(if: isRoot, "only root can become someone else"))
struct UnprivilegedTests {
  /// Becomes `nobody` with no groups; never to come back.
  private static func becomeNobody() {
    guard setgroups(0, nil) == 0, setregid(65534, 65534) == 0,
      setreuid(65534, 65534) == 0
    else { exit(2) }
  }

  @Test("what may not be read is reported with the system's reason, and the rest is kept")
  func unreadable() async {
    await #expect(processExitsWith: .success) {
      Self.becomeNobody()
      let scratch = try ScratchFolder()
      try ScratchFolder.run(
        "bash", "-c",
        "mkdir open shut; echo 1 > open/a; echo 2 > open/b; echo 3 > shut/c; chmod 0 open/a shut",
        in: scratch.path)
      let backup = try MemoryBackup(of: scratch.path)
      let paths = try backup.records().map(\.path.description)
      #expect(paths == [".", "open", "open/b", "shut"])
      #expect(
        backup.problems.map(\.description) == [
          "open/a: Permission denied", "shut: Permission denied",
        ])
      #expect(backup.problems.allSatisfy { !$0.isHarmless } && backup.summary.problems == 2)
    }
  }

  @Test("owners are not restored, which is said once, and set-user-id goes with them")
  func owners() async {
    await #expect(processExitsWith: .success) {
      Self.becomeNobody()
      let scratch = try ScratchFolder()
      let time = try #require(FileTime(seconds: 981_173_106, nanoseconds: 5))
      var writer = try FileTreeWriter(into: scratch.at("target"))
      for name in ["a", "b"] {
        try writer.write(
          FileRecord(
            path: try RelativePath(name), kind: .regular, mode: 0o6755, userID: 0,
            userName: "root", groupID: 0, groupName: "root", modified: time)
        ) { _ in }
      }
      var locked = FileRecord(
        path: try RelativePath("locked"), kind: .directory, mode: 0o500, userID: 0, groupID: 0,
        modified: time)
      locked.attributes = [ExtendedAttribute(name: Array("user.mark".utf8), value: [1])]
      try writer.write(locked) { _ in }
      try writer.write(
        FileRecord(
          path: try RelativePath("locked/read-only"), kind: .regular, mode: 0o400, userID: 0,
          groupID: 0, modified: time, attributes: locked.attributes)
      ) { _ in }
      let report = try writer.finish()
      #expect(report.notes.map(\.loss) == [.owners] && report.notes.first?.count == 4)
      let found = try ScratchFolder.run(
        "bash", "-c",
        "find . -mindepth 1 -printf '%P %m %U %T@ ' | sort; getfattr -d -R . | grep -c mark",
        in: scratch.at("target"))
      for word in [
        "a 755 65534 981173106.0000000050", "locked 500 65534 981173106.0000000050", "2",
      ] {
        #expect(found.contains(word), "\(found)")
      }
    }
  }

  @Test("a target one may not write to is an error for the operator")
  func target() async {
    await #expect(processExitsWith: .success) {
      Self.becomeNobody()
      #expect {
        _ = try FileTreeWriter(into: "/usr/coffer-test-target")
      } throws: { error in
        "\(error)".contains("restore.target-unusable") && "\(error)".contains("Permission denied")
      }
    }
  }
}
