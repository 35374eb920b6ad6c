extension DatabaseProfile {
  /// The database of a mautrix bridge, of any network and generation.
  ///
  /// Only `version` is in all of them: the old Discord bridge knows no `database_owner`, and without
  /// encryption there is no `crypto_account`.
  package static let mautrix = DatabaseProfile(
    name: "mautrix",
    excludedData: [],
    vitalTables: ["version"],
    watchedTables: [
      "database_owner", "user", "user_login", "portal", "ghost", "message", "kv_store",
      "crypto_account", "crypto_olm_session", "crypto_megolm_inbound_session", "crypto_device",
      "signalmeow_device", "whatsmeow_device",
    ],
    locale: nil)
}
