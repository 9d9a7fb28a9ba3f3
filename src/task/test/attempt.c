/* From claim to settled: reels, failures, retries, deletion, and attempts that come too late. */
#include "task/test/world.h"

#include "core/clock.h"
#include "store/line.h"
#include "store/user.h"
#include "task/task_impl.h"

#include <unistd.h>

static void a_finished_attempt_publishes_its_reel(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c, row, opened;
    bool published = false;
    assert_true(claim(w, "w1", &c));
    assert_int_equal(c.id, up.id);
    struct blob_reader *r;
    OK(task_open_clip(w->tasks, &c, &r, e));
    assert_int_equal(blob_reader_size(r), 5000);
    blob_reader_close(r);
    OK(finish(w, &c, true, &published, e));
    assert_true(published);
    row = row_of(w, up.id);
    assert_int_equal(row.state, TASK_PROCESSED);
    assert_int_equal(row.progress, 100);
    assert_int_equal(row.reel_bytes, 8);
    assert_int_equal(row.poster_bytes, 3);
    assert_non_null(strstr(row.report, "\"a test\""));
    assert_int_equal(bytes_used(w), 5011);
    OK(task_open(w->tasks, w->a, TASK_PART_REEL, task_public_name(row.reel_blob), &opened, &r, e));
    char text[9] = "";
    assert_int_equal(blob_pread(r, text, 8, 0, NULL), 8);
    assert_string_equal(text, "the reel");
    blob_reader_close(r);
    OK(task_open(w->tasks, w->a, TASK_PART_POSTER, task_public_name(row.poster_blob), &opened, &r,
                 e));
    blob_reader_close(r);
    assert_int_equal(opened.user_id, w->user);
    assert_string_equal(task_public_name(""), "");
}

static void a_reel_without_a_poster_is_fine(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c;
    bool published = false;
    assert_true(claim(w, "w1", &c));
    OK(finish(w, &c, false, &published, e));
    assert_true(published);
    assert_string_equal(row_of(w, up.id).poster_blob, "");
    assert_int_equal(blob_count(w), 2);
}

static void a_clip_that_is_not_what_was_stored_is_not_opened(void **state)
{
    struct world *w = *state;
    struct task_row c;
    upload_any(w);
    assert_true(claim(w, "w1", &c));
    const char *path = arena_printf(w->a, "%s/blobs/%s", w->dir, c.clip_blob);
    assert_int_equal(truncate(path, 4999), 0);
    struct blob_reader *r;
    FAILS(ERR_SYSTEM, MSG_INTERNAL, task_open_clip(w->tasks, &c, &r, e));
    assert_non_null(strstr(problems(w), "has 4999 bytes, 5000 were stored"));
    assert_int_equal(unlink(path), 0);
    FAILS(ERR_MISSING, MSG_NOT_FOUND, task_open_clip(w->tasks, &c, &r, e));
    assert_non_null(strstr(problems(w), "cannot be read"));
    OK(task_delete(w->tasks, w->a, c.id, 0, &c, e));
    assert_int_equal(sweep(w, false).purged, 1);
}

/* -- too late -- */

static void ask7_a_late_attempt_is_refused_and_its_bytes_removed(void **state)
{
    struct world *w = *state;
    struct task_rules rules = w->rules;
    struct task_row up = upload_any(w), late, now;
    bool published = true, held = true;
    rules.lease_ms = 1;
    world_rules(w, rules);
    assert_true(claim(w, "slow", &late));
    usleep(5000);
    assert_int_equal(sweep(w, false).expired, 1);
    OK(task_held(w->tasks, &late, &held, e));
    assert_false(held);
    rules.lease_ms = 60000;
    world_rules(w, rules);
    assert_true(claim(w, "fast", &now));
    assert_int_equal(now.id, up.id);
    assert_int_equal(now.attempts, 2);
    OK(task_renew(w->tasks, &late, 50, &held, e));
    assert_false(held);
    OK(finish(w, &late, true, &published, e));
    assert_false(published);
    assert_int_equal(blob_count(w), 1); /* the clip alone */
    fail_with(w, &late, ERR_INPUT, MSG_NO_VIDEO);
    assert_int_equal(row_of(w, up.id).state, TASK_PROCESSING);
    assert_string_equal(row_of(w, up.id).worker, "fast");
    OK(finish(w, &now, true, &published, e));
    assert_true(published);
    OK(finish(w, &now, true, &published, e)); /* once more, as a message that came twice would */
    assert_false(published);
    assert_int_equal(blob_count(w), 3);
}

static void ask8_a_deleted_task_is_not_held_any_more_and_leaves_no_bytes(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c, was, row;
    bool held = true, published = true;
    assert_true(claim(w, "w1", &c));
    OK(task_delete(w->tasks, w->a, up.id, w->user, &was, e));
    assert_int_equal(was.state, TASK_PROCESSING);
    assert_string_equal(was.file_name, "gol.mp4");
    OK(task_held(w->tasks, &c, &held, e));
    assert_false(held);
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, task_get(w->tasks, w->a, up.id, w->user, &row, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, task_delete(w->tasks, w->a, up.id, w->user, &row, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, task_retry(w->tasks, up.id, w->user, e));
    assert_int_equal(bytes_used(w), 0);
    assert_string_equal(problems(w), ""); /* bytes of a deleted task are accounted for */
    assert_int_equal(sweep(w, false).purged, 1);
    OK(finish(w, &c, true, &published, e)); /* the worker did not notice in time */
    assert_false(published);
    assert_int_equal(blob_count(w), 0);
    for (int s = 0; s < TASK_STATE_COUNT; s++)
        assert_int_equal(rows_in(w, (enum task_state)s), 0);
}

static void only_its_owner_or_the_operator_deletes_and_retries(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), row;
    int64_t eva;
    OK(store_user_add(w->store, "eva", "eva@x.y", "h", &eva, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, task_delete(w->tasks, w->a, up.id, eva, &row, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, task_retry(w->tasks, up.id, eva, e));
    OK(task_delete(w->tasks, w->a, up.id, 0, &row, e));
    sweep(w, false);
}

/* -- failures -- */

static void ask1_a_fault_of_the_clip_is_final_and_says_why(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c;
    assert_true(claim(w, "w1", &c));
    assert_int_equal(fail_with(w, &c, ERR_INPUT, MSG_NO_VIDEO), TASK_FAILED);
    struct task_row row = row_of(w, up.id);
    assert_int_equal(row.state, TASK_FAILED);
    assert_string_equal(row.error_slug, "no_video");
    assert_string_equal(row.error_text, "as the test says");
    assert_false(claim(w, "w1", &c));
}

static void a_fault_of_ours_is_tried_again_until_attempts_are_used_up(void **state)
{
    struct world *w = *state;
    struct task_rules rules = w->rules;
    rules.retry_wait_ms = 1;
    world_rules(w, rules);
    struct task_row up = upload_any(w), c, row;
    for (int i = 1; i < rules.attempts; i++) {
        assert_true(claim(w, "w1", &c));
        assert_int_equal(c.attempts, i);
        assert_int_equal(fail_with(w, &c, ERR_SYSTEM, MSG_INTERNAL), TASK_UPLOADED);
        row = row_of(w, up.id);
        assert_string_equal(row.error_slug, ""); /* nothing that its owner need mind */
        assert_string_equal(row.error_text, "as the test says");
        usleep(10000);
    }
    assert_true(claim(w, "w1", &c));
    assert_int_equal(fail_with(w, &c, ERR_SYSTEM, MSG_RECEIPT_FAILED), TASK_FAILED);
    row = row_of(w, up.id);
    assert_string_equal(row.error_slug, "attempts_used");
    assert_string_equal(row.error_text, "as the test says");
}

static void a_second_attempt_waits(void **state)
{
    struct world *w = *state;
    struct task_row c;
    int64_t in_ms = 0;
    upload_any(w);
    assert_true(claim(w, "w1", &c));
    fail_with(w, &c, ERR_SYSTEM, MSG_INTERNAL);
    assert_false(claim(w, "w1", &c));
    OK(task_next_due(w->tasks, &in_ms, e));
    assert_in_range(in_ms, 50000, 60000);
}

static void ask3_an_attempt_handed_back_is_not_counted(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c;
    for (int i = 0; i < 3 * w->rules.attempts; i++) {
        assert_true(claim(w, "w1", &c));
        assert_int_equal(c.attempts, 1);
        assert_int_equal(fail_with(w, &c, ERR_STOPPED, MSG_STOPPED), TASK_UPLOADED);
        assert_string_equal(row_of(w, up.id).error_text, "");
    }
    assert_int_equal(row_of(w, up.id).fence, 3 * w->rules.attempts);
}

static void ask11_a_full_disk_makes_a_task_wait_and_says_so(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c;
    int64_t in_ms = 0;
    assert_true(claim(w, "w1", &c));
    assert_int_equal(fail_with(w, &c, ERR_FULL, MSG_DISK_FULL), TASK_UPLOADED);
    struct task_row row = row_of(w, up.id);
    assert_int_equal(row.attempts, 0);
    assert_string_equal(row.error_slug, "disk_full");
    OK(task_next_due(w->tasks, &in_ms, e));
    assert_in_range(in_ms, 10000, 15000);
}

static void ask4_a_clip_that_takes_its_workers_down_ends(void **state)
{
    struct world *w = *state;
    struct task_rules rules = w->rules;
    rules.lease_ms = rules.retry_wait_ms = 1;
    world_rules(w, rules);
    struct task_row up = upload_any(w), c;
    for (int i = 0; i < rules.attempts; i++) {
        assert_true(claim(w, "doomed", &c));
        usleep(10000);
        assert_int_equal(sweep(w, false).expired, 1);
        usleep(10000);
    }
    assert_false(claim(w, "doomed", &c));
    struct task_row row = row_of(w, up.id);
    assert_int_equal(row.state, TASK_FAILED);
    assert_string_equal(row.error_slug, "attempts_used");
    assert_non_null(strstr(row.error_text, "doomed"));
}

static void ask2_a_failed_task_is_retried_with_fresh_attempts(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c;
    bool published = false;
    FAILS(ERR_CONFLICT, MSG_RETRY_STATE, task_retry(w->tasks, up.id, w->user, e));
    assert_true(claim(w, "w1", &c));
    FAILS(ERR_CONFLICT, MSG_RETRY_STATE, task_retry(w->tasks, up.id, w->user, e));
    fail_with(w, &c, ERR_INPUT, MSG_NO_PROGRESS);
    OK(task_retry(w->tasks, up.id, w->user, e));
    struct task_row row = row_of(w, up.id);
    assert_int_equal(row.state, TASK_UPLOADED);
    assert_int_equal(row.attempts, 0);
    assert_string_equal(row.error_slug, "");
    assert_true(claim(w, "w1", &c));
    OK(finish(w, &c, false, &published, e));
    assert_true(published);
    FAILS(ERR_CONFLICT, MSG_RETRY_STATE, task_retry(w->tasks, up.id, w->user, e));
}

/* -- faults while settling -- */

static void an_answer_that_was_lost_loses_no_reel(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c;
    bool published = false;
    assert_true(claim(w, "w1", &c));
    fault_change = (struct faults){FAULT_AFTER, ERR_SYSTEM, 1};
    OK(finish(w, &c, true, &published, e));
    assert_true(published);
    assert_int_equal(fault_change.calls, 0);
    assert_int_equal(row_of(w, up.id).state, TASK_PROCESSED);
    assert_int_equal(blob_count(w), 3);
}

static void a_reel_that_could_not_be_settled_leaves_nothing_and_is_made_again(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c;
    bool published = false;
    assert_true(claim(w, "w1", &c));
    fault_change = (struct faults){FAULT_BEFORE, ERR_BUSY, 1};
    FAILS(ERR_BUSY, MSG_UNAVAILABLE, finish(w, &c, true, &published, e));
    assert_int_equal(blob_count(w), 1);
    assert_int_equal(row_of(w, up.id).state, TASK_PROCESSING);
    OK(finish(w, &c, true, &published, e));
    assert_true(published);
}

#define STAYS                                                                                      \
    {                                                                                              \
        NULL, (enum fit)FIT_UNSAID, -1                                                             \
    }

static void a_reel_is_made_anew_and_the_old_one_goes_when_the_new_is_there(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), c, late, row;
    struct task_amend how = STAYS;
    bool published = false;
    assert_true(claim(w, "w1", &c));
    OK(finish(w, &c, true, &published, e));
    row = row_of(w, up.id);
    const char *old_reel = arena_strdup(w->a, row.reel_blob);
    assert_int_equal(bytes_used(w), 5011);
    how.fit = FIT_CROP;
    OK(task_amend(w->tasks, w->a, up.id, w->user, &how, &row, e));
    assert_int_equal(row.state, TASK_UPLOADED);
    assert_int_equal(row.fit, FIT_CROP);
    assert_int_equal(row.attempts, 0);
    assert_int_equal(bytes_used(w), 5011); /* what is kept counts */
    struct blob_reader *r;
    OK(task_open(w->tasks, w->a, TASK_PART_REEL, task_public_name(old_reel), &row, &r, e));
    blob_reader_close(r);
    /* another wish while an attempt is under way: what that makes is of no use */
    assert_true(claim(w, "w1", &late));
    how.start_s = 0.5;
    OK(task_amend(w->tasks, w->a, up.id, w->user, &how, &row, e));
    assert_int_equal(row.state, TASK_UPLOADED);
    assert_int_equal(row.start_us, 500000);
    bool held = true;
    OK(task_held(w->tasks, &late, &held, e));
    assert_false(held);
    OK(finish(w, &late, true, &published, e));
    assert_false(published);
    assert_true(claim(w, "w2", &c));
    assert_int_equal(c.start_us, 500000);
    OK(finish(w, &c, true, &published, e));
    assert_true(published);
    row = row_of(w, up.id);
    assert_int_equal(row.state, TASK_PROCESSED);
    assert_string_not_equal(row.reel_blob, old_reel);
    assert_int_equal(blob_count(w), 3); /* clip, reel, poster */
    assert_int_equal(bytes_used(w), 5011);
    /* nothing new: nothing is made */
    OK(task_amend(w->tasks, w->a, up.id, w->user, &how, &row, e));
    assert_int_equal(row.state, TASK_PROCESSED);
}

static void what_cannot_be_changed_stays_as_it_is(void **state)
{
    struct world *w = *state;
    struct task_row up = upload_any(w), row;
    struct task_amend how = STAYS;
    char longest[401] = "", too_long[403] = ""; /* in characters of two bytes */
    for (int i = 0; i < 402; i++)
        too_long[i] = i % 2 ? '\xb1' : '\xc3';
    memcpy(longest, too_long, 400);
    how.title = longest;
    OK(task_amend(w->tasks, w->a, up.id, w->user, &how, &row, e));
    assert_string_equal(row.title, longest);
    assert_int_equal(row.state, TASK_UPLOADED);
    static const char *const bad[] = {"a\nb", "\x7f", "\xff", NULL};
    for (const char *const *b = bad; *b; b++) {
        how = (struct task_amend){*b, FIT_BLUR, 1};
        FAILS(ERR_INPUT, MSG_PARAMETER_BAD,
              task_amend(w->tasks, w->a, up.id, w->user, &how, &row, e));
    }
    how = (struct task_amend){too_long, FIT_BLUR, 1};
    FAILS(ERR_INPUT, MSG_PARAMETER_BAD, task_amend(w->tasks, w->a, up.id, w->user, &how, &row, e));
    how = (struct task_amend){"x", FIT_BLUR, 86401};
    FAILS(ERR_INPUT, MSG_PARAMETER_BAD, task_amend(w->tasks, w->a, up.id, w->user, &how, &row, e));
    how.start_s = 1;
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND,
          task_amend(w->tasks, w->a, up.id, w->user + 1, &how, &row, e));
    row = row_of(w, up.id);
    assert_string_equal(row.title, longest);
    assert_int_not_equal(row.fit, FIT_BLUR);
    OK(task_delete(w->tasks, w->a, up.id, w->user, &row, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND,
          task_amend(w->tasks, w->a, up.id, w->user, &how, &row, e));
}

static struct task_place place_of(struct world *w, int64_t id)
{
    struct task_place p = {false, 0, 0};
    struct task_row row = row_of(w, id);
    OK(task_place(w->tasks, &row, &p, e));
    return p;
}

static void a_task_knows_its_place_and_when_its_turn_comes(void **state)
{
    struct world *w = *state;
    struct task_row first = upload_any(w), second = upload_any(w), c;
    struct task_place p = place_of(w, second.id);
    assert_true(p.known);
    assert_int_equal(p.place, 2);
    assert_int_equal(p.seconds, -1); /* nothing was made yet, and nobody works */
    bool published = false;
    OK(task_beat(w->tasks, &(struct worker_row){"w1", "1", 1, 0, 0, false}, e));
    assert_true(claim(w, "w1", &c));
    assert_int_equal(place_of(w, first.id).place, 0);
    world_rules(w, w->rules);
    assert_int_equal(place_of(w, second.id).place, 1);
    OK(finish(w, &c, true, &published, e));
    assert_false(place_of(w, first.id).known); /* it waits for nothing */
    world_rules(w, w->rules);
    assert_in_range(place_of(w, second.id).seconds, 1, 60);
    assert_true(claim(w, "w1", &c));
    assert_int_equal(fail_with(w, &c, ERR_SYSTEM, MSG_INTERNAL), TASK_UPLOADED);
    world_rules(w, w->rules);
    assert_false(place_of(w, second.id).known); /* it waits for its time */
}

static void the_time_left_is_told_from_what_the_last_ones_took(void **state)
{
    (void)state;
    static const struct {
        struct line_pace pace;
        int place, progress, is;
    } rows[] = {
        {{0, 2, 0}, 1, 0, -1},                                 /* none was made */
        {{4000, 0, 0}, 1, 0, -1},                              /* nobody works */
        {{4000, 2, 0}, 1, 0, 4},                               /* at once */
        {{4000, 2, 0}, 2, 0, 4},                               /* beside it */
        {{4000, 2, 0}, 3, 0, 6},                               /* when the first of them ends */
        {{4000, 2, 2}, 1, 0, 6},     {{4000, 2, 3}, 1, 0, 6},  /* more at work than can be */
        {{4000, 2, 2}, 100, 0, 204}, {{4000, 2, 2}, 0, 75, 1}, /* under way */
        {{4000, 2, 2}, 0, 100, 0},   {{10, 1, 1}, 0, 0, 1},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        if (task_line_seconds(&rows[i].pace, rows[i].place, rows[i].progress) != rows[i].is)
            fail_msg("row %zu: %d", i,
                     (int)task_line_seconds(&rows[i].pace, rows[i].place, rows[i].progress));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define FACT(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
        FACT(a_finished_attempt_publishes_its_reel),
        FACT(a_reel_without_a_poster_is_fine),
        FACT(a_clip_that_is_not_what_was_stored_is_not_opened),
        FACT(ask7_a_late_attempt_is_refused_and_its_bytes_removed),
        FACT(ask8_a_deleted_task_is_not_held_any_more_and_leaves_no_bytes),
        FACT(only_its_owner_or_the_operator_deletes_and_retries),
        FACT(ask1_a_fault_of_the_clip_is_final_and_says_why),
        FACT(a_fault_of_ours_is_tried_again_until_attempts_are_used_up),
        FACT(a_second_attempt_waits),
        FACT(ask3_an_attempt_handed_back_is_not_counted),
        FACT(ask11_a_full_disk_makes_a_task_wait_and_says_so),
        FACT(ask4_a_clip_that_takes_its_workers_down_ends),
        FACT(ask2_a_failed_task_is_retried_with_fresh_attempts),
        FACT(an_answer_that_was_lost_loses_no_reel),
        FACT(a_reel_that_could_not_be_settled_leaves_nothing_and_is_made_again),
        FACT(a_reel_is_made_anew_and_the_old_one_goes_when_the_new_is_there),
        FACT(what_cannot_be_changed_stays_as_it_is),
        FACT(a_task_knows_its_place_and_when_its_turn_comes),
        FACT(the_time_left_is_told_from_what_the_last_ones_took),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
