import ArgumentParser

/// How much parity there is to be.
struct ParityOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Percent of parity; small batches have more, so that any one object can be lost.",
      discussion: "Batches that are there keep what they have; it counts for those that are made."))
  var parity = 5

  func validate() throws {
    guard (1...100).contains(parity) else {
      throw ValidationError("--parity takes a number of percent from 1 to 100")
    }
  }
}
