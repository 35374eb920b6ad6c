/// Every choice of so many out of some numbers, one after the other, the first numbers first.
struct Choices: Sequence, IteratorProtocol {
  private let numbers: [Int]
  private var places: [Int]?

  init(_ count: Int, of numbers: [Int]) {
    self.numbers = numbers
    places = count <= numbers.count ? Array(0..<count) : nil
  }

  mutating func next() -> [Int]? {
    guard var chosen = places else { return nil }
    let choice = chosen.map { numbers[$0] }
    let room = numbers.count - chosen.count
    if let last = chosen.indices.last(where: { chosen[$0] < room + $0 }) {
      chosen[last] += 1
      for later in chosen.indices.dropFirst(last + 1) { chosen[later] = chosen[later - 1] + 1 }
      places = chosen
    } else {
      places = nil
    }
    return choice
  }
}
