import FileTrees
import SystemPackage
import Vocabulary

/// Compares files that stand somewhere with what was saved: kind, size, every byte, and what a restore
/// by this process could set of mode, owner, time and attributes.
///
/// Workers compare; what they find is told in the order of the list.
struct FileTreeComparison: ~Copyable {
  /// After so many named files the rest is only counted.
  private static let mostNamed = 50
  /// What an open folder counts for beside bytes, so that not too many are.
  private static let weightOfFolder = 96 << 10

  private let source: SourceName
  private let tree: TreeDescent
  private let metadata = MetadataComparison()
  private var queue = WorkQueue<ComparedFile>(mostWeight: 12 << 20)
  private var lastFolder: OpenFolder?
  private var unsaved: UnsavedFiles
  private var compared = 0
  private var different = 0
  private var named: [Finding] = []
  private var withoutAttributes = 0
  private var firstWithoutAttribute = ""

  init(_ source: SourceName, at root: FilePath, leftOut: FileFilter) {
    self.source = source
    tree = TreeDescent(at: root)
    unsaved = UnsavedFiles(in: tree, but: leftOut)
  }

  /// Takes the next saved file.
  ///
  /// - Throws: nothing that is found.
  mutating func compare(_ file: FileRecord) throws {
    unsaved.pass(file)
    let folder = tree.folder(at: file.path.parent ?? .root)
    let metadata = metadata
    var first: OpenFolder?
    if case .hardLink(let path) = file.kind {
      first = tree.distantFolder(at: path.parent ?? .root)
    }
    let weight = Int(file.dataSize) + (folder === lastFolder ? 0 : Self.weightOfFolder)
    lastFolder = folder
    queue.add(weight: weight) { [first] in
      ComparedFile(file, in: folder, first: first, metadata)
    }
    while queue.isFull, let file = try queue.next() { take(file) }
  }

  private mutating func take(_ file: ComparedFile) {
    compared += 1
    if let attribute = file.missingAttribute {
      if withoutAttributes == 0 { firstWithoutAttribute = "\(file.path): \(attribute)" }
      withoutAttributes += 1
    }
    guard let problem = file.problem else { return }
    different += 1
    guard named.count < Self.mostNamed else { return }
    named.append(Finding(.bad, problem.check, "\(source): \(file.path) \(problem.text)"))
  }

  /// There are no more saved files: what was found.
  consuming func finish() throws -> [Finding] {
    while let file = try queue.next() { take(file) }
    unsaved.finish()
    return content + warnings
  }

  private var content: [Finding] {
    guard different > 0 else {
      let attributes = withoutAttributes == 0 ? ["attributes"] : []
      let owners = metadata.comparesOwners ? ["owner"] : []
      let what = (["kind", "content", "mode", "time"] + attributes + owners).joined(separator: ", ")
      return [
        Finding(
          .good, "files.equal", "\(source): \(compared) files are as they were saved: \(what)")
      ]
    }
    let rest = different - named.count
    return rest == 0
      ? named : named + [Finding(.bad, "files.differ", "\(source): and \(rest) files more")]
  }

  private var warnings: [Finding] {
    var warnings: [Finding] = []
    if withoutAttributes > 0 {
      warnings.append(
        Finding(
          .warning, "files.metadata",
          "\(source): \(withoutAttributes) files lack attributes that were saved, the first is "
            + firstWithoutAttribute))
    }
    if unsaved.count > 0 {
      let names = unsaved.named.map { "\($0)" }.joined(separator: ", ")
      warnings.append(
        Finding(
          .warning, "files.unsaved",
          "\(source): \(unsaved.count) files are there that were not saved: \(names)"
            + (unsaved.count > unsaved.named.count ? ", …" : "")))
    }
    return warnings
  }
}
