/* Facts about what admins see and change, for every back end. */
#include "store/event.h"
#include "store/hook.h"
#include "store/store.h"
#include "store/task.h"
#include "store/test/world.h"
#include "store/user.h"

#include <pthread.h>

static struct user_row user(struct world *w, int64_t id)
{
    struct user_row u;
    OK(store_user_by_id(w->s, w->a, id, &u, e));
    return u;
}

static void each_field_of_a_user_changes_alone(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana");
    OK(store_user_set(w->s, ana, &(struct user_change){.bytes_limit = 7, .only = USER_BYTES}, e));
    OK(store_user_set(w->s, ana, &(struct user_change){.tasks_limit = 8, .only = USER_TASKS}, e));
    OK(store_user_set(w->s, ana, &(struct user_change){.admin = true, .only = USER_ROLE}, e));
    assert_int_equal(user(w, ana).bytes_limit, 7);
    assert_int_equal(user(w, ana).tasks_limit, 8);
    assert_true(user(w, ana).admin);
    OK(store_user_set(w->s, ana, &(struct user_change){false, -1, 0}, e));
    assert_int_equal(user(w, ana).bytes_limit, -1);
    assert_int_equal(user(w, ana).tasks_limit, 0);
    assert_false(user(w, ana).admin);
}

static void the_last_admin_stays_where_that_is_asked_for(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva");
    const struct user_change up = {.admin = true, .only = USER_ROLE, .keep_an_admin = true};
    const struct user_change down = {.only = USER_ROLE, .keep_an_admin = true};
    const struct user_change limit = {.only = USER_BYTES, .bytes_limit = 9, .keep_an_admin = true};
    OK(store_user_set(w->s, ana, &up, e));
    FAILS(ERR_CONFLICT, MSG_LAST_ADMIN, store_user_set(w->s, ana, &down, e));
    assert_true(user(w, ana).admin);
    OK(store_user_set(w->s, ana, &limit, e)); /* other fields are free */
    OK(store_user_set(w->s, eva, &down, e));  /* who has no role loses none */
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_user_set(w->s, eva + 1, &down, e));
    OK(store_user_set(w->s, eva, &up, e));
    OK(store_user_set(w->s, ana, &down, e));
    FAILS(ERR_CONFLICT, MSG_LAST_ADMIN, store_user_set(w->s, eva, &down, e));
    OK(store_user_set(w->s, eva, &(struct user_change){.only = USER_ROLE}, e)); /* by operators */
    assert_false(user(w, eva).admin);
}

enum { DUELS = 20 };
struct duellist {
    struct store *s;
    int64_t id;
    pthread_barrier_t *start;
    enum err_code ends[DUELS];
};

static void *give_up(void *arg)
{
    struct duellist *d = arg;
    const struct user_change up = {.admin = true, .only = USER_ROLE};
    const struct user_change down = {.only = USER_ROLE, .keep_an_admin = true};
    for (int i = 0; i < DUELS; i++) {
        struct err e = {0};
        if (store_user_set(d->s, d->id, &up, &e) == 0) {
            pthread_barrier_wait(d->start);
            (void)store_user_set(d->s, d->id, &down, &e);
        } else {
            pthread_barrier_wait(d->start);
        }
        d->ends[i] = e.code;
        pthread_barrier_wait(d->start);
    }
    return NULL;
}

static void of_two_admins_that_step_down_at_once_one_stays(void **state)
{
    struct world *w = *state;
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 2);
    struct duellist two[2] = {{w->s, add_user(w, "ana"), &start, {0}},
                              {w->s, add_user(w, "eva"), &start, {0}}};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, give_up, &two[0]), 0);
    give_up(&two[1]);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&start);
    for (int i = 0; i < DUELS; i++) {
        int stayed = (two[0].ends[i] == ERR_CONFLICT) + (two[1].ends[i] == ERR_CONFLICT);
        int left = (two[0].ends[i] == ERR_NONE) + (two[1].ends[i] == ERR_NONE);
        assert_int_equal(stayed, 1);
        assert_int_equal(left, 1);
    }
    assert_true(user(w, two[0].id).admin != user(w, two[1].id).admin);
}

static int note_owned(void *arg, const struct task_row *t)
{
    char *text = arg;
    snprintf(text + strlen(text), 128 - strlen(text), "%lld:%s:%s ", (long long)t->id, t->username,
             t->file_name);
    return 0;
}

static const char *owned(struct world *w, unsigned states, bool descending, int64_t after, int max)
{
    char *text = arena_get(w->a, 128);
    const struct task_page p = {
        .owners = true, .states = states, .descending = descending, .after = after, .max = max};
    OK(store_task_list(w->s, &p, note_owned, text, e));
    return text;
}

static void all_tasks_are_listed_by_state_with_their_owners(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), id[6];
    struct task_row t;
    char text[128];
    for (int i = 0; i < 6; i++)
        id[i] = add_task(w, i % 2 ? eva : ana);
    assert_true(change_to(w, id[0], ANY, TASK_FAILED));
    assert_true(change_to(w, id[1], ANY, TASK_FAILED));
    assert_true(change_to(w, id[2], ANY, TASK_PROCESSED));
    assert_true(change_to(w, id[3], ANY, TASK_DELETED));
    assert_true(claim(w, &t));
    int64_t works = t.id, waits = works == id[4] ? id[5] : id[4];
#define ROW(task) (long long)(task), ((task)-id[0]) % 2 ? "eva" : "ana"
    snprintf(text, sizeof(text), "%lld:%s:gol.mp4 %lld:%s:gol.mp4 ", ROW(id[0]), ROW(id[1]));
    assert_string_equal(owned(w, FAILED, false, 0, 10), text);
    snprintf(text, sizeof(text), "%lld:%s:gol.mp4 %lld:%s:gol.mp4 ", ROW(id[1]), ROW(id[0]));
    assert_string_equal(owned(w, FAILED, true, 0, 10), text);
    snprintf(text, sizeof(text), "%lld:%s:gol.mp4 ", ROW(id[1]));
    assert_string_equal(owned(w, FAILED, false, id[0], 10), text);
    assert_string_equal(owned(w, FAILED, true, 0, 1), text);
    snprintf(text, sizeof(text), "%lld:%s:gol.mp4 ", ROW(works));
    assert_string_equal(owned(w, PROCESSING, false, 0, 10), text);
    assert_string_equal(owned(w, PROCESSING, true, 0, 10), text);
    snprintf(text, sizeof(text), "%lld:%s:gol.mp4 ", ROW(waits));
    assert_string_equal(owned(w, UPLOADED, false, 0, 10), text);
    assert_string_equal(owned(w, UPLOADED, true, 0, 10), text);
    snprintf(text, sizeof(text), "%lld:%s:gol.mp4 ", ROW(id[2]));
    assert_string_equal(owned(w, PROCESSED, true, 0, 10), text);
    snprintf(text, sizeof(text), "%lld:%s:gol.mp4 %lld:%s:gol.mp4 %lld:%s:gol.mp4 ", ROW(id[5]),
             ROW(id[4]), ROW(id[2]));
    assert_string_equal(owned(w, 0, true, 0, 3), text);
    snprintf(text, sizeof(text), "%lld:%s:gol.mp4 %lld:%s:gol.mp4 ", ROW(id[1]), ROW(id[2]));
    assert_string_equal(owned(w, 0, false, id[0], 2), text);
#undef ROW
}

static struct store_totals totals(struct world *w)
{
    struct store_totals t = {-1, -1, -1, -1};
    OK(store_totals(w->s, &t, e));
    return t;
}

static void the_totals_are_those_of_all_users(void **state)
{
    struct world *w = *state;
    struct store_totals t = totals(w);
    assert_true(!t.users && !t.bytes_used && !t.deliveries_waiting && !t.deliveries_dead);
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), hook = 0;
    const struct hook_row h = {.user_id = ana,
                               .url = "https://example.org/",
                               .description = "",
                               .kinds = 1u << EVENT_UPLOADED,
                               .enabled = true,
                               .secret = "s"};
    OK(store_hook_add(w->s, &h, &hook, e));
    add_task(w, ana);
    add_task(w, ana);
    add_task(w, eva);
    t = totals(w);
    assert_int_equal(t.users, 2);
    assert_int_equal(t.bytes_used, 3000);
    assert_int_equal(t.deliveries_waiting, 2);
    assert_int_equal(t.deliveries_dead, 0);
    struct delivery_row rows[2];
    int n = 0;
    OK(store_delivery_claim(w->s, w->a, hook, 2, 60000, rows, &n, e));
    assert_int_equal(n, 2);
    struct delivery_end end = {
        .id = rows[0].id, .fence = rows[0].fence, .state = DELIVERY_DEAD, .error = "x"};
    OK(store_delivery_settle(w->s, &end, e));
    end.id = rows[1].id;
    end.state = DELIVERY_DONE;
    OK(store_delivery_settle(w->s, &end, e));
    t = totals(w);
    assert_int_equal(t.deliveries_waiting, 0);
    assert_int_equal(t.deliveries_dead, 1);
}

int main(void)
{
    static const struct fact facts[] = {
        FACT(each_field_of_a_user_changes_alone),
        FACT(the_last_admin_stays_where_that_is_asked_for),
        FACT(of_two_admins_that_step_down_at_once_one_stays),
        FACT(all_tasks_are_listed_by_state_with_their_owners),
        FACT(the_totals_are_those_of_all_users),
    };
    return run_facts(facts, LEN(facts));
}
