import FileTrees
package import Repository
import SystemPackage
import Vocabulary

/// How objects that arrived in one folder come into another of the same file system.
extension DirectoryStore {
  /// Gives objects of another folder their names here, too, all durable when the call returns.
  ///
  /// Where a file system knows no links, they have their names here only.
  ///
  /// - Parameters:
  ///   - names: what has no name here yet.
  ///   - other: where the objects are.
  /// - Throws: `object.exists`, `store.failed`; some may be here then.
  package func adopt(_ names: [ObjectName], from other: DirectoryStore) throws {
    try reporting("cannot write to \(location)") {
      for name in names {
        let (source, target) = (try other.folders.open(name.folder), try folders.make(name.folder))
        let file = Array(name.lastComponent.utf8)
        do {
          try target.handle.makeHardLink(file, to: file, in: source.handle)
        } catch Errno.notPermitted, Errno.notSupported {
          guard (try? target.handle.status(of: file)) == nil else { throw Errno.fileExists }
          try target.handle.replace(file, with: file, in: source.handle)
        } catch Errno.fileExists {
          throw OperatorError("object.exists", .failed, "\(name) is in the store already")
        }
      }
      // One call for all of them: a first night brings tens of thousands.
      try folders.open("").handle.descriptor.syncFileSystem()
    }
  }

  /// Puts objects of another folder in place of those that have their names here, all durable when the call
  /// returns; each one is the old or the new one, whatever happens.
  ///
  /// - Parameters:
  ///   - names: what is replaced.
  ///   - other: where the new objects are.
  /// - Throws: `store.failed`; some may be replaced then.
  package func replace(_ names: [ObjectName], from other: DirectoryStore) throws {
    try reporting("cannot write to \(location)") {
      for name in names {
        let (source, target) = (try other.folders.open(name.folder), try folders.make(name.folder))
        let file = Array(name.lastComponent.utf8)
        try target.handle.replace(file, with: file, in: source.handle)
      }
      try folders.open("").handle.descriptor.syncFileSystem()
    }
  }

  /// Every object that a ledger entry could name.
  ///
  /// - Throws: `store.failed`.
  package func objects() throws -> [ObjectName] {
    let folders = try ["indexes", "manifests"] + list("packs").map { "packs/\($0)" }
    return try folders.flatMap { folder in
      try list(folder).compactMap { ObjectName(ledgerText: "\(folder)/\($0)") }
    }
  }

  /// When an object was written, in seconds since 1970 by this machine's clock; nil where there is none.
  ///
  /// - Throws: `store.failed`.
  package func modified(_ name: ObjectName) throws -> Int? {
    try reporting("cannot look at \(name) in \(location)") {
      do {
        let folder = try folders.open(name.folder)
        return Int(
          try folder.handle.status(of: Array(name.lastComponent.utf8)).stamp.modified.seconds)
      } catch Errno.noSuchFileOrDirectory {
        return nil
      }
    }
  }
}
