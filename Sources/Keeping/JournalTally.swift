import SystemPackage
package import Vocabulary

/// What the keeper's journal comes to: how his last acts ended, and what hosts were refused.
///
/// The journal is read as a stream, and of hosts that are refused again and again only counts are kept.
package struct JournalTally: Sendable {
  /// The newest of one kind of act.
  package struct Act: Sendable {
    /// What was done, a verb such as `scrub`.
    package let name: String
    /// When it ended.
    package let time: Timestamp
    /// What it exited with.
    package let status: ExitStatus
    /// The code of the error that ended it.
    package let code: String?
    /// When one of this kind last came to its end, whatever it found; nil where none ever did.
    package let completed: Timestamp?
  }

  /// What a host was refused for one reason.
  package struct Refusal: Sendable {
    package let host: String
    package let code: String
    /// How often since the moment that was asked for, and how often ever.
    package let recent: Int
    package let total: Int
    /// The last time, and what was said then.
    package let last: Timestamp
    package let message: String
  }

  /// Refusals whose lines are the same as far as their messages.
  private struct Group {
    var recent = 0
    var total = 0
    var last: [UInt8] = []

    mutating func add(_ line: ArraySlice<UInt8>, isRecent: Bool) {
      total += 1
      if isRecent { recent += 1 }
      last = Array(line)
    }
  }

  /// The newest act of each kind, by name; what came in and what was refused is none.
  package private(set) var acts: [Act] = []
  /// By host and code.
  package private(set) var refusals: [Refusal] = []

  /// Reads the journal; nothing where there is none yet.
  ///
  /// Lines that no run of ours wrote are passed over.
  ///
  /// - Parameters:
  ///   - keeper: the keeper's folder.
  ///   - moment: since when refusals count as recent.
  /// - Throws: `keeper.unusable`.
  package init(in keeper: KeeperFolder, since moment: Timestamp) throws {
    let path = KeeperJournal.path(in: keeper)
    let start = Array(moment.text.utf8)
    var groups: [[UInt8]: Group] = [:]
    var newest: [String: Act] = [:]
    try KeeperFolder.reporting(path) {
      try LineFile.lines(of: path) { line in
        if line.starts(with: Self.received) { return }
        guard line.starts(with: Self.refused) else {
          guard let act = Act(line, after: newest) else { return }
          newest[act.name] = act
          return
        }
        // A flood may have left millions: they are told apart, and decoded only once, at the end.
        guard let end = Self.startOfMessage(in: line) else { return }
        let time = line.dropLast(2).suffix(start.count)
        groups[Array(line[..<end]), default: Group()].add(
          line, isRecent: !time.lexicographicallyPrecedes(start))
      }
    }
    acts = newest.values.sorted { $0.name < $1.name }
    refusals = groups.values.compactMap { Refusal($0.last, recent: $0.recent, total: $0.total) }
      .sorted { ($0.host, $0.code) < ($1.host, $1.code) }
  }

  private static func startOfMessage(in line: ArraySlice<UInt8>) -> Int? {
    var rest = line
    while let comma = rest.firstIndex(of: UInt8(ascii: ",")) {
      rest = rest[comma...]
      if rest.starts(with: message) { return comma }
      rest = rest.dropFirst()
    }
    return nil
  }

  // How lines begin, whose keys are sorted.
  private static let received = Array("{\"act\":\"received\",".utf8)
  private static let refused = Array("{\"act\":\"refused\",".utf8)
  private static let message = Array(",\"message\":".utf8)
}

extension JournalTally.Act {
  fileprivate init?(_ bytes: ArraySlice<UInt8>, after others: [String: JournalTally.Act]) {
    guard let line = try? JSONDocument.decode(KeeperJournal.Line.self, from: Array(bytes)) else {
      return nil
    }
    (name, time) = (line.act, line.time)
    // Older coffers noted only what came to its end.
    var status = ExitStatus.done
    if case .integer(let number) = line.details["status"] {
      status = Int32(exactly: number).flatMap(ExitStatus.init) ?? .failed
    } else if case .integer(1...) = line.details["hurt"] {
      status = .mismatch
    }
    self.status = status
    if case .text(let text) = line.details["code"] { code = text } else { code = nil }
    let isCompleted = [.done, .partly, .mismatch].contains(status)
    completed = isCompleted ? line.time : others[line.act]?.completed
  }
}

extension JournalTally.Refusal {
  fileprivate init?(_ bytes: [UInt8], recent: Int, total: Int) {
    guard let line = try? JSONDocument.decode(KeeperJournal.Line.self, from: bytes),
      case .text(let host) = line.details["host"], case .text(let code) = line.details["code"],
      case .text(let message) = line.details["message"]
    else { return nil }
    (self.host, self.code, self.message) = (host, code, message)
    (self.recent, self.total, last) = (recent, total, line.time)
  }
}
