import LocalFiles
import SystemPackage
import Vocabulary

/// What a drill's report says to a keeper: whether it passed.
struct DrillVerdict: Decodable {
  private let type: String
  private let passed: Bool
  private let finished: Timestamp

  /// Reads a report that `coffer-restore drill --report` wrote.
  ///
  /// - Throws: `drill.unreadable`.
  static func read(_ path: FilePath) throws -> DrillVerdict {
    guard let bytes = try? LocalPath(path).read(),
      let verdict = try? JSONDocument.decode(DrillVerdict.self, from: bytes),
      verdict.type == "coffer-drill-report"
    else {
      throw OperatorError(
        "drill.unreadable", .usage, "\(path) is no report of a drill, or cannot be read",
        hint: "it is the file that 'coffer-restore drill --report' wrote")
    }
    return verdict
  }

  /// What to say of a drill that failed, nil where it passed.
  var failure: String? { passed ? nil : "the drill of \(finished) failed" }
}
