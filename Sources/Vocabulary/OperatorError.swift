/// An error written for the person who has to act on it: what happened, to what, why, what next.
///
/// Rooms throw it; only `OperatorConsole` prints it. It must never carry a secret.
package struct OperatorError: Error, Sendable, Equatable {
  /// A stable word for scripts and documents, `area.problem`, for example `store.missing`.
  package let code: String
  /// The exit status this error leads to when nothing else decides.
  package let status: ExitStatus
  /// One sentence, lower case, without a full stop: what happened, to what, and why.
  package let message: String
  /// What to do next, where there is something to do.
  package let hint: String?

  /// Describes a failure.
  /// - Parameters:
  ///   - code: a stable `area.problem` word.
  ///   - status: the exit status it leads to.
  ///   - message: one lower-case sentence without a full stop.
  ///   - hint: the next step, if there is one.
  package init(
    _ code: String, _ status: ExitStatus = .failed, _ message: String, hint: String? = nil
  ) {
    self.code = code
    self.status = status
    self.message = message
    self.hint = hint
  }

  /// The same error, said of a place.
  /// - Parameter place: what it is about: a file and line, a source.
  /// - Returns: the error with the place before its message.
  package func at(_ place: String) -> OperatorError {
    OperatorError(code, status, "\(place): \(message)", hint: hint)
  }
}

extension OperatorError: CustomStringConvertible {
  package var description: String { "\(message) [\(code)]" }
}
