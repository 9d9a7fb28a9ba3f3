-- What was asked for by an upload with a key, once its task is another: so that the same request again is known
-- for the same. NULL: the task is as it was asked for.
ALTER TABLE idempotency ADD COLUMN title text;
ALTER TABLE idempotency ADD COLUMN fit bigint;
ALTER TABLE idempotency ADD COLUMN start_us bigint;
CREATE FUNCTION reelgate_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE idempotency k SET title = OLD.title, fit = OLD.fit, start_us = OLD.start_us
        WHERE k.task_id = OLD.id AND k.title IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER idempotency_asked AFTER UPDATE OF title, fit, start_us ON tasks
    FOR EACH ROW WHEN (OLD.title <> NEW.title OR OLD.fit <> NEW.fit OR OLD.start_us <> NEW.start_us)
    EXECUTE FUNCTION reelgate_asked();
