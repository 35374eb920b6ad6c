import ProofTools
import Repository
import SecretMemory
import Testing
import Vocabulary

@testable import Keeping

@Suite("A table of objects")
struct ObjectTableTests {
  @Test("holds what a dictionary would, whatever is added and changed")
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
      if model.updateValue(facts, forKey: name) == nil { order.append(name) }
      #expect(table.set(name, facts) == order.firstIndex(of: name))
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
