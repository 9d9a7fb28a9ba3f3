-- Clips that come in pieces. offset_bytes lie durable in the blob room, parked under the id. Whoever wants
-- to write raises `wish`; whoever holds it (0: nobody) and sees a newer wish lets go.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    length_bytes INTEGER NOT NULL CHECK (length_bytes > 0),
    offset_bytes INTEGER NOT NULL DEFAULT 0 CHECK (offset_bytes BETWEEN 0 AND length_bytes),
    file_name TEXT NOT NULL,
    title TEXT NOT NULL,
    fit INTEGER NOT NULL,
    start_us INTEGER NOT NULL,
    idempotency_key TEXT NOT NULL,
    clip_blob TEXT NOT NULL,           -- the name that its bytes will have
    wish INTEGER NOT NULL DEFAULT 0,
    holder INTEGER NOT NULL DEFAULT 0,
    expires_ms INTEGER NOT NULL,
    task_id INTEGER NOT NULL DEFAULT 0 -- once it is a task
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_expiry ON uploads (expires_ms);
CREATE INDEX uploads_whole ON uploads (expires_ms) WHERE task_id = 0 AND offset_bytes = length_bytes;

PRAGMA user_version = 3;
