-- Keys of the API, limits of a user's own, who is alive.
-- -1: as the settings say; 0: no limit.
ALTER TABLE users ADD COLUMN bytes_limit INTEGER NOT NULL DEFAULT -1;
ALTER TABLE users ADD COLUMN tasks_limit INTEGER NOT NULL DEFAULT -1;
-- Tasks made on that day of UTC, counted from 1970.
ALTER TABLE users ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN day_tasks INTEGER NOT NULL DEFAULT 0;

-- Of a key only a hash is kept. Never the same id twice: the id is part of the key.
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL,  -- BLAKE2b-256 of its secret part, in hex
    hint TEXT NOT NULL, -- its first characters, by which a person knows it
    scopes INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, -- 0: never
    used_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX api_keys_user ON api_keys (user_id);

-- A row for each process that works, written every few seconds.
CREATE TABLE workers (
    name TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    busy INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 5;
