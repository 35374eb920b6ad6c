import Foundation
import ProofTools
import Testing

/// A kind of recipient that every age knows.
enum KeyKind: String, CaseIterable, CustomStringConvertible {
  case x25519
  case ssh = "ssh-ed25519"
  case several

  var description: String { rawValue }

  /// Makes keys of the kind: a file of recipients, and one with an identity for one of them.
  func make(in folder: borrowing ScratchFolder) throws -> (recipients: String, identity: String) {
    switch self {
    case .x25519:
      let recipient = try Self.classic("identity", in: folder)
      return (try folder.write(recipient + "\n", to: "recipients"), folder.path(of: "identity"))
    case .ssh:
      let recipient = try Self.ssh("identity", in: folder)
      return (try folder.write(recipient, to: "recipients"), folder.path(of: "identity"))
    case .several:
      let others = [try Self.classic("other", in: folder), try Self.ssh("third", in: folder)]
      let recipient = try Self.classic("identity", in: folder)
      let lines = (others + [recipient]).map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }
      return (try folder.write(lines.joined(), to: "recipients"), folder.path(of: "identity"))
    }
  }

  private static func classic(_ name: String, in folder: borrowing ScratchFolder) throws -> String {
    let made = try cofferAge(["keygen", "-o", folder.path(of: name)])
    #expect(made.status == 0, "\(made)")
    return try #require(made.text.split(separator: " ").last).trimmingCharacters(in: .newlines)
  }

  private static func ssh(_ name: String, in folder: borrowing ScratchFolder) throws -> String {
    let made = try #require(StockTool("ssh-keygen")).run([
      "-q", "-t", "ed25519", "-N", "", "-C", "coffer", "-f", folder.path(of: name),
    ])
    #expect(made.status == 0, "\(made)")
    return try folder.readText(name + ".pub")
  }
}

/// Runs our own age.
func cofferAge(
  _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
) throws -> StockTool.Outcome {
  try StockTool(built: "coffer-age").run(arguments, environment: environment, in: folder)
}

/// What is sealed and opened: sizes around every boundary, each with the same bytes for every test.
enum Plaintext {
  /// Around the edges of chunks, of batches, and of what fits into one counter's byte of chunks.
  static let sizes =
    smallSizes + [1_048_575, 1_048_576, 1_048_577, 16_777_215, 16_777_216, 16_777_217]

  /// Those around the edges of one and two chunks.
  static let smallSizes = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073]

  private static let all: [Int: [UInt8]] = {
    var chance = SeededChance(for: "what is sealed between implementations of age")
    let longest = chance.bytes(sizes.max() ?? 0)
    return Dictionary(uniqueKeysWithValues: sizes.map { ($0, Array(longest[..<$0])) })
  }()

  /// Writes as many bytes as file `in`, and says where it is.
  static func write(_ size: Int, in folder: borrowing ScratchFolder) throws -> String {
    try folder.write(try #require(all[size]), to: "in")
  }

  /// Whether file `out` holds what `in` holds.
  ///
  /// age 1.1.1 makes no file where there is nothing to put into it.
  static func cameBack(in folder: borrowing ScratchFolder) throws -> Bool {
    let files = FileManager.default
    let (before, after) = (folder.path(of: "in"), folder.path(of: "out"))
    if !files.fileExists(atPath: after) { return try folder.read("in").isEmpty }
    return files.contentsEqual(atPath: before, andPath: after)
  }
}
