internal import Glibc
package import SystemPackage

/// Removes trees that a path may be too short to reach all of.
package enum FileTreeRemoval {
  /// Removes a folder of ours with everything in it; links are removed, never followed.
  ///
  /// It goes down name by name, so the depth is limited by open descriptors and not by `PATH_MAX`;
  /// folders that were made unreadable are opened up first.
  /// - Parameter folder: the folder.
  /// - Throws: `Errno` of the first thing that could not be removed.
  package static func remove(_ folder: FilePath) throws(Errno) {
    guard let name = folder.lastComponent else { throw .invalidArgument }
    let above = try DirectoryHandle(opening: folder.removingLastComponent())
    try remove(Array(name.string.utf8), in: above)
  }

  private static func remove(
    _ name: [UInt8], in folder: borrowing DirectoryHandle
  ) throws(Errno) {
    let status = try folder.status(of: name)
    guard status.kind == .directory else { return try folder.remove(name) }
    if status.mode & 0o700 != 0o700 { try folder.openUp(name) }
    let below = try folder.openDirectory(name)
    for name in try below.names() { try remove(name, in: below) }
    try folder.removeDirectory(name)
  }
}

extension DirectoryHandle {
  /// Lets the owner of a folder do everything in it.
  fileprivate func openUp(_ name: [UInt8]) throws(Errno) {
    _ = try unsafe call(name) { unsafe fchmodat(descriptor.number, $0, 0o700, 0) }
  }

  /// Removes an empty folder.
  fileprivate func removeDirectory(_ name: [UInt8]) throws(Errno) {
    _ = try unsafe call(name) { unsafe unlinkat(descriptor.number, $0, AT_REMOVEDIR) }
  }
}
