-- What lists are sorted by, and what the time left is told from. length_us: the clip's, once an attempt
-- has read it. took_ms: the attempt that made the reel, from its claim to its end.
ALTER TABLE tasks ADD COLUMN length_us bigint NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN took_ms bigint NOT NULL DEFAULT 0;

CREATE FUNCTION reelgate_length_us(report text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN report LIKE '{%'
        THEN coalesce(((report::json #>> '{in,duration}')::float8 * 1000000)::bigint, 0) ELSE 0 END
$$;
UPDATE tasks SET length_us = reelgate_length_us(report) WHERE report <> '';
CREATE INDEX tasks_size ON tasks (user_id, clip_bytes, id) WHERE state <> 4;
CREATE INDEX tasks_length ON tasks (user_id, length_us, id) WHERE state <> 4;
CREATE INDEX tasks_made ON tasks (changed_ms) WHERE state = 2 AND took_ms > 0;

CREATE FUNCTION reelgate_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.took_ms := greatest(NEW.changed_ms - OLD.changed_ms, 1);
    NEW.length_us := greatest(reelgate_length_us(NEW.report), 0);
    RETURN NEW;
END $$;
CREATE TRIGGER tasks_made_in BEFORE UPDATE OF state ON tasks
    FOR EACH ROW WHEN (OLD.state = 1 AND NEW.state = 2) EXECUTE FUNCTION reelgate_made();

-- A text as people look for it: without capitals and without the marks on Latin letters, whatever the
-- locale of the database (core/fold of the program). A database in SQL_ASCII knows bytes alone: there
-- each of these letters, and each mark, is two of them.
DO $do$
DECLARE
    letters CONSTANT text :=
        'ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöøùúûüýÿĀāĂ' ||
        'ăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĦħĨĩĪīĬĭĮįİıĴĵĶķĹĺĻļĽľĿ' ||
        'ŀŁłŃńŅņŇňŌōŎŏŐőŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŦŧŨũŪūŬŭŮůŰűŲųŴŵŶŷŸŹźŻżŽž' ||
        'ſ';
    plain CONSTANT text :=
        'aaaaaaceeeeiiiinoooooouuuuyaaaaaaceeeeiiiinoooooouuuuyyaaa' ||
        'aaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiijjkklllllll' ||
        'lllnnnnnnoooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz' ||
        's';
BEGIN
    IF getdatabaseencoding() = 'UTF8' THEN
        EXECUTE format($made$
            CREATE FUNCTION reelgate_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE AS $body$
                SELECT lower(translate(words, %L ||
                    U&'\0300\0301\0302\0303\0304\0306\0307\0308\030a\030b\030c\0327\0328', %L))
            $body$ $made$, letters, plain);
    ELSE
        EXECUTE format($made$
            CREATE FUNCTION reelgate_fold(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $body$
            DECLARE
                letters CONSTANT text := %L ||
                    E'\xcc\x80\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x86\xcc\x87\xcc\x88\xcc\x8a\xcc\x8b\xcc\x8c\xcc\xa7\xcc\xa8';
                plain CONSTANT text := %L;
            BEGIN
                FOR i IN 1 .. length(letters) / 2 LOOP
                    words := replace(words, substr(letters, 2 * i - 1, 2), substr(plain, i, 1));
                END LOOP;
                RETURN lower(words);
            END $body$ $made$, letters, plain);
    END IF;
END $do$;
