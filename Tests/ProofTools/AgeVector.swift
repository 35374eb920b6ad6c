internal import Foundation

/// One file of C2SP's conformance vectors for age: what to read, and what must come of it.
package struct AgeVector: Sendable, CustomStringConvertible {
  /// The name of its file.
  package let name: String
  /// `success`, `no match`, `HMAC failure`, `header failure`, `armor failure` or `payload failure`.
  package let expected: String
  /// The SHA-256 of everything released, in hexadecimal; nil where nothing is.
  package let released: String?
  /// The identities to try.
  package let identities: [String]
  /// The passphrases to try.
  package let passphrases: [String]
  /// The file key, in hexadecimal.
  package let fileKey: String
  /// Whether it is armored.
  package let isArmored: Bool
  /// The age file.
  package let file: [UInt8]

  package var description: String { name }

  private static let knownFields: Set = [
    "expect", "payload", "identity", "passphrase", "file key", "armored", "compressed", "comment",
  ]

  /// Where the vectors lie: `COFFER_VECTORS`, or `shared/vectors` beside the package; nil where they
  /// are in neither place.
  package static let allFolders: String? = {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let beside = package.deletingLastPathComponent().appendingPathComponent("shared/vectors").path
    let places = [ProcessInfo.processInfo.environment["COFFER_VECTORS"], beside]
    return places.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }()

  private static let folder = allFolders.map { $0 + "/cctv-age" }

  /// Whether the vectors are there, for tests to say that they are skipped.
  package static let areThere = folder.map { FileManager.default.fileExists(atPath: $0) } ?? false

  /// All vectors, by name; compressed ones are left out where there is no `python3` to inflate them.
  package static let all: [AgeVector] = {
    guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    else { return [] }
    return names.sorted().compactMap { AgeVector(name: $0, path: folder + "/" + $0) }
  }()

  private init?(name: String, path: String) {
    guard let data = FileManager.default.contents(atPath: path),
      let end = data.firstRange(of: Data("\n\n".utf8))
    else { return nil }
    var fields: [String: [String]] = [:]
    for line in String(decoding: data[..<end.lowerBound], as: UTF8.self).split(separator: "\n") {
      guard let colon = line.firstRange(of: ": ") else { return nil }
      fields[String(line[..<colon.lowerBound]), default: []].append(
        String(line[colon.upperBound...]))
    }
    // The suite says to pass over what one does not know.
    guard Set(fields.keys).isSubset(of: Self.knownFields), let expected = fields["expect"]?.first
    else { return nil }
    var file = [UInt8](data[end.upperBound...])
    if fields["compressed"] != nil {
      guard let inflated = Self.inflate(path) else { return nil }
      file = inflated
    }
    self.name = name
    self.expected = expected
    self.fileKey = fields["file key"]?.first ?? ""
    self.file = file
    isArmored = fields["armored"] == ["yes"]
    released = fields["payload"]?.first
    identities = fields["identity"] ?? []
    passphrases = fields["passphrase"] ?? []
  }

  private static func inflate(_ path: String) -> [UInt8]? {
    let program = """
      import sys, zlib
      data = open(sys.argv[1], "rb").read().split(b"\\n\\n", 1)[1]
      open(sys.argv[2], "wb").write(zlib.decompress(data))
      """
    guard let python = StockTool("python3"), let folder = try? ScratchFolder(),
      let outcome = try? python.run(["-c", program, path, folder.path(of: "file")]),
      outcome.status == 0
    else { return nil }
    return try? folder.read("file")
  }
}
