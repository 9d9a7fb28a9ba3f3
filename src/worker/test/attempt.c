/* What becomes of a task, by how its attempt goes. */
#include "worker/test/world.h"

#include <fcntl.h>

static void blob_is(struct world *w, const char *name, const char *text)
{
    char got[256] = "";
    AUTO(blob_reader_closep) struct blob_reader *r = NULL;
    OK(blob_read(w->blob, name, &r, &e));
    assert_int_equal(blob_pread(r, got, sizeof(got) - 1, 0, NULL), blob_reader_size(r));
    assert_string_equal(got, text);
}

static void a_clip_becomes_a_reel_with_a_poster(void **state)
{
    struct world *w = *state;
    world_start(w);
    int64_t id = world_upload(w, "anything");
    struct task_row row = world_wait(w, id, TASK_PROCESSED);
    assert_int_equal(row.attempts, 1);
    assert_int_equal(row.progress, 100);
    assert_string_equal(row.error_slug, "");
    blob_is(w, row.reel_blob, STAND_IN_REEL "anything");
    blob_is(w, row.poster_blob, STAND_IN_POSTER);
    assert_int_equal(world_blobs(w), 3);
    world_is_whole(w);
}

static void the_report_takes_the_word_of_the_second_child(void **state)
{
    struct world *w = *state;
    world_start(w);
    struct task_row row = world_wait(w, world_upload(w, "x"), TASK_PROCESSED);
    assert_non_null(strstr(row.report, "\"mp4\""));
    assert_non_null(strstr(row.report, "\"mov\""));
    assert_null(strstr(row.report, "lie"));
    assert_non_null(strstr(row.report, "12345678"));
    assert_non_null(strstr(row.report, "\"pictures\":4321"));
    assert_non_null(strstr(row.report, "\"ok\":true"));
    assert_non_null(strstr(row.report, "\"remade\":false"));
}

static void the_children_get_their_task_s_order_and_no_more_rights(void **state)
{
    struct world *w = *state;
    int logo = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    w->conf.logo_fd = logo;
    w->conf.profile.crf = 33;
    w->conf.limits.max_streams = 5;
    world_start(w);
    world_wait(w, world_upload(w, "x"), TASK_PROCESSED);
    struct stand_in_seen s = stand_in_seen();
    assert_int_equal(s.made, 1);
    assert_int_equal(s.looked, 1);
    assert_true(s.make_fds_good);
    assert_true(s.look_fds_good);
    assert_true(s.make_logo_given);
    assert_int_equal(strncmp(s.make_logo, "test_worker", 11), 0);
    assert_int_equal(s.make.op, RENDER_MAKE);
    assert_int_equal(s.make.fit, FIT_CROP);
    assert_int_equal(s.make.start_us, 1500000);
    assert_int_equal(s.make.profile.crf, 33);
    assert_int_equal(s.make.limits.max_streams, 5);
    assert_true(s.make.poster);
    assert_false(s.make.force_encode);
    assert_int_equal(s.look.op, RENDER_VERIFY);
    assert_int_equal(s.look.profile.crf, 33);
    assert_int_equal(s.look.limits.max_streams, 5);
    assert_int_equal(s.look.body_us, STAND_IN_BODY_US);
    assert_int_equal(s.silence_ms, 7000);
    assert_in_range(s.make_wall_ms, 30000, 60000);
    assert_in_range(s.look_wall_ms, 30000, (uintmax_t)s.make_wall_ms);
    close(logo);
}

static void the_clip_s_fault_fails_the_task_at_once(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *script, *slug;
    } rows[] = {{CLIP_BAD, "no_video"}, {CLIP_HOSTILE, "clip_hostile"}};
    world_start(w);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct task_row row = world_wait(w, world_upload(w, rows[i].script), TASK_FAILED);
        assert_string_equal(row.error_slug, rows[i].slug);
        assert_int_equal(row.attempts, 1);
        assert_string_equal(row.reel_blob, "");
    }
    assert_int_equal(stand_in_seen().looked, 0);
    assert_int_equal(world_blobs(w), 2); /* the clips stay */
    world_is_whole(w);
}

static void our_fault_is_tried_again_when_its_wait_is_over(void **state)
{
    struct world *w = *state;
    w->rules.retry_wait_ms = 300;
    world_start(w);
    int64_t began = clock_mono_ms();
    struct task_row row = world_wait(w, world_upload(w, CLIP_OURS), TASK_PROCESSED);
    assert_int_equal(row.attempts, 2);
    assert_true(clock_mono_ms() - began >= 300);
    assert_int_equal(stand_in_seen().made, 2);
    world_is_whole(w);
}

static void a_poison_clip_ends_when_its_attempts_are_used(void **state)
{
    struct world *w = *state;
    w->rules.retry_wait_ms = 5;
    world_start(w);
    struct task_row row = world_wait(w, world_upload(w, CLIP_POISON), TASK_FAILED);
    assert_string_equal(row.error_slug, "attempts_used");
    assert_int_equal(row.attempts, 3);
    assert_int_equal(stand_in_seen().made, 3);
    assert_int_equal(world_blobs(w), 1);
}

static void a_reel_that_fails_the_receipt_is_not_published(void **state)
{
    struct world *w = *state;
    static const char *const scripts[] = {CLIP_NO_INDEX, CLIP_CRASHES, CLIP_SHORT, CLIP_CHANGED};
    w->rules.retry_wait_ms = 5;
    world_start(w);
    for (size_t i = 0; i < LEN(scripts); i++) {
        struct task_row row = world_wait(w, world_upload(w, scripts[i]), TASK_FAILED);
        /* Never the clip's fault: tried as often as ours. */
        assert_int_equal(row.attempts, 3);
        assert_non_null(strstr(row.error_text, "receipt"));
        assert_string_equal(row.reel_blob, "");
        assert_int_equal(world_blobs(w), (int)i + 1);
    }
}

static void a_good_copy_is_published_as_it_is(void **state)
{
    struct world *w = *state;
    world_start(w);
    struct task_row row = world_wait(w, world_upload(w, CLIP_COPY), TASK_PROCESSED);
    blob_is(w, row.reel_blob, STAND_IN_REEL CLIP_COPY);
    assert_int_equal(stand_in_seen().made, 1);
    assert_int_equal(stand_in_seen().looked, 1);
    assert_int_equal(workers_remade(w->workers), 0);
}

static void a_copy_that_fails_its_receipt_is_encoded_in_the_same_attempt(void **state)
{
    struct world *w = *state;
    static const char *const scripts[] = {CLIP_COPY_FAILS, CLIP_COPY_CRASHES};
    static const char *const reels[] = {STAND_IN_REEL CLIP_COPY_FAILS STAND_IN_ENCODED,
                                        STAND_IN_REEL CLIP_COPY_CRASHES STAND_IN_ENCODED};
    static const char *const reasons[] = {"decoder complains", "crashed"};
    world_start(w);
    for (int i = 0; i < (int)LEN(scripts); i++) {
        struct task_row row = world_wait(w, world_upload(w, scripts[i]), TASK_PROCESSED);
        assert_int_equal(row.attempts, 1);
        /* Nothing of the copy is left, and the encoded one is looked at like any other. */
        blob_is(w, row.reel_blob, reels[i]);
        blob_is(w, row.poster_blob, STAND_IN_POSTER);
        struct stand_in_seen s = stand_in_seen();
        assert_int_equal(s.made, 2 * (i + 1));
        assert_int_equal(s.looked, 2 * (i + 1));
        assert_int_equal(s.forced, i + 1);
        assert_true(s.make_fds_good);
        assert_int_equal(workers_remade(w->workers), i + 1);
        assert_non_null(strstr(row.report, "\"remade\":true"));
        assert_non_null(strstr(row.report, "\"path\":\"encode\""));
        assert_non_null(strstr(row.report, reasons[i]));
    }
    assert_int_equal(world_blobs(w), 6);
    world_is_whole(w);
}

static void what_is_not_the_copy_s_fault_is_no_reason_to_encode(void **state)
{
    struct world *w = *state;
    w->rules.retry_wait_ms = 5;
    world_start(w);
    struct task_row row = world_wait(w, world_upload(w, CLIP_COPY_LOST), TASK_FAILED);
    assert_int_equal(row.attempts, 3);
    assert_int_equal(stand_in_seen().made, 3);
    assert_int_equal(stand_in_seen().forced, 0);
}

static void an_encoded_reel_that_fails_its_receipt_is_made_with_care(void **state)
{
    struct world *w = *state;
    world_start(w);
    struct task_row row = world_wait(w, world_upload(w, CLIP_ENCODE_FAILS), TASK_PROCESSED);
    assert_int_equal(row.attempts, 1);
    blob_is(w, row.reel_blob, STAND_IN_REEL CLIP_ENCODE_FAILS STAND_IN_ENCODED STAND_IN_CAREFUL);
    struct stand_in_seen s = stand_in_seen();
    assert_int_equal(s.made, 2);
    assert_int_equal(s.looked, 2);
    assert_int_equal(s.careful, 1);
    assert_int_equal(s.make.limits.threads, 1);
    assert_non_null(strstr(row.report, "\"remade\":true"));
    assert_non_null(strstr(row.report, "encoded, but"));
    assert_non_null(strstr(row.report, "decoder complains"));
    world_is_whole(w);
}

static void an_encoded_reel_that_fails_too_is_not_published(void **state)
{
    struct world *w = *state;
    w->rules.retry_wait_ms = 5;
    world_start(w);
    struct task_row row = world_wait(w, world_upload(w, CLIP_COPY_NEVER), TASK_FAILED);
    assert_int_equal(row.attempts, 3);
    assert_string_equal(row.reel_blob, "");
    assert_int_equal(stand_in_seen().made, 9); /* copied, encoded, and with care, each time */
    assert_int_equal(stand_in_seen().careful, 3);
    assert_int_equal(workers_remade(w->workers), 0);
    assert_int_equal(world_blobs(w), 1);
}

static void a_poster_that_is_none_costs_the_reel_nothing(void **state)
{
    struct world *w = *state;
    static const char *const scripts[] = {CLIP_PLAIN, CLIP_JUNK};
    world_start(w);
    for (size_t i = 0; i < LEN(scripts); i++) {
        struct task_row row = world_wait(w, world_upload(w, scripts[i]), TASK_PROCESSED);
        assert_string_equal(row.poster_blob, "");
        assert_int_equal(row.poster_bytes, 0);
        assert_true(row.reel_bytes > 0);
    }
    assert_int_equal(world_blobs(w), 4);
    world_is_whole(w);
}

static void a_clip_that_lost_bytes_is_not_given_to_a_child(void **state)
{
    struct world *w = *state;
    w->rules.attempts = 1;
    w->conf.jobs = 0;
    world_start(w);
    int64_t id = world_upload(w, "x");
    char path[256];
    snprintf(path, sizeof(path), "%s/blobs/%s", w->dir, world_row(w, id).clip_blob);
    assert_int_equal(truncate(path, 10), 0);
    workers_free(w->workers);
    tasks_free(w->tasks);
    queue_close(w->queue);
    OK(queue_open(&w->queue, "database:", NULL, &e));
    w->conf.jobs = 1;
    world_start(w);
    struct task_row row = world_wait(w, id, TASK_FAILED);
    assert_string_equal(row.error_slug, "attempts_used");
    assert_int_equal(stand_in_seen().made, 0);
}

static void without_room_for_a_reel_the_task_waits_and_no_attempt_is_counted(void **state)
{
    struct world *w = *state;
    w->conf.reel_reserve_bytes = INT64_C(1) << 60;
    world_start(w);
    int64_t id = world_upload(w, "x");
    WAIT_FOR(world_row(w, id).not_before_ms > 0);
    struct task_row row = world_row(w, id);
    assert_int_equal(row.state, TASK_UPLOADED);
    assert_int_equal(row.attempts, 0);
    assert_string_equal(row.error_slug, "disk_full");
    assert_int_equal(stand_in_seen().made, 0);
}

static void progress_reaches_the_task_s_owner(void **state)
{
    struct world *w = *state;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW);
    WAIT_FOR(world_row(w, id).progress == 48);
    assert_int_equal(world_row(w, id).state, TASK_PROCESSING);
    stand_in_release();
    assert_int_equal(world_wait(w, id, TASK_PROCESSED).progress, 100);
}

static void a_delete_stops_the_child_within_a_second(void **state)
{
    struct world *w = *state;
    AUTO(arena_freep) struct arena *a = arena_new();
    struct task_swept swept;
    struct task_row row;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW), other;
    /* Its progress is told and will not change: the next word to the store is a third of the lease
     * away, and that is over three seconds. */
    WAIT_FOR(world_row(w, id).progress == 48);
    int64_t began = clock_mono_ms();
    OK(task_delete(w->tasks, a, id, w->user, &row, &e));
    WAIT_FOR(stand_in_seen().stopped == 1);
    assert_true(stand_in_seen().stopped_ms - began < 1000);
    /* The worker is free for the next. */
    other = world_upload(w, "x");
    world_wait(w, other, TASK_PROCESSED);
    OK(task_sweep(w->tasks, false, &swept, &e));
    assert_int_equal(swept.purged, 1);
    assert_int_equal(world_blobs(w), 3);
    world_is_whole(w);
}

#define FACT(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(a_clip_becomes_a_reel_with_a_poster),
        FACT(the_report_takes_the_word_of_the_second_child),
        FACT(the_children_get_their_task_s_order_and_no_more_rights),
        FACT(the_clip_s_fault_fails_the_task_at_once),
        FACT(our_fault_is_tried_again_when_its_wait_is_over),
        FACT(a_poison_clip_ends_when_its_attempts_are_used),
        FACT(a_reel_that_fails_the_receipt_is_not_published),
        FACT(a_good_copy_is_published_as_it_is),
        FACT(a_copy_that_fails_its_receipt_is_encoded_in_the_same_attempt),
        FACT(what_is_not_the_copy_s_fault_is_no_reason_to_encode),
        FACT(an_encoded_reel_that_fails_its_receipt_is_made_with_care),
        FACT(an_encoded_reel_that_fails_too_is_not_published),
        FACT(a_poster_that_is_none_costs_the_reel_nothing),
        FACT(a_clip_that_lost_bytes_is_not_given_to_a_child),
        FACT(without_room_for_a_reel_the_task_waits_and_no_attempt_is_counted),
        FACT(progress_reaches_the_task_s_owner),
        FACT(a_delete_stops_the_child_within_a_second),
    };
    return cmocka_run_group_tests_name("attempt", facts, NULL, NULL);
}
