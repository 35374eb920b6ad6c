import Testing
import Vocabulary

@testable import FileTrees

@Suite("Lists of files")
struct FileListTests {
  static let header = "#mtree coffer-files 1\n"
  static let head = "mode=0644 uid=1000 gid=1000"
  static let time = "time=1700000000.000000001"

  private func parse(_ text: String) throws -> [FileRecord] {
    try parse(Array(text.utf8))
  }

  private func parse(_ bytes: [UInt8], pieces: Int = .max) throws -> [FileRecord] {
    var records: [FileRecord] = []
    var parser = FileListParser()
    var start = 0
    while start < bytes.count {
      let end = start + min(pieces, bytes.count - start)
      try parser.feed(Array(bytes[start..<end])) { records.append($0) }
      start = end
    }
    try parser.finish()
    return records
  }

  private func list(_ records: [FileRecord]) -> [UInt8] {
    var text: [UInt8] = []
    var writer = FileListWriter()
    for record in records { writer.append(record, to: &text) }
    writer.finish(to: &text)
    return text
  }

  private func sample() throws -> [FileRecord] {
    let time = try #require(FileTime(seconds: -1_000_000, nanoseconds: 999_999_999))
    let plain = FileRecord(
      path: try RelativePath("x/plain"), kind: .regular, mode: 0o4755, userID: 4_294_967_294,
      userName: "ö name=#\\", groupID: 0, groupName: "g", modified: time, size: .max,
      extents: [FileExtent(offset: 0, length: 1), FileExtent(offset: 9, length: .max - 9)],
      attributes: [
        ExtendedAttribute(name: Array("user.a=b".utf8), value: []),
        ExtendedAttribute(name: Array("user.b".utf8), value: [0]),
        ExtendedAttribute(name: Array("user.c".utf8), value: [0xff, 0xfe]),
        ExtendedAttribute(name: Array("user.d".utf8), value: [UInt8](0...255)),
      ], sha256: SHA256Digest(bytes: [UInt8](repeating: 0xa5, count: 32)), content: "7+ 9",
      isTorn: true)
    func record(_ name: [UInt8], _ kind: FileRecord.Kind) throws -> FileRecord {
      FileRecord(
        path: try RelativePath(name), kind: kind, mode: 0, userID: 0, groupID: 0, modified: time)
    }
    var hole = try record(Array("y".utf8), .regular)
    (hole.size, hole.extents) = (5, [])
    return [
      try record(Array("w".utf8), .symbolicLink(target: Array("../ /\n".utf8) + [0xff])),
      try record(Array("x".utf8), .directory), plain,
      try record(Array("x/q".utf8), .hardLink(to: plain.path)), hole,
      try record([0xff, 0x0a, 0x20, 0x5c], .fifo),
    ]
  }

  @Test("records survive, whatever bytes they hold and however the list is cut", arguments: 1...40)
  func roundTrip(pieces: Int) throws {
    let records = try sample()
    let text = list(records)
    #expect(text.allSatisfy { $0 == 0x0a || (0x20...0x7e).contains($0) })
    #expect(try parse(text, pieces: pieces) == records)
    #expect(try parse(text) == records)
  }

  @Test("a list of nothing is a header, and no header is no list")
  func empty() throws {
    #expect(list([]) == Array(Self.header.utf8))
    #expect(try parse(Self.header).isEmpty)
    #expect(throws: OperatorError.self) { try parse("") }
    #expect(throws: OperatorError.self) { try parse("#mtree coffer-files 2\n") }
    #expect(throws: OperatorError.self) { try parse("#mtree coffer-files 1") }
  }

  @Test(
    "a line that leads out of the tree, lies or has a second spelling is refused",
    arguments: [
      "../x type=dir H T", "./../x type=dir H T", "/x type=dir H T", "x type=dir H T",
      "./a/../../x type=dir H T", "./a//b type=dir H T", "./. type=dir H T", "./ type=dir H T",
      #"./a\057..\057..\057x type=dir H T"#, #"./\056\056 type=dir H T"#, #"./a\000 type=dir H T"#,
      #"./\141 type=dir H T"#, #"./\400 type=dir H T"#, #"./\04 type=dir H T"#,
      #"./a\ type=dir H T"#,
      "./ä type=dir H T", "./a\u{7f} type=dir H T", "./a  type=dir H T", "./a type=dir H T ",
      "./a type=char H T", "./a type=dir", "./a", "", " ", "#comment", "./a type=dir H T\r",
      ". type=file H size=0 T", "./a type=file H T", "./a type=file H size=-1 T",
      "./a type=file H size=01 T", "./a type=file H size=9223372036854775808 T",
      "./a type=file H size=99999999999999999999999 T", "./a type=file H size= T",
      "./a type=dir H size=0 T", "./a type=link H T", "./a type=link H T link=",
      #"./a type=link H T link=a\000b"#, "./a type=file H T hardlink=../x",
      "./a type=file H T hardlink=.", "./a type=file H T hardlink=./b content=x",
      "./a type=dir H T content=x", "./a type=fifo H T torn", "./a type=file H size=9 T torn torn",
      "./a type=file H size=9 T extents=0+5,4+1", "./a type=file H size=9 T extents=5+5",
      "./a type=file H size=9 T extents=0+0", "./a type=file H size=9 T extents=",
      "./a type=file H size=9 T extents=1+9223372036854775807",
      "./a type=file H size=9 T extents=0+1,",
      "./a type=file H size=9 T content=", "./a type=file H size=9 T sha256digest=00",
      "./a type=file H size=9 T sha256digest=\(String(repeating: "A", count: 64))",
      "./a type=dir H T xattr.=AA==", "./a type=dir H T xattr.a", "./a type=dir H T xattr.a=A",
      "./a type=dir H T xattr.a=AB==", "./a type=dir H T xattr.a=AAB=",
      "./a type=dir H T xattr.a==",
      "./a type=dir H T xattr.a=A===", "./a type=dir H T xattr.a=AA==AAAA",
      "./a type=dir H T xattr.b= xattr.a=", "./a type=dir H T xattr.a= xattr.a=",
      "./a type=dir mode=644 uid=0 gid=0 T", "./a type=dir mode=08888 uid=0 gid=0 T",
      "./a type=dir mode=0644 uid=4294967295 gid=0 T", "./a type=dir mode=0644 gid=0 uid=0 T",
      "./a type=dir mode=0644 uid=0 uname= gid=0 T",
      #"./a type=dir mode=0644 uid=0 uname=\377 gid=0 T"#,
      "./a type=dir H time=1", "./a type=dir H time=1.5", "./a type=dir H time=-0.000000000",
      "./a type=dir H time=1.0000000000", "./a type=dir H time=9223372036854775808.000000000",
    ])
  func refusals(line: String) throws {
    let line = line.replacing(" H", with: " \(Self.head)").replacing(" T", with: " \(Self.time)")
    #expect(throws: OperatorError.self) { try parse(Self.header + line + "\n") }
    do {
      _ = try parse(Self.header + line + "\n")
    } catch let error as OperatorError {
      #expect(error.code == "file-list.malformed" && error.message.contains("line 2"))
    }
  }

  @Test("the line those refusals vary is itself in order")
  func accepted() throws {
    let records = try parse(
      Self.header + "./a type=file \(Self.head) size=9 \(Self.time) extents=0+4,5+4 torn\n")
    #expect(records.first?.dataSize == 8)
  }

  @Test("a path that comes twice, or before its folder, is refused")
  func order() {
    func line(_ path: String) -> String { "\(path) type=dir \(Self.head) \(Self.time)\n" }
    for paths in [["./a", "./a"], ["./b", "./a"], ["./a/b", "./a"], ["./a", "."]] {
      #expect(throws: OperatorError.self) { try parse(Self.header + paths.map(line).joined()) }
    }
    #expect(throws: Never.self) {
      try parse(Self.header + [".", "./a", "./a/b", "./a-b"].map(line).joined())
    }
  }

  @Test("garbage is refused or read, never a crash, and what is read is written back the same")
  func garbage() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("FileListTests garbage seed: \(seed)")
    var random = SeededGenerator(state: seed)
    let good = list(try sample())
    var read = 0
    for round in 0..<1_500 {
      var bytes: [UInt8]
      if round.isMultiple(of: 10) {
        bytes = (0..<random.next(below: 300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        if random.next(below: 2) == 0 { bytes = Array(Self.header.utf8) + bytes }
      } else {
        bytes = good
        for _ in 0...random.next(below: 4) {
          let index = random.next(below: bytes.count)
          switch random.next(below: 4) {
          case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
          case 1: bytes.remove(at: index)
          case 2: bytes.insert(bytes[random.next(below: bytes.count)], at: index)
          default: bytes[index] = bytes[random.next(below: bytes.count)]
          }
        }
      }
      guard let records = try? parse(bytes, pieces: 1 + random.next(below: 400)) else { continue }
      read += 1
      #expect(list(records) == bytes, "seed \(seed)")
    }
    #expect(read > 0, "the changes must not all be fatal, or the second half proves nothing")
  }

  @Test("a line without an end is refused before it fills the memory")
  func endless() {
    var parser = FileListParser()
    let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 24)
    #expect(throws: OperatorError.self) {
      for _ in 0..<5 { try parser.feed(piece) { _ in } }
    }
  }

  @Test("two hundred thousand records are written and read in the blink of an eye")
  func speed() throws {
    // Unoptimised code says nothing about speed; it only has to pass.
    #if DEBUG
      let total = 5_000
    #else
      let total = 200_000
    #endif
    let template = try sample()[2]
    var records: [FileRecord] = []
    for index in 0..<total {
      var record = template
      let digits = String(index + 1_000_000)
      record.path = try RelativePath("local_content/ab/cd/abcdefghijklmnop\(digits)")
      (record.attributes, record.extents, record.userName) = ([], nil, "matrix-synapse")
      records.append(record)
    }
    let clock = ContinuousClock()
    var text: [UInt8] = []
    let writing = clock.measure { text = list(records) }
    var count = 0
    let reading = try clock.measure {
      var parser = FileListParser()
      try parser.feed(text) { _ in count += 1 }
      try parser.finish()
    }
    print("\(total) records, \(text.count) bytes: written in \(writing), read in \(reading)")
    #expect(count == total)
    #if !DEBUG
      #expect(writing < .seconds(1) && reading < .seconds(1))
    #endif
  }
}

/// SplitMix64: the same numbers for the same seed, so that a failure can be run again.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
