internal import Glibc
internal import LocalFiles
internal import SystemPackage
internal import Vocabulary

/// The right to be the only run that seals into some folders; given back with its owner, also by
/// SIGKILL.
///
/// Two runs that replace one file would move its counter past what either wrote. The folder is locked,
/// for the file itself is another one after each of them.
final class FolderLocks: Sendable {
  private let folders: [FileDescriptor]

  /// - Throws: `OperatorError` `seal.locked`, `seal.unwritable`.
  init(of files: [FilePath]) throws {
    var held: [FileDescriptor] = []
    do {
      // Once each: a folder that is open twice locks itself out.
      for folder in Set(files.map { LocalPath($0).canonical.removingLastComponent() }) {
        held.append(try Self.lock(folder))
      }
    } catch {
      for folder in held { try? folder.close() }
      throw error
    }
    folders = held
  }

  private static func lock(_ folder: FilePath) throws -> FileDescriptor {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(folder, .readOnly, options: [.directory, .closeOnExec])
    } catch {
      throw OperatorError("seal.unwritable", .failed, "cannot open the folder \(folder): \(error)")
    }
    if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return file }
    let problem = Errno(rawValue: errno)
    try? file.close()
    guard problem == .wouldBlock else {
      throw OperatorError(
        "seal.unwritable", .failed, "cannot lock the folder \(folder): \(problem)")
    }
    throw OperatorError(
      "seal.locked", .locked, "another run seals into \(folder)", hint: "wait for it to end")
  }

  deinit { for folder in folders { try? folder.close() } }
}
