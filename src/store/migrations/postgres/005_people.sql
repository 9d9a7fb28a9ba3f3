-- Keys of the API, limits of a user's own, who is alive.
-- -1: as the settings say; 0: no limit.
ALTER TABLE users ADD COLUMN bytes_limit bigint NOT NULL DEFAULT -1;
ALTER TABLE users ADD COLUMN tasks_limit bigint NOT NULL DEFAULT -1;
-- Tasks made on that day of UTC, counted from 1970.
ALTER TABLE users ADD COLUMN day bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN day_tasks bigint NOT NULL DEFAULT 0;

-- Of a key only a hash is kept.
CREATE TABLE api_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    name text NOT NULL,
    hash text NOT NULL,  -- BLAKE2b-256 of its secret part, in hex
    hint text NOT NULL, -- its first characters, by which a person knows it
    scopes bigint NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL, -- 0: never
    used_ms bigint NOT NULL DEFAULT 0
);
CREATE INDEX api_keys_user ON api_keys (user_id, id);

-- A row for each process that works, written every few seconds.
CREATE TABLE workers (
    name text COLLATE "C" PRIMARY KEY,
    version text NOT NULL,
    jobs bigint NOT NULL,
    busy bigint NOT NULL,
    seen_ms bigint NOT NULL
);

-- reelgate_task_add within the limits: the user's own, else those given (0: none). answer and id as
-- there, and 4: over the tasks of a day (id: those made today).
CREATE FUNCTION reelgate_task_add_counted(
    who bigint, the_file_name text, the_title text, the_blob text, the_hash text, the_bytes bigint,
    the_fit bigint, the_start_us bigint, the_key text, quota bigint, quota_tasks bigint,
    OUT answer bigint, OUT id bigint) LANGUAGE plpgsql AS $$
DECLARE
    u users;
    today bigint := reelgate_now_ms() / 86400000;
    made bigint;
    most bigint;
BEGIN
    SELECT * INTO u FROM users x WHERE x.id = who FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        answer := 2;
        RETURN;
    END IF;
    made := CASE WHEN u.day = today THEN u.day_tasks ELSE 0 END;
    most := CASE WHEN u.tasks_limit >= 0 THEN u.tasks_limit ELSE quota_tasks END;
    IF most > 0 AND made >= most AND NOT EXISTS
        (SELECT 1 FROM idempotency k WHERE k.user_id = who AND k.key = the_key) THEN
        answer := 4;
        id := made;
        RETURN;
    END IF;
    SELECT a.answer, a.id INTO answer, id FROM reelgate_task_add(
        who, the_file_name, the_title, the_blob, the_hash, the_bytes, the_fit, the_start_us, the_key,
        CASE WHEN u.bytes_limit >= 0 THEN u.bytes_limit ELSE quota END) a;
    IF answer = 0 THEN
        UPDATE users x SET day = today, day_tasks = made + 1 WHERE x.id = who;
    END IF;
END $$;
