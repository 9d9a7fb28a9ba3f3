-- Webhooks: who wants to be told of which events, and what has been or is to be told. A trigger on
-- events makes deliveries, in the same transaction. kinds: a bit for each kind of event.
CREATE TABLE hooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    url TEXT NOT NULL,
    kinds INTEGER NOT NULL,
    description TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    secret TEXT NOT NULL,
    old_secret TEXT NOT NULL DEFAULT '', -- signs too until then
    old_until_ms INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX hooks_user ON hooks (user_id);

-- What it says is a copy: events are forgotten and tasks deleted while it still waits. event_id 0:
-- a test, asked for by the owner. state: 0 waits, 1 delivered, 2 dead. fence: attempts so far, which
-- also tells an attempt that was taken over; tries: those since it was last replayed.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hook_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    progress INTEGER NOT NULL,
    error_slug TEXT NOT NULL,
    title TEXT NOT NULL,
    file_name TEXT NOT NULL,
    reel_blob TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
    fence INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER NOT NULL,
    status INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    ended_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deliveries_hook ON deliveries (hook_id);
CREATE INDEX deliveries_due ON deliveries (hook_id, next_ms) WHERE state = 0;
CREATE INDEX deliveries_ended ON deliveries (ended_ms) WHERE state <> 0;

CREATE TRIGGER events_delivery AFTER INSERT ON events BEGIN
    INSERT INTO deliveries (hook_id, user_id, event_id, task_id, kind, progress, error_slug,
                            title, file_name, reel_blob, created_ms, next_ms)
        SELECT h.id, h.user_id, NEW.id, NEW.task_id, NEW.kind, NEW.progress, NEW.error_slug,
               t.title, t.file_name, t.reel_blob, NEW.created_ms, NEW.created_ms
        FROM hooks h JOIN tasks t ON t.id = NEW.task_id
        WHERE h.user_id = NEW.user_id AND h.enabled = 1 AND (h.kinds >> NEW.kind) & 1;
END;

PRAGMA user_version = 4;
