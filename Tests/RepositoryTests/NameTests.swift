import ProofTools
import SecretMemory
import Signatures
import Testing
import Vocabulary

@testable import Repository

@Suite("Names of chunks, contents and objects")
struct NameTests {
  private static let digits = String(repeating: "0123456789abcdef", count: 4)
  private static let snapshot = "20260102T030405Z-1a2b3c4d"

  @Test("a chunk's id survives hexadecimal and bytes, and is its key's")
  func chunkID() throws {
    let key = KeyedHash(key: SecretBytes.random(count: 32))
    let id = [1, 2, 3].withBytes { ChunkID(of: $0, under: key) }
    #expect(ChunkID(hex: id.hex) == id)
    let again = id.bytes.withBytes { ChunkID($0) }
    let shifted = ([9, 9] + id.bytes).withBytes { ChunkID($0, at: 2) }
    #expect(again == id && shifted == id)
    let digest = SHA256Hasher.digest(of: [1, 2, 3])
    #expect(id.hex == Hexadecimal.encode(digest.bytes.withBytes { key.hash($0) }))
    #expect(id == ChunkID(ofBytesWith: digest, under: key))
    let other = KeyedHash(key: SecretBytes.random(count: 32))
    #expect([1, 2, 3].withBytes { ChunkID(of: $0, under: other) } != id)
    let old = [1, 2, 3].withBytes { key.hash($0).withBytes { ChunkID($0) } }
    for name in [id, old] {
      #expect([1, 2, 3].withBytes { name.names($0, with: digest, under: key) })
      let wrong = SHA256Hasher.digest(of: [1, 2, 4])
      #expect([1, 2, 4].withBytes { !name.names($0, with: wrong, under: key) })
    }
    #expect(ChunkID(hex: Self.digits.dropLast()) == nil)
    #expect(ChunkID(hex: Self.digits.dropLast() + "g") == nil)
    #expect(ChunkID(hex: Self.digits + "00") == nil)
  }

  @Test("content references are read as they are written")
  func references() throws {
    let root = try #require(ChunkID(hex: Self.digits))
    for reference in [
      ContentReference.empty, .tree(depth: 0, root: root), .tree(depth: 8, root: root),
    ] {
      #expect(ContentReference(reference.text) == reference)
    }
    #expect(ContentReference.tree(depth: 2, root: root).text == "2:\(Self.digits)")
  }

  @Test(
    "what is no content reference is refused",
    arguments: [
      "", "Empty", "empty ", ":", "0:", "0:\(digits)0", "0:\(digits.dropLast())", "9:\(digits)",
      "-1:\(digits)", "0:\(digits):", ":\(digits)", "0 :\(digits)", "1e0:\(digits)",
      "99999999999999999999:\(digits)", "+1:\(digits)", "01:\(digits)",
      "0:\(digits.uppercased())",
    ])
  func otherReferences(text: String) {
    #expect(ContentReference(text) == nil)
  }

  @Test("the names that a ledger may hold are read as they are written")
  func objectNames() throws {
    let digest = try #require(SHA256Digest(hex: Self.digits))
    let id = try #require(SnapshotID(Self.snapshot))
    let core = try #require(CompartmentName("core"))
    for name in [
      ObjectName.pack(digest), .packHeader(digest), .index(id, core), .manifest(id, core),
    ] {
      #expect(ObjectName(ledgerText: name.path) == name)
    }
    #expect(ObjectName.pack(digest).path == "packs/01/\(Self.digits)")
    #expect(ObjectName.index(id, core).index?.compartment == core)
    #expect(ObjectName.index(id, core).index?.snapshot == id)
    #expect(ObjectName.manifest(id, core).index == nil)
  }

  @Test(
    "texts that lead elsewhere, or that no object is called, are refused",
    arguments: [
      "", "/", ".", "..", "coffer.json", "/etc/passwd", "packs", "packs/", "packs/../../etc",
      "packs/01/../../etc/passwd", "/packs/01/\(digits)", "packs//\(digits)", "packs/\(digits)",
      "packs/02/\(digits)", "packs/0/\(digits)", "packs/01/\(digits)/", "packs/01/\(digits).",
      "packs/01/\(digits).header.header", "packs/01/\(digits).headers", "./packs/01/\(digits)",
      "packs/01/\(digits.uppercased())", "PACKS/01/\(digits)", "packs/01/\(digits)\n",
      "packs/01/\(digits)\u{0}", "packs/01/\(digits.dropLast())\u{301}",
      "indexes/\(snapshot).core", "indexes/\(snapshot).core.age.age", "indexes/\(snapshot)..age",
      "indexes/../\(snapshot).core.age", "indexes/\(snapshot).co/re.age", "indexes/core.age",
      "indexes/\(snapshot).core.age/", "indexes//\(snapshot).core.age",
      "manifests/\(snapshot).c ore.age", "manifests/\(snapshot).\u{e9}.age",
      "manifests/\(snapshot.dropLast()).core.age", "manifests/\(snapshot)0.core.age",
      "ledger/0123456789ABCDEF/00000001.json", "receipts/00000001.json", ".tmp/x",
    ])
  func hostileNames(text: String) {
    #expect(ObjectName(ledgerText: text) == nil)
  }

  @Test(
    "no text drawn from the characters of names is read as another than itself, or leads outside")
  func anyText() {
    var chance = SeededChance(for: "names, any text")
    let parts = [
      "packs", "indexes", "manifests", "/", "/", ".", "..", ".header", ".age", "01", Self.digits,
      Self.snapshot, "core", "\u{0}", "é",
    ]
    for _ in 0..<5000 {
      let count = Int.random(in: 1...8, using: &chance)
      let text = (0..<count).map { _ in parts.randomElement(using: &chance) ?? "" }.joined()
      guard let name = ObjectName(ledgerText: text) else { continue }
      #expect(name.path.utf8.elementsEqual(text.utf8))
      #expect(!text.hasPrefix("/") && !text.split(separator: "/").contains(".."))
    }
  }

  @Test("snapshots sort by their start, are told apart within a second, and are read strictly")
  func snapshots() throws {
    let early = SnapshotID(startedAt: Timestamp(secondsSince1970: 1_767_323_045))
    let late = SnapshotID(startedAt: Timestamp(secondsSince1970: 1_767_323_046))
    #expect(early.text.hasPrefix("20260102T030405Z-") && early < late)
    #expect(SnapshotID(startedAt: Timestamp(secondsSince1970: 1_767_323_045)) != early)
    #expect(SnapshotID(early.text) == early)
    for text in [
      "", "20260102T030405Z", "20260102T030405Z-1a2b3c4", "20260102T030405Z-1a2b3c4g",
      "20260102 030405Z-1a2b3c4d", "2026010XT030405Z-1a2b3c4d", "20260102T030405Z-1A2B3C4D",
    ] {
      #expect(SnapshotID(text) == nil, "\(text)")
    }
  }
}
