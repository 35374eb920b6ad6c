import FileTrees
import Glibc
import SecretMemory
import SystemPackage
import Vocabulary

/// Compares files that stand somewhere with what was saved: kind, size, mode, and every byte.
struct FileTreeComparison {
  /// After so many named files the rest is only counted.
  private static let mostNamed = 50

  private let source: SourceName
  private let root: FilePath
  private var compared = 0
  private var different = 0
  private var named: [Finding] = []

  init(_ source: SourceName, at root: FilePath) {
    self.source = source
    self.root = root
  }

  var findings: [Finding] {
    guard different > 0 else {
      return [Finding(.good, "files.equal", "\(source): \(compared) files are as they were saved")]
    }
    let rest = different - named.count
    return rest == 0
      ? named : named + [Finding(.bad, "files.differ", "\(source): and \(rest) files more")]
  }

  mutating func compare(_ file: FileRecord) {
    compared += 1
    guard let problem = problem(with: file) else { return }
    different += 1
    guard named.count < Self.mostNamed else { return }
    named.append(Finding(.bad, problem.check, "\(source): \(file.path) \(problem.text)"))
  }

  private func problem(with file: FileRecord) -> (check: String, text: String)? {
    let path = root.appending(bytes: file.path.bytes)
    var status = stat()
    guard unsafe path.withPlatformString({ unsafe lstat($0, &status) }) == 0 else {
      return ("files.missing", "is missing")
    }
    let kind = status.st_mode & S_IFMT
    switch file.kind {
    case .directory:
      guard kind == S_IFDIR else { return ("files.kind", "is no folder") }
    case .symbolicLink(let target):
      guard kind == S_IFLNK else { return ("files.kind", "is no symbolic link") }
      return path.linkTarget == target ? nil : ("files.differ", "points elsewhere")
    case .fifo:
      guard kind == S_IFIFO else { return ("files.kind", "is no pipe") }
    case .hardLink:
      guard kind == S_IFREG else { return ("files.kind", "is no regular file") }
      return nil
    case .regular:
      guard kind == S_IFREG else { return ("files.kind", "is no regular file") }
      guard Int64(status.st_size) == file.size else {
        return ("files.differ", "is \(status.st_size) bytes long, \(file.size) were saved")
      }
      guard let digest = try? path.sha256() else { return ("files.unreadable", "cannot be read") }
      guard digest == file.sha256 else {
        return ("files.differ", "has other content than was saved")
      }
    }
    // What an unprivileged restore cannot set is not compared; the restore has said so.
    guard UInt16(status.st_mode & 0o777) == file.mode & 0o777 else {
      return ("files.mode", "has another mode than was saved")
    }
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

  /// The bytes of a symbolic link's target.
  var linkTarget: [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 4097)
    let count = unsafe withPlatformString { path in
      unsafe buffer.withUnsafeMutableBytes { room in
        guard let start = room.baseAddress else { return -1 }
        return unsafe readlink(path, start.assumingMemoryBound(to: CChar.self), room.count)
      }
    }
    return count >= 0 ? Array(buffer[..<count]) : nil
  }

  /// Opens a file to be read, one of our own also where its mode keeps even its owner out.
  ///
  /// The mode is put back at once.
  private func openAsOwner() throws -> FileDescriptor {
    do {
      return try FileDescriptor.open(self, .readOnly, options: [.noFollow, .closeOnExec])
    } catch Errno.permissionDenied {
      var status = Glibc.stat()
      guard unsafe withPlatformString({ unsafe lstat($0, &status) }) == 0,
        status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFREG,
        unsafe withPlatformString({ unsafe chmod($0, status.st_mode | S_IRUSR) }) == 0
      else { throw Errno.permissionDenied }
      defer { _ = unsafe withPlatformString { unsafe chmod($0, status.st_mode) } }
      return try FileDescriptor.open(self, .readOnly, options: [.noFollow, .closeOnExec])
    }
  }

  /// SHA-256 of a regular file, holes read as zeros.
  func sha256() throws -> SHA256Digest {
    let file = try openAsOwner()
    defer { try? file.close() }
    var hasher = SHA256Hasher()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let got = unsafe try buffer.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
      guard got > 0 else { return hasher.finish() }
      buffer.withBytes { hasher.update($0.extracting(0..<got)) }
    }
  }
}
