extension DatabaseProfile {
  /// Any other database: all of it, as it is.
  package static let plain = DatabaseProfile(
    name: "plain", excludedData: [], vitalTables: [], companions: [:], watchedTables: [],
    locale: nil)
}
