-- What became of tasks, for whoever listens. Made by triggers: no change can forget its event, and
-- both are one transaction. kind: the task's new state (enum task_state), or 5: progress alone,
-- of which a task has at most the newest.
--
-- Of one user, ids rise in the order of commits: who adds an event holds a lock of that user until
-- the end of its transaction. Of several users they need not.
CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL,
    task_id bigint NOT NULL,
    kind bigint NOT NULL CHECK (kind BETWEEN 0 AND 5),
    progress bigint NOT NULL,
    error_slug text NOT NULL,
    created_ms bigint NOT NULL
);
CREATE INDEX events_user ON events (user_id, id);
CREATE INDEX events_task ON events (task_id, id);
CREATE INDEX events_progress ON events (task_id) WHERE kind = 5;
-- Events up to this id may have been removed for their age.
CREATE TABLE events_forgotten (id bigint NOT NULL);
INSERT INTO events_forgotten VALUES (0);

CREATE FUNCTION reelgate_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    what bigint := NEW.state;
BEGIN
    PERFORM pg_advisory_xact_lock(7236271000000000 + NEW.user_id);
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM events WHERE task_id = NEW.id AND kind = 5;
        IF OLD.state = NEW.state THEN
            what := 5;
        END IF;
    END IF;
    INSERT INTO events (user_id, task_id, kind, progress, error_slug, created_ms)
        VALUES (NEW.user_id, NEW.id, what, NEW.progress, NEW.error_slug, reelgate_now_ms());
    NOTIFY reelgate_events;
    RETURN NULL;
END $$;
CREATE TRIGGER tasks_event_in AFTER INSERT ON tasks
    FOR EACH ROW EXECUTE FUNCTION reelgate_event();
CREATE TRIGGER tasks_event_move AFTER UPDATE OF state, progress ON tasks
    FOR EACH ROW WHEN (OLD.state <> NEW.state OR (NEW.state = 1 AND OLD.progress <> NEW.progress))
    EXECUTE FUNCTION reelgate_event();

-- Forgets events older than keep_ms, at most `most` of them; how many.
CREATE FUNCTION reelgate_events_trim(keep_ms bigint, most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    cut bigint;
    n bigint;
BEGIN
    SELECT max(o.id) INTO cut FROM
        (SELECT id, created_ms FROM events ORDER BY id LIMIT most) o
        WHERE o.created_ms < reelgate_now_ms() - keep_ms;
    IF cut IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM events WHERE id <= cut;
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE events_forgotten SET id = greatest(id, cut);
    RETURN n;
END $$;
