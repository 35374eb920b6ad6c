import SystemPackage
package import Vocabulary

/// What the keeper did, one JSON object a line: `journal`, oldest first.
package struct KeeperJournal: ~Copyable {
  private struct Line: Encodable {
    let time: Timestamp
    let act: String
    let details: [String: JSONValue]
  }

  private let file: LineFile
  private let path: FilePath

  /// Opens the journal in the keeper's folder.
  ///
  /// - Throws: `keeper.unusable`.
  package init(in keeper: KeeperFolder) throws {
    path = keeper.path.appending("journal")
    file = try KeeperFolder.reporting(path) { [path] in try LineFile(path) }
  }

  /// Notes an act; it is durable when the call returns.
  ///
  /// - Parameters:
  ///   - act: what was done, a verb such as `scrub`.
  ///   - details: what is worth knowing of it.
  /// - Throws: `keeper.unusable`.
  package func note(_ act: String, _ details: [String: JSONValue]) throws {
    let line = try JSONDocument.line(Line(time: .now(), act: act, details: details))
    try KeeperFolder.reporting(path) { try file.append(line + [UInt8(ascii: "\n")]) }
  }
}
