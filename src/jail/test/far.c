/* A clip that lies in another place: what a child gets of it, what that costs, and what it may not
 * do. */
#include "jail/test/bench.h"

#include "core/clock.h"
#include "jail/far.h"

#include <time.h>

enum { FAR_BYTES = 3 * 1000 * 1000, MEMORY = 256 << 20 };

/* The other place. */
struct place {
    int64_t read_bytes;
    int reads, fail_at; /* the read that fails, from 1; 0: none */
    int slow_ms;
    int ticks, stop_at; /* the tick that says stop; 0: none */
};

static int read_place(void *arg, void *data, size_t len, int64_t at, struct err *e)
{
    struct place *p = arg;
    unsigned char *to = data;
    p->read_bytes += (int64_t)len;
    if (++p->reads == p->fail_at)
        return err_msg(e, MSG_UNAVAILABLE, "test: the place is down");
    if (p->slow_ms)
        nanosleep(&(struct timespec){p->slow_ms / 1000, p->slow_ms % 1000 * 1000000L}, NULL);
    for (size_t i = 0; i < len; i++)
        to[i] = far_byte(at + (int64_t)i);
    return 0;
}

static int tick(void *arg, int permille)
{
    struct place *p = arg;
    (void)permille;
    return ++p->ticks == p->stop_at;
}

struct far_job {
    struct act_job a;
    struct jail_far *far;
    int file;
};

static void far_init(struct far_job *f, struct place *p, enum act what)
{
    struct err e = {0};
    act_init(&f->a, what);
    fd_closep(&f->a.job.clip_fd);
    f->file = file_of(0);
    assert_int_equal(jail_far_new(&f->far, f->file, FAR_BYTES, read_place, p, &e), 0);
    char self[32];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", f->file);
    f->a.job.clip_fd = open(self, O_RDONLY | O_CLOEXEC);
    f->a.job.far = f->far;
    f->a.job.tick = tick;
    f->a.job.arg = p;
}

static void far_clear(struct far_job *f)
{
    act_clear(&f->a);
    jail_far_free(f->far);
    fd_closep(&f->file);
}

static int jail_up(void **state)
{
    *state = jail_of(JAIL_ALL, MEMORY, NULL);
    return 0;
}

static int jail_down(void **state)
{
    jail_close(*state);
    return 0;
}

static void run_ok(struct far_job *f, struct jail *j)
{
    if (act_run(&f->a, j) < 0)
        fail_msg("%s", f->a.e.text);
}

static void all_of_it_is_read_once(void **state)
{
    struct place p = {0};
    struct far_job f;
    far_init(&f, &p, ACT_FAR);
    run_ok(&f, *state);
    assert_int_equal(f.a.report.body_us, 0);
    assert_int_equal(p.read_bytes, FAR_BYTES);
    assert_int_equal(jail_far_bytes(f.far), FAR_BYTES);
    /* what is there stays for the next child of the job */
    run_ok(&f, *state);
    assert_int_equal(f.a.report.body_us, 0);
    assert_int_equal(p.read_bytes, FAR_BYTES);
    far_clear(&f);
}

static void what_is_not_read_does_not_come(void **state)
{
    struct place p = {0};
    struct far_job f;
    far_init(&f, &p, ACT_FAR_HEAD);
    f.a.order.limits.max_streams = 500000;
    run_ok(&f, *state);
    assert_in_range(p.read_bytes, 500000, 1000000);
    /* in fewer steps than blocks: what follows is read on */
    assert_in_range(p.reads, 1, 500000 / WIRE_BLOCK);
    far_clear(&f);
}

static void a_place_that_fails_ends_the_job_with_its_own_word(void **state)
{
    struct place p = {.fail_at = 2};
    struct far_job f;
    far_init(&f, &p, ACT_FAR);
    assert_int_equal(act_run(&f.a, *state), -1);
    assert_int_equal(f.a.e.code, ERR_BUSY);
    assert_int_equal(f.a.e.msg, MSG_UNAVAILABLE);
    assert_non_null(strstr(f.a.e.text, "the place is down"));
    far_clear(&f);
}

static void its_caller_ticks_on_while_bytes_come(void **state)
{
    struct place p = {.slow_ms = 600};
    struct far_job f;
    far_init(&f, &p, ACT_FAR_HEAD);
    f.a.order.limits.max_streams = 10000;
    f.a.job.silence_ms = 500; /* the place's silence is not the child's */
    run_ok(&f, *state);
    assert_true(p.ticks >= 4);
    far_clear(&f);
    p = (struct place){.slow_ms = 600, .stop_at = 3};
    far_init(&f, &p, ACT_FAR);
    assert_int_equal(act_run(&f.a, *state), -1);
    assert_int_equal(f.a.e.code, ERR_STOPPED);
    assert_int_equal(p.reads, 1);
    far_clear(&f);
}

static void a_child_that_asks_for_what_is_not_its_to_ask_ends(void **state)
{
    static const enum act acts[] = {ACT_FAR_BEYOND, ACT_FAR_ODD, ACT_FAR_FLOOD, ACT_FAR_OFTEN};
    for (size_t i = 0; i < LEN(acts); i++) {
        struct place p = {0};
        struct far_job f;
        far_init(&f, &p, acts[i]);
        assert_int_equal(act_run(&f.a, *state), -1);
        assert_int_equal(f.a.e.code, ERR_SYSTEM);
        assert_true(p.read_bytes <= FAR_BYTES);
        far_clear(&f);
    }
    /* nor may one ask at all whose clip is here */
    struct act_job a = act(*state, ACT_FAR_OFTEN);
    assert_int_equal(a.result, -1);
    assert_int_equal(a.e.code, ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(all_of_it_is_read_once),
        cmocka_unit_test(what_is_not_read_does_not_come),
        cmocka_unit_test(a_place_that_fails_ends_the_job_with_its_own_word),
        cmocka_unit_test(its_caller_ticks_on_while_bytes_come),
        cmocka_unit_test(a_child_that_asks_for_what_is_not_its_to_ask_ends),
    };
    return cmocka_run_group_tests(all, jail_up, jail_down);
}
