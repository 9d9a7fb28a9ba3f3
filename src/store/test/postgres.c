/* Facts of the PostgreSQL back end alone: several stores on one database, a server that goes away
 * and comes back, schemas, the check. */
#include "store/test/server.h"
#include "store/test/world.h"

#include "core/clock.h"
#include "store/outbox.h"
#include "store/postgres/postgres_impl.h"
#include "store/user.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

struct pair {
    struct world w;
    struct store *other; /* as another process would have it */
};

static int set_up(void **state)
{
    struct pair *p = mem_new(sizeof(*p));
    server_url(p->w.url, sizeof(p->w.url));
    p->w.a = arena_new();
    open_store(&p->w);
    OK(store_open(&p->other, p->w.url, NULL, e));
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *p = *state;
    store_close(p->other);
    store_close(p->w.s);
    arena_free(p->w.a);
    free(p);
    return 0;
}

/* Runs SQL beside the store's own connections. */
static void by_hand(struct pair *p, const char *sql)
{
    struct err e = {0};
    PGconn *c = pg_connect(p->w.url, &e);
    if (!c || pg_exec(c, sql, &e) < 0)
        fail_msg("%s: %s", sql, e.text);
    PQfinish(c);
}

/* Debian makes such clusters where no locale is set. */
static void a_database_that_knows_bytes_alone_is_searched_as_well(void **state)
{
    struct pair *p = *state;
    struct world w = {.a = p->w.a};
    static const char *const titles[] = {"Gol de \xc3\x91"
                                         "and\xc3\xba",
                                         "gol de n\xcc\x83"
                                         "ANDU\xcc\x81",
                                         "\xc5\xbd \xe6\xbc\xa2"};
    static const struct {
        const char *words;
        const char *found;
    } rows[] = {{"nandu", "1 2 "},
                {"\xc3\xb1"
                 "and\xc3\xba",
                 "1 2 "},
                {"GOL DE", "1 2 "},
                {"z \xe6\xbc\xa2", "3 "}};
    by_hand(p, "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' "
               "LC_CTYPE 'C'");
    const char *host = strchr(p->w.url, '?');
    snprintf(w.url, sizeof(w.url), "postgresql:///bytes%s", host);
    open_store(&w);
    int64_t ana = add_user(&w, "ana");
    for (size_t i = 0; i < LEN(titles); i++) {
        struct task_new t = new_task(&w, ana);
        int64_t id;
        bool existed;
        t.title = titles[i];
        OK(store_task_add(w.s, &t, &id, &existed, e));
    }
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct task_page page = {.user_id = ana, .max = -1, .part = rows[i].words};
        char found[64] = "";
        OK(store_task_list(w.s, &page, note_task, found, e));
        assert_string_equal(found, rows[i].found);
    }
    store_close(w.s);
}

static void a_row_of_one_process_rings_in_another(void **state)
{
    struct pair *p = *state;
    int64_t ana = add_user(&p->w, "ana");
    for (int i = 0; i < 20; i++) /* until the listener listens: each wait ends early then */
        store_outbox_wait(p->other, 50);
    add_task(&p->w, ana);
    int64_t start = clock_mono_ms();
    store_outbox_wait(p->other, 20000);
    assert_true(clock_mono_ms() - start < 5000);
}

enum { CLAIMERS = 8, TASKS = 200 };
struct claimer {
    struct store *s;
    atomic_int *claims;
    int failed, taken;
};

static void *claim_all(void *arg)
{
    struct claimer *c = arg;
    AUTO(arena_freep) struct arena *a = arena_new();
    bool found = true;
    for (int misses = 0; misses < 3;) {
        struct task_row t;
        if (store_task_claim(c->s, a, "w", 60000, &t, &found, NULL) < 0) {
            c->failed++;
            return NULL;
        }
        misses = found ? 0 : misses + 1;
        if (found) {
            atomic_fetch_add(&c->claims[t.id], 1);
            c->taken++;
        }
    }
    return NULL;
}

static void two_processes_claim_each_task_once(void **state)
{
    struct pair *p = *state;
    static atomic_int claims[TASKS + 1];
    const int64_t users[] = {add_user(&p->w, "a"), add_user(&p->w, "b"), add_user(&p->w, "c")};
    for (int i = 0; i < TASKS; i++)
        add_task(&p->w, users[i % 3]);
    struct claimer c[CLAIMERS];
    pthread_t thread[CLAIMERS];
    for (int i = 0; i < CLAIMERS; i++) {
        c[i] = (struct claimer){i % 2 ? p->other : p->w.s, claims, 0, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, claim_all, &c[i]), 0);
    }
    int taken = 0;
    for (int i = 0; i < CLAIMERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(c[i].failed, 0);
        taken += c[i].taken;
    }
    assert_int_equal(taken, TASKS);
    for (int i = 1; i <= TASKS; i++)
        assert_int_equal(claims[i], 1);
    OK(store_check(p->w.s, e));
}

static void while_the_server_is_down_calls_fail_fast_and_work_again_when_it_is_back(void **state)
{
    struct pair *p = *state;
    int64_t ana = add_user(&p->w, "ana"), id = add_task(&p->w, ana);
    server_crash();
    struct task_new n = new_task(&p->w, ana);
    int64_t start = clock_mono_ms(), other = 0;
    bool existed;
    struct task_row t;
    for (int i = 0; i < 50; i++) {
        FAILS(ERR_BUSY, MSG_UNAVAILABLE, store_task_add(p->w.s, &n, &other, &existed, e));
        FAILS(ERR_BUSY, MSG_UNAVAILABLE, store_task_get(p->w.s, p->w.a, id, 0, &t, e));
    }
    assert_true(clock_mono_ms() - start < 3000);
    assert_true(store_now_ms(p->w.s) > 1700000000000);
    server_again();
    start = clock_mono_ms();
    while (store_task_get(p->w.s, p->w.a, id, 0, &t, NULL) < 0 && clock_mono_ms() - start < 10000)
        usleep(20000);
    assert_int_equal(t.id, id);
    OK(store_task_add(p->w.s, &n, &other, &existed, e));
    start = clock_mono_ms();
    store_outbox_wait(p->other, 10000); /* the listener too is back */
    assert_true(clock_mono_ms() - start < 9000);
    OK(store_check(p->w.s, e));
}

static void a_connection_that_died_while_idle_is_not_noticed_by_callers(void **state)
{
    struct pair *p = *state;
    int64_t ana = add_user(&p->w, "ana");
    for (int i = 0; i < 5; i++) {
        by_hand(p, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                   "WHERE datname = current_database() AND pid <> pg_backend_pid()");
        usleep(100000);
        add_task(&p->w, ana);
    }
}

static void a_change_that_was_cut_off_before_its_commit_did_not_happen(void **state)
{
    struct pair *p = *state;
    int64_t id = add_task(&p->w, add_user(&p->w, "ana"));
    /* a deferred trigger runs last, and ends the session that runs it */
    by_hand(p, "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; "
               "CREATE CONSTRAINT TRIGGER cut AFTER UPDATE ON tasks DEFERRABLE INITIALLY DEFERRED "
               "FOR EACH ROW EXECUTE FUNCTION cut()");
    struct task_change c = {.id = id, .from = ANY, .to = TASK_FAILED, .error_slug = "internal"};
    bool done = false;
    FAILS(ERR_BUSY, MSG_UNAVAILABLE,
          store_task_change(p->w.s, &c, &done, e)); /* ended before its commit */
    by_hand(p, "DROP TRIGGER cut ON tasks");
    assert_int_equal(get(&p->w, id).state, TASK_UPLOADED);
    assert_true(change(&p->w, c));
}

static void a_schema_newer_than_the_program_is_refused(void **state)
{
    struct pair *p = *state;
    by_hand(p, "INSERT INTO reelgate_schema (version, name) VALUES (999, 'x')");
    struct store *s = NULL;
    FAILS(ERR_CONFLICT, MSG_CONFLICT, store_open(&s, p->w.url, NULL, e));
}

static void the_check_finds_what_is_not_true(void **state)
{
    struct pair *p = *state;
    add_task(&p->w, add_user(&p->w, "ana"));
    OK(store_check(p->w.s, e));
    static const char *const rows[][2] = {
        {"UPDATE users SET bytes_used = bytes_used + 1",
         "UPDATE users SET bytes_used = bytes_used - 1"},
        {"UPDATE task_counts SET n = n + 1", "UPDATE task_counts SET n = n - 1"},
        {"DELETE FROM turns", "INSERT INTO turns VALUES (1, 0)"},
        {"UPDATE tasks SET state = 2", "UPDATE tasks SET state = 0"},
        {"UPDATE tasks SET state = 1", "UPDATE tasks SET state = 0"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        by_hand(p, rows[i][0]);
        assert_int_equal(store_check(p->w.s, NULL), -1);
        by_hand(p, rows[i][1]);
        OK(store_check(p->w.s, e));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_database_that_knows_bytes_alone_is_searched_as_well,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_of_one_process_rings_in_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_processes_claim_each_task_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            while_the_server_is_down_calls_fail_fast_and_work_again_when_it_is_back, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_connection_that_died_while_idle_is_not_noticed_by_callers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_that_was_cut_off_before_its_commit_did_not_happen,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_schema_newer_than_the_program_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_check_finds_what_is_not_true, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests_name("store/postgres", tests, NULL, NULL);
    server_stop();
    return failed;
}
