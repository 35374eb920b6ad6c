import Keeping
package import LocalFiles
import Repository
import Scrubbing
import Signatures
import Vocabulary

extension MetricsFile {
  /// The figures of a store and its keeping.
  package init(_ survey: StoreSurvey) {
    self.init()
    addHosts(survey)
    addCondition(survey)
    addActs(survey.journal)
    gauge(
      "coffer_store_bytes", "Bytes of objects that kept snapshots need, and of parity.",
      [([], Double(survey.bytes))])
    gauge(
      "coffer_store_free_bytes", "Bytes that the store's file system has left.",
      survey.freeBytes.map { [([], Double($0))] } ?? [])
    gauge(
      "coffer_store_survey_timestamp_seconds", "When these figures were taken.",
      [([], survey.time.seconds)])
  }

  private mutating func addHosts(_ survey: StoreSurvey) {
    let hosts = survey.hosts
    func each(_ value: (HostSurvey) -> Double?) -> [Value] {
      hosts.compactMap { host in
        value(host).map { ([("host", host.holding.host.description)], $0) }
      }
    }
    let states: [(name: String, count: (HostSurvey) -> Int)] = [
      ("kept", \.holding.snapshots), ("marked", \.marked), ("held", \.held), ("gone", \.gone),
    ]
    gauge(
      "coffer_store_snapshots", "Snapshots of a host; those that are marked or held are kept.",
      hosts.flatMap { host in
        states.map { state in
          (
            [("host", host.holding.host.description), ("state", state.name)],
            Double(state.count(host))
          )
        }
      })
    gauge(
      "coffer_store_ledger_trusted", "1 where the host's key vouches for all of the ledger.",
      each { $0.holding.isVouchedFor && $0.holding.problem == nil ? 1 : 0 })
    gauge(
      "coffer_store_ledger_sequence", "The last entry of the ledger that holds.",
      each { $0.holding.head.map { Double($0.sequence.number) } })
    gauge(
      "coffer_store_newest_receipt_timestamp_seconds",
      "When the newest entry was received that has a receipt.",
      each { $0.newestReceipt?.time.seconds })
    gauge(
      "coffer_store_entries_without_receipt", "Entries that have no receipt yet.",
      each { Double($0.unreceived) })
    counter(
      "coffer_store_refusals_total", "What a host was refused.",
      survey.journal.refusals.map { ([("host", $0.host), ("code", $0.code)], Double($0.total)) })
  }

  private mutating func addCondition(_ survey: StoreSurvey) {
    let (checks, parity) = (survey.condition.checks, survey.condition.parity)
    gauge(
      "coffer_store_objects", "Objects that kept snapshots need, and their parity.",
      [([], Double(checks.objects))])
    gauge(
      "coffer_store_objects_bad", "Objects that were hurt when they were checked last.",
      [([], Double(checks.bad.count))])
    gauge(
      "coffer_store_objects_unchecked", "Objects that were never checked.",
      [([], Double(checks.unchecked))])
    gauge(
      "coffer_store_oldest_check_timestamp_seconds",
      "When the object was checked whose last check is oldest.",
      checks.oldest.map { [([], $0.seconds)] } ?? [])
    gauge(
      "coffer_store_objects_without_parity", "Objects that no parity protects.",
      [([], Double(parity.unprotected))])
    gauge("coffer_store_parity_bytes", "Bytes of parity.", [([], Double(parity.bytes))])
  }

  private mutating func addActs(_ journal: JournalTally) {
    // A name an act, for an alarm is about one of them.
    for act in journal.acts where ["scrub", "protect", "retain"].contains(act.name) {
      gauge(
        "coffer_store_last_\(act.name)_timestamp_seconds",
        "When the last \(act.name) ended that came to its end, whatever it found.",
        act.completed.map { [([], $0.seconds)] } ?? [])
    }
    gauge(
      "coffer_store_act_exit_status", "What the last act of each kind exited with.",
      journal.acts.map { ([("act", $0.name)], Double($0.status.rawValue)) })
  }
}

extension Timestamp {
  fileprivate var seconds: Double { Double(secondsSince1970) }
}
