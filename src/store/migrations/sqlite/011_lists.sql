-- What lists are sorted by, and what the time left is told from. length_us: the clip's, once an attempt
-- has read it. took_ms: the attempt that made the reel, from its claim to its end.
ALTER TABLE tasks ADD COLUMN length_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN took_ms INTEGER NOT NULL DEFAULT 0;
UPDATE tasks SET length_us = coalesce(CAST(json_extract(report, '$.in.duration') * 1000000 AS INTEGER), 0)
    WHERE report <> '' AND json_valid(report);
CREATE INDEX tasks_size ON tasks (user_id, clip_bytes) WHERE state <> 4;
CREATE INDEX tasks_length ON tasks (user_id, length_us) WHERE state <> 4;
CREATE INDEX tasks_made ON tasks (changed_ms) WHERE state = 2 AND took_ms > 0;

PRAGMA user_version = 11;
