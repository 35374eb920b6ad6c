import Foundation
import ProofTools
import SecretMemory
import SystemPackage
import Testing

@testable import LocalFiles

@Suite("Files that are written piece by piece")
struct PartialFileTests {
  private func names(_ folder: borrowing ScratchFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(of: ".")).sorted()
  }

  @Test("a file has its name and mode once it is published, and not before")
  func published() throws {
    let folder = try ScratchFolder()
    let path = folder.path(of: "file")
    do {
      let file = try PartialFile(for: FilePath(path))
      for piece: [UInt8] in [[1, 2], [], [3]] { try piece.withBytes { try file.write($0) } }
      // Nothing, or a temporary name where the file system knows no files without one.
      for name in try names(folder) {
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(of: name))
        #expect(name != "file" && attributes[.posixPermissions] as? Int == 0o600)
      }
      try file.publish(mode: [.ownerRead, .groupRead], owner: nil)
    }
    #expect(try names(folder) == ["file"] && folder.read("file") == [1, 2, 3])
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o440)
  }

  @Test("a file whose owner goes away before it is whole is gone")
  func dropped() throws {
    struct Stop: Error {}
    let folder = try ScratchFolder()
    func start() throws {
      let file = try PartialFile(for: FilePath(folder.path(of: "file")))
      try [1, 2, 3].withBytes { try file.write($0) }
      #expect(try !names(folder).contains("file"))
      throw Stop()
    }
    #expect(throws: Stop.self) { try start() }
    #expect(try names(folder) == [])
  }

  @Test("what takes a file's place has its mode, and the file is there all the time")
  func replaced() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("before", to: "file")
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    let file = try PartialFile(for: FilePath(path))
    try [7].withBytes { try file.write($0) }
    #expect(try folder.readText("file") == "before")
    try file.replace()
    #expect(try folder.read("file") == [7] && names(folder) == ["file"])
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
  }

  @Test("a name that was taken meanwhile is not taken over")
  func taken() throws {
    let folder = try ScratchFolder()
    func publish() throws {
      let file = try PartialFile(for: FilePath(folder.path(of: "file")))
      try [1].withBytes { try file.write($0) }
      try folder.write("theirs", to: "file")
      try file.publish(mode: [.ownerReadWrite], owner: nil)
    }
    #expect(throws: Errno.fileExists) { try publish() }
    #expect(try folder.readText("file") == "theirs" && names(folder) == ["file"])
  }
}
