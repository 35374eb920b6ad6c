import FileTrees
import Repository
import SecretMemory
import Synchronization
import SystemPackage
import Vocabulary

/// An object that has a temporary name in its writer's scratch folder, as long as this lives.
final class TemporaryObject: Sendable {
  private let temporary: [UInt8]
  private let scratch: OpenFolder
  private let file: Descriptor

  /// Writes an object, mode 0600.
  ///
  /// - Parameters:
  ///   - scratch: the folder of the temporary name.
  ///   - write: hands all of it to `take`.
  /// - Throws: `Errno`, and what `write` throws; nothing is left then.
  init(
    in scratch: OpenFolder,
    from write: (_ take: @escaping @Sendable (RawSpan) throws -> Void) throws -> Void
  ) throws {
    temporary = Array("\(Hexadecimal.encode(Randomness.bytes(count: 8))).tmp".utf8)
    self.scratch = scratch
    file = try scratch.handle.makeFile(temporary)
    try file.lend { file in
      let open = OpenWriting(file)
      // A worker that comes too late, after a failure, must not write to what has the number then.
      defer { open.end() }
      try write { try open.write($0) }
    }
  }

  /// Whether a name is one that this type gives.
  static func isTemporary(_ name: [UInt8]) -> Bool {
    let digits = name.prefix(16)
    return name.count == 20 && name.suffix(4).elementsEqual(".tmp".utf8)
      && digits.allSatisfy { "0123456789abcdef".utf8.contains($0) }
  }

  /// Makes its bytes durable.
  /// - Throws: `Errno`.
  func sync() throws {
    try file.sync()
  }

  /// Gives it a name of its own in a folder, durably; the name must not be taken.
  ///
  /// A hard link, unlike a rename, fails where the name is taken.
  /// - Throws: `Errno`.
  func add(_ name: [UInt8], to folder: OpenFolder) throws {
    do {
      try folder.handle.makeHardLink(name, to: temporary, in: scratch.handle)
    } catch Errno.notPermitted, Errno.notSupported {
      // File systems of removable media know no links; one writer holds the lock.
      guard (try? folder.handle.status(of: name)) == nil else { throw Errno.fileExists }
      try folder.handle.replace(name, with: temporary, in: scratch.handle)
    }
    try folder.handle.descriptor.sync()
  }

  /// Gives it a name of its own in a folder, durably; what has the name goes.
  /// - Throws: `Errno`.
  func replace(_ name: [UInt8], in folder: OpenFolder) throws {
    try folder.handle.replace(name, with: temporary, in: scratch.handle)
    try folder.handle.descriptor.sync()
  }

  deinit { try? scratch.handle.remove(temporary) }
}

/// A file as long as it may be written to.
private final class OpenWriting: Sendable {
  private let file: Mutex<FileDescriptor?>

  init(_ file: FileDescriptor) {
    self.file = Mutex(file)
  }

  func write(_ bytes: RawSpan) throws {
    try file.withLock { file in
      guard let file else { throw Errno.badFileDescriptor }
      _ = try unsafe bytes.withUnsafeBytes { unsafe try file.writeAll($0) }
    }
  }

  func end() {
    file.withLock { $0 = nil }
  }
}

extension ObjectName {
  /// The folder it is in, empty for the root of a store.
  var folder: Substring { path[..<(path.lastIndex(of: "/") ?? path.startIndex)] }

  /// Its name in that folder.
  var lastComponent: Substring {
    path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
  }
}
