internal import CLinux
internal import Glibc
package import SystemPackage
internal import Vocabulary

/// Puts a tree back into a folder that is new or empty.
///
/// Made for hostile lists: everything is made by one name in an open folder, no symbolic link is ever
/// followed but one given in the target's own path, nothing that exists is replaced, and records must
/// come in the order of a walk, so that a link made earlier can never turn into a folder later. A
/// file bears a temporary name and mode 0600 until its content is complete; folders are 0700 until
/// all they hold is back. Errors with `restore.` codes refuse a record; the writer stays usable, so
/// that a run may name the file and go on.
package struct FileTreeWriter: ~Copyable {
  private struct Level {
    let path: RelativePath
    let folder: OpenFolder
    let record: FileRecord?
  }

  /// So many folders may wait, each of them open.
  private static let mostLeft = 128

  private let target: FilePath
  private let metadata: MetadataRestorer
  private let originalMode: UInt16
  private let hasLostAndFound: Bool
  private let temporaryName: [UInt8]
  private var levels: [Level]
  private var lastPath: RelativePath?
  /// The last one that is no folder, and below which there is nothing.
  private var lastLeaf: RelativePath?
  private var parts = 0
  private var report = RestoreReport()

  /// Files that workers write.
  private var queue = WorkQueue<(path: RelativePath, report: RestoreReport)>(mostWeight: 12 << 20)
  /// How many files workers were given, and of how many the outcome was taken.
  private var (given, taken) = (0, 0)
  /// The last file of those.
  private var settled = RelativePath.root
  /// Folders that are done but for files that workers still write, and how many they had been given.
  private var left: [(level: Level, given: Int)] = []

  /// Opens a target, and makes it where it does not exist, missing folders above it with mode 0755.
  /// - Parameters:
  ///   - target: an empty folder, or a path where there is nothing. The `lost+found` of a fresh file
  ///     system does not count.
  ///   - restoresOwners: whether to give files to their owners; nil does so where we are root.
  /// - Throws: `OperatorError` `restore.target-not-empty` (refused), `restore.target-unusable`.
  package init(into target: FilePath, restoringOwners restoresOwners: Bool? = nil) throws {
    let handle = try RestoreTarget.open(target)
    let state = try RestoreTarget.takeOver(handle, target)
    self.target = target
    metadata = MetadataRestorer(restoresOwners: restoresOwners ?? (geteuid() == 0))
    originalMode = state.originalMode
    hasLostAndFound = state.hasLostAndFound
    var generator = SystemRandomNumberGenerator()
    temporaryName = Array(".coffer-part-\(String(generator.next(), radix: 16))".utf8)
    levels = [Level(path: .root, folder: OpenFolder(handle), record: nil)]
  }

  /// Looks whether a target would be taken, and changes nothing.
  /// - Parameter target: as in `init`.
  /// - Throws: `OperatorError` `restore.target-not-empty` (refused), `restore.target-unusable`.
  package static func checkTarget(_ target: FilePath) throws {
    try RestoreTarget.check(target)
  }

  /// Makes the folders above a target that are missing, durably, with mode 0755 whatever the umask:
  /// a daemon must reach what is restored below them.
  /// - Parameter target: where something is to be restored.
  /// - Throws: `OperatorError` `restore.target-unusable`.
  package static func makeFolders(above target: FilePath) throws {
    try RestoreTarget.makeFolders(above: target)
  }

  /// Puts one file back.
  /// - Parameters:
  ///   - record: the file; it must come after all earlier ones in the order of `RelativePath`.
  ///   - content: called for a regular file, and only then; it hands all data to `consume`, in
  ///     order and in pieces of any size, holes left out.
  /// - Throws: `OperatorError` `restore.hostile-list`, `restore.exists`, `restore.wrong-size` or
  ///   `restore.write-failed`, and whatever `content` throws; nothing of the file is left then. What
  ///   went wrong with an earlier file goes before that.
  package mutating func write(
    _ record: FileRecord, content: (_ consume: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    if case .hardLink(let first) = record.kind {
      while settled < first, try takeOldest() {}
    }
    do {
      if let file = try place(record) { report.add(try file.write(content)) }
    } catch {
      try settle()
      throw error
    }
  }

  /// Has a worker put one regular file back, others with it; `finish`, at the latest, waits for it.
  /// - Parameters:
  ///   - record: as in `write`; a regular file.
  ///   - content: as in `write`, from any thread; it must not wait for other work.
  /// - Throws: as `write`, also for an earlier file.
  package mutating func writeBeside(
    _ record: FileRecord,
    content: @escaping @Sendable (_ consume: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    precondition(record.kind == .regular, "only a regular file has content")
    do {
      guard let file = try place(record) else { return }
      queue.add(weight: Int(record.dataSize)) { (record.path, try file.write(content)) }
      given += 1
    } catch {
      try settle()
      throw error
    }
    while queue.isFull || left.count > Self.mostLeft, try takeOldest() {}
  }

  /// Waits for all files that workers write.
  /// - Throws: what went wrong with the first of them.
  private mutating func settle() throws {
    while try takeOldest() {}
  }

  /// Takes notice of a file that a worker wrote; false where there is none.
  private mutating func takeOldest() throws -> Bool {
    guard !queue.isEmpty else { return false }
    taken += 1
    defer { closeLeft() }
    guard let written = try queue.next() else { return false }
    settled = written.path
    report.add(written.report)
    return true
  }

  /// Makes what has no content, and gives a regular file its place.
  private mutating func place(_ record: FileRecord) throws -> NewFile? {
    if let flaw = record.flaw { throw hostile(record.path, flaw) }
    if let lastPath, record.path <= lastPath {
      throw hostile(record.path, "it must not come after \(lastPath)")
    }
    lastPath = record.path
    guard let parent = record.path.parent else {
      try takeRoot(record)
      return nil
    }
    let folder = try enter(parent, for: record.path)
    if record.kind == .regular {
      lastLeaf = record.path
      parts += 1
      return NewFile(
        record: record, folder: folder, temporaryName: temporaryName + Array("-\(parts)".utf8),
        metadata: metadata)
    }
    try NewFile.reporting(record.path) { try make(record, in: folder) }
    if record.kind != .directory { lastLeaf = record.path }
    return nil
  }

  private mutating func make(_ record: FileRecord, in folder: OpenFolder) throws {
    let name = record.path.name
    switch record.kind {
    case .regular: preconditionFailure("a regular file is made with its content")
    case .directory: return try makeFolder(record, name, in: folder)
    case .symbolicLink(let symbolicTarget):
      try folder.handle.makeSymbolicLink(name, to: symbolicTarget)
      metadata.apply(record, to: name, in: folder.handle, &report)
    case .hardLink(let first): try makeHardLink(record.path, name, in: folder, to: first)
    case .fifo:
      try folder.handle.makePipe(name)
      metadata.apply(record, to: name, in: folder.handle, &report)
    }
    report.links += 1
  }

  /// Gives all folders their owners, modes and times, and waits until everything is on disk.
  ///
  /// One syncfs(2) at the end instead of an fsync(2) a file: until this returns nothing counts as
  /// restored anyway, and a journal commit for each of a million files takes hours.
  /// - Returns: what was put back, and what could not be.
  /// - Throws: `OperatorError` `restore.write-failed` where the disk did not take it all.
  package consuming func finish() throws -> RestoreReport {
    try settle()
    let root = levels[0].folder
    leaveLevels(downTo: 0)
    closeLeft()
    do {
      _ = try Errno.check { syncfs(root.handle.descriptor.number) }
    } catch {
      throw OperatorError(
        "restore.write-failed", .failed, "the disk did not take all of \(target): \(error)")
    }
    report.sortNotes()
    return report
  }

  private mutating func takeRoot(_ record: FileRecord) throws {
    guard record.kind == .directory, let root = levels.first, levels.count == 1 else {
      throw hostile(record.path, "the root is not a folder")
    }
    levels = [Level(path: .root, folder: root.folder, record: record)]
  }

  /// Leaves folders that are done and goes down to `path`, making folders the list left out.
  private mutating func enter(
    _ path: RelativePath, for child: RelativePath
  ) throws -> OpenFolder {
    while let level = levels.last, !path.isWithin(level.path) {
      leaveLevels(downTo: levels.count - 1)
    }
    guard var level = levels.last else { throw hostile(child, "it lies nowhere") }
    // Asked of the list, for a worker may not have made the file yet.
    if let lastLeaf, path.isWithin(lastLeaf) {
      throw hostile(child, "\(lastLeaf) is not a folder")
    }
    for component in path.components.dropFirst(level.path.components.count) {
      guard levels.count <= FileTreeWalk.deepest else { throw hostile(child, "it lies too deep") }
      let missing = level.path.child(component)
      do {
        let made = OpenFolder(try level.folder.handle.makeDirectory(Array(component)))
        level = Level(path: missing, folder: made, record: nil)
      } catch Errno.fileExists {
        throw hostile(child, "\(missing) is not a folder")
      } catch {
        throw OperatorError(
          "restore.write-failed", .failed, "cannot make the folder \(missing): \(error)")
      }
      levels.append(level)
      report.folders += 1
      report.note(.folderRecord, missing)
    }
    return level.folder
  }

  private mutating func leaveLevels(downTo count: Int) {
    while levels.count > count, let level = levels.popLast() {
      left.append((level, given))
    }
    closeLeft()
  }

  /// Gives folders that were left what is theirs, once all that workers write in them is written.
  private mutating func closeLeft() {
    while let (level, count) = left.first, count <= taken {
      left.removeFirst()
      if let record = level.record {
        metadata.apply(record, to: level.folder.handle.descriptor, &report)
      } else if level.path.isRoot {
        let descriptor = level.folder.handle.descriptor.number
        if fchmod(descriptor, mode_t(originalMode)) != 0 { report.note(.mode(.last), .root) }
      }
    }
  }

  private mutating func makeFolder(
    _ record: FileRecord, _ name: [UInt8], in folder: OpenFolder
  ) throws {
    guard levels.count <= FileTreeWalk.deepest else {
      throw hostile(record.path, "it lies too deep")
    }
    let isLostAndFound = hasLostAndFound && record.path == RestoreTarget.lostAndFound
    let made =
      isLostAndFound
      ? try folder.handle.openDirectory(name) : try folder.handle.makeDirectory(name)
    levels.append(Level(path: record.path, folder: OpenFolder(made), record: record))
    report.folders += 1
  }

  /// Goes down from the root again, folder by folder: the first name may be anywhere.
  private mutating func makeHardLink(
    _ path: RelativePath, _ name: [UInt8], in folder: OpenFolder, to first: RelativePath
  ) throws {
    guard first < path else { throw hostile(path, "it links to \(first), which comes after it") }
    guard var home = levels.first?.folder else { return }
    for component in first.components.dropLast() {
      home = OpenFolder(try home.handle.openDirectory(Array(component)))
    }
    try folder.handle.makeHardLink(name, to: first.name, in: home.handle)
  }

  private func hostile(_ path: RelativePath, _ reason: String) -> OperatorError {
    OperatorError(
      "restore.hostile-list", .refused, "refusing to write \(path): \(reason)",
      hint: "the list of files is damaged or was made to do harm; do not use this snapshot")
  }
}
