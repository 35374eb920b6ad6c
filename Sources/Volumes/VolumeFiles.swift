import LocalFiles
import SecretMemory
import SystemPackage
import Vocabulary

/// Where the files of a volume lie that is being written.
struct VolumeFiles {
  let folder: FilePath
  /// The archive, or the parity.
  let large: FilePath

  init(_ number: Int, _ kind: VolumeSetManifest.Volume.Kind, in set: FilePath) {
    folder = set.appending(VolumeSetManifest.name(of: number))
    large = folder.appending(VolumeSetManifest.file(of: number, kind))
    checksums = folder.appending(VolumeSetManifest.name(of: number) + ".sha256")
  }

  /// What `sha256sum -c` reads.
  let checksums: FilePath

  /// What the set is made of.
  var description: FilePath { folder.appending(VolumeSetManifest.fileName) }

  /// Writes the checksums of files of this volume.
  ///
  /// - Throws: `Errno`.
  func note(_ digests: [(path: FilePath, sha256: SHA256Digest)]) throws {
    let lines = digests.map { "\($0.sha256)  \($0.path.lastComponent?.string ?? "")\n" }
    try Array(lines.joined().utf8).withBytes { try DurableFile.write($0, to: checksums) }
  }

  /// The digest that was noted of the large file; nil where there is none.
  func noted() -> SHA256Digest? {
    guard let bytes = try? LocalPath(checksums).read() else { return nil }
    return SHA256Digest(hex: String(decoding: bytes.prefix(64), as: UTF8.self))
  }

  /// Removes what a killed run left under temporary names.
  ///
  /// - Throws: `Errno`.
  func discardTemporary() throws {
    guard LocalPath(folder).isFolder else { return }
    for name in try LocalPath(folder).names() where name.hasPrefix(".coffer-") {
      try LocalPath(folder.appending(name)).remove()
    }
  }

  /// Removes what is there of the volume.
  ///
  /// - Throws: `Errno`.
  func discard() throws {
    for path in [checksums, large] where LocalPath(path).exists { try LocalPath(path).remove() }
  }
}
