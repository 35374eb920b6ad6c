import FileTrees
import Glibc
import SecretMemory
package import SystemPackage
package import Vocabulary

/// Looks for volumes in folders that an operator names: a medium, a set, a volume, or where several lie.
///
/// No link is followed below these folders, and nothing is believed of what is found.
package struct MediaSearch {
  /// A set, a volume: two folders below the one that is named.
  private static let depth = 2
  private static let mostFolders = 10_000

  private var sets: [SHA256Digest: FoundSet] = [:]
  /// What looked like a part of a volume, and was passed over.
  package private(set) var problems: [OperatorError] = []
  private var looked = 0

  /// A set, as far as it was found.
  private struct FoundSet {
    let manifest: VolumeSetManifest
    var places: [String] = []
    var files: [Int: MediumFile] = [:]
  }

  /// Searches folders.
  ///
  /// - Throws: `import.unreadable` where a folder that was named cannot be read.
  package init(in folders: [FilePath]) throws {
    for path in folders {
      do {
        let folder = OpenFolder(try DirectoryHandle(opening: path))
        search(folder, called: path.string, depth: Self.depth)
      } catch {
        throw OperatorError(
          "import.unreadable", .usage, "cannot read the folder \(path): \(error)",
          hint: "--from names mounted media, or a folder with copies of them")
      }
    }
  }

  /// The one set that was found.
  ///
  /// - Throws: `import.no-volumes`, `import.several-sets`.
  package func onlySet() throws -> VolumeSet {
    guard let found = sets.values.first else {
      throw OperatorError(
        "import.no-volumes", .nothingDone,
        "there is no volume of a set in the folders that were named",
        hint: "a volume is a folder with a \(VolumeSetManifest.fileName)")
    }
    guard sets.count == 1 else {
      let names = sets.values.map { "\($0.manifest.set) in \($0.places.joined(separator: ", "))" }
      throw OperatorError(
        "import.several-sets", .usage,
        "volumes of several sets were found: \(names.sorted().joined(separator: "; "))",
        hint: "take them in one set after the other, the oldest first")
    }
    return VolumeSet(found.manifest, found.files)
  }

  private mutating func search(_ folder: OpenFolder, called path: String, depth: Int) {
    looked += 1
    guard looked <= Self.mostFolders else { return }
    if take(folder, called: path) || depth == 0 { return }
    let names = ((try? folder.handle.names()) ?? []).sorted { $0.lexicographicallyPrecedes($1) }
    for name in names {
      guard let below = try? folder.handle.openDirectory(name) else { continue }
      let text = String(decoding: name, as: UTF8.self).onOneLine
      search(OpenFolder(below), called: "\(path)/\(text)", depth: depth - 1)
    }
  }

  /// Takes the volumes of a folder; false where it is none of a set.
  private mutating func take(_ folder: OpenFolder, called path: String) -> Bool {
    let name = VolumeSetManifest.fileName
    guard (try? folder.handle.status(of: Array(name.utf8))) != nil else { return false }
    guard let file = try? MediumFile(name, in: folder, called: path),
      file.count <= VolumeSetManifest.largest, let bytes = try? file.read(0..<file.count),
      let manifest = VolumeSetManifest(parsing: bytes)
    else {
      passOver("\(path)/\(name) describes no set of volumes")
      return true
    }
    // Who writes another description makes another set: it cannot mix with ours.
    let digest = SHA256Hasher.digest(of: bytes)
    var found = sets[digest] ?? FoundSet(manifest: manifest)
    found.places.append(path)
    for (number, volume) in manifest.volumes.enumerated() {
      let name = VolumeSetManifest.file(of: number + 1, volume.kind)
      guard (try? folder.handle.status(of: Array(name.utf8))) != nil else { continue }
      do {
        let file = try MediumFile(name, in: folder, called: path)
        guard file.count == volume.bytes else {
          passOver("\(path)/\(name) is \(file.count) bytes long, and not \(volume.bytes)")
          continue
        }
        found.files[number] = found.files[number] ?? file
      } catch {
        passOver("\(path)/\(name) is no regular file that can be read")
      }
    }
    sets[digest] = found
    return true
  }

  private mutating func passOver(_ what: String) {
    problems.append(
      OperatorError(
        "volume.unreadable", .mismatch, what, hint: "the volume counts as lost; copy it again"))
  }
}
