import ArgumentParser
import LocalFiles
import OperatorConsole
import Surveying
import SystemPackage
import Vocabulary

/// Where figures go for those who watch.
struct MetricsOption: ParsableArguments {
  @Option(
    help: "Write figures for Prometheus' textfile collector to this file.",
    completion: .file())
  var metrics: String?

  /// Runs a verb, and writes the figures whatever came of it.
  ///
  /// - Returns: what `body` returns; `partly` where all went well but the figures.
  /// - Throws: what `body` throws.
  func written(
    of keeper: KeeperOptions, _ console: Console, after body: () throws -> ExitStatus
  ) throws -> ExitStatus {
    guard let metrics else { return try body() }
    let outcome = Result { try body() }
    do {
      try MetricsFile(keeper.survey()).write(to: FilePath(metrics))
    } catch let problem as OperatorError {
      // Where there is no store, the verb says so.
      if case .failure(let own as OperatorError) = outcome, own.code == problem.code { throw own }
      console.report(problem)
      let status = try outcome.get()
      return status == .done ? .partly : status
    }
    return try outcome.get()
  }
}

extension KeeperOptions {
  /// How long refusals count as recent where nobody says.
  static let refusalsSpan = TimeSpan.days(30)

  /// Looks at the store.
  ///
  /// - Parameter span: how long refusals count as recent.
  /// - Returns: what is to be said of it.
  /// - Throws: as `open`, and as `StoreSurvey`.
  func survey(refusalsOf span: TimeSpan = refusalsSpan) throws -> StoreSurvey {
    let (store, folder) = try open()
    return try StoreSurvey(of: store, at: FilePath(self.store), folder, refusalsOf: span)
  }
}
