import LocalFiles
import SecretMemory
import SystemPackage
package import Vocabulary

/// What the last check of an object found.
package enum CheckOutcome: String, Sendable {
  case good
  case hurt
}

/// When each object was checked last, and what was found: `checks`, a line a check.
///
/// A line is `SECONDS OUTCOME NAME`; the last line of a name counts. Lines are durable before a run relies
/// on them, so a run that is killed is gone on with.
package struct CheckDates: Sendable {
  /// The last check of an object.
  package struct Check: Sendable {
    package let time: Timestamp
    package let outcome: CheckOutcome

    package init(time: Timestamp, outcome: CheckOutcome) {
      (self.time, self.outcome) = (time, outcome)
    }
  }

  private let path: FilePath

  /// Looks into the keeper's folder.
  package init(in keeper: KeeperFolder) {
    path = keeper.path.appending("checks")
  }

  /// Hands on every line that can be read, oldest first; none where there is no file yet.
  ///
  /// - Throws: `keeper.unusable`, and what `take` throws.
  package func each(_ take: (_ name: ArraySlice<UInt8>, Check) throws -> Void) throws {
    var rest: [UInt8] = []
    do {
      try LocalPath(path).stream { piece in
        rest.append(piece)
        var start = 0
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
          try Self.read(rest[start..<end], take)
          start = end + 1
        }
        rest.removeSubrange(..<start)
      }
    } catch Errno.noSuchFileOrDirectory {
      return
    } catch let problem as Errno {
      throw OperatorError("keeper.unusable", .failed, "cannot read \(path): \(problem)")
    }
  }

  /// Writes the file anew: one line an object, and none of objects that are not named.
  ///
  /// - Throws: `keeper.unusable`.
  package func rewrite(_ checks: some Sequence<(name: String, check: Check)>) throws {
    try KeeperFolder.reporting(path) {
      let file = try PartialFile(for: path)
      var piece: [UInt8] = []
      for (name, check) in checks {
        piece += Self.line(name, check)
        guard piece.count > 1 << 20 else { continue }
        try piece.withBytes { try file.write($0) }
        piece = []
      }
      try piece.withBytes { try file.write($0) }
      try file.replace()
    }
  }

  /// Adds checks; they are durable when the call returns.
  ///
  /// - Throws: `keeper.unusable`.
  package func add(_ checks: [(name: String, check: Check)]) throws {
    try KeeperFolder.reporting(path) {
      try LineFile(path).append(checks.flatMap { Self.line($0.name, $0.check) })
    }
  }

  private static func line(_ name: String, _ check: Check) -> [UInt8] {
    Array("\(check.time.secondsSince1970) \(check.outcome.rawValue) \(name)\n".utf8)
  }

  private static func read(
    _ line: ArraySlice<UInt8>, _ take: (ArraySlice<UInt8>, Check) throws -> Void
  ) throws {
    let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
    guard words.count == 3, let seconds = Int(String(decoding: words[0], as: UTF8.self)),
      let outcome = CheckOutcome(rawValue: String(decoding: words[1], as: UTF8.self))
    else { return }
    try take(words[2], Check(time: Timestamp(secondsSince1970: seconds), outcome: outcome))
  }
}
