import Foundation
import SystemPackage
import Testing

@testable import FileTrees

@Suite("Removing a tree")
struct FileTreeRemovalTests {
  @Test("a tree deeper than any path is long is removed, and nothing that a link in it leads to")
  func deep() throws {
    let scratch = try ScratchFolder()
    try scratch.write("kept", to: "kept")
    _ = try scratch.folder("tree/closed")
    let script = """
      ln -s ../kept link; mkfifo pipe; touch file; touch closed/file; chmod 0 closed
      for i in $(seq 300); do mkdir folder-of-20-letters && cd -P folder-of-20-letters || exit 1; done
      touch deepest
      """
    try ScratchFolder.run("bash", "-c", script, in: scratch.at("tree"))
    try FileTreeRemoval.remove(scratch.at("tree"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path.string) == ["kept"])
  }

  @Test("what is not there cannot be removed, and a file is removed like a tree")
  func others() throws {
    let scratch = try ScratchFolder()
    #expect(throws: Errno.noSuchFileOrDirectory) {
      try FileTreeRemoval.remove(scratch.at("nothing"))
    }
    try scratch.write("x", to: "file")
    try FileTreeRemoval.remove(scratch.at("file"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path.string) == [])
  }
}
