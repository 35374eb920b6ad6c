extension DatabaseProfile {
  /// The database of a mautrix bridge, of any network and generation.
  ///
  /// Only `version` is in all of them: the old Discord bridge need not know `database_owner`, and
  /// without encryption there is no `crypto_account`.
  package static let mautrix = DatabaseProfile(
    name: "mautrix",
    excludedData: [],
    vitalTables: ["version"],
    companions: [
      "ghost": ["database_owner", "message", "portal", "user", "user_login"],
      "crypto_version": [
        "crypto_account", "crypto_device", "crypto_megolm_inbound_session", "crypto_olm_session",
      ],
      "signalmeow_version": ["signalmeow_device", "signalmeow_sessions"],
      "whatsmeow_version": ["whatsmeow_device", "whatsmeow_sessions"],
    ],
    watchedTables: ["database_owner", "crypto_version", "user", "portal", "message"],
    locale: nil)
}
