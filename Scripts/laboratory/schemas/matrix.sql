-- What every mautrix bridge keeps about Matrix: schema versions, room state, and its end-to-end encryption.
CREATE TABLE version (version INTEGER, compat INTEGER);
CREATE TABLE database_owner (key INTEGER PRIMARY KEY DEFAULT 0, owner TEXT NOT NULL);
CREATE TABLE mx_version (version INTEGER, compat INTEGER);
CREATE TABLE crypto_version (version INTEGER, compat INTEGER);

CREATE TABLE mx_registrations (user_id TEXT PRIMARY KEY);
CREATE TABLE mx_user_profile (
    room_id TEXT, user_id TEXT, membership TEXT NOT NULL, displayname TEXT NOT NULL DEFAULT '', avatar_url TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX mx_user_profile_membership_idx ON mx_user_profile (room_id, membership);
CREATE TABLE mx_room_state (room_id TEXT PRIMARY KEY, power_levels JSONB, encryption JSONB, members_fetched BOOLEAN NOT NULL DEFAULT false);

CREATE TABLE crypto_account (
    account_id TEXT PRIMARY KEY, device_id TEXT NOT NULL, shared BOOLEAN NOT NULL, sync_token TEXT NOT NULL, account BYTEA NOT NULL
);
CREATE TABLE crypto_device (
    user_id TEXT, device_id TEXT, identity_key CHAR(43) NOT NULL, signing_key CHAR(43) NOT NULL, trust SMALLINT NOT NULL,
    deleted BOOLEAN NOT NULL, name TEXT NOT NULL, PRIMARY KEY (user_id, device_id)
);
CREATE TABLE crypto_tracked_user (user_id TEXT PRIMARY KEY, devices_outdated BOOLEAN NOT NULL DEFAULT false);
CREATE TABLE crypto_olm_session (
    account_id TEXT, session_id CHAR(43), sender_key CHAR(43) NOT NULL, session BYTEA NOT NULL,
    created_at TIMESTAMP NOT NULL, last_decrypted TIMESTAMP NOT NULL, last_encrypted TIMESTAMP NOT NULL,
    PRIMARY KEY (account_id, session_id)
);
CREATE TABLE crypto_megolm_inbound_session (
    account_id TEXT, session_id CHAR(43), sender_key CHAR(43) NOT NULL, signing_key CHAR(43), room_id TEXT NOT NULL,
    session BYTEA, forwarding_chains BYTEA, ratchet_safety JSONB, received_at TIMESTAMP, max_age BIGINT, max_messages INTEGER,
    PRIMARY KEY (account_id, session_id)
);
CREATE TABLE crypto_megolm_outbound_session (
    account_id TEXT, room_id TEXT, session_id CHAR(43) NOT NULL UNIQUE, session BYTEA NOT NULL, shared BOOLEAN NOT NULL,
    max_messages INTEGER NOT NULL, message_count INTEGER NOT NULL, max_age BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL, last_used TIMESTAMP NOT NULL,
    PRIMARY KEY (account_id, room_id)
);
CREATE TABLE crypto_megolm_outbound_session_shared (
    user_id TEXT, identity_key CHAR(43), session_id CHAR(43), PRIMARY KEY (user_id, identity_key, session_id)
);
CREATE TABLE crypto_olm_message_hash (
    account_id TEXT NOT NULL, received_at BIGINT NOT NULL, message_hash BYTEA NOT NULL CHECK (length(message_hash) = 32),
    PRIMARY KEY (account_id, message_hash)
);
CREATE INDEX crypto_olm_message_hash_received_at_idx ON crypto_olm_message_hash (account_id, received_at);
CREATE TABLE crypto_message_index (
    sender_key CHAR(43), session_id CHAR(43), "index" INTEGER, event_id TEXT NOT NULL, timestamp BIGINT NOT NULL,
    PRIMARY KEY (sender_key, session_id, "index")
);
CREATE TABLE crypto_cross_signing_keys (
    user_id TEXT, usage TEXT, key CHAR(43) NOT NULL, first_seen_key CHAR(43) NOT NULL, PRIMARY KEY (user_id, usage)
);
CREATE TABLE crypto_cross_signing_signatures (
    signed_user_id TEXT, signed_key CHAR(43), signer_user_id TEXT, signer_key CHAR(43), signature CHAR(88) NOT NULL,
    PRIMARY KEY (signed_user_id, signed_key, signer_user_id, signer_key)
);
CREATE TABLE crypto_secrets (account_id TEXT, name TEXT, secret BYTEA NOT NULL, PRIMARY KEY (account_id, name));
