/* Plan: find the old tables by their columns and move them aside; take over each row by one call of
 * a temporary function of the database, so that one statement takes one row; at the end drop the
 * plain passwords and, when no row needs a person's eye, the old tables. All on one connection,
 * which holds a lock. */
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/legacy_impl.h"
#include "store/postgres/postgres_impl.h"

#include <inttypes.h>

struct old {
    struct legacy base;
    PGconn *c;
};

/* One statement with texts as values; texts come back. */
static PGresult *ask(struct legacy *l, const char *sql, int count, const char *const *values,
                     struct err *e)
{
    PGconn *c = ((struct old *)l)->c;
    PGresult *r = PQexecParams(c, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return r;
    const char *said = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    err_set(e, said ? ERR_SYSTEM : ERR_BUSY, "database: %.180s", said ? said : PQerrorMessage(c));
    PQclear(r);
    return NULL;
}

static const char *digits(struct arena *a, int64_t number)
{
    return arena_printf(a, "%" PRId64, number);
}

static bool yes(const PGresult *r, int column)
{
    return PQntuples(r) > 0 && *PQgetvalue(r, 0, column) == 't';
}

static int64_t whole(const PGresult *r, int row, int column)
{
    int64_t n = 0;
    (void)str_int64(str_of(PQgetvalue(r, row, column)), INT64_MIN, INT64_MAX, &n);
    return n;
}

/* -- open and close -- */

/* Waiting: in the place that Reelgate's own tables will have. Aside: moved by an earlier run.
 * Early: that run ended before new ids were sure to lie beyond the old ones. */
static const char where[] =
    "SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('users') "
    "  AND attname = 'password1' AND NOT attisdropped) AND to_regclass('tasks') IS NOT NULL,"
    " to_regclass('reelgate_legacy.users') IS NOT NULL,"
    " NOT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'take_task' AND "
    "  pronamespace = to_regnamespace('reelgate_legacy'))";

/* Constraints would hold a row of one table for the sake of the other, or refuse an empty password;
 * each row is read by what it says. */
static const char move_aside[] =
    "BEGIN;"
    "CREATE SCHEMA reelgate_legacy;"
    "ALTER TABLE users SET SCHEMA reelgate_legacy;"
    "ALTER TABLE tasks SET SCHEMA reelgate_legacy;"
    "ALTER TABLE reelgate_legacy.users ALTER COLUMN password1 DROP NOT NULL,"
    "  ADD COLUMN reelgate_taken boolean NOT NULL DEFAULT false, ADD COLUMN reelgate_note text;"
    "ALTER TABLE reelgate_legacy.tasks"
    "  ADD COLUMN reelgate_taken boolean NOT NULL DEFAULT false, ADD COLUMN reelgate_note text;"
    "COMMIT";

int postgres_legacy_waits(PGconn *c, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = PQexec(c, where);
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        return err_set(e, ERR_BUSY, "database: %.150s", PQerrorMessage(c));
    return yes(r, 0) || (yes(r, 1) && yes(r, 2))
               ? err_set(e, ERR_CONFLICT,
                         "database: it holds the tables of the service that Reelgate "
                         "replaces: `reelgate migrate --legacy-files DIR` takes them over")
               : 0;
}

static void old_close(struct legacy *l)
{
    PQfinish(((struct old *)l)->c);
    free(l);
}

static int find(struct legacy *l, bool *waiting, bool *aside, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(l, where, 0, NULL, e);
    if (!r)
        return -1;
    *waiting = yes(r, 0);
    *aside = yes(r, 1);
    return 0;
}

static int lock(struct legacy *l, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(l, "SELECT pg_try_advisory_lock(7236270602)", 0, NULL, e);
    if (r && !yes(r, 0))
        return err_set(e, ERR_BUSY, "another process is taking the old tables over");
    return r ? 0 : -1;
}

static int old_open(struct legacy **out, struct store *s, struct err *e)
{
    AUTO(legacy_closep) struct legacy *l = mem_new(sizeof(struct old));
    l->ops = &legacy_postgres_ops;
    PGconn *c = ((struct old *)l)->c = pg_connect(((struct postgres *)s)->url, e);
    bool waiting, aside;
    if (!c || pg_exec(c, "SET statement_timeout = 0", e) < 0 || find(l, &waiting, &aside, e) < 0)
        return -1;
    if (!waiting && !aside)
        return 0;
    if (lock(l, e) < 0)
        return -1;
    ((struct postgres *)s)->taking_over = true;
    *out = TAKE(l);
    return 0;
}

static int old_move(struct legacy *l, struct err *e)
{
    bool waiting, aside;
    if (find(l, &waiting, &aside, e) < 0)
        return -1;
    if (waiting && pg_exec(((struct old *)l)->c, move_aside, e) < 0)
        return err_wrap(e, "moving the old tables aside");
    return 0;
}

/* -- rows -- */

/* Of a task t: it was taken without its file. */
#define LOST "t.state = " STATE_FAILED " AND t.error_slug = 'file_lost' AND t.clip_bytes = 0"

/* Remade at each run, as an older program may have left others. A time that is none, or lies
 * outside of 1970 to 9999, is 0. A task that was failed because its file was lost is taken again
 * with it. */
static const char functions[] =
    "CREATE OR REPLACE FUNCTION reelgate_legacy.unix_ms(t text) RETURNS bigint"
    "  LANGUAGE plpgsql STABLE AS $$ "
    "DECLARE at timestamptz := t; "
    "BEGIN"
    "  RETURN CASE WHEN at BETWEEN '1970-01-01 UTC' AND '9999-12-31 UTC'"
    "    THEN extract(epoch FROM at) * 1000 ELSE 0 END;"
    "EXCEPTION WHEN data_exception THEN RETURN 0; "
    "END $$;"
    "CREATE OR REPLACE FUNCTION reelgate_legacy.take_user(the_id bigint, name text, mail text,"
    "  hash text, the_note text) RETURNS boolean LANGUAGE plpgsql AS $$ "
    "BEGIN"
    "  PERFORM 1 FROM reelgate_legacy.users o WHERE o.id = the_id AND NOT o.reelgate_taken"
    "    FOR UPDATE;"
    "  IF NOT FOUND THEN RETURN false; END IF;"
    "  INSERT INTO users (id, username, email, password_hash, created_ms)"
    "    VALUES (the_id, name, mail, hash, reelgate_now_ms()) ON CONFLICT DO NOTHING;"
    "  IF NOT FOUND THEN RETURN false; END IF;"
    "  UPDATE reelgate_legacy.users o SET reelgate_taken = true, reelgate_note = the_note,"
    "    password1 = NULL WHERE o.id = the_id;"
    "  RETURN true;"
    "END $$;"
    "CREATE OR REPLACE FUNCTION reelgate_legacy.take_task(the_id bigint, name text, blob text,"
    "  hash text, bytes bigint, made_ms bigint, slug text, the_note text)"
    "  RETURNS boolean LANGUAGE plpgsql AS $$ "
    "DECLARE who bigint; "
    "BEGIN"
    "  SELECT o.user_id INTO who FROM reelgate_legacy.tasks o WHERE o.id = the_id"
    "    AND NOT o.reelgate_taken FOR UPDATE;"
    "  IF FOUND THEN"
    "    PERFORM 1 FROM users u WHERE u.id = who FOR NO KEY UPDATE;"
    "    INSERT INTO tasks (id, user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes,"
    "        fit, start_us, created_ms, changed_ms, error_slug)"
    "      VALUES (the_id, who, CASE WHEN slug = '' THEN " STATE_UPLOADED " ELSE " STATE_FAILED
    " END, name, '', blob, hash,"
    "        bytes, 0, 0, CASE WHEN made_ms > 0 THEN made_ms ELSE reelgate_now_ms() END,"
    "        reelgate_now_ms(), slug);"
    "  ELSE"
    "    SELECT t.user_id INTO who FROM tasks t WHERE t.id = the_id;"
    "    PERFORM 1 FROM users u WHERE u.id = who FOR NO KEY UPDATE;"
    "    UPDATE tasks t SET state = CASE WHEN slug = '' THEN " STATE_UPLOADED " ELSE " STATE_FAILED
    " END, clip_blob = blob,"
    "        clip_hash = hash, clip_bytes = bytes, changed_ms = reelgate_now_ms(),"
    "        error_slug = slug"
    "      WHERE t.id = the_id AND " LOST ";"
    "    IF NOT FOUND THEN RETURN false; END IF;"
    "  END IF;"
    "  UPDATE users u SET bytes_used = u.bytes_used + bytes WHERE u.id = who;"
    "  IF slug = '' THEN"
    "    PERFORM reelgate_turn_add(who);"
    "    PERFORM reelgate_outbox_add(the_id);"
    "  END IF;"
    "  UPDATE reelgate_legacy.tasks o SET reelgate_taken = true, reelgate_note ="
    "      CASE slug WHEN '' THEN the_note ELSE concat_ws('; ', the_note, 'failed: ' || slug) END"
    "    WHERE o.id = the_id;"
    "  RETURN true;"
    "END $$";

/* Ids that were given out are never given out again, whatever was deleted meanwhile. */
static const char beyond[] =
    "SELECT setval(pg_get_serial_sequence('users', 'id'), greatest("
    "    (SELECT max(id) FROM reelgate_legacy.users), (SELECT max(id) FROM users), 1)),"
    "  setval(pg_get_serial_sequence('tasks', 'id'), greatest("
    "    (SELECT max(id) FROM reelgate_legacy.tasks), (SELECT max(id) FROM tasks), 1))";

static int old_ready(struct legacy *l, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(l, beyond, 0, NULL, e);
    return r ? pg_exec(((struct old *)l)->c, functions, e) : -1;
}

static bool has_passwords(struct legacy *l)
{
    AUTO(pg_clearp)
    PGresult *r = ask(l,
                      "SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE "
                      "attrelid = 'reelgate_legacy.users'::regclass AND attname = 'password1' "
                      "AND NOT attisdropped)",
                      0, NULL, NULL);
    return r && yes(r, 0);
}

static int old_user_next(struct legacy *l, struct arena *a, int64_t after, struct legacy_user *out,
                         bool *found, struct err *e)
{
    *found = false;
    if (!has_passwords(l))
        return 0;
    AUTO(pg_clearp)
    PGresult *r = ask(l,
                      "SELECT id, username, email, password1 FROM reelgate_legacy.users "
                      "WHERE id > $1::bigint AND NOT reelgate_taken ORDER BY id LIMIT 1",
                      1, (const char *const[]){digits(a, after)}, e);
    if (!r)
        return -1;
    *found = PQntuples(r) > 0;
    if (*found)
        *out = (struct legacy_user){whole(r, 0, 0), pg_string(r, 0, 1, a), pg_string(r, 0, 2, a),
                                    pg_string(r, 0, 3, a)};
    return 0;
}

static int take(struct legacy *l, const char *sql, int count, const char *const *values,
                bool *taken, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(l, sql, count, values, e);
    if (!r)
        return -1;
    *taken = yes(r, 0);
    return 0;
}

static int old_user_take(struct legacy *l, int64_t id, const char *username, const char *email,
                         const char *password_hash, const char *note, bool *taken, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    const char *const values[] = {digits(a, id), username, email, password_hash, note};
    return take(l, "SELECT reelgate_legacy.take_user($1::bigint, $2, $3, $4, $5)", LEN(values),
                values, taken, e);
}

static int old_task_next(struct legacy *l, struct arena *a, int64_t after, struct legacy_task *out,
                         bool *found, struct err *e)
{
    *found = false;
    /* a time without a zone is UTC, as the old service showed it */
    AUTO(pg_clearp)
    PGresult *r =
        ask(l,
            "SELECT id, coalesce(user_id, 0), file_path, status, "
            "coalesce(reelgate_legacy.unix_ms(\"timestamp\"::text), 0), "
            "EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id), "
            "\"timestamp\"::text, (SELECT clip_blob FROM tasks t WHERE t.id = o.id AND " LOST ") "
            "FROM reelgate_legacy.tasks o WHERE id > $1::bigint AND (NOT reelgate_taken OR "
            "  EXISTS (SELECT 1 FROM tasks t WHERE t.id = o.id AND " LOST ")) "
            "ORDER BY id LIMIT 1",
            1, (const char *const[]){digits(a, after)}, e);
    if (!r)
        return -1;
    *found = PQntuples(r) > 0;
    if (*found)
        *out = (struct legacy_task){.id = whole(r, 0, 0),
                                    .user_id = whole(r, 0, 1),
                                    .file_path = pg_string(r, 0, 2, a),
                                    .status = pg_string(r, 0, 3, a),
                                    .created_ms = whole(r, 0, 4),
                                    .owned = yes(r, 5),
                                    .timestamp = pg_string(r, 0, 6, a),
                                    .lost = pg_string(r, 0, 7, a)};
    return 0;
}

static int old_task_take(struct legacy *l, int64_t id, const struct legacy_clip *c,
                         const char *note, bool *taken, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    const char *const values[] = {digits(a, id),
                                  c->file_name,
                                  c->blob,
                                  c->hash,
                                  digits(a, c->bytes),
                                  digits(a, c->created_ms),
                                  c->error_slug ? c->error_slug : "",
                                  note};
    return take(l,
                "SELECT reelgate_legacy.take_task($1::bigint, $2, $3, $4, $5::bigint, $6::bigint, "
                "$7, $8)",
                LEN(values), values, taken, e);
}

static int old_task_note(struct legacy *l, int64_t id, const char *note, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    AUTO(pg_clearp)
    PGresult *r =
        ask(l, "UPDATE reelgate_legacy.tasks SET reelgate_note = $2 WHERE id = $1::bigint", 2,
            (const char *const[]){digits(a, id), note}, e);
    return r ? 0 : -1;
}

/* -- the end -- */

static int old_forget_passwords(struct legacy *l, struct err *e)
{
    PGconn *c = ((struct old *)l)->c;
    if (!has_passwords(l))
        return 0;
    AUTO(pg_clearp)
    PGresult *r = ask(l,
                      "SELECT NOT EXISTS (SELECT 1 FROM reelgate_legacy.users WHERE NOT "
                      "reelgate_taken)",
                      0, NULL, e);
    if (!r)
        return -1;
    if (!yes(r, 0))
        return err_set(e, ERR_CONFLICT, "there are users that have not been taken over");
    /* dropping a column leaves its bytes in the rows; writing the table anew does not */
    return pg_exec(c, "ALTER TABLE reelgate_legacy.users DROP COLUMN password1", e) < 0 ||
                   pg_exec(c, "VACUUM FULL reelgate_legacy.users", e) < 0
               ? -1
               : 0;
}

static int old_end(struct legacy *l, int64_t *left, struct err *e)
{
    AUTO(pg_clearp)
    PGresult *r = ask(l,
                      "SELECT (SELECT count(*) FROM reelgate_legacy.users "
                      "  WHERE NOT reelgate_taken OR reelgate_note IS NOT NULL) + "
                      "(SELECT count(*) FROM reelgate_legacy.tasks "
                      "  WHERE NOT reelgate_taken OR reelgate_note IS NOT NULL)",
                      0, NULL, e);
    if (!r)
        return -1;
    *left = whole(r, 0, 0);
    return *left ? 0 : pg_exec(((struct old *)l)->c, "DROP SCHEMA reelgate_legacy CASCADE", e);
}

const struct legacy_ops legacy_postgres_ops = {
    .open = old_open,
    .close = old_close,
    .move = old_move,
    .ready = old_ready,
    .user_next = old_user_next,
    .user_take = old_user_take,
    .task_next = old_task_next,
    .task_take = old_task_take,
    .task_note = old_task_note,
    .forget_passwords = old_forget_passwords,
    .end = old_end,
};
