internal import Foundation

/// One file of C2SP's conformance vectors for age: what to read, and what must come of it.
package struct AgeVector: Sendable, CustomStringConvertible {
  /// The name of its file.
  package let name: String
  /// `success`, `no match`, `HMAC failure`, `header failure` or `payload failure`.
  package let expected: String
  /// The SHA-256 of everything released, in hexadecimal; nil where nothing is.
  package let released: String?
  /// The identities to try.
  package let identities: [String]
  /// The file key, in hexadecimal.
  package let fileKey: String
  /// The age file.
  package let file: [UInt8]

  package var description: String { name }

  /// Where the vectors lie: `COFFER_VECTORS`, or `shared/vectors` beside the package; nil where they
  /// are in neither place.
  package static let folder: String? = {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let beside = package.deletingLastPathComponent().appendingPathComponent("shared/vectors").path
    let places = [ProcessInfo.processInfo.environment["COFFER_VECTORS"], beside]
    return places.compactMap { $0.map { $0 + "/cctv-age" } }
      .first { FileManager.default.fileExists(atPath: $0) }
  }()

  /// Whether the vectors are there, for tests to say that they are skipped.
  package static let areThere = folder != nil

  /// The vectors that are neither armored nor for a passphrase or a hybrid key, by name.
  ///
  /// Compressed ones are left out where there is no `python3` to inflate them.
  package static let classic: [AgeVector] = {
    guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    else { return [] }
    return names.sorted().filter { !$0.hasPrefix("hybrid") }.compactMap {
      AgeVector(name: $0, path: folder + "/" + $0)
    }
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
    guard fields["armored"] == nil, fields["passphrase"] == nil,
      let expected = fields["expect"]?.first, let fileKey = fields["file key"]?.first
    else { return nil }
    var file = [UInt8](data[end.upperBound...])
    if fields["compressed"] != nil {
      guard let inflated = Self.inflate(path) else { return nil }
      file = inflated
    }
    self.name = name
    self.expected = expected
    self.fileKey = fileKey
    self.file = file
    released = fields["payload"]?.first
    identities = fields["identity"] ?? []
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
