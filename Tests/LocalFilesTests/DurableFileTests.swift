import Foundation
import ProofTools
import SecretMemory
import SystemPackage
import Testing

@testable import LocalFiles

@Suite("Files that survive a crash whole or not at all")
struct DurableFileTests {
  private func names(_ folder: borrowing ScratchFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(of: ".")).sorted()
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  private func write(
    _ bytes: [UInt8], to path: String, mode: FilePermissions = [.ownerReadWrite],
    taken: DurableFile.Taken = .replace
  ) throws {
    try bytes.withBytes {
      try DurableFile.write($0, to: FilePath(path), mode: mode, taken: taken)
    }
  }

  @Test("what is no file stays what it is, and so does what leads to a process's own")
  func channels() throws {
    let folder = try ScratchFolder()
    let pipe = unsafe mkfifo(folder.path(of: "pipe"), 0o600)
    #expect(pipe == 0)
    let files = FileManager.default
    for (name, target) in [("link", "pipe"), ("out", "/proc/self/fd/1"), ("other", "file")] {
      try files.createSymbolicLink(atPath: folder.path(of: name), withDestinationPath: target)
    }
    for name in ["pipe", "link", "out"] {
      let kind = { try files.attributesOfItem(atPath: folder.path(of: name))[.type] as? String }
      let before = try kind()
      #expect(throws: Errno.notSupported) { try write([1], to: folder.path(of: name)) }
      #expect(try kind() == before)
    }
    #expect(try names(folder) == ["link", "other", "out", "pipe"])
    // A link to a file is replaced by a file, as ever.
    try write([1], to: folder.path(of: "file"))
    try write([2], to: folder.path(of: "other"))
    #expect(try folder.read("file") == [1] && folder.read("other") == [2])
  }

  @Test("a file is written with its mode, replaced as a whole, and nothing is left beside it")
  func replaced() throws {
    let folder = try ScratchFolder()
    let path = folder.path(of: "file")
    try write([1, 2, 3], to: path)
    #expect(try folder.read("file") == [1, 2, 3] && mode(path) == 0o600)
    try write([], to: path, mode: [.ownerRead, .groupRead])
    #expect(try folder.read("file") == [] && mode(path) == 0o440)
    try write([UInt8](repeating: 7, count: 3_000_000), to: path)
    #expect(try folder.read("file").count == 3_000_000 && mode(path) == 0o600)
    #expect(try names(folder) == ["file"])
  }

  @Test("whoever has the old file open keeps the old bytes, so it was not written over")
  func atomic() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("old", to: "file")
    let handle = try #require(FileHandle(forReadingAtPath: path))
    try write(Array("new bytes".utf8), to: path)
    #expect(try handle.readToEnd() == Data("old".utf8))
    #expect(try folder.readText("file") == "new bytes")
    try handle.close()
  }

  @Test("a link in the file's place is replaced, and what it points to left alone")
  func links() throws {
    let folder = try ScratchFolder()
    let target = try folder.write("target", to: "target")
    let link = folder.path(of: "link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    #expect(throws: Errno.fileExists) { try write([1], to: link, taken: .refuse) }
    try write([1], to: link)
    #expect(try folder.readText("target") == "target" && folder.read("link") == [1])
  }

  @Test("a name that is taken can be refused, and then nothing changes")
  func refused() throws {
    let folder = try ScratchFolder()
    let path = folder.path(of: "file")
    try write([1], to: path, taken: .refuse)
    #expect(throws: Errno.fileExists) { try write([2], to: path, taken: .refuse) }
    #expect(try folder.read("file") == [1] && names(folder) == ["file"])
  }

  @Test("a write that fails leaves nothing under a temporary name")
  func failed() throws {
    let folder = try ScratchFolder()
    let taken = folder.path(of: "folder")
    try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: false)
    #expect(throws: Errno.self) { try write([1], to: taken) }
    #expect(throws: Errno.fileExists) { try write([1], to: taken, taken: .refuse) }
    #expect(throws: Errno.noSuchFileOrDirectory) {
      try write([1], to: folder.path(of: "nowhere/file"))
    }
    #expect(try names(folder) == ["folder"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: taken) == [])
  }

  @Test("folders are made with those above them, for their owner alone, and may be there")
  func folders() throws {
    let folder = try ScratchFolder()
    let path = FilePath(folder.path(of: "a/b/c"))
    try DurableFile.makeFolder(path)
    try DurableFile.makeFolder(path)
    for name in ["a", "a/b", "a/b/c"] { #expect(try mode(folder.path(of: name)) == 0o700) }
    try folder.write("x", to: "file")
    #expect(throws: Errno.notDirectory) {
      try DurableFile.makeFolder(FilePath(folder.path(of: "file/a")))
    }
    // The folder of a name without a folder is the one we are in.
    try DurableFile.makeFolder(FilePath("name").removingLastComponent())
  }
}
