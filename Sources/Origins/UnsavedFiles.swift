import FileTrees

/// Finds what stands in compared folders and was not saved, while the records of a tree pass by in the
/// order of a walk.
///
/// Memory: the names in the folders on the way down.
struct UnsavedFiles {
  private struct Level {
    let path: RelativePath
    var names: Set<[UInt8]> = []
  }

  /// After so many named files the rest is only counted.
  private static let mostNamed = 5

  private let tree: TreeDescent
  private let leftOut: FileFilter
  private var levels = [Level(path: .root)]
  private(set) var count = 0
  private(set) var named: [RelativePath] = []

  /// Prepares a search.
  /// - Parameters:
  ///   - tree: where the files stand.
  ///   - leftOut: what was there and was not to be saved.
  init(in tree: TreeDescent, but leftOut: FileFilter) {
    self.tree = tree
    self.leftOut = leftOut
  }

  /// Takes notice of a saved file.
  mutating func pass(_ file: FileRecord) {
    guard let parent = file.path.parent else { return }
    while let level = levels.last, !parent.isWithin(level.path) { leave() }
    if levels.last?.path == parent { levels[levels.count - 1].names.insert(file.path.name) }
    if file.kind == .directory { levels.append(Level(path: file.path)) }
  }

  /// There are no more saved files.
  mutating func finish() {
    while !levels.isEmpty { leave() }
  }

  private mutating func leave() {
    guard let level = levels.popLast() else { return }
    // What cannot be listed is not the folder that was saved, and was named as such.
    guard let folder = tree.folder(at: level.path), let names = try? folder.handle.names()
    else { return }
    for name in names where !level.names.contains(name) {
      let path = level.path.child(name)
      guard !leftOut.excludes(path), path.bytes != Array("lost+found".utf8),
        let status = try? folder.handle.status(of: name),
        [.regular, .directory, .symbolicLink, .fifo].contains(status.kind)
      else { continue }
      count += 1
      if named.count < Self.mostNamed { named.append(path) }
    }
  }
}
