import ProofTools
import Repository
import SecretMemory
import Testing
import Vocabulary

@testable import Keeping

@Suite("A table of objects")
struct ObjectTableTests {
  @Test("holds what a dictionary would, whatever is added, and lets nothing be said otherwise")
  func model() throws {
    var chance = SeededChance(for: "a table of objects")
    var table = ObjectTable()
    var model: [String: NeededSet.Facts] = [:]
    var order: [String] = []
    for _ in 0..<20_000 {
      let digest = SHA256Hasher.digest(of: [UInt8.random(in: 0...255, using: &chance)])
      let number = Int.random(in: 0..<6000, using: &chance)
      let name = ObjectName.pack(SHA256Hasher.digest(of: Array("\(number)".utf8))).path
      let facts = NeededSet.Facts(size: Int.random(in: 0...1 << 40, using: &chance), sha256: digest)
      if let known = model[name] {
        #expect(table.add(name, facts) == (facts == known ? order.firstIndex(of: name) : nil))
        #expect(table.add(name, known) == order.firstIndex(of: name))
        continue
      }
      model[name] = facts
      order.append(name)
      #expect(table.add(name, facts) == order.count - 1)
    }
    #expect(table.count == model.count)
    for (row, name) in order.enumerated() {
      #expect(table.text(at: row) == name && table.row(of: name.utf8) == row)
      #expect(table.facts(at: row) == model[name])
    }
    #expect(table.row(of: "packs/none".utf8) == nil)
    let sorted = table.sorted(Array(0..<table.count)).map(table.text(at:))
    #expect(sorted == order.sorted())
  }
}
