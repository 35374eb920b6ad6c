internal import CLinux
internal import Glibc
package import SystemPackage

/// What a restore or a store makes in a folder: one new name, never in place of another but where that
/// is said.
extension DirectoryHandle {
  /// Makes a folder for its owner alone, and opens it.
  /// - Parameter name: the folder.
  /// - Returns: the open folder.
  /// - Throws: `Errno`, `fileExists` where the name is taken.
  package func makeDirectory(_ name: [UInt8]) throws(Errno) -> DirectoryHandle {
    _ = try unsafe call(name) { unsafe mkdirat(descriptor.number, $0, 0o700) }
    return try openDirectory(name)
  }

  /// Makes an empty file for its owner alone, open to be written.
  /// - Parameter name: the file.
  /// - Returns: its descriptor.
  /// - Throws: `Errno`, `fileExists` where the name is taken.
  package func makeFile(_ name: [UInt8]) throws(Errno) -> Descriptor {
    try open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
  }

  /// Makes a symbolic link.
  func makeSymbolicLink(_ name: [UInt8], to target: [UInt8]) throws(Errno) {
    _ = try unsafe call(name) { name in
      unsafe lendCString(target) { unsafe symlinkat($0, descriptor.number, name) }
    }
  }

  /// Makes a named pipe for its owner alone.
  func makePipe(_ name: [UInt8]) throws(Errno) {
    _ = try unsafe call(name) { unsafe mkfifoat(descriptor.number, $0, 0o600) }
  }

  /// Makes a further name for a file of another folder, the link itself where that is one.
  /// - Parameters:
  ///   - name: the new name.
  ///   - first: the file's name.
  ///   - folder: where that is.
  /// - Throws: `Errno`, `fileExists` where the new name is taken.
  package func makeHardLink(
    _ name: [UInt8], to first: [UInt8], in folder: borrowing DirectoryHandle
  ) throws(Errno) {
    let from = folder.descriptor.number
    _ = try unsafe call(name) { name in
      unsafe lendCString(first) { unsafe linkat(from, $0, descriptor.number, name, 0) }
    }
  }

  /// Gives a file its final name, unless something bears it already.
  func rename(_ temporary: [UInt8], to name: [UInt8]) throws(Errno) {
    let number = descriptor.number
    let result = unsafe lendCString(temporary) { temporary in
      unsafe lendCString(name) {
        unsafe renameat2(number, temporary, number, $0, linux_rename_noreplace)
      }
    }
    if result == 0 { return }
    let error = Errno.last
    // Not every file system can do this; a second name in place of the first comes to the same.
    guard error == .invalidArgument else { throw error }
    try makeHardLink(name, to: temporary, in: self)
    try remove(temporary)
  }

  /// Gives a file of another folder a name in this one, in place of what has it.
  /// - Parameters:
  ///   - name: the new name.
  ///   - first: the file's name until now.
  ///   - folder: where that is.
  /// - Throws: `Errno`.
  package func replace(
    _ name: [UInt8], with first: [UInt8], in folder: borrowing DirectoryHandle
  ) throws(Errno) {
    let from = folder.descriptor.number
    _ = try unsafe call(name) { name in
      unsafe lendCString(first) { unsafe renameat(from, $0, descriptor.number, name) }
    }
  }

  /// Removes a file.
  /// - Parameter name: the file; a symbolic link goes itself.
  /// - Throws: `Errno`.
  package func remove(_ name: [UInt8]) throws(Errno) {
    _ = try unsafe call(name) { unsafe unlinkat(descriptor.number, $0, 0) }
  }
}
