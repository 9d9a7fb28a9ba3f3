-- Clips that come in pieces. offset_bytes lie durable in the blob room, parked under the id. Whoever wants
-- to write raises `wish`; whoever holds it (0: nobody) and sees a newer wish lets go.
CREATE TABLE uploads (
    id text COLLATE "C" PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    length_bytes bigint NOT NULL CHECK (length_bytes > 0),
    offset_bytes bigint NOT NULL DEFAULT 0 CHECK (offset_bytes BETWEEN 0 AND length_bytes),
    file_name text NOT NULL,
    title text NOT NULL,
    fit bigint NOT NULL,
    start_us bigint NOT NULL,
    idempotency_key text NOT NULL,
    clip_blob text COLLATE "C" NOT NULL, -- the name that its bytes will have
    wish bigint NOT NULL DEFAULT 0,
    holder bigint NOT NULL DEFAULT 0,
    expires_ms bigint NOT NULL,
    task_id bigint NOT NULL DEFAULT 0    -- once it is a task
);
CREATE INDEX uploads_expiry ON uploads (expires_ms);
CREATE INDEX uploads_whole ON uploads (expires_ms) WHERE task_id = 0 AND offset_bytes = length_bytes;
