-- The id of the request that began an upload or made a task, for the logs of all that follows.
ALTER TABLE tasks ADD COLUMN request text NOT NULL DEFAULT '';
ALTER TABLE uploads ADD COLUMN request text NOT NULL DEFAULT '';

-- reelgate_task_add_counted, and the request that asked for it.
CREATE FUNCTION reelgate_task_add_asked(
    who bigint, the_file_name text, the_title text, the_blob text, the_hash text, the_bytes bigint,
    the_fit bigint, the_start_us bigint, the_key text, quota bigint, quota_tasks bigint,
    the_request text, OUT answer bigint, OUT id bigint) LANGUAGE plpgsql AS $$
BEGIN
    SELECT a.answer, a.id INTO answer, id FROM reelgate_task_add_counted(
        who, the_file_name, the_title, the_blob, the_hash, the_bytes, the_fit, the_start_us, the_key,
        quota, quota_tasks) a;
    IF answer = 0 AND the_request <> '' THEN
        UPDATE tasks t SET request = the_request WHERE t.id = reelgate_task_add_asked.id;
    END IF;
END $$;
