import Keeping
import Vocabulary

/// When each object of a list was checked last, as far as the keeper remembers.
struct CheckMemory {
  typealias Item = CheckList.Item

  /// What is remembered of an object; seconds are 0 where it was never checked.
  private struct Mark {
    var seconds: UInt32 = 0
    /// The place of the check among all of them, for many fall into one second; 0 for none.
    var turn: UInt32 = 0
    var isHurt = false
    var isOfThisPass = false
  }

  private let list: CheckList
  private var marks: [[Mark]]
  private var turns: UInt32 = 0
  /// Whether a scrub was cut off; what it checked is not checked again.
  private(set) var isResumed = false

  /// Reads what is remembered.
  init(_ dates: CheckDates, of list: CheckList) throws {
    self.list = list
    marks = list.tables.map { Array(repeating: Mark(), count: $0.count) }
    try dates.each { line in
      switch line {
      case .check(let name, let check): take(name, check)
      case .passStarted, .passFinished:
        for table in marks.indices {
          for row in marks[table].indices { marks[table][row].isOfThisPass = false }
        }
        if case .passStarted = line { isResumed = true } else { isResumed = false }
      }
    }
  }

  private mutating func take(_ name: ArraySlice<UInt8>, _ check: CheckDates.Check) {
    for table in list.tables.indices {
      guard let row = list.tables[table].row(of: name) else { continue }
      note(check, of: Item(table: table, row: row))
    }
  }

  /// Remembers what a check found.
  mutating func note(_ check: CheckDates.Check, of item: Item) {
    turns += 1
    marks[item.table][item.row] = Mark(
      seconds: UInt32(clamping: check.time.secondsSince1970), turn: turns,
      isHurt: check.outcome == .hurt, isOfThisPass: true)
  }

  private func mark(_ item: Item) -> Mark { marks[item.table][item.row] }

  /// What a scrub has to check: what was hurt or never looked at first, then what was checked longest ago,
  /// until the share is reached; what a scrub that was cut off checked counts.
  func plan(_ share: CheckShare) -> [Item] {
    let items = list.items
    let size = list.size(of:)
    let done = isResumed ? items.filter { mark($0).isOfThisPass } : []
    // An object of no bytes is work, too.
    var left =
      share.of(items.reduce(0) { $0 + size($1) + 1 }) - done.reduce(0) { $0 + size($1) + 1 }
    func turn(_ item: Item) -> UInt32 { mark(item).isHurt ? 0 : mark(item).turn }
    let waiting = items.filter { !isResumed || !mark($0).isOfThisPass }
    let sorted = waiting.sorted { (turn($0), $0) < (turn($1), $1) }
    let taken = sorted.prefix { item in
      guard left > 0 else { return false }
      left -= size(item) + 1
      return true
    }
    return Array(taken)
  }

  /// What was hurt when it was checked last.
  var hurt: [Item] { list.items.filter { mark($0).isHurt } }

  /// How many objects were never checked.
  var unchecked: Int { list.items.count { mark($0).turn == 0 } }

  /// The oldest of all last checks; nil where an object was never checked, or there is none.
  var oldest: Timestamp? {
    guard let oldest = list.items.map({ mark($0).seconds }).min(), oldest > 0 else { return nil }
    return Timestamp(secondsSince1970: Int(oldest))
  }

  /// The oldest last check of what was checked at all; nil where nothing was.
  var oldestKnown: Timestamp? {
    list.items.lazy.filter { mark($0).turn > 0 }.map { mark($0).seconds }.min()
      .map { Timestamp(secondsSince1970: Int($0)) }
  }

  /// Everything that is remembered, a check an object, the oldest first.
  var checks: some Sequence<(name: String, check: CheckDates.Check)> {
    let known = list.items.filter { mark($0).turn > 0 }
    return known.sorted { mark($0).turn < mark($1).turn }.lazy.map { item in
      let mark = mark(item)
      return (
        list.text(of: item),
        CheckDates.Check(
          time: Timestamp(secondsSince1970: Int(mark.seconds)),
          outcome: mark.isHurt ? .hurt : .good)
      )
    }
  }
}
