import Foundation
import SystemPackage
import Testing

@testable import FileTrees

let isRoot = geteuid() == 0

@Suite("A tree there and back")
struct RoundTripTests {
  /// A tree of all there is, made by the system's own tools.
  private func makeTree(_ scratch: ScratchFolder) throws -> FilePath {
    let tree = try scratch.folder("tree")
    let script = #"""
      set -e
      mkdir -p plain/deep/er empty locked
      printf hello > plain/file; chmod 0640 plain/file
      printf x > plain/setuid; chmod 4755 plain/setuid
      printf '' > plain/empty
      head -c 3000000 /dev/urandom > plain/large
      ln plain/file plain/deep/again; ln plain/file plain/deep/er/thrice
      ln -s ../nowhere/at/all plain/dangling; ln -s /etc/passwd plain/absolute
      ln plain/dangling plain/second-dangling
      mkfifo -m 0620 pipe
      truncate -s 10M sparse; printf data | dd of=sparse bs=1 seek=5000000 conv=notrunc status=none
      truncate -s 4M all-hole
      touch -- "new
      line" "sp ace" 'back\slash' 'has#hash=equal' $'\xff\xfe raw' $'Bu\xcc\x88ro' '*?[glob]' '-dash'
      setfattr -n user.comment -v 'with = and space' plain/file
      setfattr -n user.binary -v 0x00ff00 plain
      setfattr -n user.empty plain/large
      setfacl -m u:12345:rw,g:54321:r plain/file
      setfacl -d -m u:12345:rwx plain/deep
      setfacl -m u:12345:rx locked
      printf secret > locked/inside; chmod 0000 locked/inside; chmod 0510 locked
      touch -h -d '2001-02-03 04:05:06.789012345 UTC' plain/dangling
      touch -d '1969-12-31 23:59:58.25 UTC' plain/empty
      touch -d '2022-01-01 00:00:00.000000001 UTC' plain/deep empty
      """#
    try ScratchFolder.run("bash", "-c", script, in: tree)
    if isRoot {
      try ScratchFolder.run(
        "bash", "-c",
        """
        chown 12345:54321 plain/large; chown -h 12345:54321 plain/absolute; chown 33:33 pipe empty
        chmod 6711 plain/large; setfattr -n trusted.mark -v yes plain/large
        setfattr -h -n trusted.mark -v link plain/absolute
        setcap cap_net_raw+ep plain/setuid 2>/dev/null || true
        touch -d '2020-01-01 UTC' empty pipe
        """, in: tree)
    }
    try ScratchFolder.run("touch", "-d", "2003-03-03 03:03:03.3 UTC", tree.string)
    return tree
  }

  /// What GNU's tools say of a tree: none of our own code is asked.
  private func testimony(_ tree: FilePath) throws -> [String] {
    let owners = isRoot ? "%U %G" : ""
    let list = try ScratchFolder.run(
      "find", ".", "-printf", #"%p|%y %m \#(owners) %T@ %n %l|%s\0"#, in: tree)
    // A folder's size is the file system's affair.
    let files = list.split(separator: "\0").map { line in
      line.contains("|d ") ? String(line[..<(line.lastIndex(of: "|") ?? line.endIndex)]) : "\(line)"
    }
    let attributes = try ScratchFolder.run(
      "bash", "-c", "getfattr -R -P -h -d -m - -e hex . 2>&1", in: tree)
    let sums = try ScratchFolder.run(
      "bash", "-c", "find . -type f -readable -print0 | sort -z | xargs -0 sha256sum -z", in: tree)
    return files.sorted() + attributes.components(separatedBy: "\n\n").sorted() + [sums]
  }

  @Test("every kind of file comes back as it was: content, mode, owner, ACL, attributes, times")
  func everyKind() throws {
    let scratch = try ScratchFolder()
    let tree = try makeTree(scratch)
    let before = try testimony(tree)
    let backup = try MemoryBackup(of: tree)
    #expect(try testimony(tree) == before, "reading must leave no trace")
    if isRoot { #expect(backup.problems.isEmpty) }

    let report = try backup.restore(into: scratch.at("made/on/the/way"))
    let after = try testimony(scratch.at("made/on/the/way"))
    if isRoot {
      #expect(after == before)
      #expect(report.notes.allSatisfy { if case .accountName = $0.loss { true } else { false } })
    } else {
      #expect(report.notes.contains { $0.loss == .owners })
    }
    #expect(report.files > 10 && report.links >= 6 && report.folders == 5)
  }

  @Test("a list written anew from its own records is the same, byte by byte")
  func listOfList() throws {
    let scratch = try ScratchFolder()
    let backup = try MemoryBackup(of: try makeTree(scratch))
    var again: [UInt8] = []
    var writer = FileListWriter()
    for record in try backup.records() { writer.append(record, to: &again) }
    #expect(again == backup.list)
    let text = String(decoding: backup.list, as: UTF8.self)
    #expect(text.hasPrefix("#mtree coffer-files 1\n. type=dir mode=0755 uid="))
    #expect(text.contains("time=1046660583.300000000"))
    #expect(text.contains(#"./new\012line type=file mode=0644 "#))
    #expect(text.contains(#"./\377\376\040raw type=file"#))
    #expect(text.contains("./plain/file type=file hardlink=") == false)
    #expect(text.contains(" hardlink=./plain/deep/again"))
    #expect(text.contains("system.posix_acl_default="))
  }

  @Test("holes stay holes")
  func holes() throws {
    let scratch = try ScratchFolder()
    let tree = try makeTree(scratch)
    let backup = try MemoryBackup(of: tree)
    let records = try backup.records()
    let sparse = try #require(records.first { $0.path.description == "sparse" })
    #expect(sparse.size == 10 << 20 && sparse.dataSize < 100_000)
    #expect(records.first { $0.path.description == "all-hole" }?.extents == [])
    try backup.restore(into: scratch.at("back"))
    for name in ["sparse", "all-hole"] {
      let blocks = try ScratchFolder.run("stat", "-c", "%b %s", scratch.at("back/\(name)").string)
      let numbers = blocks.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      #expect(numbers[0] * 512 < 200_000 && numbers[1] >= 4 << 20, "\(name): \(numbers)")
    }
    #expect(try scratch.read("back/sparse") == scratch.read("tree/sparse"))
  }

  @Test("names of one inode are names of one inode again")
  func hardLinks() throws {
    let scratch = try ScratchFolder()
    try MemoryBackup(of: try makeTree(scratch)).restore(into: scratch.at("back"))
    let same = try ScratchFolder.run(
      "find", ".", "-samefile", "plain/file", in: scratch.at("back"))
    #expect(same.split(separator: "\n").count == 3)
    let links = try ScratchFolder.run(
      "find", ".", "-samefile", "plain/dangling", in: scratch.at("back"))
    #expect(links.split(separator: "\n").count == 2)
  }

  @Test(
    "a single file is a tree of one name, also through a link", arguments: ["pan.db", "link.db"])
  func singleFile(name: String) throws {
    let scratch = try ScratchFolder()
    try scratch.write("rows", to: "pan.db")
    try ScratchFolder.run("ln", "-s", "pan.db", scratch.at("link.db").string)
    let backup = try MemoryBackup(of: scratch.at(name))
    #expect(try backup.records().map(\.path.description) == [name])
    try backup.restore(into: scratch.at("back"))
    #expect(try scratch.read("back/\(name)") == Array("rows".utf8))
  }

  @Test("a default ACL of the target is not handed on to what is restored")
  func inheritedACL() throws {
    let scratch = try ScratchFolder()
    let tree = try scratch.folder("tree")
    try scratch.write("x", to: "tree/file")
    let target = try scratch.folder("target")
    try ScratchFolder.run("setfacl", "-d", "-m", "u:12345:rwx", target.string)
    try MemoryBackup(of: tree).restore(into: target)
    #expect(try testimony(target) == testimony(tree))
  }
}
