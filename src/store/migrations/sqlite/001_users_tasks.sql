-- Users, tasks, and what is to be told to the queue. Times are milliseconds since 1970 (UTC).
-- Numbers of state and fit are those of enum task_state (store.h) and enum fit (core/reel.h).
PRAGMA application_id = 1382507618; -- "Rgdb"

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL COLLATE NOCASE UNIQUE,
    password_hash TEXT NOT NULL,
    admin INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    bytes_used INTEGER NOT NULL DEFAULT 0, -- clips, reels, posters of tasks that are not deleted
    served INTEGER NOT NULL DEFAULT 0      -- sequence.n of the user's newest claim
) STRICT;

-- Never the same id twice (AUTOINCREMENT): an old message or link may still name a purged task.
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    file_name TEXT NOT NULL,
    title TEXT NOT NULL,
    clip_blob TEXT NOT NULL UNIQUE,
    clip_hash TEXT NOT NULL,
    clip_bytes INTEGER NOT NULL CHECK (clip_bytes >= 0),
    reel_blob TEXT NOT NULL DEFAULT '',
    poster_blob TEXT NOT NULL DEFAULT '',
    reel_bytes INTEGER NOT NULL DEFAULT 0 CHECK (reel_bytes >= 0),
    poster_bytes INTEGER NOT NULL DEFAULT 0 CHECK (poster_bytes >= 0),
    fit INTEGER NOT NULL,
    start_us INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    fence INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    progress INTEGER NOT NULL DEFAULT 0,
    lease_until_ms INTEGER NOT NULL DEFAULT 0,
    not_before_ms INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 1, -- 0: waits for not_before_ms
    worker TEXT NOT NULL DEFAULT '',
    error_slug TEXT NOT NULL DEFAULT '',
    error_text TEXT NOT NULL DEFAULT '',
    report TEXT NOT NULL DEFAULT ''
) STRICT;
-- Each answers one question, and holds only rows that can be an answer; the row's id is its tail.
CREATE INDEX tasks_owner ON tasks (user_id) WHERE state <> 4;
CREATE INDEX tasks_due ON tasks (user_id) WHERE state = 0 AND due = 1;
CREATE INDEX tasks_waiting ON tasks (not_before_ms) WHERE state = 0 AND due = 0;
CREATE INDEX tasks_uploaded ON tasks (state) WHERE state = 0;
CREATE INDEX tasks_lease ON tasks (lease_until_ms) WHERE state = 1;
CREATE INDEX tasks_deleted ON tasks (state) WHERE state = 4;
CREATE UNIQUE INDEX tasks_reel ON tasks (reel_blob) WHERE reel_blob <> '';
CREATE UNIQUE INDEX tasks_poster ON tasks (poster_blob) WHERE poster_blob <> '';

-- Fairness: a row for each user with due tasks (and perhaps for some without, which the claim that
-- meets it removes). The user with the smallest number was served longest ago.
CREATE TABLE turns (
    user_id INTEGER PRIMARY KEY REFERENCES users (id),
    served INTEGER NOT NULL
) STRICT;
CREATE INDEX turns_order ON turns (served, user_id);
CREATE TABLE sequence (n INTEGER NOT NULL) STRICT;
INSERT INTO sequence VALUES (0);

CREATE TABLE idempotency (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    key TEXT NOT NULL,
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    UNIQUE (user_id, key)
) STRICT;
CREATE INDEX idempotency_task ON idempotency (task_id);
CREATE INDEX idempotency_age ON idempotency (created_ms);

-- Never the same id twice: "told up to 50" must not cover a later row.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL
) STRICT;

-- How many tasks are in each state, so that nobody counts a million rows.
CREATE TABLE task_counts (
    state INTEGER PRIMARY KEY,
    n INTEGER NOT NULL
) STRICT;
INSERT INTO task_counts VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0);
CREATE TRIGGER task_counts_in AFTER INSERT ON tasks BEGIN
    UPDATE task_counts SET n = n + 1 WHERE state = NEW.state;
END;
CREATE TRIGGER task_counts_out AFTER DELETE ON tasks BEGIN
    UPDATE task_counts SET n = n - 1 WHERE state = OLD.state;
END;
CREATE TRIGGER task_counts_move AFTER UPDATE OF state ON tasks WHEN OLD.state <> NEW.state BEGIN
    UPDATE task_counts SET n = n - 1 WHERE state = OLD.state;
    UPDATE task_counts SET n = n + 1 WHERE state = NEW.state;
END;

PRAGMA user_version = 1;
