-- The old generation of bridge: tables of its own, the token in clear.
CREATE TABLE guild (dcid TEXT PRIMARY KEY, mxid TEXT UNIQUE, plain_name TEXT NOT NULL, name TEXT NOT NULL, bridging_mode INTEGER NOT NULL);
CREATE TABLE portal (
    dcid TEXT, receiver TEXT, other_user_id TEXT, type INTEGER NOT NULL, dc_guild_id TEXT REFERENCES guild ON DELETE CASCADE,
    mxid TEXT UNIQUE, plain_name TEXT NOT NULL, name TEXT NOT NULL, topic TEXT NOT NULL, encrypted BOOLEAN NOT NULL,
    first_event_id TEXT NOT NULL, PRIMARY KEY (dcid, receiver)
);
CREATE TABLE puppet (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, avatar TEXT NOT NULL, is_bot BOOLEAN NOT NULL, custom_mxid TEXT, access_token TEXT, next_batch TEXT
);
CREATE TABLE "user" (
    mxid TEXT PRIMARY KEY, dcid TEXT UNIQUE, discord_token TEXT, management_room TEXT, space_room TEXT, read_state_version INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE message (
    dcid TEXT, dc_attachment_id TEXT, dc_chan_id TEXT, dc_chan_receiver TEXT, dc_sender TEXT NOT NULL, timestamp BIGINT NOT NULL,
    mxid TEXT NOT NULL UNIQUE, PRIMARY KEY (dcid, dc_attachment_id, dc_chan_id, dc_chan_receiver),
    FOREIGN KEY (dc_chan_id, dc_chan_receiver) REFERENCES portal (dcid, receiver) ON DELETE CASCADE
);
CREATE TABLE discord_file (
    url TEXT, encrypted BOOLEAN, mxc TEXT NOT NULL, id TEXT, size BIGINT NOT NULL, mime_type TEXT NOT NULL, decryption_info JSONB,
    timestamp BIGINT NOT NULL, PRIMARY KEY (url, encrypted)
);
