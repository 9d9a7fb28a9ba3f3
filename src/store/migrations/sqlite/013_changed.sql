-- A task that stays in its state but is called or to be made otherwise is an event too: its state told
-- again. Webhooks do not hear of it.
ALTER TABLE events ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER events_changed AFTER UPDATE OF title, fit, start_us ON tasks
WHEN OLD.state = NEW.state AND NEW.state <> 4 AND
    (OLD.title <> NEW.title OR OLD.fit <> NEW.fit OR OLD.start_us <> NEW.start_us) BEGIN
    INSERT INTO events (user_id, task_id, kind, progress, error_slug, created_ms, again)
        VALUES (NEW.user_id, NEW.id, NEW.state, NEW.progress, NEW.error_slug,
                CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 1);
END;
DROP TRIGGER events_delivery;
CREATE TRIGGER events_delivery AFTER INSERT ON events WHEN NEW.again = 0 BEGIN
    INSERT INTO deliveries (hook_id, user_id, event_id, task_id, kind, progress, error_slug,
                            title, file_name, reel_blob, created_ms, next_ms)
        SELECT h.id, h.user_id, NEW.id, NEW.task_id, NEW.kind, NEW.progress, NEW.error_slug,
               t.title, t.file_name, t.reel_blob, NEW.created_ms, NEW.created_ms
        FROM hooks h JOIN tasks t ON t.id = NEW.task_id
        WHERE h.user_id = NEW.user_id AND h.enabled = 1 AND (h.kinds >> NEW.kind) & 1;
END;

PRAGMA user_version = 13;
