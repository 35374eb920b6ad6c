import Testing

@testable import FileTrees

@Suite("Relative paths")
struct RelativePathTests {
  @Test(
    "a path that leaves the tree or has two spellings is refused",
    arguments: [
      ("", RelativePath.Refusal.empty), ("/etc/passwd", .absolute), ("..", .parentComponent),
      ("a/../b", .parentComponent), ("../x", .parentComponent), ("a/..", .parentComponent),
      (".", .dotComponent), ("./a", .dotComponent), ("a/.", .dotComponent),
      ("a//b", .emptyComponent), ("a/", .emptyComponent), ("a\0b", .nul),
    ])
  func refusals(text: String, refusal: RelativePath.Refusal) {
    #expect(throws: refusal) { try RelativePath(text) }
  }

  @Test(
    "dots that are only part of a name are welcome", arguments: ["...", "..a", "a..", ".a/b.."])
  func dots(text: String) throws {
    #expect(try RelativePath(text).bytes == Array(text.utf8))
  }

  @Test("a folder sorts right before what it holds, by components and not by plain bytes")
  func order() throws {
    let sorted = ["a", "a/b", "a/b/c", "a/c", "a!", "a-b", "b"].map { try? RelativePath($0) }
    let paths = [RelativePath.root] + sorted.compactMap(\.self)
    #expect(paths.shuffled().sorted() == paths)
  }

  @Test("parents, names and containment go by whole components")
  func components() throws {
    let path = try RelativePath("a/bc/d")
    #expect(path.name == Array("d".utf8))
    #expect(path.parent == (try RelativePath("a/bc")))
    #expect(path.parent?.parent?.parent == .root)
    #expect(RelativePath.root.parent == nil)
    #expect(path.isWithin(try RelativePath("a/bc")))
    #expect(!path.isWithin(try RelativePath("a/b")))
    #expect(path.isWithin(.root) && path.isWithin(path))
  }

  @Test("what could upset a terminal is shown escaped, other text as it is")
  func descriptions() throws {
    #expect(try RelativePath("Büro/a b").description == "Büro/a b")
    #expect(try RelativePath("a\u{1b}[2J").description == #"a\033[2J"#)
    #expect(try RelativePath([0xff, 0x61]).description == #"\377a"#)
    #expect(!(try RelativePath("a\u{202e}b").description.contains("\u{202e}")))
  }
}
