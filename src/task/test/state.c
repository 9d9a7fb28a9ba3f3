/* Every state x every event, against the real store: what the table allows happens, all else does
 * nothing. */
#include "core/test/test.h"

#include "core/err.h"
#include "store/store.h"
#include "store/user.h"
#include "task/state.h"

#include <unistd.h>

/* clang-format off */
/* Written out a second time on purpose: a change of the table must be meant. -1: not allowed. */
static const int allowed[TASK_EVENT_COUNT_][TASK_STATE_COUNT] = {
    /*                        uploaded         processing       processed      failed        deleted */
    [TASK_EVENT_CLAIM] =     {TASK_PROCESSING, -1,              -1,            -1,            -1},
    [TASK_EVENT_FINISH] =    {-1,              TASK_PROCESSED,  -1,            -1,            -1},
    [TASK_EVENT_FAIL] =      {-1,              TASK_FAILED,     -1,            -1,            -1},
    [TASK_EVENT_AGAIN] =     {-1,              TASK_UPLOADED,   -1,            -1,            -1},
    [TASK_EVENT_HAND_BACK] = {-1,              TASK_UPLOADED,   -1,            -1,            -1},
    [TASK_EVENT_RETRY] =     {-1,              -1,              -1,            TASK_UPLOADED, -1},
    [TASK_EVENT_REMAKE] =    {TASK_UPLOADED,   TASK_UPLOADED,   TASK_UPLOADED, TASK_UPLOADED, -1},
    [TASK_EVENT_DELETE] =    {TASK_DELETED,    TASK_DELETED,    TASK_DELETED,  TASK_DELETED,  -1},
};
/* clang-format on */

static void the_table_allows_what_it_should_and_nothing_else(void **state)
{
    (void)state;
    for (int event = 0; event < TASK_EVENT_COUNT_; event++)
        for (int from = 0; from < TASK_STATE_COUNT; from++) {
            const struct task_edge *edge = task_edge((enum task_event)event);
            bool may = edge->from & 1u << from;
            assert_int_equal(may ? (int)edge->to : -1, allowed[event][from]);
            assert_true(edge->name && *edge->name);
        }
}

struct world {
    char dir[64];
    struct store *s;
    struct arena *a;
    int64_t user;
    int clips;
};

/* A task in the state, made by the allowed way to it. */
static int64_t task_in(struct world *w, enum task_state want)
{
    static const enum task_event way[TASK_STATE_COUNT] = {
        [TASK_PROCESSED] = TASK_EVENT_FINISH,
        [TASK_FAILED] = TASK_EVENT_FAIL,
        [TASK_DELETED] = TASK_EVENT_DELETE,
    };
    struct task_new n = {.user_id = w->user,
                         .file_name = "a",
                         .clip_blob = arena_printf(w->a, "clips/%d", ++w->clips),
                         .clip_hash = "h"};
    int64_t id;
    bool existed, found, done;
    struct task_row t;
    assert_int_equal(store_task_add(w->s, &n, &id, &existed, NULL), 0);
    if (want == TASK_UPLOADED)
        return id;
    assert_int_equal(store_task_claim(w->s, w->a, "w", 60000, &t, &found, NULL), 0);
    assert_true(found && t.id == id);
    if (want == TASK_PROCESSING)
        return id;
    struct task_change c = {
        .id = id, .reel_blob = arena_printf(w->a, "reels/%d", w->clips), .poster_blob = ""};
    assert_int_equal(task_happen(w->s, way[want], &c, &done, NULL), 0);
    assert_true(done);
    return id;
}

static int note_state(void *arg, const struct task_row *t)
{
    *(int *)arg = (int)t->state;
    return 0;
}

static int state_of(struct world *w, int64_t id)
{
    const struct task_page p = {.after = id - 1, .max = 1, .states = (1u << TASK_STATE_COUNT) - 1};
    int found = -1;
    assert_int_equal(store_task_list(w->s, &p, note_state, &found, NULL), 0);
    return found;
}

static void every_event_in_every_state_does_what_the_table_says(void **state)
{
    (void)state;
    struct world w = {.dir = "/tmp/reelgate-state-XXXXXX", .a = arena_new()};
    struct err e = {0};
    assert_non_null(mkdtemp(w.dir));
    assert_int_equal(store_open(&w.s, arena_printf(w.a, "sqlite://%s/x.db", w.dir), NULL, &e), 0);
    assert_int_equal(store_migrate(w.s, NULL, NULL, &e), 0);
    assert_int_equal(store_user_add(w.s, "ana", "a@b.c", "h", &w.user, &e), 0);
    for (int from = 0; from < TASK_STATE_COUNT; from++)
        for (int event = TASK_EVENT_CLAIM + 1; event < TASK_EVENT_COUNT_; event++) {
            int64_t id = task_in(&w, (enum task_state)from);
            struct task_change c = {
                .id = id, .reel_blob = arena_printf(w.a, "reels/b%d", w.clips), .poster_blob = ""};
            bool done = false;
            assert_int_equal(task_happen(w.s, (enum task_event)event, &c, &done, &e), 0);
            int to = allowed[event][from];
            assert_int_equal(done, to >= 0);
            assert_int_equal(state_of(&w, id), to >= 0 ? to : from);
            /* out of the way of the next claim */
            struct task_change gone = {.id = id};
            assert_int_equal(task_happen(w.s, TASK_EVENT_DELETE, &gone, &done, &e), 0);
        }
    assert_int_equal(store_check(w.s, &e), 0);
    store_close(w.s);
    const char *const left[] = {"x.db", "x.db.lock"};
    for (size_t i = 0; i < LEN(left); i++)
        assert_int_equal(unlink(arena_printf(w.a, "%s/%s", w.dir, left[i])), 0);
    assert_int_equal(rmdir(w.dir), 0);
    arena_free(w.a);
}

static void states_have_the_words_of_the_api(void **state)
{
    (void)state;
    assert_string_equal(task_state_name(TASK_UPLOADED), "uploaded");
    assert_string_equal(task_state_name(TASK_PROCESSING), "processing");
    assert_string_equal(task_state_name(TASK_PROCESSED), "processed");
    assert_string_equal(task_state_name(TASK_FAILED), "failed");
    assert_string_equal(task_state_name(TASK_DELETED), "deleted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_allows_what_it_should_and_nothing_else),
        cmocka_unit_test(every_event_in_every_state_does_what_the_table_says),
        cmocka_unit_test(states_have_the_words_of_the_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
