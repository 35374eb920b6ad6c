import SystemPackage
package import Vocabulary

/// What the keeper did, one JSON object a line: `journal`, oldest first.
package struct KeeperJournal: ~Copyable {
  struct Line: Codable {
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
    path = Self.path(in: keeper)
    file = try KeeperFolder.reporting(path) { [path] in try LineFile(path) }
  }

  static func path(in keeper: KeeperFolder) -> FilePath { keeper.path.appending("journal") }

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

  /// Does something and notes what came of it: `status`, what the tool exits with, and `code`, that of the error
  /// that ended it.
  ///
  /// - Parameters:
  ///   - act: what is done, a verb such as `scrub`.
  ///   - body: does it, and says what else is worth knowing.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws; `keeper.unusable` where it went well and cannot be noted.
  package func noting(
    _ act: String, _ body: (inout [String: JSONValue]) throws -> ExitStatus
  ) throws -> ExitStatus {
    var details: [String: JSONValue] = [:]
    switch Result(catching: { try body(&details) }) {
    case .success(let status):
      details["status"] = .integer(Int(status.rawValue))
      try note(act, details)
      return status
    case .failure(let error):
      let problem = error as? OperatorError
      details["status"] = .integer(Int((problem?.status ?? .failed).rawValue))
      details["code"] = .text(problem?.code ?? "unexpected")
      // What went wrong is told in any case.
      try? note(act, details)
      throw error
    }
  }
}
