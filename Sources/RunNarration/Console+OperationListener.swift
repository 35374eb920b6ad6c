package import OperatorConsole
package import Operations
import Origins
import Repository
import Vocabulary

/// How a console tells of runs: a line a source, a snapshot, a finding.
extension Console: OperationListener {
  package func hear(_ event: OperationEvent) {
    switch event {
    case .sourceStarted(let name): begin(name.text)
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
    case .step(let text): begin(text)
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
