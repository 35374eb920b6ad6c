import Glibc
import Synchronization
import Testing
import Vocabulary

@Suite("Work that workers do")
struct WorkQueueTests {
  private struct Refused: Error, Equatable {
    let number: Int
  }

  @Test("results come in the order in which the work was given, however long each takes")
  func order() throws {
    var queue = WorkQueue<Int>(mostWeight: 1 << 20)
    var taken: [Int] = []
    for number in 0..<1000 {
      queue.add(weight: number.isMultiple(of: 100) ? 300 << 10 : 1) {
        if number.isMultiple(of: 100) { usleep(2000) }
        return number
      }
      while queue.isFull, let result = try queue.next() { taken.append(result) }
    }
    while let result = try queue.next() { taken.append(result) }
    #expect(taken == Array(0..<1000))
    let isEmpty = queue.isEmpty
    #expect(isEmpty)
  }

  @Test("what a piece of work threw is thrown in its place, and the rest can be taken")
  func errors() throws {
    var queue = WorkQueue<Int>(mostWeight: 1 << 20)
    for number in 0..<200 {
      queue.add(weight: 1) {
        if number == 3 { usleep(20_000) }
        guard number != 3, number != 150 else { throw Refused(number: number) }
        return number
      }
    }
    for number in 0..<200 {
      if number == 3 || number == 150 {
        do {
          _ = try queue.next()
          Issue.record("\(number) was to throw")
        } catch {
          #expect(error as? Refused == Refused(number: number))
        }
      } else {
        let result = try queue.next()
        #expect(result == number)
      }
    }
    let result = try queue.next()
    #expect(result == nil)
  }

  @Test("a queue that goes away leaves nothing under way")
  func goingAway() {
    let (begun, ended) = (Counter(), Counter())
    func give() {
      var queue = WorkQueue<Void>(mostWeight: 1 << 20)
      for _ in 0..<20 {
        queue.add(weight: 1 << 20) {
          begun.add()
          usleep(1000)
          ended.add()
        }
      }
    }
    give()
    let count = begun.value
    #expect(ended.value == count)
    usleep(5000)
    #expect(begun.value == count)
  }

  private final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func add() { count.wrappingAdd(1, ordering: .sequentiallyConsistent) }
  }
}
