-- What became of tasks, for whoever listens. Made by triggers: no change can forget its event, and
-- both are one transaction. kind: the task's new state (enum task_state), or 5: progress alone,
-- of which a task has at most the newest.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 5),
    progress INTEGER NOT NULL,
    error_slug TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX events_user ON events (user_id);
CREATE INDEX events_task ON events (task_id);
CREATE INDEX events_progress ON events (task_id) WHERE kind = 5;
-- Events up to this id may have been removed for their age.
CREATE TABLE events_forgotten (id INTEGER NOT NULL) STRICT;
INSERT INTO events_forgotten VALUES (0);

CREATE TRIGGER events_in AFTER INSERT ON tasks BEGIN
    INSERT INTO events (user_id, task_id, kind, progress, error_slug, created_ms)
        VALUES (NEW.user_id, NEW.id, NEW.state, NEW.progress, NEW.error_slug, NEW.changed_ms);
END;
CREATE TRIGGER events_move AFTER UPDATE OF state ON tasks WHEN OLD.state <> NEW.state BEGIN
    DELETE FROM events WHERE task_id = NEW.id AND kind = 5;
    INSERT INTO events (user_id, task_id, kind, progress, error_slug, created_ms)
        VALUES (NEW.user_id, NEW.id, NEW.state, NEW.progress, NEW.error_slug, NEW.changed_ms);
END;
CREATE TRIGGER events_progress AFTER UPDATE OF progress ON tasks
WHEN OLD.state = 1 AND NEW.state = 1 AND OLD.progress <> NEW.progress BEGIN
    DELETE FROM events WHERE task_id = NEW.id AND kind = 5;
    INSERT INTO events (user_id, task_id, kind, progress, error_slug, created_ms)
        VALUES (NEW.user_id, NEW.id, 5, NEW.progress, '',
                CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER));
END;

PRAGMA user_version = 2;
