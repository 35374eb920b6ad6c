internal import Glibc
internal import SystemPackage
internal import Vocabulary

/// The folder a restore goes into, found or made.
enum RestoreTarget {
  static let lostAndFound = RelativePath(checked: Array("lost+found".utf8))

  /// What the folder was like before.
  struct State {
    let originalMode: UInt16
    let hasLostAndFound: Bool
  }

  /// Opens the folder, and makes it and what is missing above it.
  static func open(_ target: FilePath) throws -> DirectoryHandle {
    do {
      return try DirectoryHandle(opening: target)
    } catch Errno.notDirectory {
      throw notEmpty(target)
    } catch Errno.noSuchFileOrDirectory {
      do {
        try makeAll(above: target)
        // Fails where a dangling link stands in its place: making what that names would surprise.
        try make(target)
        return try DirectoryHandle(opening: target)
      } catch {
        throw unusable(target, error)
      }
    } catch {
      throw unusable(target, error)
    }
  }

  /// Makes the folders above a target that are missing.
  static func makeFolders(above target: FilePath) throws {
    do {
      try makeAll(above: target)
    } catch {
      throw unusable(target, error)
    }
  }

  /// Refuses a target that `takeOver` would refuse, and changes nothing.
  static func check(_ target: FilePath) throws {
    do {
      let names = try DirectoryHandle(opening: target).names()
      guard names.isEmpty || names == [lostAndFound.bytes] else { throw notEmpty(target) }
    } catch Errno.noSuchFileOrDirectory {
      return
    } catch Errno.notDirectory {
      throw notEmpty(target)
    } catch let error as Errno {
      throw unusable(target, error)
    }
  }

  /// Refuses a folder that holds anything, and shuts all others out of an empty one.
  static func takeOver(_ handle: borrowing DirectoryHandle, _ target: FilePath) throws -> State {
    do {
      let names = try handle.names()
      let hasLostAndFound = names == [lostAndFound.bytes]
      guard names.isEmpty || hasLostAndFound else { throw notEmpty(target) }
      let state = State(
        originalMode: try handle.descriptor.status().mode, hasLostAndFound: hasLostAndFound)
      // Nobody may look or plant anything while files are coming back; and a default ACL of the
      // target would be handed on to all that is made in it.
      _ = try Errno.check { fchmod(handle.descriptor.number, 0o700) }
      let site = AttributeSite.descriptor(handle.descriptor.number)
      try site.remove(AttributeSite.defaultACL)
      try site.remove(AttributeSite.accessACL)
      return state
    } catch let error as Errno {
      throw unusable(target, error)
    }
  }

  private static func unusable(_ target: FilePath, _ error: any Error) -> OperatorError {
    OperatorError(
      "restore.target-unusable", .failed, "cannot restore into \(target): \(error)",
      hint: "check that this user may write there")
  }

  private static func notEmpty(_ target: FilePath) -> OperatorError {
    OperatorError(
      "restore.target-not-empty", .refused, "\(target) is not an empty folder",
      hint: "restore into a new folder and move things from there; nothing was written")
  }

  private static func makeAll(above target: FilePath) throws(Errno) {
    let parent = target.removingLastComponent()
    if parent.isEmpty || parent == target { return }
    do {
      _ = try DirectoryHandle(opening: parent)
    } catch {
      guard error == .noSuchFileOrDirectory else { throw error }
      try makeAll(above: parent)
      try make(parent)
      // mkdir(2) would take away what the umask says.
      let made = try DirectoryHandle(opening: parent)
      _ = try Errno.check { fchmod(made.descriptor.number, 0o755) }
      let above = try DirectoryHandle(opening: parent.removingLastComponent())
      _ = try Errno.check { fsync(above.descriptor.number) }
    }
  }

  private static func make(_ folder: FilePath) throws(Errno) {
    _ = try Errno.check {
      unsafe folder.withPlatformString { unsafe mkdir($0, 0o700) }
    }
  }
}
