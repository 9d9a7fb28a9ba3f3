/* Facts of the SQLite back end alone: one process, the schema's versions, a full disk, the check,
 * and that work does not grow with the number of rows. */
#include "core/test/test.h"

#include "core/err.h"
#include "core/str.h"
#include "store/event.h"
#include "store/hook.h"
#include "store/key.h"
#include "store/line.h"
#include "store/outbox.h"
#include "store/sqlite/sqlite_impl.h"
#include "store/task.h"
#include "store/upload.h"
#include "store/user.h"
#include "store/worker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct world {
    char dir[64], path[96], url[128];
    struct store *s;
    struct arena *a;
};

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err *e = &(struct err){0};                                                          \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, e->text);                                                    \
    } while (0)

static int set_up(void **state)
{
    struct world *w = mem_new(sizeof(*w));
    snprintf(w->dir, sizeof(w->dir), "/tmp/reelgate-sqlite-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof(w->path), "%s/store.db", w->dir);
    snprintf(w->url, sizeof(w->url), "sqlite://%s", w->path);
    w->a = arena_new();
    OK(store_open(&w->s, w->url, NULL, e));
    OK(store_migrate(w->s, NULL, NULL, e));
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    store_close(w->s);
    arena_free(w->a);
    test_remove_folder(w->dir);
    free(w);
    return 0;
}

static int64_t add_user(struct world *w, const char *name)
{
    int64_t id;
    OK(store_user_add(w->s, name, arena_printf(w->a, "%s@x.y", name), "h", &id, e));
    return id;
}

static int try_add(struct world *w, int64_t user, const char *blob, struct err *e)
{
    struct task_new n = {.user_id = user,
                         .file_name = "a.mp4",
                         .clip_blob = blob,
                         .clip_hash = "h",
                         .clip_bytes = 10};
    int64_t id;
    bool existed;
    return store_task_add(w->s, &n, &id, &existed, e);
}

/* Behind the store's back, as a disk or a stranger would. */
static void meddle(struct world *w, const char *sql)
{
    struct sq_conn *c = sq_writer_take((struct sqlite *)w->s);
    OK(sq_exec(c->db, sql, e));
    sq_writer_back((struct sqlite *)w->s);
}

static void reopened_says(struct world *w, enum err_code code, const char *part)
{
    struct err err = {0};
    store_closep(&w->s);
    assert_int_equal(store_open(&w->s, w->url, NULL, &err), -1);
    assert_null(w->s);
    assert_int_equal(err.code, code);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

/* One process at a time has the file, so who opens it knows that every lease is a dead one's. */
static void opening_ends_every_lease(void **state)
{
    struct world *w = *state;
    struct task_row t;
    bool found = false;
    struct err err = {0};
    assert_int_equal(try_add(w, add_user(w, "ana"), "clips/1", &err), 0);
    OK(store_task_claim(w->s, w->a, "doomed", 3600000, &t, &found, e));
    assert_true(found);
    store_closep(&w->s);
    OK(store_open(&w->s, w->url, NULL, e));
    OK(store_task_get(w->s, w->a, t.id, 0, &t, e));
    assert_int_equal(t.state, TASK_PROCESSING);
    assert_int_equal(t.lease_until_ms, 0);
}

/* -- who may open -- */

static void a_second_process_is_refused_and_told_who_has_it(void **state)
{
    struct world *w = *state;
    int p[2];
    assert_int_equal(pipe(p), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct store *s = NULL;
        struct err err = {0};
        int rc = store_open(&s, w->url, NULL, &err);
        if (rc == 0 || write(p[1], &err, sizeof(err)) != sizeof(err))
            _exit(1);
        _exit(0);
    }
    struct err err = {0};
    int status;
    assert_int_equal(read(p[0], &err, sizeof(err)), sizeof(err));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(p[0]);
    close(p[1]);
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(strstr(err.text, "another process"));
    assert_non_null(strstr(err.text, arena_printf(w->a, "(%d)", (int)getpid())));
}

static void beside_one_may_read_and_copy_and_change_nothing(void **state)
{
    struct world *w = *state;
    struct store *beside = NULL, *copy = NULL;
    struct user_row u;
    struct task_row t;
    bool found;
    struct err err = {0};
    int64_t ana = add_user(w, "ana");
    assert_int_equal(try_add(w, ana, "clips/1", &err), 0);
    OK(store_task_claim(w->s, w->a, "worker", 3600000, &t, &found, e));
    OK(store_open_beside(&beside, w->url, NULL, e));
    OK(store_user_by_id(beside, w->a, ana, &u, e));
    assert_string_equal(u.username, "ana");
    OK(store_task_get(beside, w->a, t.id, 0, &t, e));
    assert_true(t.lease_until_ms > 0);
    assert_int_equal(store_user_set_password(beside, ana, "other", &err), -1);

    const char *path = arena_printf(w->a, "%s/copy.db", w->dir);
    OK(store_copy(beside, path, e));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(store_copy(beside, path, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    store_close(beside);
    int64_t eva = add_user(w, "eva"); /* what comes later is not in it */
    OK(store_open(&copy, arena_printf(w->a, "sqlite://%s", path), NULL, e));
    OK(store_check(copy, e));
    OK(store_user_by_id(copy, w->a, ana, &u, e));
    assert_string_equal(u.password_hash, "h");
    assert_int_equal(store_user_by_id(copy, w->a, eva, &u, &err), -1);
    store_close(copy);
}

static void beside_wants_a_file_that_is_there_and_of_this_version(void **state)
{
    struct world *w = *state;
    struct store *s = NULL;
    struct err err = {0};
    const char *other = arena_printf(w->a, "sqlite://%s/other.db", w->dir);
    assert_int_equal(store_open_beside(&s, other, NULL, &err), -1);
    assert_int_equal(err.code, ERR_MISSING);
    assert_int_not_equal(access(other + strlen("sqlite://"), F_OK), 0);
    meddle(w, "PRAGMA user_version = 1");
    assert_int_equal(store_open_beside(&s, w->url, NULL, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "version 1"));
}

static void another_name_of_the_file_meets_the_same_lock(void **state)
{
    struct world *w = *state;
    const char *other = arena_printf(w->a, "%s/other.db", w->dir);
    assert_int_equal(symlink(w->path, other), 0);
    struct store *s = NULL;
    struct err err = {0};
    assert_int_equal(store_open(&s, arena_printf(w->a, "sqlite://%s", other), NULL, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
}

static void its_files_are_for_the_owner_alone(void **state)
{
    struct world *w = *state;
    const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "store.db.lock"};
    for (size_t i = 0; i < LEN(names); i++) {
        struct stat st;
        assert_int_equal(stat(arena_printf(w->a, "%s/%s", w->dir, names[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void a_wrong_url_is_refused_with_its_reason(void **state)
{
    struct world *w = *state;
    const struct {
        const char *url;
        enum err_code code;
    } bad[] = {
        {"mysql://x", ERR_INPUT},      {"sqlite", ERR_INPUT},
        {"sqlite:", ERR_INPUT},        {"sqlite://host/x.db", ERR_INPUT},
        {"sqlite:///", ERR_INPUT},     {"sqlite:///nowhere/at/all.db", ERR_SYSTEM},
        {"sqlite:///tmp", ERR_SYSTEM},
    };
    for (size_t i = 0; i < LEN(bad); i++) {
        struct store *s = NULL;
        struct err err = {0};
        assert_int_equal(store_open(&s, bad[i].url, NULL, &err), -1);
        assert_int_equal(err.code, bad[i].code);
        assert_true(strlen(err.text) > 10);
        assert_null(s);
    }
    (void)w;
}

/* -- the schema -- */

static void a_newer_schema_is_refused(void **state)
{
    struct world *w = *state;
    meddle(w, "PRAGMA user_version = 999");
    struct err err = {0};
    assert_int_equal(store_migrate(w->s, NULL, NULL, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    reopened_says(w, ERR_CONFLICT, "version 999");
}

static void a_database_of_another_program_is_refused(void **state)
{
    struct world *w = *state;
    store_closep(&w->s);
    const char *path = arena_printf(w->a, "%s/foreign.db", w->dir);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    OK(sq_exec(db, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)", e));
    sqlite3_close(db);
    snprintf(w->url, sizeof(w->url), "sqlite://%s", path);
    reopened_says(w, ERR_CONFLICT, "another program");
}

static void what_is_no_database_is_refused(void **state)
{
    struct world *w = *state;
    store_closep(&w->s);
    const char *path = arena_printf(w->a, "%s/text.db", w->dir);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database, it is a text\n", f);
    fclose(f);
    snprintf(w->url, sizeof(w->url), "sqlite://%s", path);
    reopened_says(w, ERR_SYSTEM, "damaged");
}

static void migrating_starts_from_nothing_and_ends_once(void **state)
{
    struct world *w = *state;
    store_closep(&w->s);
    snprintf(w->url, sizeof(w->url), "sqlite://%s/fresh.db", w->dir);
    OK(store_open(&w->s, w->url, NULL, e));
    struct err err = {0};
    assert_int_equal(store_ping(w->s, &err), -1); /* opening made no table */
    int from = -1, to = -1;
    OK(store_migrate(w->s, &from, &to, e));
    assert_int_equal(from, 0);
    assert_true(to >= 1);
    OK(store_ping(w->s, e));
    OK(store_check(w->s, e));
    int64_t user = add_user(w, "ana");
    int again = -1;
    OK(store_migrate(w->s, &from, &again, e));
    assert_int_equal(from, to);
    assert_int_equal(again, to);
    OK(try_add(w, user, "clips/1", e));
}

static void the_log_is_written_ahead_and_synced_in_full(void **state)
{
    struct world *w = *state;
    struct sqlite *s = (struct sqlite *)w->s;
    struct sq_conn *c = sq_writer_take(s);
    int64_t n = 0;
    OK(sq_number(c->db, "PRAGMA synchronous", &n, e));
    assert_int_equal(n, 2);
    OK(sq_number(c->db, "PRAGMA foreign_keys", &n, e));
    assert_int_equal(n, 1);
    OK(sq_number(c->db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &n, e));
    assert_int_equal(n, 1);
    sq_writer_back(s);
    struct err err = {0};
    c = sq_reader(s, &err);
    assert_non_null(c);
    OK(sq_number(c->db, "PRAGMA wal_autocheckpoint", &n, e));
    assert_int_equal(n, 0);
    assert_int_equal(sq_exec(c->db, "DELETE FROM users", &err), -1); /* readers only read */
    sq_reader_back(s, c);
}

/* -- faults -- */

static void a_full_disk_refuses_whole_and_goes_on_when_there_is_room(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana"), pages = 0, before[TASK_STATE_COUNT], after[TASK_STATE_COUNT];
    struct sq_conn *c = sq_writer_take((struct sqlite *)w->s);
    OK(sq_number(c->db, "PRAGMA page_count", &pages, e));
    sq_writer_back((struct sqlite *)w->s);
    /* max_page_count makes SQLite meet the same SQLITE_FULL as a full disk does. */
    meddle(w, arena_printf(w->a, "PRAGMA max_page_count = %d", (int)pages + 1));
    struct err err = {0};
    int n = 0;
    while (n < 2000 && try_add(w, user, arena_printf(w->a, "clips/%0100d", n), &err) == 0)
        n++;
    assert_in_range(n, 1, 1999);
    assert_int_equal(err.code, ERR_FULL);
    assert_int_equal(err.msg, MSG_DISK_FULL);
    OK(store_task_counts(w->s, before, e));
    assert_int_equal(before[TASK_UPLOADED], n);
    OK(store_check(w->s, e));
    meddle(w, "PRAGMA max_page_count = 100000");
    OK(try_add(w, user, "clips/again", e));
    OK(store_task_counts(w->s, after, e));
    assert_int_equal(after[TASK_UPLOADED], n + 1);
    OK(store_check(w->s, e));
}

static void the_check_finds_what_is_broken(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana");
    OK(try_add(w, user, "clips/1", e));
    OK(store_check(w->s, e));
    static const struct {
        const char *harm, *mend, *says;
    } harms[] = {
        {"UPDATE users SET bytes_used = bytes_used + 1",
         "UPDATE users SET bytes_used = bytes_used - 1", "bytes_used"},
        {"UPDATE task_counts SET n = 7 WHERE state = 3",
         "UPDATE task_counts SET n = 0 WHERE state = 3", "count"},
        {"DELETE FROM turns", "INSERT INTO turns VALUES (1, 0)", "turns"},
        {"PRAGMA foreign_keys = OFF; UPDATE turns SET user_id = 55; INSERT INTO turns VALUES (1, "
         "0)",
         "DELETE FROM turns WHERE user_id = 55; PRAGMA foreign_keys = ON", "points at"},
        {"UPDATE tasks SET state = 2, reel_blob = ''", "UPDATE tasks SET state = 0", "reel"},
        {"UPDATE tasks SET state = 1", "UPDATE tasks SET state = 0", "lease"},
    };
    for (size_t i = 0; i < LEN(harms); i++) {
        struct err err = {0};
        meddle(w, harms[i].harm);
        assert_int_equal(store_check(w->s, &err), -1);
        assert_int_equal(err.code, ERR_SYSTEM);
        if (!strstr(err.text, harms[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.text, harms[i].says);
        meddle(w, harms[i].mend);
        OK(store_check(w->s, e));
    }
}

static void the_check_finds_damaged_pages(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana");
    for (int i = 0; i < 200; i++)
        OK(try_add(w, user, arena_printf(w->a, "clips/%d", i), e));
    store_closep(&w->s); /* all pages are in the file now */
    int fd = open(w->path, O_RDWR);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    char rot[512];
    memset(rot, 0x5a, sizeof(rot));
    for (off_t at = 4096 * 3 + 8; at < st.st_size; at += 4096)
        assert_int_equal(pwrite(fd, rot, sizeof(rot), at), sizeof(rot));
    close(fd);
    struct err err = {0};
    if (store_open(&w->s, w->url, NULL, &err) == 0)
        assert_int_equal(store_check(w->s, &err), -1);
    assert_int_equal(err.code, ERR_SYSTEM);
    assert_non_null(strstr(err.text, "damaged"));
}

static void a_key_is_forgotten_after_some_days(void **state)
{
    struct world *w = *state;
    struct task_new n = {.user_id = add_user(w, "ana"),
                         .file_name = "a",
                         .clip_blob = "clips/1",
                         .clip_hash = "h",
                         .idempotency_key = "old"};
    int64_t id;
    bool existed;
    struct task_row row;
    OK(store_task_add(w->s, &n, &id, &existed, e));
    meddle(w, "UPDATE idempotency SET created_ms = created_ms - 3 * 86400000");
    n.clip_blob = "clips/2";
    n.idempotency_key = "new";
    OK(store_task_add(w->s, &n, &id, &existed, e));
    assert_int_equal(store_task_by_key(w->s, w->a, n.user_id, "old", &row, NULL), -1);
    OK(store_task_by_key(w->s, w->a, n.user_id, "new", &row, e));
}

/* -- cost -- */

enum { USERS = 20 };

/* Fills the store with `many` tasks of each kind, straight in SQL. */
static void fill(struct world *w, int many)
{
    for (int i = 0; i < USERS; i++)
        add_user(w, arena_printf(w->a, "user%d", i));
    struct sq_conn *c = sq_writer_take((struct sqlite *)w->s);
    sqlite3_stmt *st;
    /* kinds: 0 due, 1 waits an hour, 2 processed, 3 failed, 4 under work */
    static const char sql[] =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
        "INSERT INTO tasks (user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes, "
        "fit, start_us, created_ms, changed_ms, due, not_before_ms, reel_blob, fence, worker, "
        "lease_until_ms) SELECT 1 + i % 20, CASE kind WHEN 0 THEN 0 WHEN 1 THEN 0 WHEN 4 THEN 1 "
        "ELSE kind END, 'a', '', 'clips/' || kind || '/' || i, 'h', 0, 0, 0, ?2, ?2, kind <> 1, "
        "iif(kind = 1, ?2 + 3600000, 0), iif(kind = 2, 'reels/' || i, ''), 1, 'w', "
        "iif(kind = 4, ?2 + 3600000, 0) "
        "FROM n, (SELECT value AS kind FROM json_each('[0,1,2,3,4]'))";
    OK(sq_exec(c->db, "BEGIN", e));
    assert_int_equal(sqlite3_prepare_v2(c->db, sql, -1, &st, NULL), SQLITE_OK);
    sq_int(st, 1, many);
    sq_int(st, 2, store_now_ms(w->s));
    OK(sq_run(st, e));
    sqlite3_finalize(st);
    OK(sq_exec(c->db,
               "INSERT INTO turns SELECT id, 0 FROM users; "
               "COMMIT",
               e));
    sq_writer_back((struct sqlite *)w->s);
    OK(store_check(w->s, e));
}

static int ignore(void *arg, const struct task_row *t)
{
    (void)t;
    ++*(int *)arg;
    return 0;
}

/* Steps of the writer for one round of everything that happens while tasks come and go. */
static int64_t round_of_work(struct world *w, const char *tag)
{
    int64_t before = sq_steps(w->s);
    for (int i = 0; i < 10; i++) {
        struct task_row t;
        bool found = false, held, done;
        OK(try_add(w, 1 + i, arena_printf(w->a, "clips/new/%s/%d", tag, i), e));
        OK(store_task_claim(w->s, w->a, "w", 10000, &t, &found, e));
        assert_true(found);
        OK(store_task_renew(w->s, t.id, t.fence, 1000, 5, &held, e));
        struct task_change c = {.id = t.id,
                                .from = 1u << TASK_PROCESSING,
                                .fence = t.fence,
                                .to = i % 2 ? TASK_FAILED : TASK_UPLOADED,
                                .wait_ms = 3600000};
        OK(store_task_change(w->s, &c, &done, e));
        assert_true(done);
    }
    return sq_steps(w->s) - before;
}

/* The same for a reader's questions, counted on that reader. */
static int64_t round_of_questions(struct world *w)
{
    struct sqlite *s = (struct sqlite *)w->s;
    int64_t counts[TASK_STATE_COUNT], in_ms;
    int seen = 0;
    struct task_row t;
    const struct task_page pages[] = {
        {.user_id = 3, .max = 20},
        {.user_id = 3, .max = 20, .descending = true},
        {.user_id = 3, .max = 20, .after = 50},
        {.user_id = 3, .max = 20, .brief = true},
        {.user_id = 3, .max = 20, .descending = true, .brief = true},
        {.max = 20, .states = 1u << TASK_UPLOADED},
        {.max = 20, .states = 1u << TASK_DELETED},
        {.max = 20},
    };
    for (size_t i = 0; i < LEN(pages); i++)
        OK(store_task_list(w->s, &pages[i], ignore, &seen, e));
    OK(store_task_counts(w->s, counts, e));
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_int_equal(in_ms, 0);
    OK(store_task_expired(w->s, 20, ignore, &seen, e));
    OK(store_task_by_blob(w->s, w->a, "reels/7", &t, e));
    OK(store_ping(w->s, e));
    int64_t n = 0;
    for (int r = 0; r < SQ_READERS; r++)
        for (int i = 0; i < SQ_COUNT_; i++)
            if (s->readers[r].st[i])
                n += sqlite3_stmt_status(s->readers[r].st[i], SQLITE_STMTSTATUS_VM_STEP, 1);
    return n;
}

static void work_does_not_grow_with_waiting_or_finished_tasks(void **state)
{
    struct world *w = *state;
    fill(w, 100);
    int64_t work_few = round_of_work(w, "few"), asked_few = round_of_questions(w);
    tear_down(state);
    set_up(state);
    w = *state;
    fill(w, 20000); /* 100,000 rows: 20,000 of each kind */
    int64_t work_many = round_of_work(w, "many"), asked_many = round_of_questions(w);
    print_message("steps at 500 and 100,000 rows: work %lld %lld, questions %lld %lld\n",
                  (long long)work_few, (long long)work_many, (long long)asked_few,
                  (long long)asked_many);
    assert_true(work_few > 100 && asked_few > 100);
    assert_in_range(work_many, 1, work_few + work_few / 10);
    assert_in_range(asked_many, 1, asked_few + asked_few / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define FACT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        FACT(opening_ends_every_lease),
        FACT(a_second_process_is_refused_and_told_who_has_it),
        FACT(beside_one_may_read_and_copy_and_change_nothing),
        FACT(beside_wants_a_file_that_is_there_and_of_this_version),
        FACT(another_name_of_the_file_meets_the_same_lock),
        FACT(its_files_are_for_the_owner_alone),
        FACT(a_wrong_url_is_refused_with_its_reason),
        FACT(a_newer_schema_is_refused),
        FACT(a_database_of_another_program_is_refused),
        FACT(what_is_no_database_is_refused),
        FACT(migrating_starts_from_nothing_and_ends_once),
        FACT(the_log_is_written_ahead_and_synced_in_full),
        FACT(a_full_disk_refuses_whole_and_goes_on_when_there_is_room),
        FACT(the_check_finds_what_is_broken),
        FACT(the_check_finds_damaged_pages),
        FACT(a_key_is_forgotten_after_some_days),
        FACT(work_does_not_grow_with_waiting_or_finished_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
