-- Webhooks: who wants to be told of which events, and what has been or is to be told. A trigger on
-- events makes deliveries, in the same transaction. kinds: a bit for each kind of event.
CREATE TABLE hooks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL,
    url text NOT NULL,
    kinds bigint NOT NULL,
    description text NOT NULL,
    enabled bigint NOT NULL,
    secret text NOT NULL,
    old_secret text NOT NULL DEFAULT '', -- signs too until then
    old_until_ms bigint NOT NULL DEFAULT 0,
    created_ms bigint NOT NULL
);
CREATE INDEX hooks_user ON hooks (user_id);

-- What it says is a copy: events are forgotten and tasks deleted while it still waits. event_id 0:
-- a test, asked for by the owner. state: 0 waits, 1 delivered, 2 dead. fence: attempts so far, which
-- also tells an attempt that was taken over; tries: those since it was last replayed.
--
-- No foreign key to hooks: whoever deletes one would hold up, or undo, a change of a task.
CREATE TABLE deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hook_id bigint NOT NULL,
    user_id bigint NOT NULL,
    event_id bigint NOT NULL,
    task_id bigint NOT NULL,
    kind bigint NOT NULL,
    progress bigint NOT NULL,
    error_slug text NOT NULL,
    title text NOT NULL,
    file_name text NOT NULL,
    reel_blob text NOT NULL,
    created_ms bigint NOT NULL,
    state bigint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
    fence bigint NOT NULL DEFAULT 0,
    tries bigint NOT NULL DEFAULT 0,
    next_ms bigint NOT NULL,
    status bigint NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    ended_ms bigint NOT NULL DEFAULT 0
);
CREATE INDEX deliveries_hook ON deliveries (hook_id, id);
CREATE INDEX deliveries_due ON deliveries (hook_id, next_ms) WHERE state = 0;
CREATE INDEX deliveries_ended ON deliveries (ended_ms) WHERE state <> 0;

CREATE FUNCTION reelgate_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deliveries (hook_id, user_id, event_id, task_id, kind, progress, error_slug,
                            title, file_name, reel_blob, created_ms, next_ms)
        SELECT h.id, h.user_id, NEW.id, NEW.task_id, NEW.kind, NEW.progress, NEW.error_slug,
               t.title, t.file_name, t.reel_blob, NEW.created_ms, NEW.created_ms
        FROM hooks h JOIN tasks t ON t.id = NEW.task_id
        WHERE h.user_id = NEW.user_id AND h.enabled = 1 AND (h.kinds >> NEW.kind::int) & 1 = 1;
    RETURN NULL;
END $$;
CREATE TRIGGER events_delivery AFTER INSERT ON events
    FOR EACH ROW EXECUTE FUNCTION reelgate_delivery();
