-- The WhatsApp network's side.
CREATE TABLE whatsmeow_version (version INTEGER, compat INTEGER);
CREATE TABLE whatsmeow_device (
    jid TEXT PRIMARY KEY, lid TEXT, registration_id BIGINT NOT NULL CHECK (registration_id >= 0),
    noise_key BYTEA NOT NULL CHECK (length(noise_key) = 32), identity_key BYTEA NOT NULL CHECK (length(identity_key) = 32),
    signed_pre_key BYTEA NOT NULL, signed_pre_key_id INTEGER NOT NULL, signed_pre_key_sig BYTEA NOT NULL CHECK (length(signed_pre_key_sig) = 64),
    adv_key BYTEA NOT NULL, platform TEXT NOT NULL DEFAULT '', push_name TEXT NOT NULL DEFAULT ''
);
CREATE TABLE whatsmeow_identity_keys (
    our_jid TEXT REFERENCES whatsmeow_device ON DELETE CASCADE, their_id TEXT, identity BYTEA NOT NULL CHECK (length(identity) = 32),
    PRIMARY KEY (our_jid, their_id)
);
CREATE TABLE whatsmeow_pre_keys (
    jid TEXT REFERENCES whatsmeow_device ON DELETE CASCADE, key_id INTEGER, key BYTEA NOT NULL CHECK (length(key) = 32),
    uploaded BOOLEAN NOT NULL, PRIMARY KEY (jid, key_id)
);
CREATE TABLE whatsmeow_sessions (
    our_jid TEXT REFERENCES whatsmeow_device ON DELETE CASCADE, their_id TEXT, session BYTEA, PRIMARY KEY (our_jid, their_id)
);
CREATE TABLE whatsmeow_sender_keys (
    our_jid TEXT REFERENCES whatsmeow_device ON DELETE CASCADE, chat_id TEXT, sender_id TEXT, sender_key BYTEA NOT NULL,
    PRIMARY KEY (our_jid, chat_id, sender_id)
);
CREATE TABLE whatsmeow_app_state_sync_keys (
    jid TEXT REFERENCES whatsmeow_device ON DELETE CASCADE, key_id BYTEA, key_data BYTEA NOT NULL, timestamp BIGINT NOT NULL,
    fingerprint BYTEA NOT NULL, PRIMARY KEY (jid, key_id)
);
CREATE TABLE whatsmeow_message_secrets (
    our_jid TEXT REFERENCES whatsmeow_device ON DELETE CASCADE, chat_jid TEXT, sender_jid TEXT, message_id TEXT, key BYTEA NOT NULL,
    PRIMARY KEY (our_jid, chat_jid, sender_jid, message_id)
);
CREATE TABLE whatsmeow_contacts (
    our_jid TEXT REFERENCES whatsmeow_device ON DELETE CASCADE, their_jid TEXT, full_name TEXT, push_name TEXT, PRIMARY KEY (our_jid, their_jid)
);
CREATE TABLE whatsmeow_lid_map (lid TEXT PRIMARY KEY, pn TEXT UNIQUE NOT NULL);
