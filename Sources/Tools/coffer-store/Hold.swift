import ArgumentParser
import Keeping
import OperatorConsole
import Repository
import Vocabulary

extension CofferStore {
  /// Keeps a snapshot, whatever the policy says.
  struct Hold: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "Keep a snapshot whatever the policy says, until it is released.")

    @Argument(help: "The snapshot's id, or the beginning of it.")
    var snapshot: String

    @Option(help: "Why; it stands in the keeper's entry, in the clear.")
    var reason: String

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      guard reason.contains(where: { !$0.isWhitespace }) else {
        throw ValidationError("--reason says why a snapshot is held, and is empty")
      }
    }

    func perform(_ context: ToolContext) throws -> ExitStatus {
      var work = try KeeperAtWork.begin(keeper, context.console)
      let id = try work.snapshot(snapshot)
      guard !work.record.ledger.book.gone.keys.contains(where: { $0.snapshot == id }) else {
        throw OperatorError(
          "hold.too-late", .refused, "snapshot \(id) was removed already",
          hint: "another copy of the store may have it")
      }
      try work.record.write(.held(id, reason: reason))
      context.console.say("\(id) is held: \(reason.onOneLine)")
      context.console.emit(HoldLine(event: "held", snapshot: id, reason: reason))
      work.finish()
      return .done
    }
  }

  /// Ends a hold.
  struct Release: CofferVerb {
    static let configuration = CommandConfiguration(
      abstract: "End a hold: the policy alone decides about the snapshot again.")

    @Argument(help: "The snapshot's id, or the beginning of it.")
    var snapshot: String

    @OptionGroup var keeper: KeeperOptions
    @OptionGroup var output: OutputOptions

    func perform(_ context: ToolContext) throws -> ExitStatus {
      var work = try KeeperAtWork.begin(keeper, context.console)
      let id = try work.snapshot(snapshot)
      guard let hold = work.record.ledger.book.holds[id] else {
        throw OperatorError("hold.none", .nothingDone, "snapshot \(id) is not held")
      }
      try work.record.write(.released(id))
      context.console.say("\(id) is not held any more; it was: \(hold.reason.onOneLine)")
      context.console.emit(HoldLine(event: "released", snapshot: id, reason: hold.reason))
      work.finish()
      return .done
    }
  }
}

/// A hold or its end, as JSON.
private struct HoldLine: Encodable {
  let event: String
  let snapshot: SnapshotID
  let reason: String
}
