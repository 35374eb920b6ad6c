import Glibc
import LocalFiles
import SecretMemory
package import Repository
package import SystemPackage
import Vocabulary

/// A store in a folder of this machine, or of a file system mounted here.
package struct DirectoryStore: BlobStore {
  private static let pieceSize = 1 << 20
  private static let lockName = "lock"

  private let root: FilePath
  private let scratch: FilePath

  package var location: String { root.string }

  /// Names a store; nothing is looked at yet.
  ///
  /// - Parameters:
  ///   - root: the folder.
  ///   - writer: whose temporary files these are; two writers of one store never share a name.
  package init(_ root: FilePath, writer: String) {
    self.root = root
    scratch = root.appending(".tmp").appending(writer)
  }

  package func prepareForWriting() throws -> any WriterLease {
    try reporting("store.failed", "cannot write to \(root)") {
      try DurableFile.makeFolder(scratch)
      // What lies there is a dead run's only once no living one can have it.
      let lease = try DirectoryLease(scratch.appending(Self.lockName))
      for name in try names(in: scratch) where name != Self.lockName {
        _ = unsafe scratch.appending(name).withPlatformString { unsafe unlink($0) }
      }
      return lease
    }
  }

  package func put(_ name: ObjectName, _ bytes: RawSpan) throws {
    try reporting("store.failed", "cannot write \(name) to \(root)") {
      try makeFolders(for: name)
      do {
        try DurableFile.write(bytes, to: path(name), scratch: scratch, taken: .refuse)
      } catch Errno.fileExists {
        throw OperatorError("object.exists", .failed, "\(name) is in the store already")
      }
    }
  }

  package func putTogether(_ objects: [(name: ObjectName, bytes: [UInt8])]) throws {
    try reporting("store.failed", "cannot write to \(root)") {
      for object in objects { try makeFolders(for: object.name) }
      do {
        try DurableFile.writeTogether(
          objects.map { (path($0.name), $0.bytes) }, scratch: scratch)
      } catch Errno.fileExists {
        let names = objects.map { "\($0.name)" }.joined(separator: " or ")
        throw OperatorError("object.exists", .failed, "\(names) is in the store already")
      }
    }
  }

  package func read(_ name: ObjectName, _ range: Range<Int>?) throws -> [UInt8] {
    try reporting("store.failed", "cannot read \(name) in \(root)") {
      try open(name).closeAfter(name) { file in
        let range = try range ?? 0..<Self.length(of: file)
        return unsafe try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
          while filled < range.count {
            let got = unsafe try file.read(
              fromAbsoluteOffset: Int64(range.lowerBound + filled),
              into: UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<range.count]))
            guard got > 0 else {
              throw OperatorError(
                "object.short", .mismatch, "\(name) ends before byte \(range.upperBound)")
            }
            filled += got
          }
        }
      }
    }
  }

  package func stream(_ name: ObjectName, _ consume: (RawSpan) throws -> Void) throws {
    try reporting("store.failed", "cannot read \(name) in \(root)") {
      try open(name).closeAfter(name) { file in
        _ = posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_SEQUENTIAL)
        var buffer = [UInt8](repeating: 0, count: Self.pieceSize)
        while true {
          let got = unsafe try buffer.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
          guard got > 0 else { return }
          try buffer.withBytes { try consume($0.extracting(0..<got)) }
        }
      }
    }
  }

  package func size(of name: ObjectName) throws -> Int? {
    var status = stat()
    let result = unsafe path(name).withPlatformString { unsafe lstat($0, &status) }
    guard result == 0 else {
      let problem = Errno(rawValue: errno)
      if problem == .noSuchFileOrDirectory || problem == .notDirectory { return nil }
      throw Self.failure("store.failed", "cannot look at \(name) in \(root)", problem)
    }
    try Self.requireFile(status, name)
    return Int(status.st_size)
  }

  package func list(_ folder: String) throws -> [String] {
    try names(in: root.appending(folder)).sorted()
  }

  package func remove(_ name: ObjectName) throws {
    try reporting("store.failed", "cannot remove \(name) from \(root)") {
      let result = unsafe path(name).withPlatformString { unsafe unlink($0) }
      guard result == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
    }
  }

  private func path(_ name: ObjectName) -> FilePath { root.appending(name.path) }

  private func makeFolders(for name: ObjectName) throws {
    try DurableFile.makeFolder(path(name).removingLastComponent())
    try DurableFile.makeFolder(scratch)
  }

  private func open(_ name: ObjectName) throws -> FileDescriptor {
    do {
      // Without waiting: a pipe that somebody put there would be opened for ever.
      let file = try FileDescriptor.open(
        path(name), .readOnly, options: [.noFollow, .closeOnExec, .nonBlocking])
      do {
        var status = stat()
        guard unsafe fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        try Self.requireFile(status, name)
      } catch {
        try? file.close()
        throw error
      }
      return file
    } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
      throw OperatorError(
        "object.missing", .mismatch, "\(name) is missing",
        hint: "fetch it from another copy of the store")
    } catch Errno.tooManySymbolicLinkLevels {
      throw Self.notAFile(name)
    }
  }

  private static func requireFile(_ status: stat, _ name: ObjectName) throws {
    guard status.st_mode & S_IFMT == S_IFREG else { throw notAFile(name) }
  }

  private static func notAFile(_ name: ObjectName) -> OperatorError {
    OperatorError(
      "object.not-a-file", .mismatch, "\(name) is a link, a folder or a device, and no object",
      hint: "no coffer made it; look who can write to the store")
  }

  private static func length(of file: FileDescriptor) throws -> Int {
    Int(try file.seek(offset: 0, from: .end))
  }

  private func names(in folder: FilePath) throws -> [String] {
    guard let stream = unsafe folder.withPlatformString({ unsafe opendir($0) }) else {
      guard errno == ENOENT else {
        throw Self.failure("store.failed", "cannot list \(folder)", Errno(rawValue: errno))
      }
      return []
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Puts an `Errno` into an operator's words.
  private func reporting<Result>(
    _ code: String, _ what: String, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let problem as Errno {
      throw Self.failure(code, what, problem)
    }
  }

  private static func failure(_ code: String, _ what: String, _ problem: Errno) -> OperatorError {
    switch problem {
    case .noSpace, .diskQuotaExceeded:
      OperatorError(
        "store.full", .failed, "\(what): no space left",
        hint: "free space, then run again: what was written is used")
    default: OperatorError(code, .failed, "\(what): \(problem)")
    }
  }
}

/// A writer's right to a directory: a lock among its temporary files.
private final class DirectoryLease: WriterLease {
  private var lock: RunLock?

  init(_ path: FilePath) throws {
    lock = try RunLock(path)
  }

  func release() { lock = nil }
}

extension FileDescriptor {
  /// Closes after `body`, which is handed the descriptor.
  fileprivate func closeAfter<Result>(
    _ name: ObjectName, _ body: (FileDescriptor) throws -> Result
  ) throws -> Result {
    try closeAfter { try body(self) }
  }
}
