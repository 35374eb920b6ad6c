import FileTrees
import Glibc
import SecretMemory
import SystemPackage
import Vocabulary

/// Compares files that stand somewhere with what was saved: kind, size, every byte, and what a restore
/// by this process could set of mode, owner, time and attributes.
struct FileTreeComparison {
  private typealias Problem = (check: String, text: String)

  /// After so many named files the rest is only counted.
  private static let mostNamed = 50

  private let source: SourceName
  private let tree: TreeDescent
  private let metadata = MetadataComparison()
  private var unsaved: UnsavedFiles
  private var compared = 0
  private var different = 0
  private var named: [Finding] = []
  private var withoutAttributes = 0
  private var firstWithoutAttribute = ""

  init(_ source: SourceName, at root: FilePath, leftOut: FileFilter) {
    self.source = source
    tree = TreeDescent(at: root)
    unsaved = UnsavedFiles(in: tree, but: leftOut)
  }

  mutating func compare(_ file: FileRecord) {
    compared += 1
    unsaved.pass(file)
    guard let problem = problem(with: file) else { return }
    different += 1
    guard named.count < Self.mostNamed else { return }
    named.append(Finding(.bad, problem.check, "\(source): \(file.path) \(problem.text)"))
  }

  /// There are no more saved files: what was found.
  consuming func finish() -> [Finding] {
    unsaved.finish()
    return content + warnings
  }

  private var content: [Finding] {
    guard different > 0 else {
      let attributes = withoutAttributes == 0 ? ["attributes"] : []
      let owners = metadata.comparesOwners ? ["owner"] : []
      let what = (["kind", "content", "mode", "time"] + attributes + owners).joined(separator: ", ")
      return [
        Finding(
          .good, "files.equal", "\(source): \(compared) files are as they were saved: \(what)")
      ]
    }
    let rest = different - named.count
    return rest == 0
      ? named : named + [Finding(.bad, "files.differ", "\(source): and \(rest) files more")]
  }

  private var warnings: [Finding] {
    var warnings: [Finding] = []
    if withoutAttributes > 0 {
      warnings.append(
        Finding(
          .warning, "files.metadata",
          "\(source): \(withoutAttributes) files lack attributes that were saved, the first is "
            + firstWithoutAttribute))
    }
    if unsaved.count > 0 {
      let names = unsaved.named.map { "\($0)" }.joined(separator: ", ")
      warnings.append(
        Finding(
          .warning, "files.unsaved",
          "\(source): \(unsaved.count) files are there that were not saved: \(names)"
            + (unsaved.count > unsaved.named.count ? ", …" : "")))
    }
    return warnings
  }

  private mutating func problem(with file: FileRecord) -> Problem? {
    // The root is a name in itself.
    let name = file.path.isRoot ? [UInt8(ascii: ".")] : file.path.name
    guard let folder = tree.folder(at: file.path.parent ?? .root),
      let status = try? folder.handle.status(of: name)
    else { return ("files.missing", "is missing") }
    if case .hardLink(let first) = file.kind { return problem(with: status, linkedTo: first) }
    return content(of: file, status, name, in: folder)
      ?? metadata(of: file, status, name, in: folder)
  }

  private func problem(with status: FileStatus, linkedTo first: RelativePath) -> Problem? {
    guard let folder = tree.distantFolder(at: first.parent ?? .root),
      let other = try? folder.handle.status(of: first.name),
      (other.stamp.device, other.stamp.inode) == (status.stamp.device, status.stamp.inode)
    else { return ("files.kind", "is no hard link to \(first)") }
    return nil
  }

  private func content(
    of file: FileRecord, _ status: FileStatus, _ name: [UInt8], in folder: OpenFolder
  ) -> Problem? {
    switch file.kind {
    case .directory:
      return status.kind == .directory ? nil : ("files.kind", "is no folder")
    case .symbolicLink(let target):
      guard status.kind == .symbolicLink else { return ("files.kind", "is no symbolic link") }
      return (try? folder.handle.target(ofLink: name)) == target
        ? nil : ("files.differ", "points elsewhere")
    case .fifo:
      return status.kind == .fifo ? nil : ("files.kind", "is no pipe")
    case .regular, .hardLink:
      guard status.kind == .regular else { return ("files.kind", "is no regular file") }
      guard status.stamp.size == file.size else {
        return ("files.differ", "is \(status.stamp.size) bytes long, \(file.size) were saved")
      }
      guard let digest = try? folder.handle.openAsOwner(name).sha256() else {
        return ("files.unreadable", "cannot be read")
      }
      return digest == file.sha256 ? nil : ("files.differ", "has other content than was saved")
    }
  }

  private mutating func metadata(
    of file: FileRecord, _ status: FileStatus, _ name: [UInt8], in folder: OpenFolder
  ) -> Problem? {
    guard let differences = try? metadata.differences(file, status, of: name, in: folder.handle)
    else {
      return ("files.unreadable", "has attributes that cannot be read")
    }
    for difference in differences {
      switch difference {
      case .mode: return ("files.mode", "has another mode than was saved")
      case .owner: return ("files.owner", "has another owner or group than was saved")
      case .time: return ("files.time", "has another modification time than was saved")
      case .attribute(let name): return ("files.attributes", "has another \(name) than was saved")
      case .missingAttribute(let name):
        if withoutAttributes == 0 { firstWithoutAttribute = "\(file.path): \(name)" }
      }
    }
    if !differences.isEmpty { withoutAttributes += 1 }
    return nil
  }
}

extension FilePath {
  /// Appends a relative path of any bytes.
  func appending(bytes: [UInt8]) -> FilePath {
    guard !bytes.isEmpty else { return self }
    let text = bytes.map { CInterop.PlatformChar(bitPattern: $0) } + [0]
    return appending(FilePath(platformString: text).components)
  }

  /// SHA-256 of a regular file, holes read as zeros.
  func sha256() throws -> SHA256Digest {
    let file = try FileDescriptor.open(self, .readOnly, options: [.noFollow, .closeOnExec])
    defer { try? file.close() }
    return try file.sha256()
  }
}

extension Descriptor {
  fileprivate func sha256() throws -> SHA256Digest { try lend { try $0.sha256() } }
}

extension FileDescriptor {
  fileprivate func sha256() throws -> SHA256Digest {
    var hasher = SHA256Hasher()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let got = unsafe try buffer.withUnsafeMutableBytes { unsafe try read(into: $0) }
      guard got > 0 else { return hasher.finish() }
      buffer.withBytes { hasher.update($0.extracting(0..<got)) }
    }
  }
}
