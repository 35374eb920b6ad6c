import Foundation
import SystemPackage
import Testing
import Vocabulary

@testable import FileTrees

@Suite("Walking a tree")
struct FileTreeWalkTests {
  @Test("a folder comes right before what it holds, and names go by their bytes")
  func order() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.folder("a/z")
    for name in ["a-b", "a/b", "a!", "a/z/y", "B", "ä"] { try scratch.write("", to: name) }
    let backup = try MemoryBackup(of: scratch.path)
    let paths = try backup.records().map(\.path)
    #expect(paths.map(\.description) == [".", "B", "a", "a/b", "a/z", "a/z/y", "a!", "a-b", "ä"])
    #expect(paths == paths.sorted())
  }

  @Test("each folder's listing comes after the folder and before its entries, with their stamps")
  func listings() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.folder("d")
    try scratch.write("four", to: "d/f")
    var events: [String] = []
    let summary = try FileTreeWalk.walk(
      scratch.path,
      entering: { listing in
        let entries = listing.entries.map {
          "\(String(decoding: $0.name, as: UTF8.self)):\($0.status.kind.rawValue)"
        }
        events.append("enter \(listing.path) \(entries)")
      }, reporting: { _ in },
      visiting: { entry in
        events.append("visit \(entry.path)")
        if entry.status.kind == .regular {
          let reader = try entry.open()
          #expect(reader.status.stamp == entry.status.stamp)
          #expect(entry.status.stamp.size == 4 && entry.status.stamp.linkCount == 1)
        }
      })
    #expect(
      events == [
        "visit .", #"enter . ["d:directory"]"#, "visit d", #"enter d ["f:file"]"#, "visit d/f",
      ])
    #expect(summary.visited == 3 && summary.problems == 0)
  }

  @Test("Synapse's caches are left out, by whole names at the top only, and it is said")
  func leftOut() throws {
    let scratch = try ScratchFolder()
    for name in ["remote_content/x", "url_cache", "local_content/remote_content", "url_cache2"] {
      _ = try scratch.folder(name)
    }
    let extra = FileFilter(excluding: [try RelativePath("local_content/remote_content")])
    let backup = try MemoryBackup(of: scratch.path, excluding: .synapseMedia)
    #expect(
      try backup.records().map(\.path.description)
        == [".", "local_content", "local_content/remote_content", "url_cache2"])
    #expect(backup.summary.leftOut.map(\.description) == ["remote_content", "url_cache"])
    let less = try MemoryBackup(of: scratch.path, excluding: .synapseMedia.union(extra))
    #expect(try less.records().count == 3 && less.summary.leftOut.count == 3)
  }

  @Test("sockets are reported and left out; a link to a folder is kept as a link, not gone into")
  func sockets() throws {
    let scratch = try ScratchFolder()
    try ScratchFolder.run(
      "python3", "-c", "import socket; socket.socket(socket.AF_UNIX).bind('s')", in: scratch.path)
    _ = try scratch.folder("real/inner")
    try ScratchFolder.run("ln", "-s", "real", "link", in: scratch.path)
    let backup = try MemoryBackup(of: scratch.path)
    #expect(backup.problems == [FileProblem(try RelativePath("s"), .notKept(.socket))])
    #expect(backup.problems[0].isHarmless && "\(backup.problems[0])" == "s: a socket is not kept")
    #expect(try backup.records().map(\.path.description) == [".", "link", "real", "real/inner"])
  }

  @Test("a root that is a link to a folder is gone into")
  func linkedRoot() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.folder("real/inner")
    try ScratchFolder.run("ln", "-s", "real", "link", in: scratch.path)
    #expect(try MemoryBackup(of: scratch.at("link")).records().count == 2)
  }

  @Test("a root that is not there, or is no file, is an error for the operator")
  func noRoot() throws {
    let scratch = try ScratchFolder()
    try ScratchFolder.run("mkfifo", "pipe", in: scratch.path)
    for name in ["nothing", "pipe"] {
      #expect {
        try MemoryBackup(of: scratch.at(name))
      } throws: { error in
        (error as? OperatorError)?.code == "files.root-unreadable"
      }
    }
  }

  @Test("a file that vanishes, or turns into a link, is named and not the end")
  func vanishing() throws {
    let scratch = try ScratchFolder()
    for name in ["a", "b", "c"] { try scratch.write(name, to: name) }
    var problems: [FileProblem] = []
    var read: [String] = []
    _ = try FileTreeWalk.walk(
      scratch.path,
      entering: { _ in
        try ScratchFolder.run("bash", "-c", "rm a b; ln -s c b", in: scratch.path)
      }, reporting: { problems.append($0) },
      visiting: { entry in
        if entry.status.kind == .regular {
          _ = try entry.open()
          read.append(entry.path.description)
        }
      })
    #expect(problems.map(\.reason) == [.vanished, .readAgain])
    #expect(read == ["c"])
  }

  @Test(
    "a name that changes its kind during the walk is named, and taken as what it became",
    arguments: [
      ("echo 1 > b", "rm b; ln -s a b", "link"), ("ln -s a b", "rm b; echo 1 > b", "file"),
      ("mkdir -p b/x", "rm -r b; echo 1 > b", "file"), ("echo 1 > b", "rm b; mkdir -p b/x", "dir"),
      ("mkfifo b", "rm b; mkdir -p b/x", "dir"), ("mkdir b", "rmdir b; ln -s a b", "link"),
      ("echo 1 > b", "rm b; mkfifo b", "fifo"), ("ln -s a b", "rm b; mkdir -p b/x", "dir"),
    ])
  func changedKind(before: String, change: String, kind: String) throws {
    let scratch = try ScratchFolder()
    for name in ["a", "c"] { try scratch.write(name, to: name) }
    try ScratchFolder.run("bash", "-c", before, in: scratch.path)
    var problems: [FileProblem] = []
    var kept: [String] = []
    _ = try FileTreeWalk.walk(scratch.path) {
      problems.append($0)
    } visiting: { entry in
      // The folder was listed before any name in it is visited.
      if entry.path.description == "a" {
        try ScratchFolder.run("bash", "-c", change, in: scratch.path)
      }
      if entry.status.kind == .regular { _ = try entry.open() } else { _ = try entry.record() }
      kept.append("\(entry.path) \(entry.status.kind.rawValue)")
    }
    let names = ["dir": "directory", "link": "symbolic link"]
    var expected = [". directory", "a file", "b \(names[kind] ?? kind)"]
    if kind == "dir" { expected.append("b/x directory") }
    #expect(kept == expected + ["c file"])
    #expect(problems == [FileProblem(try RelativePath("b"), .readAgain)])
    #expect(problems.first?.isHarmless == true)
  }

  @Test("a name that keeps changing its kind is a problem")
  func restless() throws {
    let scratch = try ScratchFolder()
    for name in ["a", "b", "c"] { try scratch.write(name, to: name) }
    var problems: [FileProblem] = []
    var tries = 0
    _ = try FileTreeWalk.walk(scratch.path) {
      problems.append($0)
    } visiting: { entry in
      guard entry.path.description == "b" else { return }
      tries += 1
      throw FileProblem(entry.path, .replaced)
    }
    #expect(tries == 2)
    #expect(problems == [FileProblem(try RelativePath("b"), .replaced)])
  }

  @Test("where the first name of an inode fails, the next one stands for it")
  func failedFirstLink() throws {
    let scratch = try ScratchFolder()
    try scratch.write("x", to: "a")
    for name in ["b", "c"] { try ScratchFolder.run("ln", "a", name, in: scratch.path) }
    var firstLinks: [String?] = []
    _ = try FileTreeWalk.walk(scratch.path, reporting: { _ in }) { entry in
      guard entry.status.kind == .regular else { return }
      firstLinks.append(entry.firstLink?.description)
      if entry.path.description == "a" { throw FileProblem(entry.path, .vanished) }
    }
    #expect(firstLinks == [nil, nil, "b"])
  }

  @Test("an error that is no file's problem ends the walk")
  func otherErrors() throws {
    struct Stop: Error {}
    let scratch = try ScratchFolder()
    try scratch.write("x", to: "a")
    #expect(throws: Stop.self) {
      try FileTreeWalk.walk(scratch.path, reporting: { _ in }) { _ in throw Stop() }
    }
  }

  @Test("folders nested past the limit are reported, not overflowed")
  func depth() throws {
    let scratch = try ScratchFolder()
    // Deeper than PATH_MAX, so the shell must go down step by step.
    let script = "for i in $(seq 600); do mkdir d && cd -P d || exit 1; done"
    try ScratchFolder.run("bash", "-c", script, in: scratch.path)
    let backup = try MemoryBackup(of: scratch.path)
    #expect(backup.problems.map(\.reason) == [.tooDeep])
    #expect(try backup.records().count == FileTreeWalk.deepest + 2)
  }

  @Test("a hundred thousand files cost no more memory than the names of a folder")
  func manyFiles() async {
    // In a process of its own, for others share this one's memory.
    await #expect(processExitsWith: .success) {
      let scratch = try ScratchFolder(inMemory: true)
      let script =
        "import os\nfor d in range(100):\n os.mkdir(f'{d:02}')\n"
        + " for f in range(1000): os.close(os.open(f'{d:02}/{f:04}', os.O_CREAT))"
      try ScratchFolder.run("python3", "-c", script, in: scratch.path)
      var count = 0
      let before = Self.residentBytes()
      let time = try ContinuousClock().measure {
        _ = try FileTreeWalk.walk(scratch.path, reporting: { _ in }) { _ in count += 1 }
      }
      let grown = Self.residentBytes() - before
      print("walked \(count) files in \(time), resident memory grew by \(grown) bytes")
      #expect(count == 100_101)
      #expect(grown < 4 << 20)
    }
  }

  static func residentBytes() -> Int {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let fields = pages.split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(getpagesize())
  }
}
