/* From clip to row: what is kept, what is refused, and what a fault between bytes and row leaves.
 */
#include "task/test/world.h"

#include "core/str.h"
#include "store/store.h"

#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>

static struct task_wish wish(struct world *w)
{
    return (struct task_wish){.user_id = w->user, .file_name = "gol.mp4"};
}

static void an_upload_becomes_a_task_with_its_bytes_and_their_hash(void **state)
{
    struct world *w = *state;
    const unsigned char *clip = clip_make(w, 300000, 1);
    struct task_wish wi = {.user_id = w->user,
                           .file_name = "videos/Gol de tiro libre.mp4",
                           .title = "¡Gol!",
                           .fit = FIT_BLUR,
                           .start_s = 1.25};
    struct task_row row;
    bool existed = true;
    OK(upload(w, clip, 300000, &wi, &row, &existed, e));
    assert_false(existed);
    assert_int_equal(row.state, TASK_UPLOADED);
    assert_string_equal(row.file_name, "Gol de tiro libre.mp4");
    assert_string_equal(row.title, "¡Gol!");
    assert_int_equal(row.fit, FIT_BLUR);
    assert_int_equal(row.start_us, 1250000);
    assert_int_equal(row.clip_bytes, 300000);
    unsigned char hash[32];
    char hex[65];
    crypto_generichash(hash, sizeof(hash), clip, 300000, NULL, 0);
    assert_string_equal(row.clip_hash, sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
    assert_int_equal(strncmp(row.clip_blob, "clips/20", 8), 0);
    assert_int_equal(bytes_used(w), 300000);

    struct task_row opened;
    struct blob_reader *r;
    OK(task_open(w->tasks, w->a, TASK_PART_CLIP, task_public_name(row.clip_blob), &opened, &r, e));
    assert_int_equal(opened.id, row.id);
    assert_int_equal(blob_reader_size(r), 300000);
    unsigned char *back = arena_get(w->a, 300000);
    assert_int_equal(blob_pread(r, back, 300000, 0, NULL), 300000);
    assert_memory_equal(back, clip, 300000);
    blob_reader_close(r);
    FAILS(
        ERR_MISSING, MSG_TASK_NOT_FOUND,
        task_open(w->tasks, w->a, TASK_PART_REEL, task_public_name(row.clip_blob), &opened, &r, e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND,
          task_open(w->tasks, w->a, TASK_PART_CLIP, "../../x.db", &opened, &r, e));
}

/* Each row is refused where it should be, and leaves neither bytes nor a row. */
static void what_cannot_be_a_clip_is_refused_and_leaves_nothing(void **state)
{
    struct world *w = *state;
    char *text = arena_get(w->a, 9000);
    memset(text, 'x', 9000);
    char *title = arena_get(w->a, 202);
    memset(title, 't', 201);
    char *key = arena_get(w->a, 130);
    memset(key, 'k', 129);
    const void *clip = clip_make(w, 9000, 2);
    const struct {
        const void *data;
        size_t len;
        struct task_wish wish;
        enum err_code code;
        enum msg msg;
    } rows[] = {
        {clip, 0, {.file_name = "a.mp4"}, ERR_INPUT, MSG_EMPTY_FILE},
        {text, 9000, {.file_name = "a.mp4"}, ERR_UNSUPPORTED, MSG_NOT_A_VIDEO},
        {text, 9, {.file_name = "a.mp4"}, ERR_UNSUPPORTED, MSG_NOT_A_VIDEO},
        {clip, 7, {.file_name = "a.mp4"}, ERR_UNSUPPORTED, MSG_NOT_A_VIDEO},
        {"#EXTM3U\n/etc/passwd\n", 20, {.file_name = "a.mp4"}, ERR_UNSUPPORTED, MSG_PLAYLIST},
        {clip, 9000, {.file_name = "a\xff.mp4"}, ERR_INPUT, MSG_FILENAME_BAD},
        {clip, 9000, {.file_name = "a", .title = title}, ERR_INPUT, MSG_PARAMETER_BAD},
        {clip, 9000, {.file_name = "a", .title = "a\nb"}, ERR_INPUT, MSG_PARAMETER_BAD},
        {clip, 9000, {.file_name = "a", .start_s = -0.1}, ERR_INPUT, MSG_PARAMETER_BAD},
        {clip, 9000, {.file_name = "a", .start_s = 0.0 / 0.0}, ERR_INPUT, MSG_PARAMETER_BAD},
        {clip, 9000, {.file_name = "a", .start_s = 1e300}, ERR_INPUT, MSG_PARAMETER_BAD},
        {clip,
         9000,
         {.file_name = "a", .fit = (enum fit)(FIT_UNSAID + 1)},
         ERR_INPUT,
         MSG_PARAMETER_BAD},
        {clip, 9000, {.file_name = "a", .idempotency_key = ""}, ERR_INPUT, MSG_PARAMETER_BAD},
        {clip, 9000, {.file_name = "a", .idempotency_key = key}, ERR_INPUT, MSG_PARAMETER_BAD},
        {clip, 9000, {.file_name = "a", .idempotency_key = "a b"}, ERR_INPUT, MSG_PARAMETER_BAD},
        {clip, 9000, {.file_name = "a", .user_id = 999}, ERR_MISSING, MSG_NOT_FOUND},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct task_wish wi = rows[i].wish;
        struct task_row row = {.id = 7};
        bool existed;
        if (!wi.user_id)
            wi.user_id = w->user;
        print_message("row %zu\n", i);
        FAILS(rows[i].code, rows[i].msg,
              upload(w, rows[i].data, rows[i].len, &wi, &row, &existed, e));
        assert_int_equal(row.id, 7);
        assert_int_equal(blob_count(w), 0);
        assert_int_equal(rows_in(w, TASK_UPLOADED), 0);
    }
}

static void a_text_is_refused_before_all_of_it_has_come(void **state)
{
    struct world *w = *state;
    struct task_upload *u;
    char *text = arena_get(w->a, 100000);
    memset(text, 'x', 100000);
    OK(task_upload_begin(w->tasks, -1, &u, e));
    FAILS(ERR_UNSUPPORTED, MSG_NOT_A_VIDEO, task_upload_write(u, text, 100000, e));
    /* and stays refused, whatever comes */
    FAILS(ERR_UNSUPPORTED, MSG_NOT_A_VIDEO, task_upload_write(u, clip_make(w, 50, 1), 50, e));
    struct task_wish wi = wish(w);
    struct task_row row;
    bool existed;
    FAILS(ERR_UNSUPPORTED, MSG_NOT_A_VIDEO, task_upload_commit(u, &wi, w->a, &row, &existed, e));
    assert_int_equal(blob_count(w), 0);
}

static void the_size_limit_holds_to_the_byte(void **state)
{
    struct world *w = *state;
    struct task_upload *u;
    int64_t max = w->rules.max_upload_bytes;
    /* a body may announce a little more than its file */
    OK(task_upload_begin(w->tasks, max + 1000, &u, e));
    task_upload_abort(u);
    FAILS(ERR_TOO_LARGE, MSG_FILE_TOO_LARGE, task_upload_begin(w->tasks, max + 100000, &u, e));
    FAILS(ERR_TOO_LARGE, MSG_FILE_TOO_LARGE, task_upload_begin(w->tasks, INT64_MAX, &u, e));
    OK(task_upload_begin(w->tasks, -1, &u, e));
    OK(task_upload_write(u, clip_make(w, (size_t)max, 3), (size_t)max, e));
    OK(task_upload_write(u, "", 0, e));
    FAILS(ERR_TOO_LARGE, MSG_FILE_TOO_LARGE, task_upload_write(u, "x", 1, e));
    task_upload_abort(u);
    task_upload_abort(NULL);
    struct task_wish wi = wish(w);
    struct task_row row;
    bool existed;
    OK(upload(w, clip_make(w, (size_t)max, 3), (size_t)max, &wi, &row, &existed, e));
    assert_int_equal(row.clip_bytes, max);
}

static void ask13_a_key_met_again_gives_its_task_or_says_that_it_was_for_another(void **state)
{
    struct world *w = *state;
    struct task_wish wi = wish(w);
    struct task_row first, again, none = {.id = 7};
    bool existed = true;
    wi.idempotency_key = "b5c1-4";
    OK(upload(w, clip_make(w, 5000, 1), 5000, &wi, &first, &existed, e));
    assert_false(existed);
    OK(upload(w, clip_make(w, 5000, 1), 5000, &wi, &again, &existed, e));
    assert_true(existed);
    assert_int_equal(again.id, first.id);
    FAILS(ERR_CONFLICT, MSG_IDEMPOTENCY_MISMATCH,
          upload(w, clip_make(w, 5000, 2), 5000, &wi, &none, &existed, e));
    FAILS(ERR_CONFLICT, MSG_IDEMPOTENCY_MISMATCH,
          upload(w, clip_make(w, 5001, 1), 5001, &wi, &none, &existed, e));
    struct task_wish other[] = {wi, wi, wi};
    other[0].fit = wi.fit == FIT_CROP ? FIT_PAD : FIT_CROP;
    other[1].start_s = wi.start_s + 3;
    other[2].title = "another";
    for (size_t i = 0; i < LEN(other); i++)
        FAILS(ERR_CONFLICT, MSG_IDEMPOTENCY_MISMATCH,
              upload(w, clip_make(w, 5000, 1), 5000, &other[i], &none, &existed, e));
    assert_int_equal(none.id, 7);
    assert_int_equal(blob_count(w), 1);
    assert_int_equal(bytes_used(w), 5000);
}

static void the_same_file_twice_makes_two_tasks(void **state)
{
    struct world *w = *state;
    struct task_wish wi = wish(w);
    struct task_row a, b;
    bool existed;
    OK(upload(w, clip_make(w, 5000, 1), 5000, &wi, &a, &existed, e));
    OK(upload(w, clip_make(w, 5000, 1), 5000, &wi, &b, &existed, e));
    assert_true(a.id != b.id);
    assert_string_not_equal(a.clip_blob, b.clip_blob);
    assert_string_equal(a.clip_hash, b.clip_hash);
    assert_int_equal(blob_count(w), 2);
}

static void over_the_quota_nothing_is_kept(void **state)
{
    struct world *w = *state;
    struct task_rules rules = w->rules;
    rules.quota_bytes = 12000;
    world_rules(w, rules);
    upload_any(w);
    struct task_row second = upload_any(w), row;
    struct task_wish wi = wish(w);
    bool existed;
    FAILS(ERR_DENIED, MSG_QUOTA_EXCEEDED,
          upload(w, clip_make(w, 5000, 9), 5000, &wi, &row, &existed, e));
    assert_int_equal(blob_count(w), 2);
    OK(task_delete(w->tasks, w->a, second.id, w->user, &row, e));
    upload_any(w);
    sweep(w, false);
}

static void ask11_a_full_disk_refuses_first_and_takes_again_when_there_is_room(void **state)
{
    struct world *w = *state;
    struct task_upload *u = NULL;
    world_reopen(w, INT64_C(1) << 50); /* so much must stay free */
    FAILS(ERR_FULL, MSG_DISK_FULL, task_upload_begin(w->tasks, 5000, &u, e));
    assert_null(u);
    world_reopen(w, 0);
    upload_any(w);
}

static void announcing_much_takes_no_room_from_others(void **state)
{
    struct world *w = *state;
    struct task_rules rules = w->rules;
    struct task_upload *u[3] = {NULL};
    int64_t room, all;
    OK(blob_space(w->blob, &room, &all, e));
    rules.max_upload_bytes = 2 * room;
    world_rules(w, rules);
    for (size_t i = 0; i < LEN(u); i++) /* three times nearly all that is free */
        OK(task_upload_begin(w->tasks, room - (INT64_C(256) << 20), &u[i], e));
    upload_any(w);
    for (size_t i = 0; i < LEN(u); i++)
        task_upload_abort(u[i]);
    FAILS(ERR_FULL, MSG_DISK_FULL, task_upload_begin(w->tasks, room + room / 2, &u[0], e));
}

/* -- faults between the bytes and the row -- */

static void a_row_that_was_refused_takes_its_bytes_along(void **state)
{
    struct world *w = *state;
    static const enum err_code codes[] = {ERR_BUSY, ERR_FULL};
    for (size_t i = 0; i < LEN(codes); i++) {
        struct task_wish wi = wish(w);
        struct task_row row;
        bool existed;
        fault_add = (struct faults){FAULT_BEFORE, codes[i], 1};
        FAILS(codes[i], msg_general(codes[i]),
              upload(w, clip_make(w, 5000, 1), 5000, &wi, &row, &existed, e));
        assert_int_equal(fault_add.calls, 0);
        assert_int_equal(blob_count(w), 0);
    }
}

static void a_commit_whose_outcome_is_open_leaves_its_bytes_to_the_sweep(void **state)
{
    struct world *w = *state;
    struct task_wish wi = wish(w);
    struct task_row row;
    bool existed;
    fault_add = (struct faults){FAULT_BEFORE, ERR_SYSTEM, 1};
    FAILS(ERR_SYSTEM, MSG_INTERNAL, upload(w, clip_make(w, 5000, 1), 5000, &wi, &row, &existed, e));
    assert_int_equal(blob_count(w), 1);
    assert_non_null(strstr(problems(w), "belong to no task"));
    assert_int_equal(sweep(w, true).orphans, 0); /* it is young yet */
    struct task_rules rules = w->rules;
    rules.upload_grace_ms = 0;
    world_rules(w, rules);
    assert_int_equal(sweep(w, true).orphans, 1);
    assert_int_equal(blob_count(w), 0);
}

static void an_answer_that_was_lost_loses_no_upload(void **state)
{
    struct world *w = *state;
    struct task_wish wi = wish(w);
    struct task_row row;
    bool existed = true;
    fault_add = (struct faults){FAULT_AFTER, ERR_SYSTEM, 1};
    OK(upload(w, clip_make(w, 5000, 1), 5000, &wi, &row, &existed, e));
    assert_false(existed);
    assert_int_equal(fault_add.calls, 0);
    assert_int_equal(row_of(w, row.id).clip_bytes, 5000);
    assert_int_equal(rows_in(w, TASK_UPLOADED), 1);
}

static void a_process_that_ends_between_bytes_and_row_leaves_only_what_the_sweep_takes(void **state)
{
    struct world *w = *state;
    upload_any(w);
    tasks_free(w->tasks);
    blob_closep(&w->blob);
    queue_closep(&w->queue);
    store_closep(&w->store);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        w->rules.upload_grace_ms = 0;
        w->tasks = NULL;
        world_reopen(w, 0);
        fault_add = (struct faults){FAULT_EXIT, ERR_NONE, 1};
        upload_any(w);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    w->rules.upload_grace_ms = 0;
    w->tasks = NULL;
    world_reopen(w, 0);
    assert_int_equal(blob_count(w), 2);
    assert_int_equal(rows_in(w, TASK_UPLOADED), 1);
    assert_int_equal(sweep(w, true).orphans, 1);
    assert_int_equal(blob_count(w), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define FACT(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
        FACT(an_upload_becomes_a_task_with_its_bytes_and_their_hash),
        FACT(what_cannot_be_a_clip_is_refused_and_leaves_nothing),
        FACT(a_text_is_refused_before_all_of_it_has_come),
        FACT(the_size_limit_holds_to_the_byte),
        FACT(ask13_a_key_met_again_gives_its_task_or_says_that_it_was_for_another),
        FACT(the_same_file_twice_makes_two_tasks),
        FACT(over_the_quota_nothing_is_kept),
        FACT(ask11_a_full_disk_refuses_first_and_takes_again_when_there_is_room),
        FACT(announcing_much_takes_no_room_from_others),
        FACT(a_row_that_was_refused_takes_its_bytes_along),
        FACT(a_commit_whose_outcome_is_open_leaves_its_bytes_to_the_sweep),
        FACT(an_answer_that_was_lost_loses_no_upload),
        FACT(a_process_that_ends_between_bytes_and_row_leaves_only_what_the_sweep_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
