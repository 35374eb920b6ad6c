import Foundation
import ProofTools
import SecretMemory
import SystemPackage
import Testing
import Vocabulary

@testable import LocalFiles

@Suite("Locks")
struct RunLockTests {
  @Test(
    "a lock that is held keeps out another process, and is free when its owner is gone",
    .enabled(if: StockTool.isInstalled("flock"), "flock is not installed"))
  func otherProcess() throws {
    let folder = try ScratchFolder()
    let path = folder.path(of: "lock")
    let flock = try #require(StockTool("flock"))
    let lock = try RunLock(FilePath(path))
    #expect(try flock.run(["-n", path, "true"]).status == 1)
    _ = consume lock
    #expect(try flock.run(["-n", path, "true"]).status == 0)
  }

  @Test(
    "a lock that another process holds is refused, and says that a run holds it",
    .enabled(if: StockTool.isInstalled("flock"), "flock is not installed"))
  func heldElsewhere() throws {
    let folder = try ScratchFolder()
    let path = folder.path(of: "lock")
    let holder = Process()
    holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // It says that it has the lock, and keeps it until its input ends, also if this test dies.
    holder.arguments = ["flock", path, "sh", "-c", "echo held; cat"]
    let (input, output) = (Pipe(), Pipe())
    holder.standardInput = input
    holder.standardOutput = output
    try holder.run()
    #expect(output.fileHandleForReading.availableData == Data("held\n".utf8))
    let error = refusal { _ = try RunLock(FilePath(path)) }
    #expect(error?.code == "run.locked" && error?.status == .locked)
    #expect(error?.message.contains(FilePath(path).string) == true)
    try input.fileHandleForWriting.close()
    holder.waitUntilExit()
    #expect(refusal { _ = try RunLock(FilePath(path)) } == nil)
  }

  @Test("two runs of one process exclude each other, too, and a link is no lock")
  func sameProcess() throws {
    let folder = try ScratchFolder()
    let path = FilePath(folder.path(of: "lock"))
    let lock = try RunLock(path)
    #expect(refusal { _ = try RunLock(path) }?.code == "run.locked")
    _ = consume lock
    #expect(refusal { _ = try RunLock(path) } == nil)
    let link = folder.path(of: "link")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: folder.path(of: "lock"))
    #expect(throws: Errno.self) { _ = try RunLock(FilePath(link)) }
  }
}

@Suite("Secret files")
struct SecretFileTests {
  private func read(_ path: String) throws -> [UInt8] {
    try SecretFile.read(FilePath(path)).withBytes { $0.copied() }
  }

  @Test("a file is read whole, an empty one too")
  func whole() throws {
    let folder = try ScratchFolder()
    for bytes in [[], [1], [UInt8](repeating: 9, count: 100_000)] {
      #expect(try read(folder.write(bytes, to: "secret")) == bytes)
    }
  }

  @Test("a pipe that gives its bytes bit by bit is read to its end")
  func pipes() throws {
    let folder = try ScratchFolder()
    let path = folder.path(of: "pipe")
    #expect(try #require(StockTool("mkfifo")).run([path]).status == 0)
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/sh")
    writer.arguments = ["-c", "exec >\"$1\"; printf AGE-; sleep 0.1; printf SECRET; :", "sh", path]
    try writer.run()
    #expect(try read(path) == Array("AGE-SECRET".utf8))
    writer.waitUntilExit()
  }

  @Test("a file that is not there or too large is refused with its name, and not its content")
  func refused() throws {
    let folder = try ScratchFolder()
    let missing = folder.path(of: "missing")
    let error = refusal { _ = try read(missing) }
    #expect(error?.code == "secret.unreadable" && error?.status == .usage)
    #expect(error?.message.contains(FilePath(missing).string) == true)
    let large = try folder.write([UInt8](repeating: 65, count: 1 << 20), to: "large")
    let refused = refusal { _ = try read(large) }
    #expect(refused?.code == "secret.too-large" && refused?.status == .usage)
    #expect(refused?.message.contains("AAAA") == false)
    #expect(refusal { _ = try read(folder.path(of: ".")) } != nil)
  }
}

@Suite("Paths of this machine")
struct LocalPathTests {
  @Test("a path says whether something is there, a folder or a file, and how large")
  func questions() throws {
    let folder = try ScratchFolder()
    let file = try folder.write([1, 2, 3], to: "file")
    let link = folder.path(of: "link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "nowhere")
    func path(_ name: String) -> LocalPath { LocalPath(FilePath(folder.path(of: name))) }
    #expect(path("file").exists && path("link").exists && !path("nothing").exists)
    #expect(path(".").isFolder && !path("file").isFolder && !path("link").isFolder)
    #expect(path("file").size == 3 && path(".").size == nil && path("link").size == nil)
    #expect(try LocalPath(FilePath(file)).read() == [1, 2, 3])
    #expect(throws: Errno.noSuchFileOrDirectory) { _ = try path("nothing").read() }
    try path("link").remove()
    #expect(!path("link").exists)
    #expect(throws: Errno.noSuchFileOrDirectory) { try path("link").remove() }
  }

  @Test("a large file is lent in pieces, and a folder is emptied of files, links not followed")
  func contents() throws {
    let folder = try ScratchFolder()
    let bytes = [UInt8](repeating: 5, count: (2 << 20) + 1)
    try folder.write(bytes, to: "large")
    var sizes: [Int] = []
    try LocalPath(FilePath(folder.path(of: "large"))).stream { sizes.append($0.byteCount) }
    #expect(sizes.reduce(0, +) == bytes.count && sizes.allSatisfy { $0 <= 1 << 20 })

    let inner = FilePath(folder.path(of: "inner"))
    try DurableFile.makeFolder(inner)
    try folder.write("x", to: "inner/x")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path(of: "inner/link"), withDestinationPath: folder.path(of: "large"))
    try LocalPath(inner).removeContents()
    #expect(try FileManager.default.contentsOfDirectory(atPath: inner.string) == [])
    #expect(LocalPath(FilePath(folder.path(of: "large"))).exists)
  }
}
