internal import Glibc
package import SystemPackage
internal import Vocabulary

/// The names of one folder with what `lstat` said of each, before any of them is visited.
///
/// So that a visitor can look up a whole folder in its catalog at once.
package struct DirectoryListing: Sendable {
  /// One name in the folder.
  package struct Entry: Hashable, Sendable {
    /// The name.
    package let name: [UInt8]
    /// What `lstat` said.
    package let status: FileStatus
  }

  /// The folder; the root for a tree of a single file.
  package let path: RelativePath
  /// Its entries in byte order, left-out ones gone.
  package let entries: [Entry]
}

/// What a walk did.
package struct WalkSummary: Hashable, Sendable {
  /// Files visited, the root among them.
  package internal(set) var visited = 0
  /// Problems reported.
  package internal(set) var problems = 0
  /// What the filter left out and was there, in the order of the walk.
  package internal(set) var leftOut: [RelativePath] = []
}

/// An open folder of a walk, a restore or a store; files in it keep it open.
package final class OpenFolder: Sendable {
  /// The folder.
  package let handle: DirectoryHandle

  /// Takes a folder over.
  package init(_ handle: consuming DirectoryHandle) {
    self.handle = handle
  }
}

/// Goes through a folder and all below it, or through a single regular file.
///
/// Everything is reached by descriptor from the folder it lies in, and no symbolic link is followed
/// but one given as the root. The order is that of `RelativePath`: a folder, then at once what it
/// holds, by bytes. Other file systems mounted below the root are gone into. What cannot be read is
/// reported, and the walk goes on. Memory: the names of the folders on the way down, and the inodes
/// that have more than one name.
package struct FileTreeWalk {
  /// Folders deeper than this are reported, for each level holds a descriptor open.
  package static let deepest = 512

  private struct InodeID: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  private let filter: FileFilter
  private let accounts = AccountNames()
  private let enter: (DirectoryListing) throws -> Void
  private let report: (FileProblem) throws -> Void
  private let visit: (borrowing FoundEntry) throws -> Void
  private var firstLinks: [InodeID: RelativePath] = [:]
  private var summary = WalkSummary()

  /// Walks a tree.
  /// - Parameters:
  ///   - root: a folder, or a regular file, which becomes a tree of that one name.
  ///   - filter: what to leave out.
  ///   - enter: called with each folder's listing, after the folder was visited.
  ///   - report: called for each problem, the visitor's own among them.
  ///   - visit: called for each file in order. A `FileProblem` it throws is reported and the walk
  ///     goes on; any other error ends the walk.
  /// - Returns: what was done.
  /// - Throws: `OperatorError` `files.root-unreadable`, and what the callbacks throw.
  package static func walk(
    _ root: FilePath, excluding filter: FileFilter = .everything,
    entering enter: (DirectoryListing) throws -> Void = { _ in },
    reporting report: (FileProblem) throws -> Void,
    visiting visit: (borrowing FoundEntry) throws -> Void
  ) throws -> WalkSummary {
    try withoutActuallyEscaping(enter) { enter in
      try withoutActuallyEscaping(report) { report in
        try withoutActuallyEscaping(visit) { visit in
          var walk = FileTreeWalk(filter: filter, enter: enter, report: report, visit: visit)
          try walk.start(root)
          return walk.summary
        }
      }
    }
  }

  private init(
    filter: FileFilter, enter: @escaping (DirectoryListing) throws -> Void,
    report: @escaping (FileProblem) throws -> Void,
    visit: @escaping (borrowing FoundEntry) throws -> Void
  ) {
    (self.filter, self.enter, self.report, self.visit) = (filter, enter, report, visit)
  }

  private mutating func start(_ root: FilePath) throws {
    let folder: OpenFolder
    let status: FileStatus
    do {
      folder = OpenFolder(try DirectoryHandle(opening: root))
      status = try folder.handle.descriptor.status()
    } catch Errno.notDirectory {
      return try startAtFile(root)
    } catch {
      throw unreadable(root, error)
    }
    try visitEntry(.root, [UInt8(ascii: ".")], status, in: folder)
    try descend(into: folder, at: .root, depth: 0)
  }

  private mutating func startAtFile(_ root: FilePath) throws {
    guard let name = root.lastComponent else { throw unreadable(root, .notDirectory) }
    // A link given as the root is resolved here, once; from then on no name is followed.
    guard let resolved = unsafe realpath(root.string, nil) else { throw unreadable(root, .last) }
    defer { unsafe free(resolved) }
    let file = unsafe FilePath(platformString: resolved)
    guard let realName = file.lastComponent else { throw unreadable(root, .notDirectory) }
    let folder: OpenFolder
    let status: FileStatus
    let bytes = Self.bytes(of: realName)
    do {
      folder = OpenFolder(try DirectoryHandle(opening: file.removingLastComponent()))
      status = try folder.handle.status(of: bytes)
    } catch {
      throw unreadable(root, error)
    }
    guard status.kind == .regular else {
      throw OperatorError(
        "files.root-unreadable", .failed,
        "\(root) is neither a folder nor a regular file")
    }
    let path = RelativePath(checked: Self.bytes(of: name))
    try enter(DirectoryListing(path: .root, entries: [.init(name: path.bytes, status: status)]))
    try visitEntry(path, bytes, status, in: folder)
  }

  private static func bytes(of component: FilePath.Component) -> [UInt8] {
    unsafe component.withPlatformString { name in
      unsafe [UInt8](UnsafeRawBufferPointer(start: name, count: strlen(name)))
    }
  }

  private func unreadable(_ root: FilePath, _ error: Errno) -> OperatorError {
    OperatorError(
      "files.root-unreadable", .failed, "cannot read \(root): \(error)",
      hint: "check that the path is right and that this user may read it")
  }

  private mutating func descend(into folder: OpenFolder, at path: RelativePath, depth: Int) throws {
    let names: [[UInt8]]
    do {
      names = try folder.handle.names().sorted { $0.lexicographicallyPrecedes($1) }
    } catch {
      return try note(FileProblem(path, failing: error))
    }
    let entries = try list(names, in: folder, at: path)
    try enter(DirectoryListing(path: path, entries: entries))
    for entry in entries {
      let child = path.child(entry.name)
      do {
        try take(entry, at: child, in: folder, depth: depth)
      } catch let problem as FileProblem where problem == FileProblem(child, .replaced) {
        try takeAgain(entry.name, at: child, in: folder, depth: depth)
      } catch let problem as FileProblem {
        try note(problem)
      }
    }
  }

  /// A name that changed its kind since its folder was listed is looked at once more.
  private mutating func takeAgain(
    _ name: [UInt8], at child: RelativePath, in folder: OpenFolder, depth: Int
  ) throws {
    let status: FileStatus
    do {
      status = try folder.handle.status(of: name)
    } catch {
      return try note(FileProblem(child, failing: error))
    }
    do {
      try take(.init(name: name, status: status), at: child, in: folder, depth: depth)
      try note(FileProblem(child, .readAgain))
    } catch let problem as FileProblem {
      try note(problem)
    }
  }

  /// Visits a name of a folder, and all below it.
  /// - Throws: `FileProblem` where it could not be visited; problems below it are noted.
  private mutating func take(
    _ entry: DirectoryListing.Entry, at child: RelativePath, in folder: OpenFolder, depth: Int
  ) throws {
    switch entry.status.kind {
    case .directory:
      // Opened before it is visited: a folder that is none any more must leave no record.
      let below = try open(entry.name, at: child, in: folder)
      try visitEntry(child, entry.name, entry.status, in: folder)
      switch below {
      case .success where depth >= Self.deepest: try note(FileProblem(child, .tooDeep))
      case .success(let below): try descend(into: below, at: child, depth: depth + 1)
      case .failure(let problem): try note(problem)
      }
    case .regular, .symbolicLink, .fifo:
      try attempt(child, entry.name, entry.status, in: folder)
    case .socket, .characterDevice, .blockDevice, .unknown:
      throw FileProblem(child, .notKept(entry.status.kind))
    }
  }

  private func open(
    _ name: [UInt8], at child: RelativePath, in folder: OpenFolder
  ) throws(FileProblem) -> Result<OpenFolder, FileProblem> {
    do {
      return .success(OpenFolder(try folder.handle.openDirectory(name)))
    } catch Errno.notDirectory, Errno.tooManySymbolicLinkLevels {
      throw FileProblem(child, .replaced)
    } catch {
      return .failure(FileProblem(child, failing: error))
    }
  }

  private mutating func list(
    _ names: [[UInt8]], in folder: OpenFolder, at path: RelativePath
  ) throws -> [DirectoryListing.Entry] {
    var entries: [DirectoryListing.Entry] = []
    entries.reserveCapacity(names.count)
    for name in names {
      let child = path.child(name)
      if filter.excludes(child) {
        summary.leftOut.append(child)
        continue
      }
      do {
        entries.append(.init(name: name, status: try folder.handle.status(of: name)))
      } catch {
        try note(FileProblem(child, failing: error))
      }
    }
    return entries
  }

  private mutating func visitEntry(
    _ path: RelativePath, _ name: [UInt8], _ status: FileStatus, in folder: OpenFolder
  ) throws {
    do {
      try attempt(path, name, status, in: folder)
    } catch let problem as FileProblem {
      try note(problem)
    }
  }

  private mutating func attempt(
    _ path: RelativePath, _ name: [UInt8], _ status: FileStatus, in folder: OpenFolder
  ) throws {
    let hasOtherNames = status.stamp.linkCount > 1 && status.kind != .directory
    let inode = InodeID(device: status.stamp.device, inode: status.stamp.inode)
    let firstLink = hasOtherNames ? firstLinks[inode] : nil
    summary.visited += 1
    try visit(
      FoundEntry(
        path: path, status: status, firstLink: firstLink, name: name, folder: folder,
        accounts: accounts))
    // Only a name that was kept can be linked to: where the first failed, the next stands alone.
    if hasOtherNames && firstLink == nil { firstLinks[inode] = path }
  }

  private mutating func note(_ problem: FileProblem) throws {
    summary.problems += 1
    try report(problem)
  }
}
