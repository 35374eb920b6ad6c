internal import Glibc
package import SystemPackage

/// Finds the folders of a tree that stands somewhere, for names that come in the order of a walk.
///
/// Folders are opened one name at a time and stay open on the way down, so that no path is too long and
/// no link leads elsewhere.
package final class TreeDescent {
  private let root: OpenFolder?
  private var levels: [(path: RelativePath, folder: OpenFolder)] = []

  /// Opens the tree's root; links in its path are followed, for it is the operator's own.
  package init(at root: FilePath) {
    self.root = try? OpenFolder(DirectoryHandle(opening: root))
  }

  /// The open folder of a path.
  /// - Parameter path: best one near the last one asked for.
  /// - Returns: the folder, or nil where none can be opened there.
  package func folder(at path: RelativePath) -> OpenFolder? {
    while let level = levels.last, !path.isWithin(level.path) { levels.removeLast() }
    guard var folder = levels.last?.folder ?? root else { return nil }
    var place = levels.last?.path ?? .root
    for component in path.components.dropFirst(place.components.count) {
      guard let below = try? folder.handle.openDirectory(Array(component)) else { return nil }
      folder = OpenFolder(below)
      place = place.child(component)
      levels.append((place, folder))
    }
    return folder
  }

  /// The open folder of a path anywhere; where the tree was left stays open.
  /// - Parameter path: the folder.
  /// - Returns: the folder, or nil where none can be opened there.
  package func distantFolder(at path: RelativePath) -> OpenFolder? {
    guard var folder = root else { return nil }
    for component in path.components {
      guard let below = try? folder.handle.openDirectory(Array(component)) else { return nil }
      folder = OpenFolder(below)
    }
    return folder
  }
}

extension DirectoryHandle {
  /// Opens a file to be read, one of our own also where its mode keeps even its owner out.
  ///
  /// The mode is put back at once.
  /// - Throws: `Errno`.
  package func openAsOwner(_ name: [UInt8]) throws(Errno) -> Descriptor {
    do {
      return try open(name, O_RDONLY)
    } catch Errno.permissionDenied {
      let status = try status(of: name)
      guard status.userID == geteuid(), status.kind == .regular else { throw .permissionDenied }
      let mode = mode_t(status.mode)
      _ = try unsafe call(name) {
        unsafe fchmodat(descriptor.number, $0, mode | S_IRUSR, 0)
      }
      defer {
        _ = try? unsafe call(name) { unsafe fchmodat(descriptor.number, $0, mode, 0) }
      }
      return try open(name, O_RDONLY)
    }
  }
}
