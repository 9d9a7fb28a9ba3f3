/* Bytes that come in pieces: parked, gone on with, committed; the facts of every back end. */
#include "blob/test/place.h"

#include "core/clock.h"

enum { PIECE = 300000, LARGE = 6 * MB + 12345 };

/* Byte i of every clip here. */
static unsigned char byte_at(int64_t i)
{
    return (unsigned char)(i * 31 + i / 251);
}

/* Writes bytes [from, to) of it. */
static void put_bytes(struct blob_writer *x, int64_t from, int64_t to)
{
    static unsigned char data[64 << 10];
    while (from < to) {
        size_t n = to - from < (int64_t)sizeof(data) ? (size_t)(to - from) : sizeof(data);
        for (size_t i = 0; i < n; i++)
            data[i] = byte_at(from + (int64_t)i);
        put_ok(x, data, n);
        from += (int64_t)n;
    }
}

/* Takes the reader; its bytes are [0, size). */
static void reads(struct blob_reader *r, int64_t size)
{
    static unsigned char got[100000];
    struct err e = {0};
    assert_int_equal(blob_reader_size(r), size);
    for (int64_t at = 0; at < size;) {
        ssize_t n = blob_pread(r, got, sizeof(got), at, &e);
        if (n <= 0)
            fail_msg("read at %lld: %s", (long long)at, e.text);
        for (ssize_t i = 0; i < n; i++)
            if (got[i] != byte_at(at + i))
                fail_msg("byte %lld differs", (long long)(at + i));
        at += n;
    }
    assert_int_equal(blob_pread(r, got, 1, size, &e), 0);
    blob_reader_close(r);
}

static void is_parked(struct world *w, const char *name, int64_t size)
{
    struct blob_reader *r;
    struct err e = {0};
    if (blob_parked_read(w->b, name, &r, &e) < 0)
        fail_msg("parked %s: %s", name, e.text);
    reads(r, size);
}

static void is_stored(struct world *w, const char *name, int64_t size)
{
    struct blob_reader *r;
    struct err e = {0};
    if (blob_read(w->b, name, &r, &e) < 0)
        fail_msg("read %s: %s", name, e.text);
    reads(r, size);
}

static void park_ok(struct blob_writer *x, const char *name, int64_t size)
{
    struct err e = {0};
    int64_t got = -1;
    if (blob_park(x, name, &got, &e) < 0)
        fail_msg("park %s: %s", name, e.text);
    assert_int_equal(got, size);
}

static void park_new(struct world *w, const char *name, int64_t size)
{
    struct blob_writer *x = begin(w, size);
    put_bytes(x, 0, size);
    park_ok(x, name, size);
}

static struct blob_writer *resume(struct world *w, const char *name, int64_t at)
{
    struct blob_writer *x = NULL;
    struct err e = {0};
    if (blob_resume(w->b, name, at, 0, &x, &e) < 0)
        fail_msg("resume %s: %s", name, e.text);
    return x;
}

static enum err_code resume_code(struct world *w, const char *name, int64_t at)
{
    struct blob_writer *x = NULL;
    struct err e = {0};
    if (blob_resume(w->b, name, at, 0, &x, &e) == 0)
        blob_abort(x);
    else
        assert_null(x);
    return e.code;
}

static int count_one(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)name, (void)size_bytes, (void)age_ms;
    ++*(int *)arg;
    return 0;
}

static int blobs(struct world *w)
{
    int n = 0;
    struct err e = {0};
    assert_int_equal(blob_list(w->b, count_one, &n, &e), 0);
    return n;
}

static int parked(struct world *w)
{
    int n = 0;
    struct err e = {0};
    assert_int_equal(blob_parked_list(w->b, count_one, &n, &e), 0);
    return n;
}

static void what_was_parked_is_gone_on_with_after_a_restart(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    int64_t size;
    park_new(w, "up-1", PIECE);
    assert_int_equal(blobs(w), 0);
    for (int i = 1; i < 4; i++) {
        blob_closep(&w->b);
        world_open(w, 0);
        is_parked(w, "up-1", i * PIECE);
        struct blob_writer *x = resume(w, "up-1", i * PIECE);
        put_bytes(x, i * PIECE, (i + 1) * PIECE);
        park_ok(x, "up-1", (i + 1) * PIECE);
    }
    assert_int_equal(blob_commit(resume(w, "up-1", 4 * PIECE), "clips/a", &size, &e), 0);
    assert_int_equal(size, 4 * PIECE);
    is_stored(w, "clips/a", 4 * PIECE);
    assert_int_equal(parked(w), 0);
    assert_int_equal(resume_code(w, "up-1", 0), ERR_MISSING);
    assert_int_equal(world_files(w), 1);
}

static void large_pieces_and_odd_ends_come_out_whole(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    static const int64_t at[] = {1, 2, PIECE, 5 * MB - 1, 5 * MB, 5 * MB + 1, LARGE};
    park_new(w, "up", at[0]);
    for (size_t i = 1; i < LEN(at); i++) {
        struct blob_writer *x = resume(w, "up", at[i - 1]);
        put_bytes(x, at[i - 1], at[i]);
        park_ok(x, "up", at[i]);
    }
    is_parked(w, "up", LARGE);
    if (blob_commit(resume(w, "up", LARGE), "clips/a", NULL, &e) < 0)
        fail_msg("commit: %s", e.text);
    is_stored(w, "clips/a", LARGE);
    assert_int_equal(world_files(w), 1);
}

static void what_lies_behind_the_place_is_cut_off(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    static const int64_t at[] = {LARGE - 1, 5 * MB + 7, 5 * MB, 3 * MB + 1, 10, 0};
    park_new(w, "up", LARGE);
    for (size_t i = 0; i < LEN(at); i++) {
        struct blob_writer *x = resume(w, "up", at[i]);
        put_bytes(x, at[i], at[i] + 5);
        park_ok(x, "up", at[i] + 5);
        is_parked(w, "up", at[i] + 5);
    }
    struct blob_writer *x = resume(w, "up", 3);
    put_bytes(x, 3, PIECE);
    assert_int_equal(blob_commit(x, "clips/a", NULL, &e), 0);
    is_stored(w, "clips/a", PIECE);
    assert_int_equal(world_files(w), 1);
}

static void an_abort_leaves_what_was_parked(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    park_new(w, "up", PIECE);
    struct blob_writer *x = resume(w, "up", PIECE - 10);
    put_bytes(x, 500, 2 * MB);
    blob_abort(x);
    is_parked(w, "up", PIECE - 10);
    /* and so does a commit to a name that is taken, or is none */
    store_text(w, "clips/taken", "x");
    static const char *const names[] = {"clips/taken", "../x"};
    for (size_t i = 0; i < LEN(names); i++) {
        x = resume(w, "up", PIECE - 10);
        put_bytes(x, 500, 1000);
        assert_int_equal(blob_commit(x, names[i], NULL, &e), -1);
        assert_int_equal(e.code, i ? ERR_INPUT : ERR_CONFLICT);
        is_parked(w, "up", PIECE - 10);
    }
    holds_text(w, "clips/taken", "x");
    x = resume(w, "up", 5);
    assert_int_equal(blob_park(x, "other", NULL, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    is_parked(w, "up", 5);
    assert_int_equal(parked(w), 1);
}

static void a_name_is_parked_once(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    park_new(w, "up", 100);
    struct blob_writer *x = begin(w, 0);
    put_ok(x, "other", 5);
    assert_int_equal(blob_park(x, "up", NULL, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    is_parked(w, "up", 100);
    x = begin(w, 0);
    assert_int_equal(blob_park(x, ".up", NULL, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    park_ok(begin(w, 0), "nothing-yet", 0);
    is_parked(w, "nothing-yet", 0);
    assert_int_equal(parked(w), 2);
}

static void of_two_writers_the_second_is_refused(void **state)
{
    struct world *w = *state;
    park_new(w, "up", 100);
    struct blob_writer *x = resume(w, "up", 100);
    assert_int_equal(resume_code(w, "up", 100), ERR_BUSY);
    put_bytes(x, 100, 200);
    park_ok(x, "up", 200);
    assert_int_equal(resume_code(w, "up", 200), ERR_NONE);
}

static void what_is_not_parked_is_missing(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct blob_reader *r = NULL;
    assert_int_equal(resume_code(w, "up", 0), ERR_MISSING);
    assert_int_equal(blob_parked_read(w->b, "up", &r, &e), -1);
    assert_int_equal(e.code, ERR_MISSING);
    park_new(w, "up", 100);
    assert_int_equal(resume_code(w, "up", 101), ERR_MISSING);
    assert_int_equal(resume_code(w, "up", -1), ERR_INPUT);
    assert_int_equal(resume_code(w, "../up", 0), ERR_INPUT);
    is_parked(w, "up", 100);
    /* the two places do not see each other */
    store_text(w, "clips/a", "x");
    assert_int_equal(resume_code(w, "clips/a", 0), ERR_MISSING);
    assert_int_equal(read_code(w, "up"), ERR_MISSING);
    for (int i = 0; i < 2; i++)
        assert_int_equal(blob_unpark(w->b, "up", &e), 0);
    assert_int_equal(resume_code(w, "up", 0), ERR_MISSING);
    holds_text(w, "clips/a", "x");
    assert_int_equal(world_files(w), 1);
}

struct seen {
    int count;
    int64_t bytes, oldest_ms;
    bool strange;
};

static int see(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    struct seen *s = arg;
    s->count++;
    s->bytes += size_bytes;
    s->oldest_ms = age_ms > s->oldest_ms ? age_ms : s->oldest_ms;
    s->strange |= strcmp(name, "day-1/up") != 0 && strcmp(name, "up-2") != 0;
    return 0;
}

static void all_that_is_parked_is_listed(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct seen s = {0};
    int64_t before = clock_mono_ms();
    assert_int_equal(parked(w), 0);
    park_new(w, "day-1/up", 5 * MB + 11);
    park_new(w, "up-2", 7);
    store_text(w, "clips/a", "x");
    struct blob_writer *x = resume(w, "up-2", 7);
    put_bytes(x, 7, 9);
    park_ok(x, "up-2", 9);
    assert_int_equal(blob_parked_list(w->b, see, &s, &e), 0);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.bytes, 5 * MB + 20);
    assert_false(s.strange);
    /* clocks of files and of servers are coarse: to the second */
    assert_in_range(s.oldest_ms, 0, (uintmax_t)(clock_mono_ms() - before + 1100));
    assert_int_equal(blobs(w), 1);
}

static int facts(void)
{
    const struct CMUnitTest all[] = {
        FACT(what_was_parked_is_gone_on_with_after_a_restart),
        FACT(large_pieces_and_odd_ends_come_out_whole),
        FACT(what_lies_behind_the_place_is_cut_off),
        FACT(an_abort_leaves_what_was_parked),
        FACT(a_name_is_parked_once),
        FACT(what_is_not_parked_is_missing),
        FACT(all_that_is_parked_is_listed),
    };
    const struct CMUnitTest folder[] = {FACT(of_two_writers_the_second_is_refused)};
    return cmocka_run_group_tests_name(place->name, all, NULL, NULL) +
           (place->s3 ? 0 : cmocka_run_group_tests_name(place->name, folder, NULL, NULL));
}

int main(void)
{
    return place_run(&place_disk, facts) + place_run(&place_small, facts) +
           place_run(&place_small_named, facts) + place_run(&place_s3, facts);
}
