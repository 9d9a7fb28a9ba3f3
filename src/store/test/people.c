/* Facts about keys, limits of a user's own, and who works, for every back end. */
#include "store/key.h"
#include "store/test/world.h"
#include "store/user.h"
#include "store/worker.h"

static int note_key(void *arg, const struct key_row *k)
{
    char *text = arg;
    snprintf(text + strlen(text), 96 - strlen(text), "%s:%u:%s:%d ", k->name, k->scopes, k->hint,
             k->expires_ms != 0);
    return 0;
}

static int64_t add_key(struct world *w, int64_t user, const char *name, int64_t for_ms)
{
    int64_t id = 0, created = 0, expires = -1;
    const struct key_new k = {.user_id = user,
                              .name = name,
                              .hash = "00ff",
                              .hint = "abcd",
                              .scopes = 6,
                              .for_ms = for_ms};
    OK(store_key_add(w->s, &k, &id, &created, &expires, e));
    assert_true(id > 0 && created > 1700000000000);
    assert_int_equal(expires, for_ms ? created + for_ms : 0);
    return id;
}

static void a_key_is_its_owners_until_it_is_deleted(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva");
    int64_t one = add_key(w, ana, "uno", 0), two = add_key(w, ana, "dos", 5000);
    add_key(w, eva, "tres", 0);
    struct key_row k;
    OK(store_key_get(w->s, w->a, one, &k, e));
    assert_int_equal(k.user_id, ana);
    assert_string_equal(k.username, "ana");
    assert_string_equal(k.hash, "00ff");
    assert_int_equal(k.used_ms, 0);
    assert_false(k.admin);
    char text[96] = "";
    OK(store_key_list(w->s, ana, note_key, text, e));
    assert_string_equal(text, "uno:6:abcd:0 dos:6:abcd:1 ");
    OK(store_key_used(w->s, one, e));
    OK(store_key_get(w->s, w->a, one, &k, e));
    int64_t used = k.used_ms;
    assert_true(used >= k.created_ms);
    OK(store_key_used(w->s, one, e)); /* within the minute */
    OK(store_key_get(w->s, w->a, one, &k, e));
    assert_int_equal(k.used_ms, used);
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_key_remove(w->s, one, eva, e));
    OK(store_key_remove(w->s, one, ana, e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_key_get(w->s, w->a, one, &k, e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_key_remove(w->s, one, ana, e));
    OK(store_key_remove(w->s, two, ana, e));
    assert_true(add_key(w, ana, "otra", 0) > two); /* a number is never given twice */
}

static void keys_are_bounded_in_number(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), id, created, expires;
    for (int i = 0; i < KEYS_MAX; i++)
        add_key(w, ana, "k", 0);
    const struct key_new k = {.user_id = ana, .name = "x", .hash = "", .hint = "", .scopes = 2};
    FAILS(ERR_CONFLICT, MSG_KEYS_LIMITED, store_key_add(w->s, &k, &id, &created, &expires, e));
    add_key(w, add_user(w, "eva"), "k", 0);
}

static void a_users_own_limits_go_before_the_settings(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), id = 0;
    bool existed;
    struct user_row u;
    struct task_new t = new_task(w, ana);
    OK(store_user_by_id(w->s, w->a, ana, &u, e));
    assert_int_equal(u.bytes_limit, -1);
    assert_int_equal(u.tasks_limit, -1);
    assert_int_equal(u.day_tasks, 0);
    t.quota_tasks = 1;
    t.idempotency_key = "k";
    OK(store_task_add(w->s, &t, &id, &existed, e));
    int64_t first = id;
    OK(store_task_add(w->s, &t, &id, &existed, e)); /* the same again makes none */
    assert_true(existed && id == first);
    t = new_task(w, ana);
    t.quota_tasks = 1;
    FAILS(ERR_RATE, MSG_TASKS_LIMIT, store_task_add(w->s, &t, &id, &existed, e));
    assert_true(change_to(w, first, ANY, TASK_DELETED)); /* gives no task of the day back */
    FAILS(ERR_RATE, MSG_TASKS_LIMIT, store_task_add(w->s, &t, &id, &existed, e));
    OK(store_user_set(w->s, ana, &(struct user_change){true, 1500, 3}, e));
    OK(store_user_by_id(w->s, w->a, ana, &u, e));
    assert_true(u.admin);
    assert_int_equal(u.bytes_limit, 1500);
    assert_int_equal(u.tasks_limit, 3);
    assert_int_equal(u.day_tasks, 1);
    t.quota_bytes = 1 << 30;
    OK(store_task_add(w->s, &t, &id, &existed, e));
    t = new_task(w, ana);
    t.quota_bytes = 1 << 30;
    FAILS(ERR_DENIED, MSG_QUOTA_EXCEEDED, store_task_add(w->s, &t, &id, &existed, e));
    OK(store_user_set(w->s, ana, &(struct user_change){false, 0, 0}, e)); /* none at all */
    t.quota_bytes = t.quota_tasks = 1;
    OK(store_task_add(w->s, &t, &id, &existed, e));
    OK(store_user_by_id(w->s, w->a, ana, &u, e));
    assert_int_equal(u.day_tasks, 3);
    FAILS(ERR_MISSING, MSG_NOT_FOUND,
          store_user_set(w->s, ana + 1, &(struct user_change){false, 0, 0}, e));
}

static int note_found(void *arg, const struct user_row *u)
{
    char *text = arg;
    snprintf(text + strlen(text), 64 - strlen(text), "%s:%lld ", u->username, (long long)u->tasks);
    return 0;
}

static void users_are_found_by_a_part_of_name_or_address(void **state)
{
    struct world *w = *state;
    int64_t zoe = add_user(w, "zoe"), max = add_user(w, "Max%");
    add_user(w, "abe");
    add_task(w, max);
    int64_t gone = add_task(w, zoe);
    add_task(w, zoe);
    assert_true(change_to(w, gone, ANY, TASK_DELETED));
    char text[64] = "";
    OK(store_user_search(w->s, "", 0, 10, note_found, text, e));
    assert_string_equal(text, "zoe:1 Max%:1 abe:0 ");
    *text = 0;
    OK(store_user_search(w->s, "EXAMPLE", zoe, 1, note_found, text, e));
    assert_string_equal(text, "Max%:1 ");
    *text = 0;
    OK(store_user_search(w->s, "%", 0, 10, note_found, text, e)); /* a plain character */
    assert_string_equal(text, "Max%:1 ");
    *text = 0;
    OK(store_user_search(w->s, "nobody", 0, 10, note_found, text, e));
    assert_string_equal(text, "");
}

static int note_worker(void *arg, const struct worker_row *r)
{
    char *text = arg;
    snprintf(text + strlen(text), 64 - strlen(text), "%s:%s:%d/%d:%d ", r->name, r->version,
             r->busy, r->jobs, r->seen_ms > 1700000000000);
    return 0;
}

static void who_works_is_known_until_it_says_that_it_ends(void **state)
{
    struct world *w = *state;
    char text[64] = "";
    OK(store_worker_beat(w->s, &(struct worker_row){.name = "b", .version = "1", .jobs = 2}, e));
    OK(store_worker_beat(w->s, &(struct worker_row){.name = "a", .version = "1", .jobs = 1}, e));
    OK(store_worker_beat(
        w->s, &(struct worker_row){.name = "b", .version = "2", .jobs = 2, .busy = 1}, e));
    OK(store_worker_list(w->s, note_worker, text, e));
    assert_string_equal(text, "a:1:0/1:1 b:2:1/2:1 ");
    OK(store_worker_beat(w->s, &(struct worker_row){.name = "b", .gone = true}, e));
    *text = 0;
    OK(store_worker_list(w->s, note_worker, text, e));
    assert_string_equal(text, "a:1:0/1:1 ");
}

static void the_oldest_that_waits_says_for_how_long(void **state)
{
    struct world *w = *state;
    int64_t waited = 0;
    struct task_row t;
    OK(store_task_oldest(w->s, &waited, e));
    assert_int_equal(waited, -1);
    add_task(w, add_user(w, "ana"));
    OK(store_task_oldest(w->s, &waited, e));
    assert_in_range(waited, 0, 60000);
    assert_true(claim(w, &t));
    OK(store_task_oldest(w->s, &waited, e));
    assert_int_equal(waited, -1);
    /* one that waits anew is not the oldest, though its id is the lowest */
    add_task(w, t.user_id);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    assert_true(change(
        w, (struct task_change){.id = t.id, .from = 1u << TASK_PROCESSING, .to = TASK_UPLOADED}));
    OK(store_task_oldest(w->s, &waited, e));
    assert_in_range(waited, 300, 60000);
}

int main(void)
{
    static const struct fact facts[] = {
        FACT(a_key_is_its_owners_until_it_is_deleted),
        FACT(keys_are_bounded_in_number),
        FACT(a_users_own_limits_go_before_the_settings),
        FACT(users_are_found_by_a_part_of_name_or_address),
        FACT(who_works_is_known_until_it_says_that_it_ends),
        FACT(the_oldest_that_waits_says_for_how_long),
    };
    return run_facts(facts, LEN(facts));
}
