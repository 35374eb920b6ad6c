import Foundation
import ProofTools
import Repository
import SecretMemory
import Signatures
import SystemPackage
import Testing
import Vocabulary

@testable import Stores

/// Whoever can write to a store leads nobody out of it.
@Suite("A store with links in it")
struct HostileStoreTests {
  private static let keyID = SigningKey.generate().verifyingKey.keyID

  /// One object in every folder that the format has.
  private static let objects: [ObjectName] = {
    guard let snapshot = SnapshotID("20260102T030405Z-1a2b3c4d"),
      let compartment = CompartmentName("core")
    else { return [] }
    return [
      .pack(of: [1]), .index(snapshot, compartment), .manifest(snapshot, compartment),
      .ledgerEntry(keyID, .first),
    ]
  }()

  /// Every folder on the way to an object, with the object.
  private static let folders: [(folder: String, object: ObjectName)] = objects.flatMap { object in
    let names = object.path.split(separator: "/").dropLast()
    return (1...names.count).map { (names.prefix($0).joined(separator: "/"), object) }
  }

  private struct Victim: ~Copyable {
    let folder: ScratchFolder
    let path: String

    /// A folder elsewhere that holds what an object's folder would, and files of somebody's own.
    init(in folder: consuming ScratchFolder) throws {
      path = folder.path(of: "victim")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      try folder.write("mine", to: "victim/letter")
      try folder.write("mine", to: "victim/0123456789abcdef.tmp")
      self.folder = folder
    }

    var names: [String] {
      get throws { try FileManager.default.subpathsOfDirectory(atPath: path).sorted() }
    }

    func link(_ name: String) throws {
      let place = folder.path(of: "store/\(name)")
      try? FileManager.default.removeItem(atPath: place)
      try FileManager.default.createDirectory(
        atPath: (place as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: path)
    }
  }

  private static let mine = ["0123456789abcdef.tmp", "letter"]

  private func store(_ victim: borrowing Victim) throws -> DirectoryStore {
    DirectoryStore(FilePath(victim.folder.path(of: "store")), writer: "writer")
  }

  @Test("a scratch folder that is a link is not emptied", arguments: [".tmp", ".tmp/writer"])
  func scratch(name: String) throws {
    let victim = try Victim(in: ScratchFolder())
    let store = try store(victim)
    try store.prepareForWriting().release()
    if name == ".tmp" {
      try FileManager.default.createDirectory(
        atPath: victim.path + "/writer", withIntermediateDirectories: false)
    }
    let before = try victim.names
    try victim.link(name)
    let error = refusal { try store.prepareForWriting().release() }
    #expect(error?.code == "object.not-a-file" && error?.message.contains("link") == true)
    #expect(
      refusal { try store.put(.pack(of: [1]), [1]) }?.code == "object.not-a-file")
    #expect(try victim.names == before)
  }

  @Test("only temporary files of a store's own form are removed from its scratch folder")
  func foreign() throws {
    let victim = try Victim(in: ScratchFolder())
    let store = try store(victim)
    try store.prepareForWriting().release()
    let kept = ["0123456789abcde.tmp", "0123456789ABCDEF.tmp", "letter", ".tmp", "a.tmp"]
    for name in kept { try victim.folder.write("x", to: "store/.tmp/writer/\(name)") }
    let link = victim.folder.path(of: "store/.tmp/writer/fedcba9876543210.tmp")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: victim.path + "/letter")
    try store.prepareForWriting().release()
    #expect(try store.list(".tmp/writer") == (kept + ["finished", "lock"]).sorted())
    #expect(try victim.names == Self.mine)
  }

  @Test("nothing is written, read, listed or removed through a link", arguments: folders)
  func links(folder: String, object: ObjectName) throws {
    let victim = try Victim(in: ScratchFolder())
    let store = try store(victim)
    try store.prepareForWriting().release()
    // The object is really there, behind the link: it must not be reached all the same.
    let below = object.path.dropFirst(folder.count + 1)
    let place = victim.path + "/" + below
    try FileManager.default.createDirectory(
      atPath: (place as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: place))
    let before = try victim.names
    try victim.link(folder)
    let other = ObjectName.pack(of: [1])
    for work in [
      { _ = try store.read(object) }, { _ = try store.read(object, 0..<1) },
      { try store.stream(object) { _ in } }, { _ = try store.size(of: object) },
      { _ = try store.list(folder) }, { try store.put(object, [9]) },
      { try store.putTogether([(object, [9])]) }, { try store.remove(object) },
    ] {
      let error = refusal(of: work)
      #expect(error?.code == "object.not-a-file" && error?.status == .mismatch)
      #expect(error?.message.contains(folder.split(separator: "/").last ?? "?") == true)
    }
    #expect(try victim.names == before)
    #expect(FileManager.default.contents(atPath: place) == Data([1, 2, 3]))
    #expect(try store.list(".tmp/writer") == ["finished", "lock"])
    if !folder.hasPrefix("packs") { try store.put(other, [1]) }
  }

  @Test("the store itself may be a link, for that is its owner's choice")
  func root() throws {
    let folder = try ScratchFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path(of: "disk"), withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path(of: "store"), withDestinationPath: "disk")
    let store = DirectoryStore(FilePath(folder.path(of: "store")), writer: "writer")
    try store.prepareForWriting().release()
    for object in Self.objects {
      try store.put(object, [4, 5])
      #expect(try store.read(object) == [4, 5])
    }
  }
}
