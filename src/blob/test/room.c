/* How much room there is, and what happens at its end: on disks that nobody else writes to. */
#include "blob/test/place.h"

#include <pthread.h>

static int64_t room(struct world *w)
{
    struct err e = {0};
    int64_t left, total;
    if (blob_space(w->b, &left, &total, &e) < 0)
        fail_msg("space: %s", e.text);
    assert_true(total > 0 && left >= 0 && left <= total);
    return left;
}

/* A storage where left_bytes may be written before the floor. */
static void near_floor(struct world *w, int64_t left_bytes)
{
    int64_t all = room(w);
    blob_closep(&w->b);
    world_open(w, all - left_bytes);
}

static void begin_full(struct world *w, int64_t reserve_bytes)
{
    struct blob_writer *x = NULL;
    struct err e = {0};
    assert_int_equal(blob_begin(w->b, reserve_bytes, &x, &e), -1);
    assert_int_equal(e.code, ERR_FULL);
    assert_int_equal(e.msg, MSG_DISK_FULL);
    assert_null(x);
}

static void a_full_disk_is_told_and_leaves_nothing(void **state)
{
    struct world *w = *state;
    static char data[MB];
    struct blob_writer *x = begin(w, 0);
    struct err e = {0};
    int written = 0;
    while (written < 2 * SMALL_DISK / MB && blob_write(x, data, sizeof(data), &e) == 0)
        written++;
    assert_in_range(written, 2, SMALL_DISK / MB);
    assert_int_equal(e.code, ERR_FULL);
    assert_int_equal(e.msg, MSG_DISK_FULL);
    /* What follows a hole is not a clip. */
    assert_int_equal(blob_write(x, "x", 1, &e), -1);
    assert_int_equal(blob_commit(x, "clips/a", NULL, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(world_files(w), 0);
    store_text(w, "clips/a", "there is room again");
}

/* The child writes past what we count; the kernel is the one who says no. */
static void a_disk_that_fills_behind_our_back_is_told(void **state)
{
    struct world *w = *state;
    static char data[MB];
    struct blob_writer *child = begin_file(w, 0), *x = begin(w, 0);
    struct err e = {0};
    int fd = blob_writer_fd(child);
    for (int i = 0; i < SMALL_DISK / MB; i++)
        (void)!write(fd, data, sizeof(data));
    assert_int_equal(blob_write(x, data, sizeof(data), &e), -1);
    assert_int_equal(e.code, ERR_FULL);
    begin_full(w, 0);
    blob_abort(x);
    blob_abort(child);
    blob_abort(begin(w, 0));
}

static void the_floor_stays_free(void **state)
{
    struct world *w = *state;
    static char data[MB];
    near_floor(w, 2 * MB + MB / 2);
    begin_full(w, 4 * MB);
    struct blob_writer *x = begin(w, MB);
    struct err e = {0};
    put_ok(x, data, sizeof(data));
    put_ok(x, data, sizeof(data));
    assert_int_equal(blob_write(x, data, sizeof(data), &e), -1);
    assert_int_equal(e.code, ERR_FULL);
    blob_abort(x);
    blob_closep(&w->b);
    world_open(w, INT64_C(1) << 60); /* more than there is */
    assert_int_equal(room(w), 0);
    begin_full(w, 0);
}

static void what_one_writer_set_aside_another_cannot_take(void **state)
{
    struct world *w = *state;
    static char data[MB];
    near_floor(w, 4 * MB);
    struct err e = {0};
    struct blob_writer *x = begin(w, 3 * MB);
    assert_in_range(room(w), MB / 2, MB + MB / 2);
    begin_full(w, 2 * MB);
    struct blob_writer *y = begin(w, 0);
    assert_int_equal(blob_write(y, data, sizeof(data), &e) +
                         (e.code ? 0 : blob_write(y, data, sizeof(data), &e)),
                     -1);
    assert_int_equal(e.code, ERR_FULL);
    /* The one with the reservation gets all of it. */
    for (int i = 0; i < 3; i++)
        put_ok(x, data, sizeof(data));
    blob_abort(y);
    blob_abort(x);
    assert_true(room(w) > 3 * MB);
}

static void a_reservation_shrinks_with_what_is_written(void **state)
{
    struct world *w = *state;
    static char data[MB];
    near_floor(w, 4 * MB);
    struct blob_writer *x = begin(w, 2 * MB);
    int64_t before = room(w);
    put_ok(x, data, sizeof(data));
    put_ok(x, data, sizeof(data));
    /* Written or set aside, a byte counts once. */
    assert_in_range(room(w), (uintmax_t)(before - 65536), (uintmax_t)(before + 65536));
    commit_ok(x, "a");
    assert_in_range(room(w), (uintmax_t)(before - 65536), (uintmax_t)(before + 65536));
}

struct filler {
    struct world *w;
    pthread_t thread;
    int64_t wrote;
    struct err e;
    struct blob_writer *writer;
};

static void *fill(void *arg)
{
    struct filler *f = arg;
    static const char data[10000];
    while (f->wrote < SMALL_DISK && blob_write(f->writer, data, sizeof(data), &f->e) == 0)
        f->wrote += sizeof(data);
    return NULL;
}

static void writers_side_by_side_never_pass_the_floor_together(void **state)
{
    struct world *w = *state;
    struct filler f[4];
    int64_t wrote = 0;
    near_floor(w, 2 * MB);
    for (size_t i = 0; i < LEN(f); i++)
        f[i] = (struct filler){.w = w, .writer = begin(w, 0)};
    for (size_t i = 0; i < LEN(f); i++)
        assert_int_equal(pthread_create(&f[i].thread, NULL, fill, &f[i]), 0);
    for (size_t i = 0; i < LEN(f); i++)
        pthread_join(f[i].thread, NULL);
    for (size_t i = 0; i < LEN(f); i++) {
        assert_int_equal(f[i].e.code, ERR_FULL);
        wrote += f[i].wrote;
        blob_abort(f[i].writer);
    }
    assert_in_range(wrote, MB + MB / 2, 2 * MB);
}

static int facts(void)
{
    const struct CMUnitTest all[] = {
        FACT(a_full_disk_is_told_and_leaves_nothing),
        FACT(a_disk_that_fills_behind_our_back_is_told),
        FACT(the_floor_stays_free),
        FACT(what_one_writer_set_aside_another_cannot_take),
        FACT(a_reservation_shrinks_with_what_is_written),
        FACT(writers_side_by_side_never_pass_the_floor_together),
    };
    return cmocka_run_group_tests_name(place->name, all, NULL, NULL);
}

int main(void)
{
    return place_run(&place_small, facts) + place_run(&place_small_named, facts);
}
