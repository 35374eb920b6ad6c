import AgeFormat
import Foundation
import ProofTools
import SecretMemory
import Testing
import Vocabulary

@testable import Recipients

/// Files for keys on hardware.
///
/// We only seal them, so it is the second implementation that opens.
@Suite(
  "Files for tagged recipients", .enabled(if: Oracles.python != nil, Oracles.absence))
struct TagTests {
  static let kinds = ["p256tag", "mlkem768p256tag"]

  /// A vector: fields, an empty line, a file.
  private struct Vector {
    let fields: [String: String]
    let file: [UInt8]

    static let folder = AgeVector.allFolders.map { $0 + "/age-tag" }
    static let areThere = folder.map { FileManager.default.fileExists(atPath: $0) } ?? false

    init(_ kind: String) throws {
      let data = try Data(
        contentsOf: URL(fileURLWithPath: try #require(Self.folder)).appendingPathComponent(kind))
      let end = try #require(data.firstRange(of: Data("\n\n".utf8)))
      let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self).split(separator: "\n")
      fields = Dictionary(
        uniqueKeysWithValues: lines.map { line in
          let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
          return (parts[0], parts[1].trimmingCharacters(in: .whitespaces))
        })
      file = [UInt8](data[end.upperBound...])
    }

    /// A scalar or a seed, in hexadecimal.
    var secret: String { fields["p256 scalar"] ?? fields["seed"] ?? "" }
  }

  private func recipient(_ kind: String, of secret: String) throws -> String {
    let said = try Oracles.independent(["recipient", kind, secret])
    #expect(said.status == 0, "\(said)")
    return said.text.trimmingCharacters(in: .newlines)
  }

  private func open(
    _ kind: String, _ secret: String, in folder: borrowing ScratchFolder
  ) throws -> StockTool.Outcome {
    try Oracles.independent(
      ["open", kind, secret, folder.path(of: "sealed"), folder.path(of: "out")])
  }

  @Test("what we seal is opened, its tag checked", arguments: kinds, [0, 1, 131_073])
  func ours(kind: String, size: Int) throws {
    var chance = SeededChance(for: "tagged recipients")
    let folder = try ScratchFolder()
    let secret = Hexadecimal.encode(chance.bytes(32))
    let input = try Plaintext.write(size, in: folder)
    let sealed = try cofferAge(
      ["-r", recipient(kind, of: secret), "-o", folder.path(of: "sealed"), input])
    #expect(sealed.status == 0, "\(sealed)")
    let opened = try open(kind, secret, in: folder)
    #expect(opened.status == 0, "\(opened)")
    #expect(try Plaintext.cameBack(in: folder))

    let other = try open(kind, Hexadecimal.encode(chance.bytes(32)), in: folder)
    #expect(other.status != 0 && other.text.contains("the tag of a stanza"), "\(other)")
  }

  @Test(
    "what rage seals is opened, so the second implementation can be trusted", arguments: kinds)
  func rage(kind: String) throws {
    var chance = SeededChance(for: "tagged recipients, by rage")
    let folder = try ScratchFolder()
    let secret = Hexadecimal.encode(chance.bytes(32))
    let recipients = try folder.write(recipient(kind, of: secret) + "\n", to: "recipients")
    let sealed = try Implementation.rage.seal(
      Plaintext.write(65_537, in: folder), to: recipients, armored: false,
      as: folder.path(of: "sealed"))
    #expect(sealed.status == 0, "\(sealed)")
    let opened = try open(kind, secret, in: folder)
    #expect(opened.status == 0, "\(opened)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "the vectors are opened, and what we seal to their keys",
    .enabled(if: Vector.areThere, "no vectors: set COFFER_VECTORS"), arguments: kinds)
  func vectors(kind: String) throws {
    let vector = try Vector(kind)
    let folder = try ScratchFolder()
    try folder.write(vector.file, to: "sealed")
    let opened = try open(kind, vector.secret, in: folder)
    #expect(opened.status == 0, "\(opened)")
    #expect(SHA256Hasher.digest(of: try folder.read("out")).hex == vector.fields["payload"])
    let written = try #require(vector.fields["recipient"])
    #expect(try recipient(kind, of: vector.secret) == written)

    let input = try Plaintext.write(1, in: folder)
    let sealed = try cofferAge(["-r", written, "-o", folder.path(of: "sealed"), "--", input])
    #expect(sealed.status == 0, "\(sealed)")
    let again = try open(kind, vector.secret, in: folder)
    #expect(again.status == 0, "\(again)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test(
    "the tags that the vectors' stanzas bear are those we would give them",
    .enabled(if: Vector.areThere, "no vectors: set COFFER_VECTORS"), arguments: kinds)
  func tags(kind: String) throws {
    let vector = try Vector(kind)
    let header = try AgeHeader(parsing: vector.file)
    let stanza = try #require(header.stanzas.first { $0.type == kind })
    let arguments = try stanza.arguments.map { try #require(Base64.decode($0, padding: .none)) }
    let written = try #require(vector.fields["recipient"])
    let key = try Bech32.recipient(written, name: kind == "p256tag" ? "age1tag" : "age1tagpq") {
      $0 > 0
    }
    // The post-quantum half of the key stands before the point.
    let tag = TaggedStanza.tag(
      encapsulation: arguments[1], point: Array(key.dropFirst(kind == "p256tag" ? 0 : 1_184)),
      info: Array("age-encryption.org/\(kind)".utf8))
    #expect(tag == arguments[0])
  }
}
