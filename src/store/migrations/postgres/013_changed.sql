-- A task that stays in its state but is called or to be made otherwise is an event too: its state told
-- again. Webhooks do not hear of it.
ALTER TABLE events ADD COLUMN again bigint NOT NULL DEFAULT 0;
CREATE FUNCTION reelgate_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7236271000000000 + NEW.user_id);
    INSERT INTO events (user_id, task_id, kind, progress, error_slug, created_ms, again)
        VALUES (NEW.user_id, NEW.id, NEW.state, NEW.progress, NEW.error_slug, reelgate_now_ms(), 1);
    NOTIFY reelgate_events;
    RETURN NULL;
END $$;
CREATE TRIGGER tasks_event_changed AFTER UPDATE OF title, fit, start_us ON tasks
    FOR EACH ROW WHEN (OLD.state = NEW.state AND NEW.state <> 4 AND
        (OLD.title <> NEW.title OR OLD.fit <> NEW.fit OR OLD.start_us <> NEW.start_us))
    EXECUTE FUNCTION reelgate_changed();
DROP TRIGGER events_delivery ON events;
CREATE TRIGGER events_delivery AFTER INSERT ON events
    FOR EACH ROW WHEN (NEW.again = 0) EXECUTE FUNCTION reelgate_delivery();

-- reelgate_task_change to `uploaded`, to be made with another fit and start.
CREATE FUNCTION reelgate_task_remake(
    task bigint, from_states bigint, the_fence bigint, to_state bigint, wait_ms bigint,
    reset_attempts bigint, uncount bigint, who bigint, slug text, why text, reel text, poster text,
    the_reel_bytes bigint, the_poster_bytes bigint, the_report text, the_mark text,
    the_fit bigint, the_start_us bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    done bigint := reelgate_task_change(task, from_states, the_fence, to_state, wait_ms,
        reset_attempts, uncount, who, slug, why, reel, poster, the_reel_bytes, the_poster_bytes,
        the_report, the_mark);
BEGIN
    IF done = 1 THEN
        UPDATE tasks t SET fit = the_fit, start_us = the_start_us WHERE t.id = task;
    END IF;
    RETURN done;
END $$;
