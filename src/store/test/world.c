#include "store/test/world.h"

#include "store/store.h"
#include "store/test/server.h"
#include "store/user.h"

#include <unistd.h>

struct back_end {
    const char *name;
    void (*url)(const char *dir, char *out, size_t size);
};

static void sqlite_url(const char *dir, char *out, size_t size)
{
    snprintf(out, size, "sqlite://%s/store.db", dir);
}

static void postgres_url(const char *dir, char *out, size_t size)
{
    (void)dir;
    server_url(out, size);
}

static const struct back_end back_ends[] = {{"sqlite", sqlite_url}, {"postgres", postgres_url}};

void open_store(struct world *w)
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

static int tear_down(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    if (store_check(w->s, &e) < 0) /* after every test, whatever it did */
        fail_msg("check: %s", e.text);
    store_close(w->s);
    arena_free(w->a);
    test_remove_folder(w->dir);
    free(w);
    return 0;
}

int64_t add_user(struct world *w, const char *name)
{
    int64_t id = 0;
    OK(store_user_add(w->s, name, arena_printf(w->a, "%s@example.org", name), "hash", &id, e));
    return id;
}

struct task_new new_task(struct world *w, int64_t user)
{
    return (struct task_new){.user_id = user,
                             .file_name = "gol.mp4",
                             .title = "Gol",
                             .request = "7f1c0a52-9b1e",
                             .clip_blob = arena_printf(w->a, "clips/2026/11/23/c%d", ++w->clips),
                             .clip_hash = "abc",
                             .clip_bytes = 1000,
                             .fit = FIT_CROP,
                             .start_us = 1500000};
}

int64_t add_task(struct world *w, int64_t user)
{
    int64_t id = 0;
    bool existed = true;
    struct task_new t = new_task(w, user);
    OK(store_task_add(w->s, &t, &id, &existed, e));
    assert_false(existed);
    return id;
}

struct task_row get(struct world *w, int64_t id)
{
    struct task_row t = {0};
    OK(store_task_get(w->s, w->a, id, 0, &t, e));
    return t;
}

bool claim(struct world *w, struct task_row *t)
{
    bool found = false;
    OK(store_task_claim(w->s, w->a, "worker-1", 10000, t, &found, e));
    return found;
}

bool change(struct world *w, struct task_change c)
{
    bool done = false;
    OK(store_task_change(w->s, &c, &done, e));
    return done;
}

bool change_to(struct world *w, int64_t id, unsigned from, enum task_state to)
{
    return change(w, (struct task_change){.id = id,
                                          .from = from,
                                          .to = to,
                                          .reel_blob = "reels/1",
                                          .poster_blob = "posters/1",
                                          .reel_bytes = 500,
                                          .poster_bytes = 30});
}

int64_t bytes_used(struct world *w, int64_t user)
{
    struct user_row u = {0};
    OK(store_user_by_id(w->s, w->a, user, &u, e));
    return u.bytes_used;
}

int note_task(void *arg, const struct task_row *t)
{
    char *ids = arg;
    snprintf(ids + strlen(ids), 64 - strlen(ids), "%d ", (int)t->id);
    return 0;
}

static char *name(const struct back_end *b, const struct fact *f)
{
    char both[160];
    snprintf(both, sizeof(both), "%s: %s", b->name, f->name);
    return mem_strdup(both);
}

int run_facts(const struct fact *facts, size_t count)
{
    struct CMUnitTest *tests = mem_new(LEN(back_ends) * count * sizeof(*tests));
    size_t n = 0;
    for (size_t b = 0; b < LEN(back_ends); b++)
        for (size_t i = 0; i < count; i++)
            tests[n++] = (struct CMUnitTest){name(&back_ends[b], &facts[i]), facts[i].run, set_up,
                                             tear_down, (void *)&back_ends[b]};
    /* What the macro cmocka_run_group_tests does, for a number of tests that is known only now. */
    int failed = _cmocka_run_group_tests("store", tests, n, NULL, NULL);
    server_stop();
    for (size_t i = 0; i < n; i++)
        free((char *)tests[i].name);
    free(tests);
    return failed;
}
