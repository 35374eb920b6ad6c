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
/// A line is `SECONDS OUTCOME NAME`; the last line of a name counts. Lines `SECONDS pass started` and
/// `SECONDS pass finished` stand around the checks of one scrub: what a killed one checked is known by them.
package struct CheckDates: Sendable {
  /// The last check of an object.
  package struct Check: Sendable {
    package let time: Timestamp
    package let outcome: CheckOutcome

    package init(time: Timestamp, outcome: CheckOutcome) {
      (self.time, self.outcome) = (time, outcome)
    }
  }

  /// What a line says.
  package enum Line {
    case check(name: ArraySlice<UInt8>, Check)
    case passStarted
    case passFinished
  }

  private let path: FilePath

  /// Looks into the keeper's folder.
  package init(in keeper: KeeperFolder) {
    path = keeper.path.appending("checks")
  }

  /// Hands on every line that can be read, oldest first; none where there is no file yet.
  ///
  /// - Throws: `keeper.unusable`, and what `take` throws.
  package func each(_ take: (Line) throws -> Void) throws {
    try KeeperFolder.reporting(path) { try LineFile.lines(of: path) { try Self.read($0, take) } }
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

  /// Marks the beginning of a scrub.
  ///
  /// - Throws: `keeper.unusable`.
  package func startPass() throws { try mark("started") }

  /// Marks the end of a scrub.
  ///
  /// - Throws: `keeper.unusable`.
  package func finishPass() throws { try mark("finished") }

  private func mark(_ word: String) throws {
    try KeeperFolder.reporting(path) {
      try LineFile(path).append(Array("\(Timestamp.now().secondsSince1970) pass \(word)\n".utf8))
    }
  }

  private static func line(_ name: String, _ check: Check) -> [UInt8] {
    Array("\(check.time.secondsSince1970) \(check.outcome.rawValue) \(name)\n".utf8)
  }

  private static func read(_ line: ArraySlice<UInt8>, _ take: (Line) throws -> Void) throws {
    let space = UInt8(ascii: " ")
    guard let first = line.firstIndex(of: space), let seconds = number(line[..<first]),
      let second = line[(first + 1)...].firstIndex(of: space)
    else { return }
    let (word, rest) = (line[first + 1..<second], line[(second + 1)...])
    let time = Timestamp(secondsSince1970: seconds)
    if word.elementsEqual("good".utf8) {
      try take(.check(name: rest, Check(time: time, outcome: .good)))
    } else if word.elementsEqual("hurt".utf8) {
      try take(.check(name: rest, Check(time: time, outcome: .hurt)))
    } else if word.elementsEqual("pass".utf8) {
      if rest.elementsEqual("started".utf8) { try take(.passStarted) }
      if rest.elementsEqual("finished".utf8) { try take(.passFinished) }
    }
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard (1...12).contains(digits.count) else { return nil }
    var number = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      number = number * 10 + Int(digit - 0x30)
    }
    return number
  }
}
