-- The Signal network's side: a clone of the linked device, in clear.
CREATE TABLE signalmeow_version (version INTEGER, compat INTEGER);
CREATE TABLE signalmeow_device (
    aci_uuid TEXT PRIMARY KEY, aci_identity_key_pair BYTEA NOT NULL, registration_id INTEGER NOT NULL CHECK (registration_id >= 0),
    pni_uuid TEXT NOT NULL, pni_identity_key_pair BYTEA NOT NULL, pni_registration_id INTEGER NOT NULL, device_id INTEGER NOT NULL,
    number TEXT NOT NULL DEFAULT '', password TEXT NOT NULL DEFAULT '', master_key BYTEA, account_entropy_pool TEXT
);
CREATE TABLE signalmeow_pre_keys (
    account_id TEXT REFERENCES signalmeow_device ON DELETE CASCADE, service_id TEXT, key_id INTEGER, is_signed BOOLEAN,
    key_pair BYTEA NOT NULL, PRIMARY KEY (account_id, service_id, key_id, is_signed)
);
CREATE TABLE signalmeow_kyber_pre_keys (
    account_id TEXT REFERENCES signalmeow_device ON DELETE CASCADE, service_id TEXT, key_id INTEGER, key_pair BYTEA NOT NULL,
    is_last_resort BOOLEAN NOT NULL, PRIMARY KEY (account_id, service_id, key_id)
);
CREATE TABLE signalmeow_identity_keys (
    account_id TEXT REFERENCES signalmeow_device ON DELETE CASCADE, their_service_id TEXT, key BYTEA NOT NULL,
    trust_level TEXT NOT NULL, PRIMARY KEY (account_id, their_service_id)
);
CREATE TABLE signalmeow_sessions (
    account_id TEXT REFERENCES signalmeow_device ON DELETE CASCADE, service_id TEXT, their_service_id TEXT, their_device_id INTEGER,
    record BYTEA NOT NULL, PRIMARY KEY (account_id, service_id, their_service_id, their_device_id)
);
CREATE TABLE signalmeow_sender_keys (
    account_id TEXT REFERENCES signalmeow_device ON DELETE CASCADE, sender_uuid TEXT, sender_device_id INTEGER, distribution_id TEXT,
    key_record BYTEA NOT NULL, PRIMARY KEY (account_id, sender_uuid, sender_device_id, distribution_id)
);
CREATE TABLE signalmeow_groups (account_id TEXT, group_identifier TEXT, master_key TEXT NOT NULL, PRIMARY KEY (account_id, group_identifier));
CREATE TABLE signalmeow_recipients (
    account_id TEXT NOT NULL REFERENCES signalmeow_device ON DELETE CASCADE, aci_uuid TEXT, e164_number TEXT NOT NULL DEFAULT '',
    contact_name TEXT NOT NULL DEFAULT '', profile_key BYTEA, profile_name TEXT NOT NULL DEFAULT '', UNIQUE (account_id, aci_uuid)
);
