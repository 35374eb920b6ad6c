import Glibc
import Synchronization
import SystemPackage
package import Vocabulary

/// The only code that speaks to the operator.
///
/// Results go to standard output: text for people, or with `--json` one object a line. Errors and
/// warnings go to standard error as `coffer-x: error: …`, with the error's code in brackets.
/// Progress is drawn on a terminal only.
package final class Console: Sendable {
  private let tool: String
  private let asJSON: Bool
  private let progress: ProgressLine
  /// Why a result could not be written, the first time.
  private let loss = Mutex<Errno?>(nil)

  /// Prepares to speak.
  ///
  /// - Parameters:
  ///   - tool: the program's name.
  ///   - asJSON: whether results are JSON lines.
  ///   - meter: what progress is read from.
  package init(tool: String, asJSON: Bool, meter: ProgressMeter) {
    self.tool = tool
    self.asJSON = asJSON
    progress = ProgressLine(meter)
  }

  /// Whether results are to be JSON.
  package var speaksJSON: Bool { asJSON }

  /// Prints a result for people; nothing where results are JSON.
  package func say(_ text: String) {
    guard !asJSON else { return }
    result(text + "\n")
  }

  /// Prints a result as one line of JSON; nothing where results are text.
  package func emit(_ value: some Encodable) {
    guard asJSON, let line = try? JSONDocument.line(value) else { return }
    result(String(decoding: line, as: UTF8.self) + "\n")
  }

  private func result(_ text: String) {
    progress.pause {
      guard let problem = write(text, to: STDOUT_FILENO) else { return }
      loss.withLock { $0 = $0 ?? problem }
    }
  }

  /// What is to be said where results could not be written; that their reader went away is no failure of ours.
  package var lostResults: OperatorError? {
    guard let problem = loss.withLock({ $0 }), problem != .brokenPipe else { return nil }
    return OperatorError(
      "output.failed", .failed, "cannot write standard output: \(problem)",
      hint: "what was done is done; what it came to was not written")
  }

  /// Tells of something that is no failure, but should be known.
  package func warn(_ text: String) {
    progress.pause { write("\(tool): warning: \(text)\n", to: STDERR_FILENO) }
  }

  /// Tells something that is no result, on standard error.
  package func tell(_ text: String) {
    progress.pause { write("\(text)\n", to: STDERR_FILENO) }
  }

  /// Tells of an error.
  package func report(_ error: OperatorError) {
    progress.pause {
      write("\(tool): error: \(error.message) [\(error.code)]\n", to: STDERR_FILENO)
      if let hint = error.hint { write("\(tool): hint: \(hint)\n", to: STDERR_FILENO) }
    }
    emit(ErrorLine(error))
  }

  /// Begins to draw progress, under a label.
  package func begin(_ label: String) {
    progress.start(label)
  }

  /// Stops drawing progress.
  package func finish() {
    progress.stop()
  }
}

/// Writes all of a text.
///
/// - Returns: why the rest of it could not be written.
@discardableResult
func write(_ text: String, to descriptor: Int32) -> Errno? {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    guard count > 0 else { return Errno(rawValue: errno) }
    bytes = bytes.dropFirst(count)
  }
  return nil
}

/// Seconds with one decimal.
package func rounded(_ seconds: Double) -> String {
  let tenths = Int((seconds * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}

private struct ErrorLine: Encodable {
  let event = "error"
  let code: String
  let status: Int32
  let message: String
  let hint: String?

  init(_ error: OperatorError) {
    (code, status, message, hint) = (error.code, error.status.rawValue, error.message, error.hint)
  }
}
