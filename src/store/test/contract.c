/* The facts that hold for every back end of the store: users; tasks as they are added, read and
 * changed. work.c has those about claims, leases, threads and the end of a process. */
#include "store/test/world.h"

#include "core/clock.h"
#include "store/event.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/upload.h"
#include "store/user.h"

#include <inttypes.h>

/* -- users -- */

static void a_user_is_found_by_name_and_by_id(void **state)
{
    struct world *w = *state;
    int64_t id = add_user(w, "Ñandú");
    struct user_row u;
    OK(store_user_by_name(w->s, w->a, "Ñandú", &u, e));
    assert_int_equal(u.id, id);
    assert_string_equal(u.email, "Ñandú@example.org");
    assert_string_equal(u.password_hash, "hash");
    assert_false(u.admin);
    assert_true(u.created_ms > 1700000000000);
    assert_int_equal(u.bytes_used, 0);
    OK(store_user_set_password(w->s, id, "other", e));
    OK(store_user_by_id(w->s, w->a, id, &u, e));
    assert_string_equal(u.password_hash, "other");
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_user_by_name(w->s, w->a, "ñandú", &u, e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_user_by_id(w->s, w->a, id + 1, &u, e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_user_set_password(w->s, id + 1, "x", e));
}

static void a_user_is_found_by_address_unless_that_is_somebodys_name(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva;
    struct user_row u;
    OK(store_user_by_name_or_email(w->s, w->a, "ana", &u, e));
    assert_int_equal(u.id, ana);
    OK(store_user_by_name_or_email(w->s, w->a, "ANA@Example.ORG", &u, e));
    assert_int_equal(u.id, ana);
    OK(store_user_add(w->s, "ana@example.org", "eva@example.org", "hash", &eva, e));
    OK(store_user_by_name_or_email(w->s, w->a, "ana@example.org", &u, e));
    assert_int_equal(u.id, eva);
    OK(store_user_by_name_or_email(w->s, w->a, "Ana@example.org", &u, e));
    assert_int_equal(u.id, ana);
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_user_by_name_or_email(w->s, w->a, "Ana", &u, e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_user_by_name(w->s, w->a, "eva@example.org", &u, e));
}

static void a_taken_name_or_address_is_refused(void **state)
{
    struct world *w = *state;
    int64_t id = add_user(w, "ana"), other = 77;
    FAILS(ERR_INPUT, MSG_USER_EXISTS, store_user_add(w->s, "ana", "b@c.d", "h", &other, e));
    FAILS(ERR_INPUT, MSG_EMAIL_EXISTS,
          store_user_add(w->s, "Ana", "ANA@Example.ORG", "h", &other, e));
    assert_int_equal(other, 77);
    OK(store_user_add(w->s, "Ana", "b@c.d", "h", &other, e));
    assert_true(other > id);
}

static int note_user(void *arg, const struct user_row *u)
{
    char *names = arg;
    snprintf(names + strlen(names), 64 - strlen(names), "%s ", u->username);
    return strcmp(u->username, "stop") == 0;
}

static void users_are_listed_by_id(void **state)
{
    struct world *w = *state;
    int64_t first = add_user(w, "zoe");
    add_user(w, "abe");
    add_user(w, "stop");
    add_user(w, "max");
    char names[64] = "";
    OK(store_user_list(w->s, 0, 2, note_user, names, e));
    assert_string_equal(names, "zoe abe ");
    *names = 0;
    OK(store_user_list(w->s, first, -1, note_user, names, e));
    assert_string_equal(names, "abe stop ");
}

/* -- events -- */

static int note_event(void *arg, const struct event_row *ev)
{
    char *text = arg;
    size_t n = strlen(text);
    static const char kinds[] = "upPfdx";
    snprintf(text + n, 96 - n, "%lld%c%d%s ", (long long)ev->task_id, kinds[ev->kind], ev->progress,
             ev->error_slug);
    return 0;
}

static int note_newest(void *arg, int64_t user_id, int64_t newest)
{
    int64_t *of = arg;
    of[user_id] = newest;
    return 0;
}

/* "task kind progress code" of each, for a user and a task (0: all). */
static const char *events(struct world *w, int64_t user, int64_t task, int64_t after)
{
    char *text = arena_get(w->a, 96);
    *text = 0;
    OK(store_event_list(w->s, user, task, after, 100, note_event, text, e));
    return text;
}

static void every_change_of_a_task_is_an_event_of_its_owner(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), newest[8] = {0}, last, forgotten;
    int64_t one = add_task(w, ana), two = add_task(w, eva);
    struct task_row t;
    bool held;
    assert_true(claim(w, &t));
    assert_int_equal(t.id, one);
    OK(store_task_renew(w->s, one, t.fence, 10000, 0, &held, e)); /* says nothing new */
    OK(store_task_renew(w->s, one, t.fence, 10000, 40, &held, e));
    OK(store_task_renew(w->s, one, t.fence, 10000, 70, &held, e)); /* takes the place of 40 */
    assert_string_equal(events(w, ana, 0, 0), "1u0 1p0 1x70 ");
    assert_true(change(w, (struct task_change){.id = one,
                                               .from = PROCESSING,
                                               .to = TASK_FAILED,
                                               .error_slug = "truncated",
                                               .error_text = "why"}));
    assert_string_equal(events(w, ana, 0, 0), "1u0 1p0 1f70truncated ");
    assert_true(change_to(w, one, FAILED, TASK_DELETED));
    OK(store_task_purge(w->s, one, e));
    assert_string_equal(events(w, ana, one, 0), "1u0 1p0 1f70truncated 1d70 ");
    assert_string_equal(events(w, eva, 0, 0), "2u0 ");
    assert_string_equal(events(w, eva, one, 0), ""); /* another's */
    OK(store_event_users(w->s, 0, note_newest, newest, e));
    OK(store_event_span(w->s, ana, &last, &forgotten, e));
    assert_int_equal(last, newest[ana]);
    assert_int_equal(forgotten, 0);
    assert_string_equal(events(w, ana, 0, last - 1), "1d70 ");
    assert_string_equal(events(w, ana, 0, last), "");
    newest[ana] = newest[eva] = 0;
    int64_t after = last;
    assert_true(change_to(w, two, UPLOADED, TASK_DELETED));
    OK(store_event_users(w->s, after, note_newest, newest, e));
    assert_int_equal(newest[ana], 0);
    assert_true(newest[eva] > after);
}

static void old_events_are_forgotten_from_the_oldest_on(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), newest, forgotten, before;
    add_task(w, ana);
    add_task(w, ana);
    add_task(w, ana);
    int count;
    OK(store_event_trim(w->s, 3600 * 1000, 10, &count, e));
    assert_int_equal(count, 0);
    OK(store_event_span(w->s, ana, &before, &forgotten, e));
    OK(store_event_trim(w->s, -1000, 2, &count, e)); /* older than a second from now */
    assert_int_equal(count, 2);
    assert_string_equal(events(w, ana, 0, 0), "3u0 ");
    OK(store_event_span(w->s, 0, &newest, &forgotten, e));
    assert_int_equal(newest, before);
    assert_int_equal(forgotten, before - 1);
    OK(store_event_trim(w->s, -1000, 2, &count, e));
    assert_int_equal(count, 1);
    OK(store_event_span(w->s, ana, &newest, &forgotten, e));
    assert_int_equal(newest, 0);
    assert_int_equal(forgotten, before);
}

static void a_change_wakes_who_waits_for_events(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana");
    store_event_wait(w->s, 0); /* what was before */
    add_task(w, ana);
    int64_t began = clock_mono_ms();
    store_event_wait(w->s, 20000);
    assert_true(clock_mono_ms() - began < 10000);
    store_event_wake(w->s);
    store_event_wait(w->s, 20000);
    assert_true(clock_mono_ms() - began < 10000);
}

/* -- uploads -- */

static int count_upload(void *arg, const struct upload_row *u)
{
    (void)u;
    ++*(int *)arg;
    return 0;
}

static int listed(struct world *w, bool whole, int64_t idle_ms, int64_t keep_ms)
{
    int n = 0;
    OK(store_upload_list(w->s, whole, idle_ms, keep_ms, 10, count_upload, &n, e));
    return n;
}

enum { KEEP_MS = 3600 * 1000 };

static void an_upload_moves_on_for_who_holds_it(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), expires, one, two;
    struct upload_row u = {.id = "abc",
                           .user_id = ana,
                           .length_bytes = 1000,
                           .file_name = "gol.mp4",
                           .title = "Gol",
                           .request = "req.1",
                           .idempotency_key = "k",
                           .clip_blob = "clips/a",
                           .fit = FIT_BLUR,
                           .start_us = 5};
    bool held, done;
    OK(store_upload_add(w->s, &u, KEEP_MS, 1000, &expires, e));
    assert_in_range(expires - store_now_ms(w->s), KEEP_MS - 60000, KEEP_MS + 60000);
    struct upload_row r;
    OK(store_upload_get(w->s, w->a, "abc", ana, &r, e));
    assert_string_equal(r.file_name, "gol.mp4");
    assert_string_equal(r.title, "Gol");
    assert_string_equal(r.request, "req.1");
    assert_string_equal(r.idempotency_key, "k");
    assert_string_equal(r.clip_blob, "clips/a");
    assert_int_equal(r.fit, FIT_BLUR);
    assert_int_equal(r.start_us, 5);
    assert_int_equal(r.length_bytes, 1000);
    assert_int_equal(r.offset_bytes + r.holder + r.wish + r.task_id, 0);
    assert_int_equal(r.expires_ms, expires);
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_upload_get(w->s, w->a, "abc", eva, &r, e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_upload_get(w->s, w->a, "x", 0, &r, e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_upload_wish(w->s, "abc", eva, &one, e));
    u.id = "def";
    u.length_bytes = 1001;
    FAILS(ERR_DENIED, MSG_QUOTA_EXCEEDED, store_upload_add(w->s, &u, KEEP_MS, 1000, &expires, e));

    OK(store_upload_wish(w->s, "abc", ana, &one, e));
    OK(store_upload_hold(w->s, "abc", one, false, &held, e));
    assert_true(held);
    OK(store_upload_wish(w->s, "abc", ana, &two, e));
    assert_true(two > one);
    OK(store_upload_hold(w->s, "abc", two, false, &held, e));
    assert_false(held); /* the first has not let go */
    OK(store_upload_advance(w->s, "abc", one, 0, 400, KEEP_MS, &done, e));
    assert_true(done);
    OK(store_upload_hold(w->s, "abc", one, false, &held, e));
    assert_false(held); /* a newer wish */
    OK(store_upload_hold(w->s, "abc", two, false, &held, e));
    assert_true(held);
    OK(store_upload_advance(w->s, "abc", one, 400, 900, KEEP_MS, &done, e));
    assert_false(done); /* not the holder any more */
    OK(store_upload_wish(w->s, "abc", ana, &one, e));
    OK(store_upload_hold(w->s, "abc", one, true, &held, e));
    assert_true(held); /* taken away */
    OK(store_upload_advance(w->s, "abc", two, 400, 900, KEEP_MS, &done, e));
    assert_false(done);
    OK(store_upload_free_all(w->s, e));
    OK(store_upload_hold(w->s, "abc", one, false, &held, e));
    assert_true(held);
    assert_int_equal(listed(w, true, 0, KEEP_MS), 0);
    OK(store_upload_advance(w->s, "abc", one, 400, 1000, KEEP_MS, &done, e));
    assert_true(done);
    assert_int_equal(listed(w, true, 60000, KEEP_MS), 0); /* not idle for so long */
    assert_int_equal(listed(w, true, 0, KEEP_MS), 1);
    OK(store_upload_finish(w->s, "abc", 7, e));
    OK(store_upload_get(w->s, w->a, "abc", 0, &r, e));
    assert_int_equal(r.task_id, 7);
    assert_int_equal(r.offset_bytes, 1000);
    assert_int_equal(listed(w, true, 0, KEEP_MS), 0);
    assert_int_equal(listed(w, false, 0, 0), 0);
    OK(store_upload_remove(w->s, "abc", e));
    OK(store_upload_remove(w->s, "abc", e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_upload_get(w->s, w->a, "abc", 0, &r, e));
    u.id = "old";
    OK(store_upload_add(w->s, &u, -1, 0, &expires, e));
    assert_int_equal(listed(w, false, 0, 0), 1);
}

/* -- adding -- */

static void a_task_comes_with_its_bytes_and_its_outbox_row(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana"), id = add_task(w, user);
    struct task_row t = get(w, id);
    assert_int_equal(t.state, TASK_UPLOADED);
    assert_string_equal(t.file_name, "gol.mp4");
    assert_string_equal(t.title, "Gol");
    assert_string_equal(t.request, "7f1c0a52-9b1e");
    assert_string_equal(t.clip_blob, "clips/2026/11/23/c1");
    assert_string_equal(t.clip_hash, "abc");
    assert_int_equal(t.fit, FIT_CROP);
    assert_int_equal(t.start_us, 1500000);
    assert_int_equal(t.fence, 0);
    assert_int_equal(t.attempts, 0);
    assert_string_equal(t.reel_blob, "");
    assert_string_equal(t.worker, "");
    assert_int_equal(bytes_used(w, user), 1000);
    struct outbox_row rows[4];
    int n = 0;
    OK(store_outbox_read(w->s, 4, rows, &n, e));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].task_id, id);
}

static void a_task_of_nobody_is_refused_whole(void **state)
{
    struct world *w = *state;
    struct task_new t = new_task(w, 12345);
    int64_t id = 5, counts[TASK_STATE_COUNT];
    bool existed;
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_task_add(w->s, &t, &id, &existed, e));
    assert_int_equal(id, 5);
    OK(store_task_counts(w->s, counts, e));
    assert_int_equal(counts[TASK_UPLOADED], 0);
    int n = 9;
    struct outbox_row row;
    OK(store_outbox_read(w->s, 1, &row, &n, e));
    assert_int_equal(n, 0);
}

static void the_quota_counts_what_is_kept_to_the_byte(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana"), id;
    bool existed;
    struct task_new t = new_task(w, user);
    t.quota_bytes = 2000;
    OK(store_task_add(w->s, &t, &id, &existed, e));
    t = new_task(w, user);
    t.quota_bytes = 1999;
    FAILS(ERR_DENIED, MSG_QUOTA_EXCEEDED, store_task_add(w->s, &t, &id, &existed, e));
    t.quota_bytes = 2000;
    OK(store_task_add(w->s, &t, &id, &existed, e));
    assert_int_equal(bytes_used(w, user), 2000);
    assert_true(change_to(w, id, ANY, TASK_DELETED));
    t = new_task(w, user);
    t.quota_bytes = 2000;
    OK(store_task_add(w->s, &t, &id, &existed, e));
}

static void a_key_used_before_gives_the_earlier_task(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), first, second, other;
    bool existed = true;
    struct task_new t = new_task(w, ana);
    t.idempotency_key = "k-1";
    OK(store_task_add(w->s, &t, &first, &existed, e));
    assert_false(existed);
    struct task_new again = new_task(w, ana);
    again.idempotency_key = "k-1";
    OK(store_task_add(w->s, &again, &second, &existed, e));
    assert_true(existed);
    assert_int_equal(first, second);
    assert_int_equal(bytes_used(w, ana), 1000);
    struct task_new hers = new_task(w, eva);
    hers.idempotency_key = "k-1";
    OK(store_task_add(w->s, &hers, &other, &existed, e));
    assert_false(existed);
    struct task_row row;
    OK(store_task_by_key(w->s, w->a, ana, "k-1", &row, e));
    assert_int_equal(row.id, first);
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_by_key(w->s, w->a, ana, "k-2", &row, e));
    /* as it was asked for, whatever it is called since; hers is another's */
    OK(store_task_rename(w->s, first, ana, "Dos", e));
    OK(store_task_rename(w->s, first, ana, "Tres", e));
    OK(store_task_by_key(w->s, w->a, ana, "k-1", &row, e));
    assert_string_equal(row.title, t.title);
    assert_int_equal(row.fit, t.fit);
    assert_int_equal(row.start_us, t.start_us);
    OK(store_task_get(w->s, w->a, first, ana, &row, e));
    assert_string_equal(row.title, "Tres");
    OK(store_task_by_key(w->s, w->a, eva, "k-1", &row, e));
    assert_int_equal(row.id, other);
    assert_string_equal(row.title, hers.title);
    /* deleted: the key is free */
    assert_true(change_to(w, first, ANY, TASK_DELETED));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_by_key(w->s, w->a, ana, "k-1", &row, e));
    OK(store_task_add(w->s, &again, &second, &existed, e));
    assert_false(existed);
    assert_true(second > first);
}

/* -- reading -- */

static void a_task_is_seen_by_its_owner_and_the_operator_alone(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), id = add_task(w, ana);
    struct task_row t;
    OK(store_task_get(w->s, w->a, id, ana, &t, e));
    OK(store_task_get(w->s, w->a, id, 0, &t, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_get(w->s, w->a, id, eva, &t, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_get(w->s, w->a, 0, 0, &t, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_get(w->s, w->a, id + 1, ana, &t, e));
}

static const char *list(struct world *w, struct task_page p)
{
    char *ids = arena_get(w->a, 64);
    OK(store_task_list(w->s, &p, note_task, ids, e));
    return ids;
}

static void pages_follow_each_other_in_both_orders(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva");
    for (int i = 0; i < 3; i++) { /* ana 1 3 5, eva 2 4 6 */
        add_task(w, ana);
        add_task(w, eva);
    }
    assert_string_equal(list(w, (struct task_page){.user_id = ana, .max = -1}), "1 3 5 ");
    assert_string_equal(list(w, (struct task_page){.user_id = ana, .max = 2}), "1 3 ");
    assert_string_equal(list(w, (struct task_page){.user_id = ana, .max = 2, .after = 3}), "5 ");
    assert_string_equal(list(w, (struct task_page){.user_id = ana, .max = 0}), "");
    assert_string_equal(list(w, (struct task_page){.user_id = ana, .max = 2, .descending = true}),
                        "5 3 ");
    assert_string_equal(
        list(w, (struct task_page){.user_id = ana, .max = -1, .descending = true, .after = 3}),
        "1 ");
    assert_string_equal(list(w, (struct task_page){.max = 4}), "1 2 3 4 ");
    assert_string_equal(list(w, (struct task_page){.max = 4, .descending = true, .after = 4}),
                        "3 2 1 ");
}

/* What a brief list tells, as text. */
static int note_brief(void *arg, const struct task_row *t)
{
    char *text = arg;
    size_t n = strlen(text);
    assert_true(t->worker && t->report && t->clip_blob && t->reel_blob && t->error_text);
    snprintf(text + n, 1024 - n, "%" PRId64 " of %" PRId64 ", %d, %d: %s, %s\n", t->id, t->user_id,
             (int)t->state, t->progress, t->file_name, t->title);
    return 0;
}

static const char *told(struct world *w, struct task_page p)
{
    char *text = arena_get(w->a, 1024);
    OK(store_task_list(w->s, &p, note_brief, text, e));
    return text;
}

static void a_brief_list_tells_the_same_of_what_it_tells(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva");
    struct task_row t;
    for (int i = 0; i < 2; i++) { /* ana 1 3, eva 2 4 */
        add_task(w, ana);
        add_task(w, eva);
    }
    assert_true(claim(w, &t) && claim(w, &t));
    assert_true(change_to(w, 4, ANY, TASK_FAILED));
    struct task_page p = {.user_id = ana, .max = -1, .brief = true};
    assert_string_equal(list(w, p), "1 3 ");
    p.descending = true;
    assert_string_equal(list(w, p), "3 1 ");
    p.after = 3;
    assert_string_equal(list(w, p), "1 ");
    p = (struct task_page){.user_id = eva, .max = -1, .states = FAILED, .brief = true};
    assert_string_equal(list(w, p), "4 ");
    struct task_page whole = {.user_id = eva, .max = -1};
    p.states = 0;
    assert_string_equal(told(w, p), told(w, whole));
    assert_non_null(strstr(told(w, p), "gol.mp4"));
    assert_true(change_to(w, 2, ANY, TASK_DELETED));
    assert_string_equal(list(w, p), "4 ");
}

static void a_deleted_task_is_seen_only_by_who_asks_for_deleted_ones(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), gone = add_task(w, ana), stays = add_task(w, ana);
    assert_true(change_to(w, gone, UPLOADED, TASK_DELETED));
    struct task_row t;
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_get(w->s, w->a, gone, ana, &t, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_get(w->s, w->a, gone, 0, &t, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND,
          store_task_by_blob(w->s, w->a, "clips/2026/11/23/c1", &t, e));
    assert_string_equal(list(w, (struct task_page){.max = -1}), "2 ");
    assert_string_equal(list(w, (struct task_page){.max = -1, .descending = true}), "2 ");
    assert_string_equal(list(w, (struct task_page){.user_id = ana, .max = -1, .states = ANY}),
                        "2 ");
    assert_string_equal(list(w, (struct task_page){.max = -1, .states = DELETED}), "1 ");
    assert_string_equal(list(w, (struct task_page){.max = -1, .states = UPLOADED}), "2 ");
    assert_string_equal(list(w, (struct task_page){.max = -1, .states = FAILED | DELETED}), "1 ");
    /* its clip's name is still to be had, for who removes the bytes */
    int64_t counts[TASK_STATE_COUNT];
    OK(store_task_purge(w->s, stays, e)); /* not deleted: stays */
    OK(store_task_purge(w->s, gone, e));
    OK(store_task_counts(w->s, counts, e));
    assert_int_equal(counts[TASK_DELETED], 0);
    assert_int_equal(counts[TASK_UPLOADED], 1);
    assert_true(add_task(w, ana) > stays);
}

static void a_task_is_found_by_each_of_its_blobs(void **state)
{
    struct world *w = *state;
    int64_t id = add_task(w, add_user(w, "ana"));
    assert_true(change_to(w, id, UPLOADED, TASK_PROCESSED));
    const char *names[] = {"clips/2026/11/23/c1", "reels/1", "posters/1"};
    for (size_t i = 0; i < LEN(names); i++) {
        struct task_row t = {0};
        OK(store_task_by_blob(w->s, w->a, names[i], &t, e));
        assert_int_equal(t.id, id);
    }
    struct task_row t;
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_task_by_blob(w->s, w->a, "", &t, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_by_blob(w->s, w->a, "reels/2", &t, e));
}

static void a_user_has_only_so_many_open_uploads(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), expires;
    struct upload_row u = {.user_id = ana,
                           .length_bytes = 10,
                           .file_name = "gol.mp4",
                           .title = "Gol",
                           .idempotency_key = "k",
                           .clip_blob = "clips/a",
                           .fit = FIT_PAD};
    for (int i = 0; i <= UPLOADS_OPEN_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "open%d", i);
        u.id = name;
        if (i < UPLOADS_OPEN_MAX)
            OK(store_upload_add(w->s, &u, KEEP_MS, 0, &expires, e));
        else
            FAILS(ERR_RATE, MSG_UPLOADS_LIMITED,
                  store_upload_add(w->s, &u, KEEP_MS, 0, &expires, e));
    }
    OK(store_upload_remove(w->s, "open7", e));
    u.id = "open";
    OK(store_upload_add(w->s, &u, KEEP_MS, 0, &expires, e));
    u.id = "hers";
    u.user_id = eva;
    OK(store_upload_add(w->s, &u, KEEP_MS, 0, &expires, e));
}

/* -- changes -- */

static void a_change_whose_guard_fails_does_nothing(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), id = add_task(w, ana);
    struct task_row t, now;
    assert_true(claim(w, &t));
    const struct task_change no[] = {
        {.id = id, .from = ANY & ~PROCESSING, .to = TASK_FAILED},
        {.id = id, .from = ANY, .fence = t.fence + 1, .to = TASK_FAILED},
        {.id = id, .from = ANY, .fence = t.fence, .user_id = eva, .to = TASK_DELETED},
        {.id = id + 1, .from = ANY, .to = TASK_DELETED},
    };
    for (size_t i = 0; i < LEN(no); i++) {
        assert_false(change(w, no[i]));
        now = get(w, id);
        assert_int_equal(now.state, TASK_PROCESSING);
        assert_int_equal(now.lease_until_ms, t.lease_until_ms);
        assert_string_equal(now.worker, "worker-1");
    }
    assert_true(change(w, (struct task_change){.id = id,
                                               .from = PROCESSING,
                                               .fence = t.fence,
                                               .user_id = ana,
                                               .to = TASK_FAILED,
                                               .error_slug = "no_video",
                                               .error_text = "only sound"}));
    now = get(w, id);
    assert_int_equal(now.state, TASK_FAILED);
    assert_string_equal(now.error_slug, "no_video");
    assert_string_equal(now.error_text, "only sound");
    assert_string_equal(now.worker, "");
    assert_int_equal(now.lease_until_ms, 0);
    assert_int_equal(now.fence, t.fence);
}

static void a_processed_task_has_its_reel_and_counts_its_bytes(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), id = add_task(w, ana);
    struct task_row t;
    assert_true(claim(w, &t));
    assert_true(change(w, (struct task_change){.id = id,
                                               .from = PROCESSING,
                                               .fence = t.fence,
                                               .to = TASK_PROCESSED,
                                               .reel_blob = "reels/a",
                                               .poster_blob = "",
                                               .reel_bytes = 400,
                                               .report = "{}"}));
    t = get(w, id);
    assert_int_equal(t.state, TASK_PROCESSED);
    assert_int_equal(t.progress, 100);
    assert_string_equal(t.reel_blob, "reels/a");
    assert_int_equal(t.reel_bytes, 400);
    assert_string_equal(t.report, "{}");
    assert_int_equal(bytes_used(w, ana), 1400);
    assert_true(change_to(w, id, PROCESSED, TASK_DELETED));
    assert_int_equal(bytes_used(w, ana), 0);
    assert_false(change_to(w, id, ANY & ~DELETED, TASK_DELETED));
    assert_int_equal(bytes_used(w, ana), 0);
}

static void going_back_to_uploaded_is_told_to_the_queue_and_counts_as_said(void **state)
{
    struct world *w = *state;
    int64_t id = add_task(w, add_user(w, "ana"));
    struct task_row t;
    struct outbox_row rows[8];
    int n = 0;
    assert_true(claim(w, &t));
    assert_true(change(w, (struct task_change){.id = id, .from = ANY, .to = TASK_UPLOADED}));
    assert_int_equal(get(w, id).attempts, 1);
    assert_true(claim(w, &t));
    assert_int_equal(t.attempts, 2);
    assert_int_equal(t.fence, 2);
    assert_true(change(
        w,
        (struct task_change){.id = id, .from = ANY, .to = TASK_UPLOADED, .uncount_attempt = true}));
    assert_int_equal(get(w, id).attempts, 1);
    assert_true(change(w, (struct task_change){
                              .id = id, .from = ANY, .to = TASK_UPLOADED, .reset_attempts = true}));
    assert_int_equal(get(w, id).attempts, 0);
    assert_int_equal(get(w, id).fence, 2);
    OK(store_outbox_read(w->s, 8, rows, &n, e));
    assert_int_equal(n, 4);
}

int main(void)
{
    static const struct fact facts[] = {
        FACT(a_user_is_found_by_name_and_by_id),
        FACT(a_user_is_found_by_address_unless_that_is_somebodys_name),
        FACT(a_taken_name_or_address_is_refused),
        FACT(users_are_listed_by_id),
        FACT(every_change_of_a_task_is_an_event_of_its_owner),
        FACT(old_events_are_forgotten_from_the_oldest_on),
        FACT(a_change_wakes_who_waits_for_events),
        FACT(an_upload_moves_on_for_who_holds_it),
        FACT(a_user_has_only_so_many_open_uploads),

        FACT(a_task_comes_with_its_bytes_and_its_outbox_row),
        FACT(a_task_of_nobody_is_refused_whole),
        FACT(the_quota_counts_what_is_kept_to_the_byte),
        FACT(a_key_used_before_gives_the_earlier_task),
        FACT(a_task_is_seen_by_its_owner_and_the_operator_alone),
        FACT(pages_follow_each_other_in_both_orders),
        FACT(a_brief_list_tells_the_same_of_what_it_tells),
        FACT(a_deleted_task_is_seen_only_by_who_asks_for_deleted_ones),
        FACT(a_task_is_found_by_each_of_its_blobs),
        FACT(a_change_whose_guard_fails_does_nothing),
        FACT(a_processed_task_has_its_reel_and_counts_its_bytes),
        FACT(going_back_to_uploaded_is_told_to_the_queue_and_counts_as_said),
    };
    return run_facts(facts, LEN(facts));
}
