import Foundation
import SystemPackage

@testable import FileTrees

/// A folder of its own for one test, gone with it.
final class ScratchFolder {
  let path: FilePath

  /// Makes the folder, in memory for tests of many files that no file system's ways matter to.
  init(inMemory: Bool = false) throws {
    let shared = "/dev/shm"
    let isThere = inMemory && FileManager.default.isWritableFile(atPath: shared)
    var template = Array("\(isThere ? shared : "/tmp")/coffer-files-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    path = FilePath(
      String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  deinit {
    // `rm` goes where FileManager gives up: names that are no text, folders without a mode.
    if !isRoot { _ = try? Self.run("chmod", "-R", "u+rwX", path.string) }
    _ = try? Self.run("rm", "-rf", path.string)
  }

  func at(_ name: String) -> FilePath { path.appending(name) }

  func folder(_ name: String) throws -> FilePath {
    try FileManager.default.createDirectory(
      atPath: at(name).string, withIntermediateDirectories: true)
    return at(name)
  }

  /// Writes a file by a path of bytes.
  func write(_ bytes: [UInt8], to name: [UInt8]) throws {
    let full = Array(path.string.utf8) + Array("/".utf8) + name
    let number = try unsafe withCString(full) {
      unsafe open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    }
    let file = FileDescriptor(rawValue: number)
    try file.closeAfter { _ = try file.writeAll(bytes) }
  }

  func write(_ text: String, to name: String) throws {
    try write(Array(text.utf8), to: Array(name.utf8))
  }

  func read(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: at(name).string)))
  }

  struct ToolFailed: Error {
    let output: String
  }

  /// Runs a program of the system, an independent witness, and gives what it says.
  @discardableResult
  static func run(_ words: String..., in folder: FilePath? = nil) throws -> String {
    try run(words, in: folder)
  }

  static func run(_ words: [String], in folder: FilePath? = nil) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder.string) }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ToolFailed(output: output) }
    return output
  }
}

/// The way a backup and a restore use this room, with contents kept in memory.
struct MemoryBackup {
  var list: [UInt8] = []
  var contents: [String: [UInt8]] = [:]
  var problems: [FileProblem] = []
  var summary = WalkSummary()

  init(of root: FilePath, excluding filter: FileFilter = .everything) throws {
    var writer = FileListWriter()
    var (list, contents, problems) = (list, contents, problems)
    summary = try FileTreeWalk.walk(root, excluding: filter) { problem in
      problems.append(problem)
    } visiting: { entry in
      guard entry.status.kind == .regular, entry.firstLink == nil else {
        return writer.append(try entry.record(), to: &list)
      }
      let reader = try entry.open()
      var record = try reader.record()
      var data: [UInt8] = []
      let reading = try reader.read { _, piece in
        data.append(contentsOf: piece)
      }
      record.adopt(reading)
      record.content = "\(contents.count)"
      contents["\(contents.count)"] = data
      writer.append(record, to: &list)
    }
    writer.finish(to: &list)
    (self.list, self.contents, self.problems) = (list, contents, problems)
  }

  func records() throws -> [FileRecord] {
    var records: [FileRecord] = []
    var parser = FileListParser()
    try parser.feed(list) { records.append($0) }
    try parser.finish()
    return records
  }

  @discardableResult
  func restore(
    into target: FilePath, pieces: Int = 3000, restoringOwners: Bool? = nil
  ) throws -> RestoreReport {
    var writer = try FileTreeWriter(into: target, restoringOwners: restoringOwners)
    for record in try records() {
      let data = contents[record.content ?? ""] ?? []
      guard record.kind == .regular else {
        try writer.write(record) { _ in }
        continue
      }
      try writer.writeBeside(record) { consume in
        for start in stride(from: 0, to: data.count, by: pieces) {
          let piece = Array(data[start..<min(start + pieces, data.count)])
          try unsafe consume(piece.span.bytes)
        }
      }
    }
    return try writer.finish()
  }
}
