import ProofTools
import Testing

@testable import AgeFormat

@Suite("Armor")
struct ArmorTests {
  private func refusal(of text: String, piece: Int) -> AgeError? {
    do {
      let source = ArmorSource(PiecewiseSource(Array(text.utf8), piece: piece))
      _ = try MemorySource.all(of: source)
      return nil
    } catch {
      return error as? AgeError
    }
  }

  @Test(
    "a line that is far too long is named by its number, however it comes", arguments: [1, 7, 4096])
  func longLine(piece: Int) {
    let long = String(repeating: "A", count: 200)
    let begin = "-----BEGIN AGE ENCRYPTED FILE-----\n"
    let expected = AgeError.malformedArmor(line: 2, "a line is too long")
    for text in [begin + long, begin + long + "\n", begin + long + "\n-----END AGE"] {
      #expect(refusal(of: text, piece: piece) == expected)
    }
    #expect(
      refusal(of: long, piece: piece) == AgeError.malformedArmor(line: 1, "a line is too long"))
  }
}
