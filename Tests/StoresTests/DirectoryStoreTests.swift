import Foundation
import ProofTools
import Repository
import SecretMemory
import Signatures
import SystemPackage
import Testing
import Vocabulary

@testable import Stores

@Suite("Stores in a directory")
struct DirectoryStoreTests {
  private let name = ObjectName.pack(of: [1])

  private func store(
    _ folder: borrowing ScratchFolder, writer: String = "writer"
  ) throws -> DirectoryStore {
    let store = DirectoryStore(FilePath(folder.path(of: "store")), writer: writer)
    try store.prepareForWriting().release()
    return store
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  private func everything(in folder: borrowing ScratchFolder) -> [String] {
    (FileManager.default.enumerator(atPath: folder.path(of: "store"))?.allObjects ?? [])
      .compactMap { $0 as? String }.sorted()
  }

  @Test("files are for their owner alone, and so are folders")
  func modes() throws {
    let folder = try ScratchFolder()
    let store = try store(folder)
    try store.put(name, [1, 2])
    try store.putTogether([(.packHeader(SHA256Hasher.digest(of: [1])), [3])])
    for path in everything(in: folder) {
      let full = folder.path(of: "store/\(path)")
      var isFolder: ObjCBool = false
      _ = unsafe FileManager.default.fileExists(atPath: full, isDirectory: &isFolder)
      #expect(try mode(full) == (isFolder.boolValue ? 0o700 : 0o600), "\(path)")
    }
    #expect(try mode(folder.path(of: "store")) == 0o700)
  }

  @Test("nothing is left under a temporary name, whether a write succeeds or not")
  func noLeftovers() throws {
    let folder = try ScratchFolder()
    let store = try store(folder)
    try store.put(name, [1])
    #expect(refusal { try store.put(name, [2]) } != nil)
    // A folder where a file should go: the second of two cannot take its place.
    let taken = ObjectName.pack(of: [2])
    try FileManager.default.createDirectory(
      atPath: folder.path(of: "store/\(taken)"), withIntermediateDirectories: true)
    #expect(refusal { try store.put(taken, [3]) } != nil)
    #expect(refusal { try store.putTogether([(.format, [1]), (taken, [2])]) } != nil)
    #expect(try store.list(".tmp/writer") == ["finished", "lock"])
    #expect(
      try FileManager.default.contentsOfDirectory(
        atPath: folder.path(of: "store/\(taken)")) == [])
  }

  @Test("objects put together take their names in order: what fails leaves those before it")
  func order() throws {
    let folder = try ScratchFolder()
    let store = try store(folder)
    let names = (0..<4).map { ObjectName.pack(of: [UInt8($0)]) }
    try FileManager.default.createDirectory(
      atPath: folder.path(of: "store/\(names[2])"), withIntermediateDirectories: true)
    #expect(refusal { try store.putTogether(names.map { ($0, [9]) }) }?.code == "object.exists")
    #expect(try store.read(names[0]) == [9] && store.read(names[1]) == [9])
    #expect(try store.size(of: names[3]) == nil)
  }

  @Test("what a crashed run of this writer left is removed; what another writer has is kept")
  func leftovers() throws {
    let folder = try ScratchFolder()
    _ = try store(folder, writer: "other")
    let mine = try store(folder)
    try mine.put(name, [1])
    let left = try folder.write([1, 2, 3], to: "store/.tmp/writer/0123456789abcdef.tmp")
    let theirs = try folder.write([4], to: "store/.tmp/other/0123456789abcdef.tmp")
    try store(folder).prepareForWriting().release()
    #expect(!FileManager.default.fileExists(atPath: left))
    #expect(FileManager.default.fileExists(atPath: theirs))
    #expect(try mine.read(name) == [1])
  }

  @Test("while one process writes, another of the same writer is refused and removes nothing")
  func lease() throws {
    let folder = try ScratchFolder()
    let store = DirectoryStore(FilePath(folder.path(of: "store")), writer: "writer")
    let lease = try store.prepareForWriting()
    let live = try folder.write([1], to: "store/.tmp/writer/0123456789abcdef.tmp")
    let error = refusal { _ = try store.prepareForWriting() }
    #expect(error?.code == "run.locked" && error?.status == .locked)
    #expect(FileManager.default.fileExists(atPath: live))
    _ = try self.store(folder, writer: "other")
    lease.release()
    try store.prepareForWriting().release()
    #expect(!FileManager.default.fileExists(atPath: live))
  }

  @Test("a link, a folder or a pipe in place of an object is not followed, and nobody waits for it")
  func noFiles() throws {
    let folder = try ScratchFolder()
    let store = try store(folder)
    try store.put(name, [1])
    let path = folder.path(of: "store/\(name)")
    let secret = try folder.write("secret", to: "secret")
    let mkfifo = try #require(StockTool("mkfifo"))
    let makers: [(String) throws -> Void] = [
      { try FileManager.default.createSymbolicLink(atPath: $0, withDestinationPath: secret) },
      { try FileManager.default.createSymbolicLink(atPath: $0, withDestinationPath: "nowhere") },
      { try FileManager.default.createDirectory(atPath: $0, withIntermediateDirectories: false) },
      { _ = try mkfifo.run([$0]) },
    ]
    for make in makers {
      try FileManager.default.removeItem(atPath: path)
      try make(path)
      for work in [
        { _ = try store.read(name) }, { _ = try store.read(name, 0..<1) },
        { try store.stream(name) { _ in } }, { _ = try store.size(of: name) },
      ] {
        let error = refusal(of: work)
        #expect(error?.code == "object.not-a-file" && error?.status == .mismatch)
      }
      #expect(refusal { try store.put(name, [2]) }?.code == "object.exists")
    }
    #expect(try folder.readText("secret") == "secret")
  }

  @Test("a file where a folder of the store should be makes an object missing")
  func fileForFolder() throws {
    let folder = try ScratchFolder()
    let store = try store(folder)
    try folder.write([1], to: "store/packs")
    #expect(try store.size(of: name) == nil)
    #expect(refusal { _ = try store.read(name) }?.code == "object.missing")
    #expect(refusal { try store.put(name, [1]) }?.code == "store.failed")
  }

  @Test("the registry opens a directory, and refuses kinds that nobody knows")
  func registry() throws {
    let folder = try ScratchFolder()
    let store = try StoreRegistry.open(folder.path(of: "store"))
    #expect(store is DirectoryStore)
    #expect(FilePath(store.location) == FilePath(folder.path(of: "store")))
    for location in ["s3://bucket/x", "://x"] {
      let error = refusal { _ = try StoreRegistry.open(location) }
      #expect(error?.code == "store.kind" && error?.status == .usage)
    }
  }
}
