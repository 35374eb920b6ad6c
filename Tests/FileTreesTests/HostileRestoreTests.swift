import Foundation
import SystemPackage
import Testing
import Vocabulary

@testable import FileTrees

@Suite("Restoring from a hostile list")
struct HostileRestoreTests {
  private func record(
    _ path: String, _ kind: FileRecord.Kind = .regular, mode: UInt16 = 0o644, size: Int64 = 0
  ) throws -> FileRecord {
    FileRecord(
      path: try RelativePath(path), kind: kind, mode: mode, userID: geteuid(), groupID: getegid(),
      modified: try #require(FileTime(seconds: 1, nanoseconds: 0)), size: size)
  }

  private func expectRefusal(
    _ code: String, at location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    #expect(sourceLocation: location) {
      try body()
    } throws: { error in
      (error as? OperatorError)?.code == code
    }
  }

  private func link(to target: String) -> FileRecord.Kind {
    .symbolicLink(target: Array(target.utf8))
  }

  /// A target beside a folder `outside` that must stay as it is.
  private func attack(
    _ body: (ScratchFolder, inout FileTreeWriter) throws -> Void
  ) throws -> ScratchFolder {
    let scratch = try ScratchFolder()
    _ = try scratch.folder("outside")
    try scratch.write("precious", to: "outside/file")
    var writer = try FileTreeWriter(into: scratch.at("target"))
    try body(scratch, &writer)
    _ = try writer.finish()
    let outside = try ScratchFolder.run("find", ".", "-printf", "%P %m ", in: scratch.at("outside"))
    #expect(outside.split(separator: " ").sorted() == ["644", "755", "file"])
    #expect(try scratch.read("outside/file") == Array("precious".utf8))
    #expect(try ScratchFolder.run("ls", scratch.path.string) == "outside\ntarget\n")
    return scratch
  }

  @Test("nothing is written through a symbolic link that the list made")
  func throughLink() throws {
    _ = try attack { scratch, writer in
      try writer.write(record("a", link(to: scratch.at("outside").string))) { _ in }
      expectRefusal("restore.hostile-list") { try writer.write(record("a/file")) { _ in } }
      expectRefusal("restore.hostile-list") { try writer.write(record("a/x/y")) { _ in } }
      expectRefusal("restore.hostile-list") { try writer.write(record("a/z", .directory)) { _ in } }
    }
  }

  @Test("a link that a list makes and then names as a folder is refused")
  func linkThenFolder() throws {
    _ = try attack { scratch, writer in
      try writer.write(record("a", link(to: "../outside"))) { _ in }
      expectRefusal("restore.hostile-list") { try writer.write(record("a", .directory)) { _ in } }
    }
  }

  @Test("a hard link cannot take hold of a file outside, through a link or otherwise")
  func hardLinkOutside() throws {
    let scratch = try attack { scratch, writer in
      try writer.write(record("a", link(to: "../outside"))) { _ in }
      try writer.write(record("b", link(to: "../outside/file"))) { _ in }
      let through = FileRecord.Kind.hardLink(to: try RelativePath("a/file"))
      #expect(throws: OperatorError.self) { try writer.write(record("c", through)) { _ in } }
      // A further name of the link itself, which is harmless.
      try writer.write(record("d", .hardLink(to: try RelativePath("b")))) { _ in }
      let later = FileRecord.Kind.hardLink(to: try RelativePath("z"))
      expectRefusal("restore.hostile-list") { try writer.write(record("e", later)) { _ in } }
    }
    #expect(
      try ScratchFolder.run("stat", "-c", "%F", scratch.at("target/d").string) == "symbolic link\n")
  }

  @Test("what someone plants in the target meanwhile is neither followed nor replaced")
  func planted() throws {
    let scratch = try attack { scratch, writer in
      try writer.write(record("d", .directory)) { _ in }
      try ScratchFolder.run(
        "bash", "-c",
        "ln -s ../../outside d/e; ln -s ../../outside/file d/f; ln -s ../outside g; : > h",
        in: scratch.at("target"))
      expectRefusal("restore.hostile-list") { try writer.write(record("d/e/file")) { _ in } }
      expectRefusal("restore.exists") {
        try writer.write(record("d/f", size: 3)) { consume in
          try unsafe consume(Array("bad".utf8).span.bytes)
        }
      }
      expectRefusal("restore.exists") { try writer.write(record("g", .directory)) { _ in } }
      expectRefusal("restore.exists") { try writer.write(record("h", link(to: "x"))) { _ in } }
      try writer.write(record("i")) { _ in }
    }
    let left = try ScratchFolder.run("find", ".", "-mindepth", "1", in: scratch.at("target"))
    #expect(left.split(separator: "\n").sorted() == ["./d", "./d/e", "./d/f", "./g", "./h", "./i"])
  }

  @Test("a file is not there before its content is complete, and leaves nothing when it is not")
  func incomplete() throws {
    let scratch = try ScratchFolder()
    var writer = try FileTreeWriter(into: scratch.at("target"))
    let bytes = Array("12345".utf8)
    for (name, size) in [("a", 4), ("b", 6)] as [(String, Int64)] {
      expectRefusal("restore.wrong-size") {
        try writer.write(record(name, size: size)) { try unsafe $0(bytes.span.bytes) }
      }
    }
    struct Unplugged: Error {}
    #expect(throws: Unplugged.self) {
      try writer.write(record("c", mode: 0o666, size: 10)) { consume in
        try unsafe consume(bytes.span.bytes)
        let now = try ScratchFolder.run(
          "find", ".", "-type", "f", "-printf", "%m", in: scratch.at("target"))
        #expect(now == "600")
        #expect(!FileManager.default.fileExists(atPath: scratch.at("target/c").string))
        throw Unplugged()
      }
    }
    try writer.write(record("d", size: 5)) { try unsafe $0(bytes.span.bytes) }
    _ = try writer.finish()
    #expect(try ScratchFolder.run("ls", "-A", scratch.at("target").string) == "d\n")
  }

  @Test("records with impossible extents or content where none belongs are refused")
  func flaws() throws {
    let scratch = try ScratchFolder()
    var writer = try FileTreeWriter(into: scratch.at("target"))
    var overlapping = try record("a", size: 9)
    overlapping.extents = [FileExtent(offset: 0, length: 5), FileExtent(offset: 4, length: 1)]
    var outside = try record("b", size: 9)
    outside.extents = [FileExtent(offset: .max - 1, length: .max)]
    var folder = try record("c", .directory)
    folder.size = 1
    let root = FileRecord(
      path: .root, kind: .regular, mode: 0, userID: 0, groupID: 0, modified: folder.modified)
    for bad in [overlapping, outside, folder, root] {
      expectRefusal("restore.hostile-list") { try writer.write(bad) { _ in } }
    }
    _ = try writer.finish()
  }

  @Test(
    "a target with anything in it is refused and stays as it is", arguments: ["file", "folder/x"])
  func notEmpty(content: String) throws {
    let scratch = try ScratchFolder()
    _ = try scratch.folder("target/folder")
    try scratch.write("x", to: "target/\(content)")
    let look = ["find", ".", "-printf", "%p %m %s %C@\n"]
    let before = try ScratchFolder.run(look, in: scratch.path)
    for path in [scratch.at("target"), scratch.at("target/\(content)")] {
      #expect {
        _ = try FileTreeWriter(into: path)
      } throws: { error in
        guard let error = error as? OperatorError else { return false }
        return error.code == "restore.target-not-empty" && error.status == .refused
      }
    }
    #expect(try ScratchFolder.run(look, in: scratch.path) == before)
  }

  @Test("an empty target is taken, one with a fresh file system's lost+found, too")
  func emptyTarget() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.folder("target/lost+found")
    var writer = try FileTreeWriter(into: scratch.at("target"))
    try writer.write(record("a")) { _ in }
    try writer.write(record("lost+found", .directory, mode: 0o700)) { _ in }
    _ = try writer.finish()
    #expect(try ScratchFolder.run("ls", scratch.at("target").string) == "a\nlost+found\n")
    #expect(try ScratchFolder.run("stat", "-c", "%a", scratch.at("target").string) == "755\n")
  }

  @Test("a dangling link in the target's place is not made true")
  func danglingTarget() throws {
    let scratch = try ScratchFolder()
    try ScratchFolder.run("ln", "-s", "elsewhere", "target", in: scratch.path)
    expectRefusal("restore.target-unusable") { _ = try FileTreeWriter(into: scratch.at("target")) }
    #expect(try ScratchFolder.run("ls", scratch.path.string) == "target\n")
  }

  @Test(
    "folders that a chosen part of a list leaves out are made for the owner alone, and it is said")
  func missingFolders() throws {
    let scratch = try ScratchFolder()
    var writer = try FileTreeWriter(into: scratch.at("target"))
    try writer.write(record("a/b/c")) { _ in }
    try writer.write(record("a/d")) { _ in }
    let report = try writer.finish()
    #expect(report.notes.first { $0.loss == .folderRecord }?.count == 2)
    #expect(try ScratchFolder.run("stat", "-c", "%a", scratch.at("target/a/b").string) == "700\n")
  }
}
