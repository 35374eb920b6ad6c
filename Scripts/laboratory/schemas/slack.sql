-- Slack keeps its secrets in user_login.metadata; there is no side of its own but the emoji.
CREATE TABLE emoji (team_id TEXT, emoji_id TEXT, value TEXT NOT NULL, alias TEXT, image_mxc TEXT, PRIMARY KEY (team_id, emoji_id));
