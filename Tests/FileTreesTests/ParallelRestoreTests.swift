import Foundation
import SystemPackage
import Testing
import Vocabulary

@testable import FileTrees

/// What several writers at once must not change.
@Suite("Restoring by several workers")
struct ParallelRestoreTests {
  private struct Unplugged: Error, Equatable {
    let path: String
  }

  private func record(
    _ path: String, _ kind: FileRecord.Kind = .regular, size: Int64 = 0
  ) throws -> FileRecord {
    FileRecord(
      path: try RelativePath(path), kind: kind, mode: kind == .directory ? 0o755 : 0o644,
      userID: geteuid(), groupID: getegid(),
      modified: try #require(FileTime(seconds: 981_173_106, nanoseconds: 5)), size: size)
  }

  private func code(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? OperatorError)?.code
    }
  }

  @Test(
    "the first error is that of the first file in the list, also where a later one failed sooner")
  func errorsInOrder() throws {
    let scratch = try ScratchFolder()
    var writer = try FileTreeWriter(into: scratch.at("target"))
    var failure: (any Error)?
    do {
      for number in 1000..<1800 {
        let path = "f\(number)"
        try writer.writeBeside(record(path)) { _ in
          if number == 1007 { usleep(50_000) }
          if number == 1007 || number > 1060 { throw Unplugged(path: path) }
        }
      }
      // What is wrong with this one is known at once, and still comes after what was there before.
      try writer.write(record("f0")) { _ in }
    } catch {
      failure = error
    }
    #expect(failure as? Unplugged == Unplugged(path: "f1007"))
  }

  @Test("a worker that fails leaves nothing of its file, and the others theirs")
  func leftovers() throws {
    let scratch = try ScratchFolder()
    var writer = try FileTreeWriter(into: scratch.at("target"))
    for number in 0..<10 {
      try writer.writeBeside(record("f\(number)", size: 3)) { consume in
        try unsafe consume(Array("abc".utf8).span.bytes)
        if number == 4 { throw Unplugged(path: "f4") }
      }
    }
    #expect(throws: Unplugged.self) { try writer.write(record("a")) { _ in } }
    let report = try writer.finish()
    #expect(report.files == 9)
    let left = try ScratchFolder.run("ls", "-A", scratch.at("target").string)
    #expect(left == (0..<10).filter { $0 != 4 }.map { "f\($0)\n" }.joined())
  }

  @Test("nothing goes through a link or a file that the list names as a folder")
  func hostile() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.folder("outside")
    var writer = try FileTreeWriter(into: scratch.at("target"))
    try writer.write(record("a", .symbolicLink(target: Array("../outside".utf8)))) { _ in }
    #expect(code { try writer.writeBeside(record("a/file")) { _ in } } == "restore.hostile-list")
    try writer.writeBeside(record("b")) { _ in usleep(5000) }
    #expect(code { try writer.writeBeside(record("b/file")) { _ in } } == "restore.hostile-list")
    #expect(
      code { try writer.write(record("b/folder", .directory)) { _ in } }
        == "restore.hostile-list")
    #expect(
      code { try writer.writeBeside(record("b/folder/x")) { _ in } } == "restore.hostile-list")
    try writer.writeBeside(record("c")) { _ in }
    _ = try writer.finish()
    #expect(try ScratchFolder.run("ls", "-A", scratch.at("outside").string) == "")
    #expect(try ScratchFolder.run("ls", "-A", scratch.at("target").string) == "a\nb\nc\n")
  }

  @Test("what someone plants in the target meanwhile is not replaced")
  func planted() throws {
    let scratch = try ScratchFolder()
    var writer = try FileTreeWriter(into: scratch.at("target"))
    try scratch.write("mine", to: "target/b")
    for name in ["a", "b", "c"] { try writer.writeBeside(record(name)) { _ in } }
    #expect(code { try writer.write(record("a")) { _ in } } == "restore.exists")
    _ = try writer.finish()
    #expect(try scratch.read("target/b") == Array("mine".utf8))
  }

  @Test("a folder gets its time after all that workers write in it, and a file its further names")
  func foldersLast() throws {
    let scratch = try ScratchFolder(inMemory: true)
    var writer = try FileTreeWriter(into: scratch.at("target"))
    for folder in 100..<400 {
      try writer.write(record("d\(folder)", .directory)) { _ in }
      for file in 0..<3 {
        try writer.writeBeside(record("d\(folder)/f\(file)")) { _ in usleep(100) }
      }
      let first = try RelativePath("d\(folder)/f1")
      try writer.write(record("d\(folder)/g", .hardLink(to: first))) { _ in }
    }
    let report = try writer.finish()
    #expect((report.files, report.folders, report.links) == (900, 300, 300))
    #expect(report.notes.isEmpty)
    let times = try ScratchFolder.run(
      "find", ".", "-mindepth", "1", "-printf", "%y %n %T@ %m\n", in: scratch.at("target"))
    #expect(
      Set(times.split(separator: "\n")) == [
        "d 2 981173106.0000000050 755", "f 1 981173106.0000000050 644",
        "f 2 981173106.0000000050 644",
      ])
  }
}
