/// What the catalog remembers of a source's files, for a walk that asks for folder after folder.
///
/// The catalog is read a stretch at a time and in its own order, which is nearly that of a walk: only
/// names with bytes below `/` stand elsewhere (`a-b` between `a` and `a/b`), and cost a stretch of their
/// own where it is far. Memory: one stretch, and the paths of folders that were read and not asked for.
package struct KnownFiles {
  /// A stretch ends with the folder that makes it so many files.
  private static let stretch = 1024

  private let memory: FileMemory
  /// The folders of the stretch that were not asked for yet.
  private var folders: [[UInt8]: KnownFolder] = [:]
  private var first: [UInt8] = []
  /// The folder after the stretch; nil where it reaches to the end.
  private var end: [UInt8]? = []
  /// The first folder that was never read; nil where there is none.
  private var unread: [UInt8]? = []
  private var unasked: Set<[UInt8]> = []

  init(_ memory: FileMemory) {
    self.memory = memory
  }

  /// The known files of a folder; each folder can be asked for once.
  ///
  /// Files whose packs are no longer known are left out: they must be read again.
  /// - Parameter folder: its path, as bytes.
  /// - Returns: them; none where nothing is known of the folder.
  /// - Throws: `catalog.failed`, `catalog.damaged`.
  package mutating func files(in folder: [UInt8]) throws -> KnownFolder {
    while !reaches(folder) {
      // What lies between is not passed over: it may be of folders that are gone.
      let isNew = unread.map { !folder.lexicographicallyPrecedes($0) } ?? false
      try read(from: isNew ? unread ?? folder : folder)
    }
    unasked.remove(folder)
    return folders.removeValue(forKey: folder) ?? KnownFolder()
  }

  /// The folders that files are remembered of and that were never asked for.
  ///
  /// - Throws: `catalog.failed`, `catalog.damaged`.
  package mutating func foldersNotAskedFor() throws -> [[UInt8]] {
    while let unread { try read(from: unread) }
    return Array(unasked)
  }

  private func reaches(_ folder: [UInt8]) -> Bool {
    guard !folder.lexicographicallyPrecedes(first) else { return false }
    return end.map(folder.lexicographicallyPrecedes) ?? true
  }

  private mutating func read(from start: [UInt8]) throws {
    folders.removeAll(keepingCapacity: true)
    (first, end) = (start, nil)
    var count = 0
    var path: [UInt8]?
    var folder = KnownFolder()
    try memory.eachFile(from: start) { line, isWhole in
      if line.folder != path {
        if let path { folders[path] = folder }
        guard count < Self.stretch else {
          (path, end) = (nil, line.folder)
          return false
        }
        (path, folder) = (line.folder, KnownFolder())
        if let unread, !line.folder.lexicographicallyPrecedes(unread) {
          unasked.insert(line.folder)
        }
      }
      if isWhole { folder.append(line) }
      count += 1
      return true
    }
    if let path { folders[path] = folder }
    if let known = unread, let end {
      if known.lexicographicallyPrecedes(end) { unread = end }
    } else {
      unread = nil
    }
  }
}

/// The known files of one folder, for a visitor that asks in the order of their names.
package struct KnownFolder {
  private var files: [FileMemory.Line] = []
  private var next = 0

  var names: [[UInt8]] { files.map(\.name) }

  /// Adds a file; its name comes after all others.
  mutating func append(_ file: FileMemory.Line) {
    files.append(file)
  }

  /// A file that is known by this name.
  /// - Parameter name: not before the one that was asked for last.
  /// - Returns: the file, or nil.
  package mutating func file(named name: ArraySlice<UInt8>) -> FileMemory.Line? {
    while next < files.count, files[next].name.lexicographicallyPrecedes(name) { next += 1 }
    guard next < files.count, files[next].name.elementsEqual(name) else { return nil }
    return files[next]
  }

  /// The names that are known and not listed.
  /// - Parameter listed: the names that are there, in order.
  /// - Returns: names, in order.
  package func names(missingIn listed: some Sequence<[UInt8]>) -> [[UInt8]] {
    var missing: [[UInt8]] = []
    var index = 0
    for name in listed {
      while index < files.count, files[index].name.lexicographicallyPrecedes(name) {
        missing.append(files[index].name)
        index += 1
      }
      if index < files.count, files[index].name == name { index += 1 }
    }
    return missing + files[index...].map(\.name)
  }
}
