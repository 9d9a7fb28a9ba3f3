/* The facts about webhooks that hold for every back end of the store. */
#include "store/event.h"
#include "store/hook.h"
#include "store/store.h"
#include "store/task.h"
#include "store/test/world.h"

#include <stdio.h>
#include <string.h>

enum { STATES = (1u << EVENT_PROGRESS) - 1 };

static int64_t add_hook(struct world *w, int64_t user, unsigned kinds)
{
    int64_t id = 0;
    const struct hook_row h = {.user_id = user,
                               .url = "https://example.org/",
                               .description = "d",
                               .kinds = kinds,
                               .enabled = true,
                               .secret = "whsec_one"};
    OK(store_hook_add(w->s, &h, &id, e));
    return id;
}

static int note(void *arg, const struct delivery_row *d)
{
    char *text = arg;
    size_t n = strlen(text);
    static const char kinds[] = "upPfdxt", states[] = "wDX";
    snprintf(text + n, 128 - n, "%c%c%lld ", kinds[d->kind], states[d->state], (long long)d->fence);
    return 0;
}

/* "<kind><state><attempts>" of each, the newest first. */
static const char *all(struct world *w, int64_t user, int64_t hook)
{
    char *text = arena_get(w->a, 128);
    OK(store_delivery_list(w->s, hook, user, 0, 100, note, text, e));
    return text;
}

static int note_due(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms)
{
    char *text = arg;
    size_t n = strlen(text);
    (void)user_id;
    snprintf(text + n, 128 - n, "%lld%s ", (long long)hook_id, in_ms > 0 ? "later" : "");
    return 0;
}

static const char *due(struct world *w)
{
    char *text = arena_get(w->a, 128);
    OK(store_delivery_due(w->s, note_due, text, e));
    return text;
}

static int take(struct world *w, int64_t hook, int max, int64_t lease_ms, struct delivery_row *rows)
{
    int n = -1;
    OK(store_delivery_claim(w->s, w->a, hook, max, lease_ms, rows, &n, e));
    return n;
}

static void a_hook_hears_of_the_kinds_it_asked_for_of_its_owner(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva");
    int64_t most = add_hook(w, ana, STATES), ends = add_hook(w, ana, 1u << EVENT_PROCESSED);
    int64_t other = add_hook(w, eva, STATES), id = add_task(w, ana);
    struct task_row t;
    bool held;
    assert_true(claim(w, &t));
    OK(store_task_renew(w->s, id, t.fence, 10000, 40, &held, e));
    assert_true(change_to(w, id, PROCESSING, TASK_PROCESSED));
    assert_string_equal(all(w, ana, most), "Pw0 pw0 uw0 ");
    assert_string_equal(all(w, ana, ends), "Pw0 ");
    assert_string_equal(all(w, eva, other), "");
    assert_string_equal(all(w, eva, most), ""); /* another's */
    struct delivery_row rows[4];
    assert_int_equal(take(w, ends, 4, 10000, rows), 1);
    assert_string_equal(rows[0].file_name, "gol.mp4");
    assert_string_equal(rows[0].reel_blob, get(w, id).reel_blob);
    assert_int_equal(rows[0].task_id, id);
    assert_true(rows[0].event_id > 0);
    /* what it says stays when the task is gone */
    assert_true(change_to(w, id, PROCESSED, TASK_DELETED));
    OK(store_task_purge(w->s, id, e));
    assert_int_equal(take(w, most, 4, 10000, rows), 4);
    assert_string_equal(rows[3].file_name, "gol.mp4");
}

static void a_delivery_is_taken_once_until_its_lease_is_over(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), hook = add_hook(w, ana, STATES);
    struct delivery_row one[4], two[4];
    add_task(w, ana);
    add_task(w, ana);
    add_task(w, ana);
    assert_int_equal(take(w, hook, 2, 60000, one), 2);
    assert_int_equal(take(w, hook, 4, 0, two), 1); /* over at once */
    assert_int_equal(one[0].fence, 1);
    assert_int_equal(take(w, hook, 4, 60000, one), 1);
    assert_int_equal(one[0].id, two[0].id);
    assert_int_equal(one[0].fence, 2);
    /* who was overtaken changes nothing */
    struct delivery_end end = {
        .id = two[0].id, .fence = two[0].fence, .state = DELIVERY_DONE, .status = 200, .error = ""};
    OK(store_delivery_settle(w->s, &end, e));
    assert_string_equal(all(w, ana, hook), "uw2 uw1 uw1 ");
    end.fence = one[0].fence;
    OK(store_delivery_settle(w->s, &end, e));
    assert_string_equal(all(w, ana, hook), "uD2 uw1 uw1 ");
    assert_int_equal(take(w, hook, 4, 60000, one), 0);
    char later[32];
    snprintf(later, sizeof(later), "%lldlater ", (long long)hook);
    assert_string_equal(due(w), later);
}

static void what_failed_waits_and_what_died_can_be_replayed(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), hook = add_hook(w, ana, STATES), eva = add_user(w, "eva");
    struct delivery_row d;
    add_task(w, ana);
    assert_int_equal(take(w, hook, 1, 60000, &d), 1);
    struct delivery_end end = {
        .id = d.id, .fence = d.fence, .wait_ms = 60000, .status = 500, .error = "x"};
    OK(store_delivery_settle(w->s, &end, e));
    assert_int_equal(take(w, hook, 1, 60000, &d), 0);
    OK(store_delivery_replay(w->s, end.id, hook, ana, e));
    assert_int_equal(take(w, hook, 1, 60000, &d), 1);
    assert_int_equal(d.tries, 1);
    assert_int_equal(d.fence, 2);
    assert_string_equal(d.error, "x");
    end.fence = d.fence;
    end.state = DELIVERY_DEAD;
    OK(store_delivery_settle(w->s, &end, e));
    assert_string_equal(all(w, ana, hook), "uX2 ");
    assert_string_equal(due(w), "");
    FAILS(ERR_MISSING, MSG_DELIVERY_NOT_FOUND, store_delivery_replay(w->s, end.id, hook, eva, e));
    FAILS(ERR_MISSING, MSG_DELIVERY_NOT_FOUND,
          store_delivery_replay(w->s, end.id + 1, hook, ana, e));
    OK(store_delivery_trim(w->s, 3600 * 1000, 10, e));
    assert_string_equal(all(w, ana, hook), "uX2 ");
    OK(store_delivery_trim(w->s, -1000, 10, e));
    assert_string_equal(all(w, ana, hook), "");
}

static void a_hook_is_changed_by_its_owner_alone(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), hook = add_hook(w, ana, STATES), id;
    struct hook_row h;
    FAILS(ERR_MISSING, MSG_HOOK_NOT_FOUND, store_hook_get(w->s, w->a, hook, eva, &h, e));
    OK(store_hook_get(w->s, w->a, hook, ana, &h, e));
    assert_string_equal(h.secret, "whsec_one");
    assert_string_equal(h.old_secret, "");
    assert_true(h.enabled);
    OK(store_hook_secret(w->s, hook, ana, "whsec_two", 60000, e));
    FAILS(ERR_MISSING, MSG_HOOK_NOT_FOUND, store_hook_secret(w->s, hook, eva, "x", 0, e));
    h.url = "https://example.org/new";
    h.enabled = false;
    OK(store_hook_set(w->s, &h, e));
    OK(store_hook_get(w->s, w->a, hook, 0, &h, e));
    assert_string_equal(h.url, "https://example.org/new");
    assert_string_equal(h.secret, "whsec_two");
    assert_string_equal(h.old_secret, "whsec_one");
    assert_true(h.old_until_ms > store_now_ms(w->s) + 30000);
    assert_false(h.enabled);
    add_task(w, ana); /* it does not hear of it */
    OK(store_delivery_test(w->s, hook, ana, &id, e));
    FAILS(ERR_MISSING, MSG_HOOK_NOT_FOUND, store_delivery_test(w->s, hook, eva, &id, e));
    assert_string_equal(all(w, ana, hook), "tw0 ");
    assert_string_equal(due(w), ""); /* nor is anything sent */
    FAILS(ERR_MISSING, MSG_HOOK_NOT_FOUND, store_hook_remove(w->s, hook, eva, e));
    OK(store_hook_remove(w->s, hook, ana, e));
    assert_string_equal(all(w, ana, hook), "");
    for (int i = 0; i < HOOKS_MAX; i++)
        add_hook(w, ana, STATES);
    h.user_id = ana;
    FAILS(ERR_CONFLICT, MSG_HOOKS_LIMITED, store_hook_add(w->s, &h, &id, e));
}

int main(void)
{
    static const struct fact facts[] = {
        FACT(a_hook_hears_of_the_kinds_it_asked_for_of_its_owner),
        FACT(a_delivery_is_taken_once_until_its_lease_is_over),
        FACT(what_failed_waits_and_what_died_can_be_replayed),
        FACT(a_hook_is_changed_by_its_owner_alone),
    };
    return run_facts(facts, LEN(facts));
}
