import LocalFiles
import Repository
import SystemPackage
import Vocabulary

/// The figures of a backup run.
struct RunMetrics {
  private let report: BackupReport

  init(_ report: BackupReport) {
    self.report = report
  }

  func write(to path: FilePath) throws {
    var file = MetricsFile()
    func each(_ value: (SourceSavings) -> Double) -> [(labels: [(String, String)], value: Double)] {
      report.savings.sorted { $0.key < $1.key }.map { ([("source", $0.key)], value($0.value)) }
    }
    file.gauge(
      "coffer_backup_last_success_timestamp_seconds", "When the source was last saved.",
      report.lastSuccess.sorted { $0.key < $1.key }.map {
        ([("source", $0.key)], Double($0.value.secondsSince1970))
      })
    file.gauge(
      "coffer_backup_source_state", "1 saved, 0.5 saved in part, 0 failed, in the last run.",
      report.sources.filter { $0.state != .skipped }.map { summary in
        let value = summary.state == .saved ? 1 : summary.state == .partly ? 0.5 : 0
        return ([("source", summary.name.text)], value)
      })
    file.gauge("coffer_backup_source_duration_seconds", "How long it took.", each(\.seconds))
    file.gauge(
      "coffer_backup_source_read_bytes", "Bytes the source holds.", each { Double($0.bytes) })
    file.gauge(
      "coffer_backup_source_new_bytes", "Bytes that were not stored before.",
      each { Double($0.newBytes) })
    file.gauge(
      "coffer_backup_source_stored_bytes", "Bytes the store grew by.",
      each { Double($0.storedBytes) })
    file.gauge("coffer_backup_source_files", "Files the source holds.", each { Double($0.files) })
    file.gauge(
      "coffer_backup_source_rows_without_file", "Media rows of the night's dump that have no file.",
      report.savings.sorted { $0.key < $1.key }.compactMap { name, savings in
        savings.rowsWithoutFile.map { ([("source", name)], Double($0)) }
      })
    file.gauge(
      "coffer_backup_duration_seconds", "How long the last run took.",
      [([], Double(report.finished.secondsSince1970 - report.started.secondsSince1970))])
    file.gauge(
      "coffer_backup_last_run_timestamp_seconds", "When the last run that saved anything ended.",
      [([], Double(report.finished.secondsSince1970))])
    file.gauge(
      "coffer_backup_ledger_sequence", "The ledger's last entry.",
      [([], Double(report.head.sequence.number))])
    try file.write(to: path)
  }
}
