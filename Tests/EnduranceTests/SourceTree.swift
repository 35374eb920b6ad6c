import Foundation
import ProofTools
import SecretMemory
import Vocabulary

/// A folder that chance lives in: files of all kinds come, change, move and go.
struct SourceTree {
  let root: String
  private var number = 0

  init(_ root: String) throws {
    self.root = root
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  /// What files are called: whatever a list of files has to escape, among them.
  private static let names = [
    "a file", "line\nfeed", "back\\slash", "#hash=1", "größe", "plain", "-",
  ]

  private func paths(_ kind: FileAttributeType) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: root).sorted().filter {
      try FileManager.default.attributesOfItem(atPath: "\(root)/\($0)")[.type]
        as? FileAttributeType == kind
    }
  }

  private mutating func freshPath(_ chance: inout SeededChance) throws -> String {
    number += 1
    let folder = (try paths(.typeDirectory) + [""]).randomElement(using: &chance) ?? ""
    let name = "\(Self.names.randomElement(using: &chance) ?? "") \(number)"
    return folder.isEmpty ? "\(root)/\(name)" : "\(root)/\(folder)/\(name)"
  }

  private func content(_ chance: inout SeededChance) -> Data {
    switch Int.random(in: 0..<10, using: &chance) {
    case 0: return Data()
    case 1: return Data(repeating: UInt8.random(in: 0...255, using: &chance), count: 30_000)
    case 2: return Data(chance.bytes(Int.random(in: 10_000..<60_000, using: &chance)))
    default: return Data(chance.bytes(Int.random(in: 1..<3_000, using: &chance)))
    }
  }

  /// A day.
  mutating func live(_ chance: inout SeededChance) throws {
    for _ in 0..<Int.random(in: 0...5, using: &chance) { try change(&chance) }
  }

  private mutating func change(_ chance: inout SeededChance) throws {
    let manager = FileManager.default
    let file = try paths(.typeRegular).randomElement(using: &chance).map { "\(root)/\($0)" }
    let folder = try paths(.typeDirectory).randomElement(using: &chance).map { "\(root)/\($0)" }
    let fresh = try freshPath(&chance)
    let kind = Int.random(in: 0..<18, using: &chance)
    // A tree stays small: what comes must go.
    if try paths(.typeRegular).count > 12, let file, kind < 6 {
      try manager.removeItem(atPath: file)
      return
    }
    switch kind {
    case 0...4: try content(&chance).write(to: URL(fileURLWithPath: fresh))
    case 5:
      try manager.createDirectory(atPath: fresh, withIntermediateDirectories: true)
    case 6:
      if let file { try content(&chance).write(to: URL(fileURLWithPath: file)) }
    case 7:
      if let file, let open = FileHandle(forWritingAtPath: file) {
        try open.seekToEnd()
        try open.write(contentsOf: Data("more".utf8))
        try open.truncate(atOffset: UInt64.random(in: 0..<20_000, using: &chance))
      }
    case 8:
      if let file { try manager.moveItem(atPath: file, toPath: fresh) }
    case 9:
      if let folder, !fresh.hasPrefix(folder) {
        try manager.moveItem(atPath: folder, toPath: fresh)
      }
    case 10:
      if let folder { try manager.removeItem(atPath: folder) }
    case 11:
      if let file { try manager.linkItem(atPath: file, toPath: fresh) }
    case 12: try manager.createSymbolicLink(atPath: fresh, withDestinationPath: "nowhere \(number)")
    case 13: try shell("mkfifo \"$1\"", fresh)
    case 14:
      // Another content under the same size and time: only the kernel's own stamp tells.
      if let file {
        let script = """
          s=$(stat -c %.9Y "$1") && tr a-z b-za <"$1" >"$1.n" && cat "$1.n" >"$1" && rm "$1.n" &&
          touch -d "@$s" "$1"
          """
        try shell(script, file)
      }
    case 15:
      // A clock that was wrong.
      let seconds = Int.random(in: -2_000_000_000..<4_000_000_000, using: &chance)
      if let file { try shell("touch -d @\(seconds).123456789 \"$1\"", file) }
    case 16:
      let mode = [0o600, 0o444, 0o755, 0o4711].randomElement(using: &chance) ?? 0o600
      if let file { try manager.setAttributes([.posixPermissions: mode], ofItemAtPath: file) }
    default:
      // Holes, with something between them.
      try Data().write(to: URL(fileURLWithPath: fresh))
      if let open = FileHandle(forWritingAtPath: fresh) {
        try open.seek(toOffset: 200_000)
        try open.write(contentsOf: Data("data".utf8))
        try open.truncate(atOffset: 400_000)
      }
    }
  }

  private func shell(_ script: String, _ path: String) throws {
    guard let said = try StockTool("sh")?.run(["-c", script, "sh", path]), said.status == 0 else {
      throw OperatorError("proof.change", .failed, script)
    }
  }

  /// What a witness sees: path, kind, mode, size, time, content, and which names are one file.
  static func describe(_ root: String) throws -> [String: String] {
    var seen: [Int: String] = [:]
    var facts: [String: String] = [:]
    let names = try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
    for name in names + [""] {
      let path = name.isEmpty ? root : "\(root)/\(name)"
      let status = try stat(path)
      let kind = status.st_mode & S_IFMT
      var line = String(status.st_mode, radix: 8)
      if kind != S_IFLNK { line += " \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)" }
      switch kind {
      case S_IFREG:
        let bytes = try ScratchFolder.bytes(at: path)
        line += " \(bytes.count) \(SHA256Hasher.digest(of: bytes))"
      case S_IFLNK: line += " " + (try FileManager.default.destinationOfSymbolicLink(atPath: path))
      default: break
      }
      if kind != S_IFDIR, status.st_nlink > 1 {
        line += " as \(seen[Int(status.st_ino)] ?? name)"
        if seen[Int(status.st_ino)] == nil { seen[Int(status.st_ino)] = name }
      }
      facts[name] = line
    }
    return facts
  }

  private static func stat(_ path: String) throws -> Glibc.stat {
    var status = Glibc.stat()
    guard unsafe lstat(path, &status) == 0 else {
      throw OperatorError("proof.witness", .failed, path)
    }
    return status
  }
}
