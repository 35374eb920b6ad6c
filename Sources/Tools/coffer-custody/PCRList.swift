import ArgumentParser

/// PCRs as they are named on a command line: `7,11`, or `7+11` as systemd has it.
struct PCRList: ExpressibleByArgument {
  let indexes: Set<Int>

  init(indexes: Set<Int>) {
    self.indexes = indexes
  }

  init?(argument: String) {
    let parts = argument.split(omittingEmptySubsequences: false) { $0 == "," || $0 == "+" }
    guard argument != "" else {
      indexes = []
      return
    }
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, numbers.allSatisfy({ (0..<24).contains($0) }) else {
      return nil
    }
    indexes = Set(numbers)
  }
}
