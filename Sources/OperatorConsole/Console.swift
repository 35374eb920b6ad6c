import Glibc
package import Operations
import Origins
import Repository
import Synchronization
package import Vocabulary

/// The only code that speaks to the operator.
///
/// Results go to standard output: text for people, or with `--json` one object a line. Errors and
/// warnings go to standard error as `coffer-x: error: …`, with the error's code in brackets.
/// Progress is drawn on a terminal only.
package final class Console: OperationListener {
  private let tool: String
  private let asJSON: Bool
  private let progress: ProgressLine

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
    progress.pause { write(text + "\n", to: STDOUT_FILENO) }
  }

  /// Prints a result as one line of JSON; nothing where results are text.
  package func emit(_ value: some Encodable) {
    guard asJSON, let line = try? JSONDocument.line(value) else { return }
    progress.pause { write(String(decoding: line, as: UTF8.self) + "\n", to: STDOUT_FILENO) }
  }

  /// Tells of something that is no failure, but should be known.
  package func warn(_ text: String) {
    progress.pause { write("\(tool): warning: \(text)\n", to: STDERR_FILENO) }
  }

  /// Tells of an error.
  package func report(_ error: OperatorError) {
    progress.pause {
      write("\(tool): error: \(error.message) [\(error.code)]\n", to: STDERR_FILENO)
      if let hint = error.hint { write("\(tool): hint: \(hint)\n", to: STDERR_FILENO) }
    }
    emit(ErrorLine(error))
  }

  /// Stops drawing progress.
  package func finish() {
    progress.stop()
  }

  package func hear(_ event: OperationEvent) {
    switch event {
    case .sourceStarted(let name): progress.start(name.text)
    case .sourceSaved(let name, let savings):
      say(
        "\(padded(name.text, 20)) \(savings.files) files, \(ByteText(savings.bytes)), "
          + "\(ByteText(savings.newBytes)) new, \(ByteText(savings.storedBytes)) stored, "
          + "\(rounded(savings.seconds)) s")
      emit(SourceLine(name, savings))
    case .sourceFailed(let name, let error):
      report(
        OperatorError(
          error.code, error.status, "source '\(name)': \(error.message)", hint: error.hint))
    case .snapshotPublished(let snapshot, let head):
      say("snapshot \(snapshot)\nledger head \(head.sequence.number) \(head.sha256)")
      emit(SnapshotLine(snapshot: snapshot.text, sequence: head.sequence.number, head: head.sha256))
    case .step(let text): progress.start(text)
    case .note(let text):
      say("note: \(text)")
      emit(NoteLine(note: text))
    case .warning(let text): warn(text)
    case .finding(let finding):
      say("\(mark(finding.outcome)) \(finding.text)")
      emit(FindingLine(finding))
    }
  }

  private func mark(_ outcome: Finding.Outcome) -> String {
    switch outcome {
    case .good: "ok     "
    case .warning: "warning"
    case .bad: "BAD    "
    }
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

/// Writes all of a text; a reader that went away is no failure of ours.
func write(_ text: String, to descriptor: Int32) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    guard count > 0 else { return }
    bytes = bytes.dropFirst(count)
  }
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

private struct SourceLine: Encodable {
  let event = "source"
  let source: String
  let bytes: Int
  let files: Int
  let newBytes: Int
  let storedBytes: Int
  let seconds: Double
  let failures: [String]

  init(_ name: SourceName, _ savings: SourceSavings) {
    source = name.text
    (bytes, files, newBytes) = (savings.bytes, savings.files, savings.newBytes)
    (storedBytes, seconds, failures) = (savings.storedBytes, savings.seconds, savings.failures)
  }
}

private struct SnapshotLine: Encodable {
  let event = "snapshot"
  let snapshot: String
  let sequence: Int
  let head: SHA256Digest
}

private struct NoteLine: Encodable {
  let event = "note"
  let note: String
}

private struct FindingLine: Encodable {
  let event = "finding"
  let outcome: String
  let check: String
  let text: String

  init(_ finding: Finding) {
    (outcome, check, text) = (finding.outcome.rawValue, finding.check, finding.text)
  }
}
