import Keeping
import ProofTools
import Retention
import Testing
import Vocabulary

@testable import Repository

/// Long lives of stores under random policies, held against a model that knows nothing of the program.
@Suite struct PolicyPropertyTests {
  @Test func noSnapshotThatThePolicyKeepsIsEverLostWhateverCrashes() throws {
    var chance = SeededChance(for: "noSnapshotThatThePolicyKeepsIsEverLostWhateverCrashes")
    let removals = try (0..<8).map { _ in try live(&chance) }
    #expect(removals.reduce(0, +) > 0, "nothing was removed: nothing was tested")
  }

  private func live(_ chance: inout SeededChance) throws -> Int {
    var life = try StoreLife(&chance)
    for _ in 0..<50 {
      try life.step(&chance)
      life.check()
    }
    // What is left undone by a crash is ended by a run that lives.
    try life.settle()
    life.check()
    return life.removals
  }
}
