import FileTrees
import LocalFiles
import SecretMemory
import SystemPackage

/// Finds Synapse's signing keys in configuration folders, holding what it reads in locked memory.
struct SigningKeySearch {
  /// Larger files are no configuration.
  private static let largest: Int64 = 512 * 1024

  /// Public halves of keys that can sign, by id such as `ed25519:a_AbCd`.
  private(set) var usable: [String: [UInt8]] = [:]
  /// Ids among `old_signing_keys`, which only verify.
  private(set) var retired: Set<String> = []

  /// Looks through all small files below some folders.
  static func keys(below folders: [FilePath]) throws -> SigningKeySearch {
    var search = SigningKeySearch()
    for folder in folders {
      var files: [FilePath] = []
      _ = try FileTreeWalk.walk(folder, reporting: { _ in }) { entry in
        if entry.status.kind == .regular, entry.status.stamp.size <= largest {
          files.append(folder.appending(bytes: entry.path.bytes))
        }
      }
      for file in files {
        try SecretFile.read(file).withBytes { search.read($0) }
      }
    }
    return search
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
    var start = 0
    while start < line.byteCount, " \"'".utf8.contains(line[byteAt: start]) { start += 1 }
    let key = line.extracting(start...)
    guard key.starts(with: "ed25519:") else { return }
    let id = key.copied().prefix { !" \"'{".utf8.contains($0) }
    let text = String(decoding: id, as: UTF8.self)
    retired.insert(text.hasSuffix(":") ? String(text.dropLast()) : text)
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
