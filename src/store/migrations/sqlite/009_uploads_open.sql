-- How many uploads of a user are open is asked at each new one.
CREATE INDEX uploads_open ON uploads (user_id) WHERE task_id = 0;

PRAGMA user_version = 9;
