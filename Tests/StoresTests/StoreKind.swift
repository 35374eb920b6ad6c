import ProofTools
import Repository
import SecretMemory
import SystemPackage
import Testing
import Vocabulary

@testable import Stores

/// A kind of store that the contract is held against: one line here, and every promise is proven.
struct StoreKind: Sendable, CustomTestStringConvertible {
  /// Every kind there is.
  static let all = replacing + addOnly
  /// Those in which a keeper may put an object in another one's place.
  static let replacing = [
    StoreKind("directory") { DirectoryStore(FilePath($0), writer: $1) }
  ]
  /// Those that hosts reach from afar.
  static let addOnly = [
    StoreKind("remote") { Wire.store(DirectoryStore(FilePath($0), writer: $1)) }
  ]

  let testDescription: String
  private let make: @Sendable (_ place: String, _ writer: String) throws -> any BlobStore

  private init(
    _ name: String, make: @escaping @Sendable (String, String) throws -> any BlobStore
  ) {
    testDescription = name
    self.make = make
  }

  /// Opens the store of this kind that lies, or is to lie, in a folder.
  func open(in folder: borrowing ScratchFolder, writer: String = "writer") throws -> any BlobStore {
    try make(folder.path(of: "store"), writer)
  }

  /// A store of this kind that is ready to be written to, and that nobody has taken.
  func prepared(in folder: borrowing ScratchFolder) throws -> any BlobStore {
    let store = try open(in: folder)
    try store.prepareForWriting().release()
    return store
  }
}

extension ObjectName {
  /// The name of a pack that some bytes would have.
  static func pack(of bytes: [UInt8]) -> ObjectName { .pack(SHA256Hasher.digest(of: bytes)) }
}

extension BlobStore {
  /// Puts an array, as a writer puts what it has in memory.
  func put(_ name: ObjectName, _ bytes: [UInt8]) throws {
    try bytes.withBytes { try put(name, $0) }
  }

  /// What streaming gives, put together, and how many pieces it came in.
  func streamed(_ name: ObjectName) throws -> (bytes: [UInt8], pieces: Int) {
    var (bytes, pieces) = ([UInt8](), 0)
    try stream(name) {
      bytes.append($0)
      pieces += 1
    }
    return (bytes, pieces)
  }
}
