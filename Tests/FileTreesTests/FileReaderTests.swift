import Foundation
import SystemPackage
import Testing

@testable import FileTrees

@Suite("Reading a file")
struct FileReaderTests {
  /// Reads the file `f` of a folder, running `meanwhile` at the first piece.
  private func read(
    _ scratch: ScratchFolder, meanwhile: () throws -> Void = {}
  ) throws -> (reading: FileReading?, data: [UInt8], offsets: [Int64]) {
    var result: FileReading?
    var data: [UInt8] = []
    var offsets: [Int64] = []
    _ = try FileTreeWalk.walk(scratch.path, reporting: { throw $0 }) { entry in
      guard entry.status.kind == .regular else { return }
      result = try entry.open().read { offset, piece in
        if offsets.isEmpty { try meanwhile() }
        offsets.append(offset)
        data.append(contentsOf: piece)
      }
    }
    return (result, data, offsets)
  }

  @Test("a quiet file is stable, and comes in pieces of four mebibytes")
  func stable() throws {
    let scratch = try ScratchFolder()
    let bytes = (0..<(8 << 20) + 5).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try scratch.write(bytes, to: Array("f".utf8))
    let result = try read(scratch)
    #expect(result.reading == FileReading(outcome: .stable, size: Int64(bytes.count), extents: nil))
    #expect(result.data == bytes && result.offsets == [0, 4 << 20, 8 << 20])
  }

  @Test("an empty file is stable and has no pieces")
  func empty() throws {
    let scratch = try ScratchFolder()
    try scratch.write("", to: "f")
    #expect(try read(scratch).reading == FileReading(outcome: .stable, size: 0, extents: nil))
  }

  @Test(
    "a file that is written to meanwhile is changed, and is read to the size it had",
    arguments: ["printf more >> f", "printf X | dd of=f conv=notrunc status=none", "chmod 0600 f"])
  func changed(command: String) throws {
    let scratch = try ScratchFolder()
    try scratch.write([UInt8](repeating: 7, count: 9 << 20), to: Array("f".utf8))
    let result = try read(scratch) {
      try ScratchFolder.run("bash", "-c", command, in: scratch.path)
    }
    #expect(result.reading?.outcome == .changed && result.reading?.size == 9 << 20)
    #expect(result.data.count == 9 << 20)
  }

  @Test("a file that is cut meanwhile is changed, and its size is what could be read")
  func cut() throws {
    let scratch = try ScratchFolder()
    try scratch.write([UInt8](repeating: 7, count: 9 << 20), to: Array("f".utf8))
    let result = try read(scratch) {
      try ScratchFolder.run("truncate", "-s", "5000000", "f", in: scratch.path)
    }
    #expect(result.reading == FileReading(outcome: .changed, size: 5_000_000, extents: nil))
    #expect(result.data.count == 5_000_000)
  }

  @Test("a sparse file that is cut meanwhile tells of the data that was read, and no more")
  func cutSparse() throws {
    let scratch = try ScratchFolder()
    try ScratchFolder.run(
      "bash", "-c",
      """
      truncate -s 20M f; printf a | dd of=f conv=notrunc status=none
      printf b | dd of=f bs=1M seek=8 conv=notrunc status=none
      """, in: scratch.path)
    let result = try read(scratch) {
      try ScratchFolder.run("truncate", "-s", "1M", "f", in: scratch.path)
    }
    let reading = try #require(result.reading)
    #expect(reading.outcome == .changed && reading.extents?.count == 1)
    var record = FileRecord(
      path: try RelativePath("f"), kind: .regular, mode: 0, userID: 0, groupID: 0,
      modified: try #require(FileTime(seconds: 0, nanoseconds: 0)))
    record.adopt(reading)
    #expect(record.flaw == nil && record.dataSize == Int64(result.data.count) && record.isTorn)
  }

  @Test("two writes within one tick of the clock do not pass for one")
  func racyWrite() throws {
    let scratch = try ScratchFolder()
    for _ in 0..<20 {
      try scratch.write("one", to: "f")
      var stamps: [FileStamp] = []
      for text in ["one", "two"] {
        _ = try FileTreeWalk.walk(scratch.path, reporting: { throw $0 }) { entry in
          if entry.status.kind == .regular { stamps.append(try entry.open().status.stamp) }
        }
        if text == "one" { try scratch.write("two", to: "f") }
      }
      #expect(stamps.count == 2 && stamps[0] != stamps[1])
    }
  }
}
