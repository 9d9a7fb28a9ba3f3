/* The facts that hold for every back end of the store. A back end is a row of `back_ends`; each
 * test runs on an empty, migrated store of its own. */
#include "core/test/test.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/str.h"
#include "store/store.h"

#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

struct back_end {
    const char *name;
    void (*url)(const char *dir, char *out, size_t size);
};

static void sqlite_url(const char *dir, char *out, size_t size)
{
    snprintf(out, size, "sqlite://%s/store.db", dir);
}

static const struct back_end back_ends[] = {{"sqlite", sqlite_url}};

struct world {
    char dir[64], url[128];
    struct store *s;
    struct arena *a;
    int clips; /* names given out */
};

static void open_store(struct world *w)
{
    struct err e = {0};
    if (store_open(&w->s, w->url, NULL, &e) < 0 || store_migrate(w->s, NULL, NULL, &e) < 0)
        fail_msg("open: %s", e.text);
}

static int set_up(void **state)
{
    const struct back_end *b = *state;
    struct world *w = mem_new(sizeof(*w));
    snprintf(w->dir, sizeof(w->dir), "/tmp/reelgate-store-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    b->url(w->dir, w->url, sizeof(w->url));
    w->a = arena_new();
    open_store(w);
    *state = w;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    if (store_check(w->s, &e) < 0) /* after every test, whatever it did */
        fail_msg("check: %s", e.text);
    store_close(w->s);
    arena_free(w->a);
    nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(w);
    return 0;
}

/* -- small steps -- */

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err e_ = {0}, *e = &e_;                                                             \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, e_.text);                                                    \
    } while (0)
#define FAILS(code_, msg_, call)                                                                   \
    do {                                                                                           \
        struct err e_ = {0}, *e = &e_;                                                             \
        assert_int_equal((call), -1);                                                              \
        assert_int_equal(e_.code, (code_));                                                        \
        assert_int_equal(e_.msg, (msg_));                                                          \
    } while (0)

static int64_t add_user(struct world *w, const char *name)
{
    int64_t id = 0;
    OK(store_user_add(w->s, name, arena_printf(w->a, "%s@example.org", name), "hash", &id, e));
    return id;
}

static struct task_new new_task(struct world *w, int64_t user)
{
    return (struct task_new){.user_id = user,
                             .file_name = "gol.mp4",
                             .title = "Gol",
                             .clip_blob = arena_printf(w->a, "clips/2026/11/23/c%d", ++w->clips),
                             .clip_hash = "abc",
                             .clip_bytes = 1000,
                             .fit = FIT_CROP,
                             .start_us = 1500000};
}

static int64_t add_task(struct world *w, int64_t user)
{
    int64_t id = 0;
    bool existed = true;
    struct task_new t = new_task(w, user);
    OK(store_task_add(w->s, &t, &id, &existed, e));
    assert_false(existed);
    return id;
}

static struct task_row get(struct world *w, int64_t id)
{
    struct task_row t = {0};
    OK(store_task_get(w->s, w->a, id, 0, &t, e));
    return t;
}

static bool claim(struct world *w, struct task_row *t)
{
    bool found = false;
    OK(store_task_claim(w->s, w->a, "worker-1", 10000, t, &found, e));
    return found;
}

static bool change(struct world *w, struct task_change c)
{
    bool done = false;
    OK(store_task_change(w->s, &c, &done, e));
    return done;
}

static bool change_to(struct world *w, int64_t id, unsigned from, enum task_state to)
{
    return change(w, (struct task_change){.id = id,
                                          .from = from,
                                          .to = to,
                                          .reel_blob = "reels/1",
                                          .poster_blob = "posters/1",
                                          .reel_bytes = 500,
                                          .poster_bytes = 30});
}

static int64_t bytes_used(struct world *w, int64_t user)
{
    struct user_row u = {0};
    OK(store_user_by_id(w->s, w->a, user, &u, e));
    return u.bytes_used;
}

#define UPLOADED   (1u << TASK_UPLOADED)
#define PROCESSING (1u << TASK_PROCESSING)
#define PROCESSED  (1u << TASK_PROCESSED)
#define FAILED     (1u << TASK_FAILED)
#define DELETED    (1u << TASK_DELETED)
#define ANY        31u

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

/* -- adding -- */

static void a_task_comes_with_its_bytes_and_its_outbox_row(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana"), id = add_task(w, user);
    struct task_row t = get(w, id);
    assert_int_equal(t.state, TASK_UPLOADED);
    assert_string_equal(t.file_name, "gol.mp4");
    assert_string_equal(t.title, "Gol");
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

static int note_task(void *arg, const struct task_row *t)
{
    char *ids = arg;
    snprintf(ids + strlen(ids), 64 - strlen(ids), "%d ", (int)t->id);
    return 0;
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

/* -- claims -- */

static void a_claim_takes_the_oldest_and_gives_it_once(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), first = add_task(w, ana), second = add_task(w, ana);
    struct task_row t = {0};
    int64_t before = store_now_ms(w->s);
    assert_true(claim(w, &t));
    assert_int_equal(t.id, first);
    assert_int_equal(t.state, TASK_PROCESSING);
    assert_int_equal(t.fence, 1);
    assert_int_equal(t.attempts, 1);
    assert_string_equal(t.worker, "worker-1");
    assert_in_range(t.lease_until_ms, before + 10000, before + 15000);
    assert_true(claim(w, &t));
    assert_int_equal(t.id, second);
    struct task_row untouched = {.id = 99};
    assert_false(claim(w, &untouched));
    assert_int_equal(untouched.id, 99);
}

static void ask16_a_flood_by_one_delays_another_by_at_most_one(void **state)
{
    struct world *w = *state;
    int64_t flood = add_user(w, "flood"), late = add_user(w, "late"), third = add_user(w, "third");
    for (int i = 0; i < 20; i++)
        add_task(w, flood);
    struct task_row t;
    for (int i = 0; i < 5; i++)
        assert_true(claim(w, &t));
    for (int i = 0; i < 4; i++)
        add_task(w, late);
    add_task(w, third);
    char turns[32] = "";
    while (claim(w, &t) && strlen(turns) < 12)
        str_copy(turns + strlen(turns), 2,
                 t.user_id == flood  ? "f"
                 : t.user_id == late ? "l"
                                     : "t");
    assert_string_equal(turns, "ltflflflffff");
    /* who comes back after having been served is behind who was not */
    add_task(w, third);
    add_task(w, late);
    assert_true(claim(w, &t));
    assert_true(t.user_id == third);
}

static void a_wait_keeps_a_task_from_being_claimed_until_it_is_over(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), in_ms = 5;
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_int_equal(in_ms, -1);
    int64_t id = add_task(w, ana);
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_int_equal(in_ms, 0);
    struct task_row t;
    assert_true(claim(w, &t));
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_int_equal(in_ms, -1);
    assert_true(change(
        w, (struct task_change){.id = id, .from = ANY, .to = TASK_UPLOADED, .wait_ms = 60000}));
    assert_false(claim(w, &t));
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_in_range(in_ms, 50000, 60000);
    assert_true(change(
        w, (struct task_change){.id = id, .from = ANY, .to = TASK_UPLOADED, .wait_ms = 150}));
    assert_false(claim(w, &t));
    int64_t end = clock_mono_ms() + 5000;
    while (!claim(w, &t) && clock_mono_ms() < end)
        usleep(20000);
    assert_int_equal(t.id, id);
    assert_int_equal(t.fence, 2);
}

static void a_deleted_or_settled_task_is_never_claimed(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva");
    int64_t gone = add_task(w, ana), failed = add_task(w, ana), waits = add_task(w, eva);
    assert_true(change_to(w, gone, ANY, TASK_DELETED));
    assert_true(change_to(w, failed, ANY, TASK_FAILED));
    struct task_row t;
    assert_true(claim(w, &t));
    assert_int_equal(t.id, waits);
    assert_false(claim(w, &t));
}

/* -- leases -- */

static int64_t first_expired(struct world *w)
{
    char ids[64] = "";
    OK(store_task_expired(w->s, 8, note_task, ids, e));
    return *ids ? strtol(ids, NULL, 10) : 0;
}

static bool renew(struct world *w, const struct task_row *t, int64_t lease_ms, int progress)
{
    bool held = false;
    OK(store_task_renew(w->s, t->id, t->fence, lease_ms, progress, &held, e));
    return held;
}

static void a_lease_is_moved_by_its_holder_and_runs_out_without(void **state)
{
    struct world *w = *state;
    int64_t id = add_task(w, add_user(w, "ana"));
    struct task_row t, now;
    assert_true(claim(w, &t));
    assert_int_equal(first_expired(w), 0);
    assert_true(renew(w, &t, 60000, 42));
    now = get(w, id);
    assert_int_equal(now.progress, 42);
    assert_true(now.lease_until_ms > t.lease_until_ms + 40000);
    assert_true(renew(w, &t, 0, 77)); /* only asks */
    assert_int_equal(get(w, id).progress, 42);
    assert_true(renew(w, &t, 1, 1000));
    assert_int_equal(get(w, id).progress, 100);
    usleep(5000);
    assert_int_equal(first_expired(w), id);
    assert_true(change_to(w, id, PROCESSING, TASK_UPLOADED));
    assert_int_equal(first_expired(w), 0);
    assert_false(renew(w, &t, 1000, 50));
    struct task_row again;
    assert_true(claim(w, &again));
    assert_int_equal(again.id, id);
    assert_false(renew(w, &t, 1000, 50)); /* the old number */
    assert_false(renew(w, &t, 0, 0));
    assert_true(renew(w, &again, 1000, 50));
    assert_true(change_to(w, id, ANY, TASK_DELETED));
    assert_false(renew(w, &again, 0, 0));
}

/* -- threads -- */

enum { HAMMERS = 4, HAMMERED = 60 };
struct hammer {
    struct world *w;
    atomic_int *claims; /* by task id */
    int64_t user;
    int failed;
};

/* Adds, claims and settles; every second add is over the quota and must leave no trace, though it
 * may share its transaction with another thread's. */
static void *hammer(void *arg)
{
    struct hammer *h = arg;
    AUTO(arena_freep) struct arena *a = arena_new();
    for (int i = 0; i < HAMMERED; i++) {
        struct task_new n = {.user_id = h->user,
                             .file_name = "a",
                             .clip_blob = arena_printf(a, "clips/%d/%d", (int)h->user, i),
                             .clip_hash = "h",
                             .clip_bytes = 10,
                             .quota_bytes = i % 2 ? 1 : 0};
        int64_t id;
        bool existed, found, done;
        struct err e = {0};
        int rc = store_task_add(h->w->s, &n, &id, &existed, &e);
        if (rc != (i % 2 ? -1 : 0) || (rc < 0 && e.msg != MSG_QUOTA_EXCEEDED))
            h->failed++;
        struct task_row t;
        if (store_task_claim(h->w->s, a, "w", 10000, &t, &found, &e) < 0)
            h->failed++;
        else if (found) {
            atomic_fetch_add(&h->claims[t.id], 1);
            struct task_change c = {.id = t.id,
                                    .from = PROCESSING,
                                    .fence = t.fence,
                                    .to = i % 3 ? TASK_FAILED : TASK_DELETED};
            if (store_task_change(h->w->s, &c, &done, &e) < 0 || !done)
                h->failed++;
        }
    }
    return NULL;
}

static void threads_that_meet_claim_each_task_once(void **state)
{
    struct world *w = *state;
    static atomic_int claims[HAMMERS * HAMMERED * 2];
    struct hammer h[HAMMERS];
    pthread_t thread[HAMMERS];
    const char *const names[HAMMERS] = {"a", "b", "c", "d"};
    for (int i = 0; i < HAMMERS; i++)
        h[i] = (struct hammer){w, claims, add_user(w, names[i]), 0};
    for (int i = 0; i < HAMMERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, hammer, &h[i]), 0);
    int claimed = 0;
    for (int i = 0; i < HAMMERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(h[i].failed, 0);
    }
    for (size_t i = 0; i < LEN(claims); i++) {
        assert_true(claims[i] <= 1);
        claimed += claims[i];
    }
    int64_t counts[TASK_STATE_COUNT];
    OK(store_task_counts(w->s, counts, e));
    assert_int_equal(claimed, HAMMERS * HAMMERED / 2 - counts[TASK_UPLOADED]);
    assert_int_equal(claimed, counts[TASK_FAILED] + counts[TASK_DELETED]);
}

/* -- the outbox -- */

static void *ring_later(void *arg)
{
    struct world *w = arg;
    usleep(50000);
    add_task(w, 1);
    return NULL;
}

static void who_waits_for_the_outbox_is_woken_by_a_row(void **state)
{
    struct world *w = *state;
    add_user(w, "ana");
    store_outbox_wait(w->s, 0); /* a fresh store is looked at once in any case */
    int64_t start = clock_mono_ms();
    store_outbox_wait(w->s, 100);
    assert_in_range(clock_mono_ms() - start, 95, 5000);
    start = clock_mono_ms();
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, ring_later, w), 0);
    store_outbox_wait(w->s, 20000);
    assert_true(clock_mono_ms() - start < 10000);
    pthread_join(t, NULL);
    add_task(w, 1); /* before the wait: it must not sleep over it */
    store_outbox_wait(w->s, 20000);
    store_outbox_wake_all(w->s);
    store_outbox_wait(w->s, 20000);
    store_outbox_wait(w->s, 20000);
    assert_true(clock_mono_ms() - start < 10000);
}

static void what_was_told_goes_and_what_came_since_stays(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana");
    add_task(w, ana);
    add_task(w, ana);
    struct outbox_row rows[8];
    int n = 0;
    OK(store_outbox_read(w->s, 8, rows, &n, e));
    assert_int_equal(n, 2);
    OK(store_outbox_done(w->s, rows[1].id, e));
    int64_t third = add_task(w, ana);
    OK(store_outbox_done(w->s, rows[1].id, e)); /* told again: not the new one */
    OK(store_outbox_read(w->s, 8, rows, &n, e));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].task_id, third);
    OK(store_outbox_read(w->s, 0, rows, &n, e));
    assert_int_equal(n, 0);
}

/* -- the end of a process -- */

/* Adds tasks and claims them for ever, saying which are acknowledged. */
static void child_adds(const char *url, int64_t user, int fd)
{
    struct store *s;
    struct arena *a = arena_new();
    if (store_open(&s, url, NULL, NULL) < 0)
        _exit(1);
    for (int i = 0;; i++) {
        struct task_new n = {.user_id = user,
                             .file_name = "a",
                             .clip_blob = arena_printf(a, "clips/k/%d/%d", (int)getpid(), i),
                             .clip_hash = "h",
                             .clip_bytes = 10};
        int64_t id;
        bool existed, found;
        struct task_row t;
        if (store_task_add(s, &n, &id, &existed, NULL) < 0 ||
            write(fd, &id, sizeof(id)) != sizeof(id) ||
            (i % 3 == 0 && store_task_claim(s, a, "doomed", 3600000, &t, &found, NULL) < 0))
            _exit(1);
    }
}

static void kill_9_loses_no_acknowledged_row_and_ends_every_lease(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana"), last = 0, counts[TASK_STATE_COUNT];
    for (int round = 0; round < 4; round++) {
        store_close(w->s);
        w->s = NULL;
        int p[2];
        assert_int_equal(pipe(p), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(p[0]);
            child_adds(w->url, user, p[1]);
        }
        close(p[1]);
        int64_t acknowledged[256], id;
        int n = 0;
        while (n < 20 + round && read(p[0], &id, sizeof(id)) == sizeof(id))
            acknowledged[n++] = id;
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (n < 256 && read(p[0], &id, sizeof(id)) == sizeof(id))
            acknowledged[n++] = id;
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        close(p[0]);
        open_store(w);
        assert_true(n >= 20);
        for (int i = 0; i < n; i++) {
            assert_int_equal(get(w, acknowledged[i]).user_id, user);
            last = acknowledged[i];
        }
        OK(store_check(w->s, e));
        OK(store_task_counts(w->s, counts, e));
        assert_true(counts[TASK_PROCESSING] > 0);
        assert_true(first_expired(w) > 0); /* though the lease was for an hour */
    }
    assert_true(last > 80);
}

static void a_store_is_as_it_was_when_it_is_opened_again(void **state)
{
    struct world *w = *state;
    int64_t id = add_task(w, add_user(w, "ana"));
    struct task_row t;
    assert_true(claim(w, &t));
    store_close(w->s);
    open_store(w);
    struct task_row now = get(w, id);
    assert_int_equal(now.state, TASK_PROCESSING);
    assert_int_equal(now.fence, 1);
    OK(store_ping(w->s, e));
    int from = -1, to = -1;
    OK(store_migrate(w->s, &from, &to, e));
    assert_true(from == to && to > 0);
}

int main(void)
{
    struct {
        const char *name;
        CMUnitTestFunction run;
    } facts[] = {
#define FACT(f) {#f, f}
        FACT(a_user_is_found_by_name_and_by_id),
        FACT(a_taken_name_or_address_is_refused),
        FACT(users_are_listed_by_id),
        FACT(a_task_comes_with_its_bytes_and_its_outbox_row),
        FACT(a_task_of_nobody_is_refused_whole),
        FACT(the_quota_counts_what_is_kept_to_the_byte),
        FACT(a_key_used_before_gives_the_earlier_task),
        FACT(a_task_is_seen_by_its_owner_and_the_operator_alone),
        FACT(pages_follow_each_other_in_both_orders),
        FACT(a_deleted_task_is_seen_only_by_who_asks_for_deleted_ones),
        FACT(a_task_is_found_by_each_of_its_blobs),
        FACT(a_change_whose_guard_fails_does_nothing),
        FACT(a_processed_task_has_its_reel_and_counts_its_bytes),
        FACT(going_back_to_uploaded_is_told_to_the_queue_and_counts_as_said),
        FACT(a_claim_takes_the_oldest_and_gives_it_once),
        FACT(ask16_a_flood_by_one_delays_another_by_at_most_one),
        FACT(a_wait_keeps_a_task_from_being_claimed_until_it_is_over),
        FACT(a_deleted_or_settled_task_is_never_claimed),
        FACT(a_lease_is_moved_by_its_holder_and_runs_out_without),
        FACT(threads_that_meet_claim_each_task_once),
        FACT(who_waits_for_the_outbox_is_woken_by_a_row),
        FACT(what_was_told_goes_and_what_came_since_stays),
        FACT(kill_9_loses_no_acknowledged_row_and_ends_every_lease),
        FACT(a_store_is_as_it_was_when_it_is_opened_again),
    };
    struct CMUnitTest tests[LEN(back_ends) * LEN(facts)];
    size_t n = 0;
    for (size_t b = 0; b < LEN(back_ends); b++)
        for (size_t i = 0; i < LEN(facts); i++)
            tests[n++] = (struct CMUnitTest){facts[i].name, facts[i].run, set_up, tear_down,
                                             (void *)&back_ends[b]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
