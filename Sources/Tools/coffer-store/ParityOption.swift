import ArgumentParser

/// How much parity there is to be.
struct ParityOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Percent of parity; small batches have more, so that any one object can be lost.",
      discussion: "Batches that have less are made anew; those that have more keep it."))
  var parity = 5

  func validate() throws {
    guard (1...100).contains(parity) else {
      throw ValidationError("--parity takes a number of percent from 1 to 100")
    }
  }
}
