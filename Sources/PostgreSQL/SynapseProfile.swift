extension DatabaseProfile {
  /// Synapse's own database.
  ///
  /// One-time keys are left out: a server that comes back with keys it has already handed out gives
  /// them out again, and messages become unreadable. The locale is what Synapse starts with only.
  package static let synapse = DatabaseProfile(
    name: "synapse",
    excludedData: ["e2e_one_time_keys_json"],
    vitalTables: [
      "schema_version", "users", "devices", "rooms", "events", "event_json",
      "current_state_events", "state_groups", "state_groups_state", "e2e_device_keys_json",
      "e2e_one_time_keys_json", "local_media_repository", "access_tokens", "account_data",
      "device_inbox",
    ],
    companions: [:],
    watchedTables: [
      "room_memberships", "e2e_cross_signing_keys", "e2e_cross_signing_signatures",
      "e2e_room_keys", "e2e_room_keys_versions", "e2e_fallback_keys_json", "room_account_data",
      "dehydrated_devices", "local_media_repository_thumbnails", "users_external_ids",
      "user_threepids",
    ],
    locale: DatabaseLocale(encoding: "UTF8", collate: "C", ctype: "C"))
}
