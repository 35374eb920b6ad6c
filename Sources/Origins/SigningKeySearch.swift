import FileTrees
import LocalFiles
import SecretMemory
import SystemPackage

/// Finds Synapse's signing keys in configuration folders, holding what it reads in locked memory.
///
/// Where homeserver.yaml names the key's file, only that is a key: people may upload any line. Else
/// every small file outside a media store is looked into.
struct SigningKeySearch {
  /// A folder and where it was on the old host.
  struct Place {
    let origin: String
    let folder: FilePath
  }

  /// Larger files are no configuration.
  private static let largest: Int64 = 512 * 1024

  /// Bytes of a path below its folder.
  private static let longest = 3000

  /// Public halves of keys that can sign, by id such as `ed25519:a_AbCd`.
  private(set) var usable: [String: [UInt8]] = [:]
  /// Ids among `old_signing_keys`, which only verify.
  private(set) var retired: Set<String> = []
  /// What `signing_key_path` says, on the old host.
  private var named: Set<String> = []

  /// Looks through all small files below some folders.
  static func keys(below places: [Place]) throws -> SigningKeySearch {
    var search = SigningKeySearch()
    let files = try places.flatMap { try Self.files(below: $0) }
    for file in files where file.isYAML {
      try SecretFile.read(file.path).withBytes { search.read($0) }
    }
    for file in search.keyFiles(among: files) {
      try SecretFile.read(file.path).withBytes { search.read($0) }
    }
    return search
  }

  /// A small file, here and on the old host.
  private struct File {
    let path: FilePath
    let origin: String

    var isYAML: Bool { ["yaml", "yml"].contains(path.extension ?? "") }
    var name: String { path.lastComponent?.string ?? "" }
  }

  private static func files(below place: Place) throws -> [File] {
    var files: [(file: File, path: RelativePath)] = []
    var mediaStores: [RelativePath] = []
    _ = try FileTreeWalk.walk(place.folder, reporting: { _ in }) { entry in
      if entry.path.name == Array("local_content".utf8), let parent = entry.path.parent {
        mediaStores.append(parent)
      }
      // Synapse itself could not open a key with a longer path.
      guard entry.status.kind == .regular, entry.status.stamp.size <= largest,
        entry.path.bytes.count < longest
      else { return }
      let here = place.folder.appending(bytes: entry.path.bytes)
      files.append((File(path: here, origin: "\(place.origin)/\(entry.path)"), entry.path))
    }
    return files.filter { file in !mediaStores.contains { file.path.isWithin($0) } }.map(\.file)
  }

  /// The named files; by name alone where paths were others inside a container; else all there are.
  private func keyFiles(among files: [File]) -> [File] {
    guard !named.isEmpty else { return files }
    let exact = files.filter { named.contains($0.origin) }
    let names = Set(named.compactMap { FilePath($0).lastComponent?.string })
    return exact.isEmpty ? files.filter { names.contains($0.name) } : exact
  }

  private mutating func read(_ text: RawSpan) {
    var start = 0
    for position in 0...text.byteCount {
      guard position == text.byteCount || text[byteAt: position] == UInt8(ascii: "\n") else {
        continue
      }
      readLine(text.extracting(start..<position))
      start = position + 1
    }
  }

  /// A key file's line is `ed25519 VERSION SEED`; homeserver.yaml has `"ed25519:VERSION": {…}`.
  private mutating func readLine(_ line: RawSpan) {
    if line.starts(with: "ed25519 ") {
      let rest = line.extracting(8...)
      guard let space = (0..<rest.byteCount).first(where: { rest[byteAt: $0] == 32 }),
        let seed = Base64.decodeSecret(
          rest.extracting((space + 1)..<rest.endOfText), padding: .none),
        seed.count == Ed25519.seedSize
      else { return }
      let version = String(decoding: rest.extracting(0..<space).copied(), as: UTF8.self)
      let secret = Ed25519.secretKey(fromSeed: seed)
      usable["ed25519:\(version)"] = Ed25519.publicKey(of: secret)
      return
    }
    if line.starts(with: "signing_key_path:") {
      let value = String(decoding: line.extracting(17..<line.endOfText).copied(), as: UTF8.self)
      let path = (value.split(separator: " #").first ?? "").trimming { " \"'".contains($0) }
      if !path.isEmpty { named.insert(path) }
      return
    }
    var start = 0
    while start < line.byteCount, " \"'".utf8.contains(line[byteAt: start]) { start += 1 }
    let key = line.extracting(start...)
    guard key.starts(with: "ed25519:") else { return }
    let id = key.copied().prefix { !" \"'{".utf8.contains($0) }
    let text = String(decoding: id, as: UTF8.self)
    retired.insert(text.hasSuffix(":") ? String(text.dropLast()) : text)
  }
}

extension Substring {
  /// Without characters at both ends.
  fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> String {
    var text = drop(while: isTrimmed)
    while let last = text.last, isTrimmed(last) { text.removeLast() }
    return String(text)
  }
}

extension RawSpan {
  fileprivate func starts(with text: String) -> Bool {
    let bytes = Array(text.utf8)
    return byteCount >= bytes.count && bytes.indices.allSatisfy { self[byteAt: $0] == bytes[$0] }
  }

  /// Where the line ends but for a carriage return.
  fileprivate var endOfText: Int {
    byteCount > 0 && self[byteAt: byteCount - 1] == UInt8(ascii: "\r") ? byteCount - 1 : byteCount
  }
}
