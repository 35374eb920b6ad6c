internal import TrustedHardware
internal import Vocabulary

/// What is to be said of a header's copies and backups.
struct HeaderJudgement {
  private let header: HeaderState

  init(_ header: HeaderState) {
    self.header = header
  }

  var findings: [CustodyFinding] { copies + backup + record }

  private var copies: [CustodyFinding] {
    guard !header.copies.areWhole else { return [] }
    let damaged = [("first", header.copies.primary), ("second", header.copies.secondary)]
      .compactMap { name, copy -> String? in
        guard case .damaged(let why) = copy else { return nil }
        return "the \(name) copy of the header is damaged: \(why)"
      }
    let text =
      damaged.isEmpty
      ? "the two copies of the header are of different writes: one was cut off between them"
      : damaged.joined(separator: "; ")
    return [
      CustodyFinding(
        .warning, "header.copy-damaged",
        "\(text); the next program that changes the header writes it anew, and with it goes what "
          + "shows who did that")
    ]
  }

  private var backup: [CustodyFinding] {
    guard let backup = header.backup else {
      return [
        CustodyFinding(
          .warning, "header-backup.none",
          "no backup of the header is known: damage to its first megabytes loses all data")
      ]
    }
    guard backup.matches else {
      return [
        CustodyFinding(
          .bad, "header-backup.other-volume-key",
          "the last backup of the header, of \(backup.time), is of another volume key or expired, "
            + "and of no use; one of the present header is missing")
      ]
    }
    guard !backup.sameKeyslots else { return [] }
    return [
      CustodyFinding(
        .info, "header-backup.stale-keyslots",
        "the last backup of the header, of \(backup.time), has other keyslots than the device: its "
          + "restore would bring old ones back and lose new ones")
    ]
  }

  private var record: [CustodyFinding] {
    guard let problem = header.problem else { return [] }
    return [
      CustodyFinding(
        .bad, "record.broken",
        "the custody record cannot be believed from here on: \(problem.message)")
    ]
  }
}
