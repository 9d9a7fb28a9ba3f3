-- What was asked for by an upload with a key, once its task is another: so that the same request again is known
-- for the same. NULL: the task is as it was asked for.
ALTER TABLE idempotency ADD COLUMN title TEXT;
ALTER TABLE idempotency ADD COLUMN fit INTEGER;
ALTER TABLE idempotency ADD COLUMN start_us INTEGER;
CREATE TRIGGER idempotency_asked AFTER UPDATE OF title, fit, start_us ON tasks
WHEN OLD.title <> NEW.title OR OLD.fit <> NEW.fit OR OLD.start_us <> NEW.start_us BEGIN
    UPDATE idempotency SET title = OLD.title, fit = OLD.fit, start_us = OLD.start_us
        WHERE task_id = OLD.id AND title IS NULL;
END;

PRAGMA user_version = 14;
