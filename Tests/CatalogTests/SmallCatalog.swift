import ProofTools
import SecretMemory
import SystemPackage
import Vocabulary

@testable import Catalog
@testable import Repository

/// A catalog in a folder of its own, and things to remember.
final class SmallCatalog {
  let folder: ScratchFolder
  let database: CatalogDatabase

  init() throws {
    folder = try ScratchFolder()
    database = try CatalogDatabase(FilePath(folder.path(of: "catalog.sqlite")))
  }

  /// What the next process would see: the same file, opened a second time.
  func reopened() throws -> CatalogDatabase {
    try CatalogDatabase(FilePath(folder.path(of: "catalog.sqlite")))
  }

  /// A name that is valid, for tests that are not about names.
  static func compartment(_ name: String) throws -> CompartmentName {
    guard let name = CompartmentName(name) else { throw OperatorError("proof", .failed, name) }
    return name
  }

  static func source(_ name: String) throws -> SourceName {
    guard let name = SourceName(name) else { throw OperatorError("proof", .failed, name) }
    return name
  }

  static func chunk(_ number: Int) -> ChunkID {
    SHA256Hasher.digest(of: Array("chunk \(number)".utf8)).bytes.withBytes { ChunkID($0) }
  }

  /// A pack of some chunks, with an index record that says so.
  static func pack(_ chunks: [Int]) -> SealedPack {
    let name = SHA256Hasher.digest(of: Array("pack \(chunks)".utf8))
    let ids = chunks.map { (id: chunk($0), length: 10) }
    let frame = FrameDescription(
      offset: 512, storedLength: 10 * chunks.count, rawLength: 10 * chunks.count, codec: .stored,
      chunks: ids)
    return SealedPack(
      name: name, size: 1000 + chunks.count, headerSize: 200,
      headerSHA256: SHA256Hasher.digest(of: Array("header \(chunks)".utf8)),
      record: IndexFile.record(of: PackDescription(name: name, frames: [frame])),
      chunks: ids.map(\.id))
  }

  /// Reads indexes that list these packs.
  static func reading(
    _ packs: [ObjectName: [SealedPack]]
  ) -> (ObjectName, (PackDescription) throws -> Void) throws -> Bool {
    { index, take in
      for pack in packs[index] ?? [] { try IndexFile.eachPack(inRecords: pack.record, take) }
      return packs[index] != nil
    }
  }

  static func line(
    _ source: SourceName, _ folder: String, _ name: String, packs: [PackHandle]
  ) -> FileMemory.Line {
    FileMemory.Line(
      source: source, folder: Array(folder.utf8), name: Array(name.utf8),
      stamp: Array("stamp \(name)".utf8), line: Array("line \(name)".utf8), packs: packs)
  }
}

extension CatalogDatabase {
  /// The names that a source is known to have in a folder.
  func names(
    _ source: SourceName, in folder: String, of compartment: String = "core"
  ) throws -> [String] {
    var known = try FileMemory(self, source: source, of: SmallCatalog.compartment(compartment))
      .knownFiles()
    return try known.files(in: Array(folder.utf8)).names
      .map { String(decoding: $0, as: UTF8.self) }
  }
}
