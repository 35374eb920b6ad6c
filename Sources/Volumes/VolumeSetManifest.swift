package import Keeping
import Repository
package import Vocabulary

/// What a set of volumes is made of, in each of them: `set.json`; `docs/formats/volumes.md`.
///
/// Nobody signs it but for the removals. It says which bytes belong together; what they are worth, the hosts'
/// ledgers say.
package struct VolumeSetManifest: Sendable, Hashable, Codable {
  /// One volume.
  package struct Volume: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Codable {
      case data
      case parity
    }

    package let kind: Kind
    /// Bytes of its large file.
    package let bytes: Int
    package let sha256: SHA256Digest

    package init(_ kind: Kind, bytes: Int, sha256: SHA256Digest) {
      (self.kind, self.bytes, self.sha256) = (kind, bytes, sha256)
    }
  }

  /// What one code word of GF(256) can hold.
  static let mostVolumes = 255
  static let fileName = "set.json"
  /// Room for a hundred thousand removals.
  static let largest = 1 << 23
  private static let type = "coffer-volumes"

  package let type: String
  package let format: Int
  /// What the set is called: 16 hexadecimal digits.
  package let set: String
  /// The store's id.
  package let store: String
  /// Data first, then parity.
  package let volumes: [Volume]
  /// Snapshots that were let go of before: their entries travel, and no objects for them.
  package let removals: RemovalNotice?

  init(set: String, store: String, volumes: [Volume], removals: RemovalNotice?) {
    (type, format) = (Self.type, StoreFormat.version)
    (self.set, self.store, self.volumes, self.removals) = (set, store, volumes, removals)
  }

  /// Reads a description; nil for what no export writes.
  init?(parsing bytes: [UInt8]) {
    guard let manifest = try? JSONDocument.decode(Self.self, from: bytes),
      manifest.type == Self.type, manifest.format == StoreFormat.version,
      Hexadecimal.decode(manifest.set)?.count == 8,
      Hexadecimal.decode(manifest.store)?.count == 16,
      manifest.removals == nil || manifest.removals?.store == manifest.store,
      (1...Self.mostVolumes).contains(manifest.volumes.count),
      manifest.volumes.first?.kind == .data,
      manifest.volumes.drop(while: { $0.kind == .data }).allSatisfy({ $0.kind == .parity }),
      manifest.volumes.allSatisfy({ (0...1 << 50).contains($0.bytes) }),
      case let longest = manifest.dataVolumes.map(\.bytes).max(),
      manifest.volumes.dropFirst(manifest.dataVolumes.count).allSatisfy({ $0.bytes == longest })
    else { return nil }
    self = manifest
  }

  /// The volumes that hold objects.
  package var dataVolumes: ArraySlice<Volume> { volumes.prefix { $0.kind == .data } }

  /// How many volumes hold parity.
  package var parityVolumes: Int { volumes.count - dataVolumes.count }

  /// What the folder of a volume is called, counted from 1; its files are called so, too.
  static func name(of number: Int) -> String {
    let digits = String(number)
    return "volume-" + String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits
  }

  /// What the large file of a volume is called.
  static func file(of number: Int, _ kind: Volume.Kind) -> String {
    name(of: number) + (kind == .data ? ".tar" : ".parity")
  }

  /// What the list of a volume is called, in its archive.
  static func list(of number: Int) -> String { name(of: number) + ".objects" }
}
