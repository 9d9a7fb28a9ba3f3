-- How reels are made: a row for each version, never changed; version 0 has none and is what the
-- settings say. A task keeps the version that it was made under. Numbers of fit are those of enum fit
-- (core/reel.h), of logo_kind those of enum logo_kind (store/profile.h).
CREATE TABLE logos (
    id text COLLATE "C" PRIMARY KEY, -- its bytes are the blob logos/<id>
    bytes bigint NOT NULL CHECK (bytes > 0),
    created_ms bigint NOT NULL
);
CREATE TABLE profiles (
    version bigint PRIMARY KEY CHECK (version > 0),
    bumper_us bigint NOT NULL,
    longest_us bigint NOT NULL,
    fit bigint NOT NULL,
    max_width bigint NOT NULL,
    max_height bigint NOT NULL,
    max_fps bigint NOT NULL,
    crf bigint NOT NULL,
    preset text NOT NULL,
    logo_kind bigint NOT NULL CHECK (logo_kind BETWEEN 0 AND 2),
    logo text COLLATE "C" REFERENCES logos (id), -- for kind 2, else NULL
    created_ms bigint NOT NULL,
    CHECK ((logo_kind = 2) = (logo IS NOT NULL))
);
CREATE INDEX profiles_logo ON profiles (logo) WHERE logo IS NOT NULL;
ALTER TABLE tasks ADD COLUMN profile bigint NOT NULL DEFAULT 0;

-- reelgate_task_add_asked, under a version of the profile.
CREATE FUNCTION reelgate_task_add_under(
    who bigint, the_file_name text, the_title text, the_blob text, the_hash text, the_bytes bigint,
    the_fit bigint, the_start_us bigint, the_key text, quota bigint, quota_tasks bigint,
    the_request text, the_profile bigint, OUT answer bigint, OUT id bigint) LANGUAGE plpgsql AS $$
BEGIN
    SELECT a.answer, a.id INTO answer, id FROM reelgate_task_add_counted(
        who, the_file_name, the_title, the_blob, the_hash, the_bytes, the_fit, the_start_us, the_key,
        quota, quota_tasks) a;
    IF answer = 0 AND (the_request <> '' OR the_profile <> 0) THEN
        UPDATE tasks t SET request = the_request, profile = the_profile
            WHERE t.id = reelgate_task_add_under.id;
    END IF;
END $$;
