import FileTrees
import Glibc
import LocalFiles
import SecretMemory
package import Repository
package import SystemPackage
import Vocabulary

/// A store in a folder of this machine, or of a file system mounted here.
///
/// Files are reached as `StoreFolders` says: nobody who can write to it leads its readers or writers out
/// of it. An object is written under a temporary name and synced, gets its own, and the folder is synced.
package struct DirectoryStore: BlobStore {
  private static let pieceSize = 1 << 20

  let folders: StoreFolders
  private let scratch: String

  package var location: String { folders.root.string }

  /// Names a store; nothing is looked at yet.
  ///
  /// - Parameters:
  ///   - root: the folder.
  ///   - writer: whose temporary files these are; two writers of one store never share a name.
  package init(_ root: FilePath, writer: String) {
    folders = StoreFolders(root: root)
    scratch = ".tmp/\(writer)"
  }

  package func prepareForWriting() throws -> any WriterLease {
    try reporting("cannot write to \(location)") {
      try folders.makeRoot()
      let folder = try folders.make(scratch)
      // What lies there is a dead run's only once no living one can have it.
      let lease = try DirectoryLease(in: folder, called: "\(location)/\(scratch)")
      for name in try folder.handle.names() where TemporaryObject.isTemporary(name) {
        try? folder.handle.remove(name)
      }
      return lease
    }
  }

  package func put(_ name: ObjectName, _ bytes: RawSpan) throws {
    try stage { take in try take(bytes) }.keep(as: name)
  }

  package func stage(
    _ write: (_ take: @escaping @Sendable (RawSpan) throws -> Void) throws -> Void
  ) throws -> any StagedObject {
    try reporting("cannot write to \(location)") {
      Staged(object: try TemporaryObject(in: folders.make(scratch), from: write), store: self)
    }
  }

  package func putTogether(_ objects: [(name: ObjectName, bytes: [UInt8])]) throws {
    try reporting("cannot write to \(location)") {
      let written = try objects.map { object in
        let temporary = try TemporaryObject(in: folders.make(scratch)) { take in
          try object.bytes.withBytes { try take($0) }
        }
        try temporary.sync()
        return temporary
      }
      do {
        // A disk may keep a later name and lose an earlier one, if it is not told.
        for (object, temporary) in zip(objects, written) {
          try add(temporary, as: object.name)
        }
      } catch Errno.fileExists {
        let names = objects.map { "\($0.name)" }.joined(separator: " or ")
        throw OperatorError("object.exists", .failed, "\(names) is in the store already")
      }
    }
  }

  package func read(_ name: ObjectName, _ range: Range<Int>?) throws -> [UInt8] {
    try reporting("cannot read \(name) in \(location)") {
      try open(name).lend { file in
        let range = try range ?? 0..<Int(file.seek(offset: 0, from: .end))
        return unsafe try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
          var all = unsafe UnsafeMutableRawBufferPointer(buffer).mutableBytes
          // An array may have more room than was asked for.
          var room = all._mutatingExtracting(0..<range.count)
          filled = try file.readWhole(into: &room, at: range.lowerBound)
          guard filled == range.count else {
            throw OperatorError(
              "object.short", .mismatch, "\(name) ends before byte \(range.upperBound)")
          }
        }
      }
    }
  }

  package func stream(_ name: ObjectName, _ consume: (RawSpan) throws -> Void) throws {
    try reporting("cannot read \(name) in \(location)") {
      try open(name).lend { file in
        _ = posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_SEQUENTIAL)
        // Room for one byte more than there is: a small object is read in one call, and its end in another.
        let size = try Int(file.seek(offset: 0, from: .end)) + 1
        try file.seek(offset: 0, from: .start)
        var buffer = [UInt8](repeating: 0, count: min(size, Self.pieceSize))
        while true {
          let got = unsafe try buffer.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
          guard got > 0 else { return }
          try buffer.withBytes { try consume($0.extracting(0..<got)) }
        }
      }
    }
  }

  package func size(of name: ObjectName) throws -> Int? {
    try reporting("cannot look at \(name) in \(location)") {
      do {
        let folder = try folders.open(name.folder)
        let status = try folder.handle.status(of: Array(name.lastComponent.utf8))
        guard status.kind == .regular else { throw StoreFolders.notAFile("\(name)") }
        return Int(status.stamp.size)
      } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
        return nil
      }
    }
  }

  package func list(_ folder: String) throws -> [String] {
    try reporting("cannot list \(folder) in \(location)") {
      do {
        return try folders.open(folder).handle.names()
          .map { String(decoding: $0, as: UTF8.self) }.sorted()
      } catch Errno.noSuchFileOrDirectory {
        return []
      }
    }
  }

  package func remove(_ name: ObjectName) throws {
    try reporting("cannot remove \(name) from \(location)") {
      do {
        let folder = try folders.open(name.folder)
        try folder.handle.remove(Array(name.lastComponent.utf8))
      } catch Errno.noSuchFileOrDirectory {
        return
      }
    }
  }

  private func add(_ object: TemporaryObject, as name: ObjectName) throws {
    try object.add(Array(name.lastComponent.utf8), to: folders.make(name.folder))
  }

  /// An object with a temporary name.
  private struct Staged: StagedObject {
    let object: TemporaryObject
    let store: DirectoryStore

    func keep(as name: ObjectName) throws {
      try store.reporting("cannot write \(name) to \(store.location)") {
        try object.sync()
        do {
          try store.add(object, as: name)
        } catch Errno.fileExists {
          throw OperatorError("object.exists", .failed, "\(name) is in the store already")
        }
      }
    }

    func keep(inPlaceOf name: ObjectName) throws {
      try store.reporting("cannot write \(name) to \(store.location)") {
        try object.sync()
        try object.replace(
          Array(name.lastComponent.utf8), in: store.folders.make(name.folder))
      }
    }
  }

  private func open(_ name: ObjectName) throws -> Descriptor {
    do {
      let folder = try folders.open(name.folder)
      let file = try folder.handle.open(Array(name.lastComponent.utf8), O_RDONLY)
      guard try file.status().kind == .regular else { throw StoreFolders.notAFile("\(name)") }
      return file
    } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
      throw OperatorError(
        "object.missing", .mismatch, "\(name) is missing",
        hint: "fetch it from another copy of the store")
    } catch Errno.tooManySymbolicLinkLevels {
      throw StoreFolders.notAFile("\(name)")
    }
  }

  /// Puts an `Errno` into an operator's words.
  func reporting<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch Errno.noSpace, Errno.diskQuotaExceeded {
      throw OperatorError(
        "store.full", .failed, "\(what): no space left",
        hint: "free space, then run again: what was written is used")
    } catch let problem as Errno {
      throw OperatorError("store.failed", .failed, "\(what): \(problem)")
    }
  }
}
