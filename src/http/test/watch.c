#include "core/test/test.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "http/server/watch.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MS = 200, IDLE_MS = 300, PATIENCE_MS = 20000 };

struct line {
    int ours, theirs;
    struct watched *watched;
};

static struct line enter(struct watch *h)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    return (struct line){fd[0], fd[1], watch_enter(h, fd[0])};
}

static void leave(struct line *l)
{
    watch_leave(l->watched);
    close(l->ours);
    close(l->theirs);
}

/* The other end has seen the end of the connection. */
static bool cut(const struct line *l)
{
    char c;
    return recv(l->theirs, &c, 1, MSG_DONTWAIT) == 0;
}

static int64_t cut_after_ms(const struct line *l)
{
    int64_t begun = clock_mono_ms();
    while (!cut(l) && clock_mono_ms() < begun + PATIENCE_MS)
        usleep(1000);
    return clock_mono_ms() - begun;
}

static struct watch *start(void)
{
    struct err e;
    struct watch *h = NULL;
    if (watch_start(&h, HEAD_MS, IDLE_MS, &e) < 0)
        fail_msg("%s", e.text);
    return h;
}

static void a_connection_without_a_head_is_cut_off_in_time_and_not_before(void **state)
{
    (void)state;
    struct watch *h = start();
    struct line l = enter(h);
    assert_in_range(cut_after_ms(&l), HEAD_MS - 20, PATIENCE_MS - 1);
    leave(&l);
    watch_stop(h);
}

static void the_first_line_buys_no_time_and_the_whole_head_ends_the_watch(void **state)
{
    (void)state;
    struct watch *h = start();
    struct line slow = enter(h), quick = enter(h);
    usleep(HEAD_MS / 2 * 1000);
    watch_head_begins(slow.watched);
    watch_head_begins(quick.watched);
    watch_head_ends(quick.watched);
    assert_in_range(cut_after_ms(&slow), 1, PATIENCE_MS - 1);
    usleep(HEAD_MS * 2 * 1000);
    assert_false(cut(&quick));
    leave(&slow);
    leave(&quick);
    watch_stop(h);
}

static void between_requests_there_is_the_idle_time_too(void **state)
{
    (void)state;
    struct watch *h = start();
    struct line resting = enter(h), asking = enter(h);
    watch_head_ends(resting.watched);
    watch_head_ends(asking.watched);
    watch_next(resting.watched);
    watch_next(asking.watched);
    watch_head_begins(asking.watched); /* a second request has begun */
    int64_t begun = clock_mono_ms();
    assert_in_range(cut_after_ms(&asking), HEAD_MS - 20, PATIENCE_MS - 1);
    (void)cut_after_ms(&resting);
    assert_in_range(clock_mono_ms() - begun, HEAD_MS + IDLE_MS - 20, PATIENCE_MS - 1);
    leave(&asking);
    leave(&resting);
    watch_stop(h);
}

static void a_descriptor_that_was_left_is_never_touched(void **state)
{
    (void)state;
    struct watch *h = start();
    struct line l = enter(h);
    watch_leave(TAKE(l.watched));
    usleep(HEAD_MS * 2 * 1000);
    assert_false(cut(&l));
    leave(&l);
    watch_leave(NULL);
    watch_stop(h);
    watch_stop(NULL);
}

static void *come_and_go(void *arg)
{
    for (int i = 0; i < 300; i++) {
        struct line l = enter(arg);
        watch_head_begins(l.watched);
        if (i % 3) {
            watch_head_ends(l.watched);
            watch_next(l.watched);
        }
        if (i % 30 == 0)
            usleep(1000);
        assert_false(cut(&l));
        leave(&l);
    }
    return NULL;
}

static void threads_come_and_go_side_by_side(void **state)
{
    (void)state;
    struct err e;
    struct watch *h = NULL;
    assert_int_equal(watch_start(&h, 60000, 60000, &e), 0);
    pthread_t threads[4];
    for (size_t i = 0; i < LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, h), 0);
    for (size_t i = 0; i < LEN(threads); i++)
        pthread_join(threads[i], NULL);
    watch_stop(h);
}

static void who_goes_away_in_mid_body_is_cut_off_and_who_waits_for_an_answer_is_not(void **state)
{
    (void)state;
    struct watch *h = start();
    struct line gone = enter(h), waits = enter(h), sends = enter(h);
    struct line *all[] = {&gone, &waits, &sends};
    for (size_t i = 0; i < LEN(all); i++)
        watch_head_ends(all[i]->watched);
    watch_body(gone.watched, true);
    watch_body(waits.watched, false); /* its request is whole */
    watch_body(sends.watched, true);
    assert_int_equal(shutdown(gone.theirs, SHUT_WR) | shutdown(waits.theirs, SHUT_WR), 0);
    assert_int_equal(write(sends.theirs, "bytes", 5), 5);
    assert_int_equal(shutdown(sends.theirs, SHUT_WR), 0); /* but not all of it is read */
    assert_in_range(cut_after_ms(&gone), 0, PATIENCE_MS - 1);
    usleep(HEAD_MS * 1000);
    assert_false(cut(&waits) || cut(&sends));
    for (size_t i = 0; i < LEN(all); i++)
        leave(all[i]);
    watch_stop(h);
}

static void who_is_wanted_no_more_is_read_to_the_end_and_then_cut_off(void **state)
{
    (void)state;
    char bytes[8];
    struct err e;
    struct watch *w = NULL;
    assert_int_equal(watch_start(&w, 60000, 60000, &e), 0); /* no other deadline is near */
    struct line l = enter(w);
    watch_head_ends(l.watched);
    watch_body(l.watched, true);
    assert_int_equal(write(l.theirs, "bytes", 5), 5);
    watch_end(l.watched);
    watch_end(l.watched);
    assert_int_equal(recv(l.ours, bytes, sizeof(bytes), 0), 5); /* what had arrived */
    assert_int_equal(recv(l.ours, bytes, sizeof(bytes), 0), 0);
    assert_false(cut(&l));
    assert_in_range(cut_after_ms(&l), 1, PATIENCE_MS - 1);
    leave(&l);
    watch_end(NULL);
    watch_stop(w);
}

static void a_client_has_gone_when_all_that_it_sent_is_read(void **state)
{
    (void)state;
    char bytes[8];
    struct watch *w = start();
    struct line l = enter(w);
    assert_false(watch_has_gone(l.watched));
    assert_int_equal(write(l.theirs, "bytes", 5), 5);
    assert_int_equal(shutdown(l.theirs, SHUT_WR), 0);
    assert_false(watch_has_gone(l.watched));
    assert_int_equal(recv(l.ours, bytes, sizeof(bytes), 0), 5);
    assert_true(watch_has_gone(l.watched));
    assert_false(watch_has_gone(NULL));
    leave(&l);
    watch_stop(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_without_a_head_is_cut_off_in_time_and_not_before),
        cmocka_unit_test(who_goes_away_in_mid_body_is_cut_off_and_who_waits_for_an_answer_is_not),
        cmocka_unit_test(the_first_line_buys_no_time_and_the_whole_head_ends_the_watch),
        cmocka_unit_test(between_requests_there_is_the_idle_time_too),
        cmocka_unit_test(a_descriptor_that_was_left_is_never_touched),
        cmocka_unit_test(threads_come_and_go_side_by_side),
        cmocka_unit_test(who_is_wanted_no_more_is_read_to_the_end_and_then_cut_off),
        cmocka_unit_test(a_client_has_gone_when_all_that_it_sent_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
