import FileTrees
import LocalFiles
import SystemPackage
import Vocabulary

/// The folders of a store, entered from its root one name at a time, and never through a link.
///
/// Whoever can write to a store could otherwise have a host read, write and remove files anywhere. The
/// root itself is the operator's own choice: it may be a link.
struct StoreFolders: Sendable {
  /// The store.
  let root: FilePath

  /// Makes the root where it is missing, with what is missing above it.
  func makeRoot() throws {
    try DurableFile.makeFolder(root)
  }

  /// Opens a folder.
  /// - Parameter path: below the root, `/` between names; empty for the root.
  /// - Returns: the open folder.
  /// - Throws: `Errno`, or `object.not-a-file` where a link stands on the way.
  func open(_ path: some StringProtocol) throws -> OpenFolder {
    try reach(path) { try $0.openDirectory($1) }
  }

  /// Opens a folder, after making what is missing of it durably, for its owner alone.
  /// - Parameter path: as in `open`.
  /// - Returns: the open folder.
  /// - Throws: as `open`.
  func make(_ path: some StringProtocol) throws -> OpenFolder {
    try reach(path) { parent, name in
      do {
        return try parent.openDirectory(name)
      } catch Errno.noSuchFileOrDirectory {
        do {
          let made = try parent.makeDirectory(name)
          try parent.descriptor.sync()
          return made
        } catch Errno.fileExists {
          // Another writer was faster.
          return try parent.openDirectory(name)
        }
      }
    }
  }

  private func reach(
    _ path: some StringProtocol,
    by step: (borrowing DirectoryHandle, _ name: [UInt8]) throws -> DirectoryHandle
  ) throws -> OpenFolder {
    var folder = try DirectoryHandle(opening: root)
    for name in path.split(separator: "/") {
      let bytes = Array(name.utf8)
      do {
        folder = try step(folder, bytes)
      } catch Errno.notDirectory {
        // The system says the same of a file and of a link; only one of them is an attack.
        guard try folder.status(of: bytes).kind != .symbolicLink else {
          throw Self.notAFile("\(name) in \(path)")
        }
        throw Errno.notDirectory
      }
    }
    return OpenFolder(folder)
  }

  /// What is to be said of a thing that no coffer puts into a store.
  static func notAFile(_ name: String) -> OperatorError {
    OperatorError(
      "object.not-a-file", .mismatch, "\(name) is a link, a folder or a device, and no object",
      hint: "no coffer made it; look who can write to the store")
  }
}
