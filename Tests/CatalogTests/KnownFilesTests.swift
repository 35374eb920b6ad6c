import ProofTools
import Testing
import Vocabulary

@testable import Catalog

/// Folders in the order of a walk, which is not the catalog's: `-`, `.` and space come before `/`.
@Suite("What a walk is told of the files of last night")
struct KnownFilesTests {
  private typealias Path = [UInt8]

  private let catalog: SmallCatalog
  private let memory: CompartmentMemory
  private let core: CompartmentName
  private let media: SourceName

  init() throws {
    catalog = try SmallCatalog()
    core = try SmallCatalog.compartment("core")
    memory = CompartmentMemory(catalog.database, core)
    media = try SmallCatalog.source("media")
  }

  /// Folders of a tree, of which many are empty and some hold very much.
  private static func tree(_ chance: inout SeededChance) -> [Path: [Path]] {
    let components = ["a", "a-b", "a b", "a.b", "a0", "b", "b-", "-", "\u{1}"].map { Path($0.utf8) }
    var folders: [Path: [Path]] = [[]: []]
    for _ in 0..<400 {
      let parent = folders.keys.randomElement(using: &chance) ?? []
      let name = components.randomElement(using: &chance) ?? []
      folders[parent.isEmpty ? name : parent + [UInt8(ascii: "/")] + name] = []
    }
    for folder in folders.keys {
      let count = Int.random(in: 0...40, using: &chance)
      let many = Int.random(in: 0..<100, using: &chance) == 0 ? 3000 : 0
      folders[folder] = (0..<(count + many)).map { Path("file \($0)".utf8) }
        .sorted { $0.lexicographicallyPrecedes($1) }
    }
    return folders
  }

  private static func inWalkOrder(_ folders: some Sequence<Path>) -> [Path] {
    folders.sorted {
      $0.split(separator: UInt8(ascii: "/")).lexicographicallyPrecedes(
        $1.split(separator: UInt8(ascii: "/")), by: { $0.lexicographicallyPrecedes($1) })
    }
  }

  @Test("every folder's files are found in a walk and in any order, and what is gone is named")
  func orders() throws {
    var chance = SeededChance(for: "catalog, folders in any order")
    let tree = Self.tree(&chance)
    let handle = memory.reservePack()
    try memory.remember(SmallCatalog.pack([1]), as: handle)
    for (folder, names) in tree {
      for name in names {
        memory.remember(
          FileMemory.Line(
            source: media, folder: folder, name: name, stamp: [1], line: folder + name,
            packs: [handle]))
      }
    }
    try memory.flush()
    let files = try FileMemory(catalog.database, source: media, of: core)
    let there = tree.keys.filter { _ in Int.random(in: 0..<5, using: &chance) > 0 }
    let gone = Set(tree.keys.filter { tree[$0]?.isEmpty == false }).subtracting(there)
    for order in [Self.inWalkOrder(there), there.shuffled(using: &chance)] {
      var known = files.knownFiles()
      for folder in order {
        #expect(try known.files(in: folder + Path("/new".utf8)).names.isEmpty)
        var found = try known.files(in: folder)
        #expect(found.names == tree[folder])
        for name in found.names { #expect(found.file(named: name[...])?.line == folder + name) }
      }
      #expect(try Set(known.foldersNotAskedFor()) == gone)
    }
  }

  @Test("files that come up while a walk goes on are not taken for ones that are gone")
  func additions() throws {
    let files = try FileMemory(catalog.database, source: media, of: core)
    for night in 0..<2 {
      var known = files.knownFiles()
      for number in 0..<3000 {
        let folder = "folder \(number) of \(number % 2 == 0 ? 0 : night)"
        #expect(
          try known.files(in: Path(folder.utf8)).names.isEmpty == (night == 0 || number % 2 == 1))
        memory.remember(SmallCatalog.line(media, folder, "file", packs: []))
        if number % 100 == 99 { try memory.flush() }
      }
      #expect(try known.foldersNotAskedFor().count == (night == 0 ? 0 : 1500))
    }
  }

  @Test("names that are known and not listed any more are told, whatever else is listed")
  func missing() {
    var folder = KnownFolder()
    for name in ["b", "d", "dd", "f"] {
      folder.append(
        FileMemory.Line(
          source: media, folder: [], name: Path(name.utf8), stamp: [], line: [], packs: []))
    }
    let listed = ["a", "b", "c", "dd", "ddd"].map { Path($0.utf8) }
    #expect(folder.names(missingIn: listed) == ["d", "f"].map { Path($0.utf8) })
    #expect(folder.names(missingIn: []) == folder.names)
    #expect(folder.file(named: Path("c".utf8)[...]) == nil)
    #expect(folder.file(named: Path("dd".utf8)[...])?.name == Path("dd".utf8))
    #expect(folder.file(named: Path("dd".utf8)[...]) != nil, "a name may be asked for again")
    #expect(folder.file(named: Path("g".utf8)[...]) == nil)
  }
}
