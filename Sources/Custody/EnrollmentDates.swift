package import CustodyRecords
package import Vocabulary

/// When the tokens of a volume were written, as far as the custody record knows: LUKS2 has no dates.
package struct EnrollmentDates: Sendable {
  private var dates: [WaysIn.Token: Timestamp] = [:]

  /// Reads the record as far as it can be read.
  ///
  /// - Parameters:
  ///   - uuid: the volume's.
  ///   - record: the record; nil where there is no place for one.
  package init(of uuid: String, in record: CustodyRecord?) {
    var dates: [WaysIn.Token: Timestamp] = [:]
    try? record?.read { verified in
      let entry = verified.entry
      guard entry.subject.uuid == uuid,
        let after = try? JSONDocument.decode(WaysIn.self, from: entry.after)
      else { return }
      let before = try? JSONDocument.decode(WaysIn.self, from: entry.before)
      for token in after.tokens where before?.tokens.contains(token) != true {
        dates[token] = dates[token] ?? entry.time
      }
      // What is gone and comes back, comes back anew.
      dates = dates.filter { after.tokens.contains($0.key) }
    }
    self.dates = dates
  }

  /// When a token was written; nil where another program did it, or the record is elsewhere.
  package func date(of token: VolumeToken) -> Timestamp? { dates[WaysIn.Token(token)] }
}
