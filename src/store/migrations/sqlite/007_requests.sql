-- The id of the request that began an upload or made a task, for the logs of all that follows.
ALTER TABLE tasks ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE uploads ADD COLUMN request TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 7;
