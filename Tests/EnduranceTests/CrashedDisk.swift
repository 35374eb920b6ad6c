import Foundation
import ProofTools
import SecretMemory
import Vocabulary

/// What of a disk outlives a crash.
enum CrashLoss: String, CaseIterable {
  /// The process was killed: all that it did is there.
  case nothing
  /// The power failed: all is lost that was not synced.
  case everything
  /// The power failed: names are there, but files are as they were last synced.
  case data
  /// The power failed: names are there, and of what was written to files some pieces.
  case pieces
  /// The power failed: each name and each piece is there or not.
  case some
}

/// A folder as a disk holds it, and what of it is on the platters already.
///
/// It knows no more than POSIX promises: fsync of a file keeps its content, fsync of a folder the
/// names in it; nothing else is kept, in whatever order it was done. A rename is kept whole or not at all.
struct CrashedDisk {
  /// Folders, files and links by their path below the root.
  struct Tree: Equatable {
    enum Thing: Equatable {
      case folder
      case file([UInt8])
      case link(String)
    }

    var things: [String: Thing] = [:]

    /// Trees of one digest are one tree.
    var digest: SHA256Digest {
      var hasher = SHA256Hasher()
      for (path, thing) in things.sorted(by: { $0.key < $1.key }) {
        let (kind, bytes): (String, [UInt8]) =
          switch thing {
          case .folder: ("d", [])
          case .file(let bytes): ("f", bytes)
          case .link(let target): ("l", Array(target.utf8))
          }
        Array("\(path)\0\(kind)\0\(bytes.count)\0".utf8).withBytes { hasher.update($0) }
        bytes.withBytes { hasher.update($0) }
      }
      return hasher.finish()
    }
  }

  private struct Change {
    /// Nil where it only sets the length.
    let bytes: ArraySlice<UInt8>?
    let offset: Int
  }

  private struct Node {
    var target: String?
    var isFolder = false
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    var content: [UInt8] = []
    var durableContent: [UInt8] = []
    var unsynced: [Change] = []
  }

  private struct NameChange {
    let parts: [(folder: Int, name: String, node: Int?)]
  }

  private var nodes: [Node] = []
  private var unsyncedNames: [NameChange] = []
  /// Nodes by the inode numbers that the recorder speaks of.
  private var numbers: [Int: Int] = [:]

  /// Takes a folder that is wholly on disk.
  init(_ root: String) throws {
    nodes.append(Node(isFolder: true))
    try take(root, 0)
    settle()
  }

  private mutating func take(_ path: String, _ node: Int) throws {
    numbers[try Self.inode(path)] = node
    for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
      let below = "\(path)/\(name)"
      let kind =
        try FileManager.default.attributesOfItem(atPath: below)[.type] as? FileAttributeType
      var new = Node()
      if kind == .typeDirectory {
        new.isFolder = true
      } else if kind == .typeSymbolicLink {
        new.target = try FileManager.default.destinationOfSymbolicLink(atPath: below)
      } else {
        new.content = try ScratchFolder.bytes(at: below)
      }
      nodes.append(new)
      let made = nodes.count - 1
      nodes[node].names[name] = made
      if kind == .typeDirectory {
        try take(below, made)
      } else {
        numbers[try Self.inode(below)] = made
      }
    }
  }

  private static func inode(_ path: String) throws -> Int {
    let facts = try FileManager.default.attributesOfItem(atPath: path)
    return facts[.systemFileNumber] as? Int ?? -1
  }

  /// Everything becomes durable.
  private mutating func settle() {
    unsyncedNames = []
    for index in nodes.indices {
      nodes[index].durableNames = nodes[index].names
      nodes[index].durableContent = nodes[index].content
      nodes[index].unsynced = []
    }
  }

  // MARK: What a program does

  /// Does what a program did.
  mutating func apply(_ call: RecordedCall) throws {
    switch call {
    case .makeFile(let folder, let name, let inode):
      try name_(folder, name, new(Node(), inode))
    case .makeNameless(let inode):
      _ = new(Node(), inode)
    case .makeFolder(let folder, let name, let inode):
      try name_(folder, name, new(Node(isFolder: true), inode))
    case .makeLink(let folder, let name, let inode, let target):
      try name_(folder, name, new(Node(target: target), inode))
    case .write(let inode, let offset, let bytes):
      try change(inode, Change(bytes: bytes, offset: offset))
    case .truncate(let inode, let length):
      try change(inode, Change(bytes: nil, offset: length))
    case .sync(let inode): sync(try node(inode))
    case .syncAll: settle()
    case .rename(let folder, let name, let toFolder, let toName):
      let (from, to) = (try node(folder), try node(toFolder))
      guard let moved = nodes[from].names[name] else { throw Self.unknown("\(call)") }
      rename([(from, name, nil), (to, toName, moved)])
    case .link(let inode, let folder, let name):
      try rename([(node(folder), name, node(inode))])
    case .remove(let folder, let name):
      try rename([(node(folder), name, nil)])
    case .other, .failed: break
    }
  }

  private func node(_ inode: Int) throws -> Int {
    guard let node = numbers[inode] else { throw Self.unknown("inode \(inode)") }
    return node
  }

  private static func unknown(_ what: String) -> OperatorError {
    OperatorError("proof.record", .failed, "the recorder speaks of what it has not seen: \(what)")
  }

  private mutating func new(_ node: Node, _ inode: Int) -> Int {
    nodes.append(node)
    numbers[inode] = nodes.count - 1
    return nodes.count - 1
  }

  private mutating func name_(_ folder: Int, _ name: String, _ made: Int) throws {
    rename([(try node(folder), name, made)])
  }

  private mutating func rename(_ parts: [(folder: Int, name: String, node: Int?)]) {
    for part in parts { nodes[part.folder].names[part.name] = part.node }
    unsyncedNames.append(NameChange(parts: parts))
  }

  private mutating func change(_ inode: Int, _ change: Change) throws {
    let index = try node(inode)
    Self.apply(change, to: &nodes[index].content)
    nodes[index].unsynced.append(change)
  }

  private static func apply(_ change: Change, to content: inout [UInt8]) {
    guard let bytes = change.bytes else {
      content = Array(content.prefix(change.offset))
      content += [UInt8](repeating: 0, count: change.offset - content.count)
      return
    }
    let end = change.offset + bytes.count
    if content.count < end { content += [UInt8](repeating: 0, count: end - content.count) }
    content.replaceSubrange(change.offset..<end, with: bytes)
  }

  private mutating func sync(_ index: Int) {
    guard nodes[index].isFolder else {
      nodes[index].durableContent = nodes[index].content
      nodes[index].unsynced = []
      return
    }
    let touching = unsyncedNames.filter { $0.parts.contains { $0.folder == index } }
    unsyncedNames.removeAll { $0.parts.contains { $0.folder == index } }
    for part in touching.flatMap(\.parts) {
      nodes[part.folder].durableNames[part.name] = part.node
    }
  }

  // MARK: What a crash leaves

  /// What is found after a crash.
  func tree(after loss: CrashLoss, _ chance: inout SeededChance) -> Tree {
    var names: [Int: [String: Int]] = [:]
    if loss == .some {
      for change in unsyncedNames where Bool.random(using: &chance) {
        for part in change.parts {
          names[part.folder, default: nodes[part.folder].durableNames][part.name] = part.node
        }
      }
    }
    var tree = Tree()
    var contents: [Int: [UInt8]] = [:]
    func visit(_ index: Int, _ path: String) {
      let node = nodes[index]
      let there =
        switch loss {
        case .nothing, .data, .pieces: node.names
        case .everything: node.durableNames
        case .some: names[index] ?? node.durableNames
        }
      for (name, child) in there.sorted(by: { $0.key < $1.key }) {
        let below = path.isEmpty ? name : "\(path)/\(name)"
        if nodes[child].isFolder {
          tree.things[below] = .folder
          visit(child, below)
        } else if let target = nodes[child].target {
          tree.things[below] = .link(target)
        } else {
          let content = contents[child] ?? content(of: nodes[child], after: loss, &chance)
          contents[child] = content
          tree.things[below] = .file(content)
        }
      }
    }
    visit(0, "")
    return tree
  }

  private func content(
    of node: Node, after loss: CrashLoss, _ chance: inout SeededChance
  ) -> [UInt8] {
    switch loss {
    case .nothing: return node.content
    case .everything, .data: return node.durableContent
    case .pieces, .some:
      var content = node.durableContent
      for change in node.unsynced where Bool.random(using: &chance) {
        guard let bytes = change.bytes, Bool.random(using: &chance) else {
          Self.apply(change, to: &content)
          continue
        }
        // A disk writes sectors.
        let kept = Int.random(in: 0...bytes.count, using: &chance) & ~511
        Self.apply(Change(bytes: bytes.prefix(kept), offset: change.offset), to: &content)
      }
      return content
    }
  }

  /// Puts the disk, as a killed process left it, into a folder, so that the next recorded program may go
  /// on there: what was not synced is not synced still.
  mutating func putBack(at root: String) throws {
    var chance = SeededChance(seed: 0)
    let tree = tree(after: .nothing, &chance)
    try tree.write(to: root)
    numbers = [try Self.inode(root): 0]
    func number(_ index: Int, _ path: String) throws {
      for (name, child) in nodes[index].names {
        numbers[try Self.inode("\(path)/\(name)")] = child
        if nodes[child].isFolder { try number(child, "\(path)/\(name)") }
      }
    }
    try number(0, root)
  }
}

extension CrashedDisk.Tree {
  /// Reads a folder.
  init(reading root: String) throws {
    var chance = SeededChance(seed: 0)
    self = try CrashedDisk(root).tree(after: .nothing, &chance)
  }

  /// Writes it to a folder, in place of what is there.
  func write(to root: String) throws {
    let manager = FileManager.default
    try? manager.removeItem(atPath: root)
    try manager.createDirectory(atPath: root, withIntermediateDirectories: true)
    for (path, thing) in things.sorted(by: { $0.key < $1.key }) {
      let place = "\(root)/\(path)"
      switch thing {
      case .folder:
        try manager.createDirectory(
          atPath: place, withIntermediateDirectories: false,
          attributes: [.posixPermissions: 0o700])
      case .file(let bytes):
        guard
          manager.createFile(
            atPath: place, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else { throw OperatorError("proof.disk", .failed, "cannot write \(place)") }
      case .link(let target):
        try manager.createSymbolicLink(atPath: place, withDestinationPath: target)
      }
    }
  }
}
