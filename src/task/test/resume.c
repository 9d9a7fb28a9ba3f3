/* Clips in pieces: whatever ends between the bytes, their name, the task and the note of it, the
 * next who asks finds one task with its bytes, or an upload that can go on. */
#include "store/store.h"
#include "task/test/world.h"

#include "task/resume.h"

#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 20000, KEEP_MS = 60000 };

static int set_up(void **state)
{
    world_set_up(state);
    struct world *w = *state;
    struct task_rules rules = w->rules;
    rules.upload_keep_ms = KEEP_MS;
    world_rules(w, rules);
    return 0;
}

static struct upload_row begun_of(struct world *w, int64_t length_bytes)
{
    const struct task_wish wish = {.user_id = w->user, .file_name = "gol.mp4"};
    struct upload_row u = {0};
    OK(resume_add(w->tasks, &wish, length_bytes, w->a, &u, e));
    return u;
}

static int piece(struct world *w, const char *id, const unsigned char *clip, int64_t from,
                 int64_t to, struct upload_row *out, struct err *e)
{
    struct task_piece *p = NULL;
    if (resume_begin(w->tasks, w->a, id, w->user, from, &p, e) < 0)
        return -1;
    for (int64_t at = from, n; at < to; at += n) {
        n = to - at < 999 ? to - at : 999;
        assert_int_equal(resume_write(p, clip + at, (size_t)n, e), 0);
    }
    return resume_end(p, true, w->a, out, e);
}

static void is_the_clip(struct world *w, int64_t task_id, const unsigned char *clip, size_t len)
{
    struct task_row row = row_of(w, task_id);
    unsigned char hash[32], *back = arena_get(w->a, len);
    char hex[65];
    struct blob_reader *r = NULL;
    crypto_generichash(hash, sizeof(hash), clip, len, NULL, 0);
    assert_string_equal(row.clip_hash, sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
    OK(blob_read(w->blob, row.clip_blob, &r, e));
    assert_int_equal(blob_reader_size(r), len);
    assert_int_equal(blob_pread(r, back, len, 0, NULL), len);
    assert_memory_equal(back, clip, len);
    blob_reader_close(r);
}

/* One task, with its bytes, that HEAD and a last piece of nothing name. */
static void is_one_task(struct world *w, const char *id, const unsigned char *clip)
{
    struct upload_row u = {0}, again = {0};
    OK(resume_get(w->tasks, w->a, id, w->user, &u, e));
    assert_true(u.task_id > 0);
    OK(resume_get(w->tasks, w->a, id, w->user, &again, e));
    assert_int_equal(again.task_id, u.task_id);
    OK(piece(w, id, clip, LENGTH, LENGTH, &again, e));
    assert_int_equal(again.task_id, u.task_id);
    assert_int_equal(rows_in(w, TASK_UPLOADED), 1);
    assert_int_equal(blob_count(w), 1);
    assert_int_equal(bytes_used(w), LENGTH);
    is_the_clip(w, u.task_id, clip, LENGTH);
}

static void pieces_become_one_task_with_their_bytes_and_their_hash(void **state)
{
    struct world *w = *state;
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    struct upload_row u = begun_of(w, LENGTH);
    static const int64_t at[] = {0, 1, 8, 4104, 4105, 15000, LENGTH};
    for (size_t i = 0; i + 1 < LEN(at); i++) {
        OK(piece(w, u.id, clip, at[i], at[i + 1], &u, e));
        assert_int_equal(u.offset_bytes, at[i + 1]);
    }
    is_one_task(w, u.id, clip);
}

static void a_note_of_the_task_that_was_lost_costs_nothing(void **state)
{
    struct world *w = *state;
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    struct upload_row u = begun_of(w, LENGTH), out;
    fault_finish = (struct faults){FAULT_BEFORE, ERR_BUSY, 1};
    FAILS(ERR_BUSY, msg_general(ERR_BUSY), piece(w, u.id, clip, 0, LENGTH, &out, e));
    assert_int_equal(fault_finish.calls, 0);
    assert_int_equal(rows_in(w, TASK_UPLOADED), 1);
    is_one_task(w, u.id, clip);
}

static void a_store_that_fails_for_a_while_loses_no_bytes(void **state)
{
    struct world *w = *state;
    static const struct faults faults[] = {{FAULT_BEFORE, ERR_BUSY, 2},
                                           {FAULT_BEFORE, ERR_FULL, 2},
                                           {FAULT_BEFORE, ERR_SYSTEM, 2},
                                           {FAULT_AFTER, ERR_SYSTEM, 1},
                                           {FAULT_AFTER, ERR_BUSY, 1}};
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    for (size_t i = 0; i < LEN(faults); i++) {
        struct upload_row u = begun_of(w, LENGTH), out;
        fault_add = faults[i];
        (void)piece(w, u.id, clip, 0, LENGTH, &out, NULL);
        if (fault_add.calls)
            (void)resume_get(w->tasks, w->a, u.id, w->user, &out, NULL);
        assert_int_equal(fault_add.calls, 0);
        OK(resume_get(w->tasks, w->a, u.id, w->user, &out, e));
        assert_int_equal(rows_in(w, TASK_UPLOADED), i + 1);
        is_the_clip(w, out.task_id, clip, LENGTH);
    }
}

/* What a process leaves that ends at the fault. */
static struct upload_row left_at(struct world *w, struct faults *fault, const unsigned char *clip)
{
    struct upload_row u = begun_of(w, LENGTH), out;
    OK(piece(w, u.id, clip, 0, 7000, &u, e));
    tasks_free(w->tasks);
    blob_closep(&w->blob);
    queue_closep(&w->queue);
    store_closep(&w->store);
    pid_t pid = fork();
    assert_true(pid >= 0);
    w->tasks = NULL;
    if (pid == 0) {
        world_reopen(w, 0);
        *fault = (struct faults){FAULT_EXIT, ERR_NONE, 1};
        (void)piece(w, u.id, clip, 7000, LENGTH, &out, NULL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    w->rules.upload_grace_ms = 0;
    world_reopen(w, 0);
    OK(resume_start(w->tasks, e));
    return u;
}

static void a_process_that_ends_before_the_row_leaves_bytes_that_no_sweep_takes(void **state)
{
    struct world *w = *state;
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    struct upload_row u = left_at(w, &fault_add, clip);
    assert_int_equal(rows_in(w, TASK_UPLOADED), 0);
    sweep(w, true);
    is_one_task(w, u.id, clip);
    sweep(w, true);
    is_one_task(w, u.id, clip);
}

static void after_that_a_piece_of_nothing_is_enough(void **state)
{
    struct world *w = *state;
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    struct upload_row u = left_at(w, &fault_add, clip);
    OK(piece(w, u.id, clip, LENGTH, LENGTH, &u, e));
    assert_true(u.task_id > 0);
    is_one_task(w, u.id, clip);
}

static void a_process_that_ends_after_the_row_is_followed_by_anybody(void **state)
{
    struct world *w = *state;
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    struct upload_row u = left_at(w, &fault_finish, clip);
    assert_int_equal(rows_in(w, TASK_UPLOADED), 1);
    sweep(w, true);
    is_one_task(w, u.id, clip);
}

static void who_was_left_behind_spoils_nothing(void **state)
{
    struct world *w = *state;
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    struct upload_row u = begun_of(w, LENGTH);
    struct task_piece *old = NULL, *new = NULL;
    OK(resume_begin(w->tasks, w->a, u.id, w->user, 0, &old, e));
    OK(resume_write(old, clip, 9000, e));
    assert_false(resume_unwanted(w->tasks, u.id, resume_number(old)));
    OK(resume_begin(w->tasks, w->a, u.id, w->user, 0, &new, e)); /* waits, in vain */
    assert_true(resume_unwanted(w->tasks, u.id, resume_number(old)));
    OK(resume_write(new, clip, 5000, e));
    FAILS(ERR_CONFLICT, MSG_UPLOAD_TAKEN, resume_end(old, true, w->a, &u, e));
    OK(resume_end(new, true, w->a, &u, e));
    assert_int_equal(u.offset_bytes, 5000);
    OK(piece(w, u.id, clip, 5000, LENGTH, &u, e));
    is_one_task(w, u.id, clip);
}

static void only_the_first_who_asks_waits_for_a_writer_that_is_no_more(void **state)
{
    struct world *w = *state;
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    struct upload_row u = begun_of(w, LENGTH);
    OK(piece(w, u.id, clip, 0, 5000, &u, e));
    struct task_piece *lost = NULL;
    OK(resume_begin(w->tasks, w->a, u.id, w->user, 5000, &lost, e));
    OK(resume_get(w->tasks, w->a, u.id, w->user, &u, e));
    assert_int_equal(u.offset_bytes, 5000);
    assert_int_equal(u.holder, 0);
    FAILS(ERR_CONFLICT, MSG_UPLOAD_TAKEN, resume_end(lost, true, w->a, &u, e));
    OK(piece(w, u.id, clip, 5000, LENGTH, &u, e));
    is_one_task(w, u.id, clip);
}

static void what_is_announced_counts_against_the_quota_until_it_is_a_task_or_gone(void **state)
{
    struct world *w = *state;
    struct task_rules rules = w->rules;
    rules.quota_bytes = 50000;
    world_rules(w, rules);
    const unsigned char *clip = clip_make(w, LENGTH, 1);
    const struct task_wish wish = {.user_id = w->user, .file_name = "gol.mp4"};
    struct upload_row one = begun_of(w, LENGTH), two = begun_of(w, LENGTH), no;
    FAILS(ERR_DENIED, MSG_QUOTA_EXCEEDED, resume_add(w->tasks, &wish, LENGTH, w->a, &no, e));
    OK(resume_remove(w->tasks, w->a, one.id, w->user, e));
    one = begun_of(w, LENGTH);
    OK(piece(w, one.id, clip, 0, LENGTH, &one, e));
    OK(piece(w, two.id, clip, 0, LENGTH, &two, e));
    FAILS(ERR_DENIED, MSG_QUOTA_EXCEEDED, resume_add(w->tasks, &wish, LENGTH, w->a, &no, e));
    begun_of(w, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define FACT(f) cmocka_unit_test_setup_teardown(f, set_up, world_tear_down)
        FACT(pieces_become_one_task_with_their_bytes_and_their_hash),
        FACT(a_note_of_the_task_that_was_lost_costs_nothing),
        FACT(a_store_that_fails_for_a_while_loses_no_bytes),
        FACT(a_process_that_ends_before_the_row_leaves_bytes_that_no_sweep_takes),
        FACT(after_that_a_piece_of_nothing_is_enough),
        FACT(a_process_that_ends_after_the_row_is_followed_by_anybody),
        FACT(who_was_left_behind_spoils_nothing),
        FACT(only_the_first_who_asks_waits_for_a_writer_that_is_no_more),
        FACT(what_is_announced_counts_against_the_quota_until_it_is_a_task_or_gone),
    };
    return cmocka_run_group_tests_name("task-resume", tests, NULL, NULL);
}
