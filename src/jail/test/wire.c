/* The messages: nothing is left out, nothing malformed is let in. */
#include "jail/wire.h"
#include "core/fd.h"
#include "core/mem.h"
#include "jail/wire_table.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static size_t align_of(const struct wire_row *r)
{
    if (r->kind == WIRE_INT)
        return r->size;
    return r->kind == WIRE_PART ? 8 : 1;
}

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* Rows lie one after the other with no more room between them than alignment asks for, up to
 * size_bytes. */
static void covers(const struct wire_table *t, size_t size_bytes)
{
    size_t at = 0, widest = 1;
    for (size_t i = 0; i < t->count; i++) {
        size_t align = align_of(&t->rows[i]);
        assert_int_equal(t->rows[i].offset, round_up(at, align));
        at = t->rows[i].offset + t->rows[i].size;
        widest = align > widest ? align : widest;
    }
    assert_int_equal(size_bytes, round_up(at, widest));
}

static void every_field_of_every_struct_is_in_its_table(void **state)
{
    (void)state;
    const struct wire_table *const all[] = {&wire_profile, &wire_limits, &wire_order, &wire_facts,
                                            &wire_report,  &wire_hello,  &wire_start, &wire_exited,
                                            &wire_shape,   &wire_receipt};
    for (size_t i = 0; i < LEN(all); i++)
        covers(all[i], all[i]->size);
    /* A child knows nothing of the caller's parameters, so it cannot name one. */
    covers(&wire_failed, offsetof(struct err, parameter));
    assert_int_equal(offsetof(struct err, allowed) + ERR_ALLOWED_MAX, sizeof(struct err));
}

static struct wire_message a_report(void)
{
    struct wire_message m = {.type = WIRE_RESULT};
    struct render_report *r = &m.u.report;
    r->path = PATH_COPY;
    memcpy(r->reason, "señal", 7);
    r->in = (struct media_facts){.container = "mp4",
                                 .bytes = INT64_C(5) << 32,
                                 .rotation = 270,
                                 .hdr = true,
                                 .faststart = true,
                                 .frames = 480,
                                 .audio_tracks = 2};
    r->out = (struct media_facts){.display_width = 1920, .display_height = 1080, .mirrored = true};
    r->sync_us = -12345;
    r->peak_memory_bytes = 77;
    return m;
}

static void a_message_arrives_as_it_was_sent(void **state)
{
    (void)state;
    unsigned char data[WIRE_MAX];
    struct wire_message m = a_report(), got;
    size_t n = wire_encode(&m, data);
    assert_int_equal(wire_decode(data, n, &got, NULL), 0);
    assert_int_equal(got.type, WIRE_RESULT);
    assert_memory_equal(&got.u.report.in, &m.u.report.in, sizeof(struct media_facts));
    assert_memory_equal(&got.u.report, &m.u.report, sizeof(struct render_report));
}

static void padding_and_old_texts_do_not_travel(void **state)
{
    (void)state;
    struct wire_message m;
    memset(&m, 0x5a, sizeof(m));
    m.type = WIRE_HELLO;
    memcpy(m.u.hello.version, "1", 2);
    memcpy(m.u.hello.media, "x264", 5);
    memcpy(m.u.hello.why, "a: b\n", 6);
    m.u.hello.layers = 0;
    unsigned char data[WIRE_MAX];
    size_t n = wire_encode(&m, data);
    assert_null(memchr(data, 0x5a, n));
}

static void each_length_but_the_right_one_is_refused(void **state)
{
    (void)state;
    const struct wire_message messages[] = {
        a_report(),
        {.type = WIRE_HELLO},
        {.type = WIRE_START, .u.start = {.memory_bytes = 1, .cpu_s = 1, .file_bytes = 1}},
        {.type = WIRE_EXITED},
        {.type = WIRE_PROGRESS, .u.permille = 1000},
        {.type = WIRE_FAILED, .u.failed = {ERR_UNSUPPORTED, MSG_NO_VIDEO, "x", "ProRes"}},
        {.type = WIRE_FETCH, .u.range = {65536, 65536}},
    };
    for (size_t i = 0; i < LEN(messages); i++) {
        unsigned char data[2 * WIRE_MAX] = {0};
        struct wire_message got;
        size_t n = wire_encode(&messages[i], data);
        assert_int_equal(wire_decode(data, n, &got, NULL), 0);
        for (size_t cut = 0; cut < n + 100; cut++)
            if (cut != n)
                assert_int_equal(wire_decode(data, cut, &got, NULL), -1);
        for (int type = 0; type < 256; type++) {
            data[0] = (unsigned char)type;
            if (type < WIRE_HELLO || type > WIRE_FETCHED)
                assert_int_equal(wire_decode(data, n, &got, NULL), -1);
        }
    }
}

/* Any byte at any place: either refused, or all values are in range (UBSan watches the bools and
 * the checks of core/reel the rest). */
static void no_single_byte_breaks_the_reader(void **state)
{
    (void)state;
    static const unsigned char bytes[] = {0, 1, 2, 0x7f, 0x80, 0xff, '\n', 0x9f};
    struct wire_message m = a_report(), got;
    unsigned char data[WIRE_MAX];
    size_t n = wire_encode(&m, data);
    int refused = 0, taken = 0;
    for (size_t at = 1; at < n; at++)
        for (size_t b = 0; b < sizeof(bytes); b++) {
            unsigned char old = data[at];
            data[at] = bytes[b];
            if (wire_decode(data, n, &got, NULL) == 0) {
                taken++;
                assert_int_equal(render_report_check(&got.u.report, NULL), 0);
                assert_true(got.u.report.in.mirrored + got.u.report.in.interlaced <= 2);
            } else {
                refused++;
            }
            data[at] = old;
        }
    assert_true(refused > 1000 && taken > 1000);
}

static int decode_of(const struct wire_message *m)
{
    unsigned char data[WIRE_MAX];
    struct wire_message got;
    return wire_decode(data, wire_encode(m, data), &got, NULL);
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    struct wire_message start = {.type = WIRE_START,
                                 .u.start = {.memory_bytes = 1, .cpu_s = 1, .file_bytes = 1}};
    struct wire_message m = start;
    assert_int_equal(decode_of(&m), 0);
    m.u.start.order.op = 3;
    assert_int_equal(decode_of(&m), -1);
    m = start;
    m.u.start.order.fit = FIT_COUNT_;
    assert_int_equal(decode_of(&m), -1);
    m = start;
    m.u.start.fds = 1U << WIRE_FDS;
    assert_int_equal(decode_of(&m), -1);
    m = start;
    m.u.start.memory_bytes = 0;
    assert_int_equal(decode_of(&m), -1);
    static const int permilles[] = {-1, 1001, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < LEN(permilles); i++) {
        m = (struct wire_message){.type = WIRE_PROGRESS, .u.permille = permilles[i]};
        assert_int_equal(decode_of(&m), -1);
    }
}

static void a_child_may_only_blame_what_it_can_know(void **state)
{
    (void)state;
    for (int msg = 0; msg < MSG_COUNT_; msg++) {
        struct wire_message m = {.type = WIRE_FAILED,
                                 .u.failed = {msg_code((enum msg)msg), (enum msg)msg, ""}};
        enum err_code c = msg_code((enum msg)msg);
        bool may = c == ERR_INPUT || c == ERR_UNSUPPORTED || c == ERR_TOO_LARGE || c == ERR_FULL ||
                   c == ERR_STOPPED || c == ERR_SYSTEM;
        assert_int_equal(decode_of(&m), may ? 0 : -1);
        m.u.failed.code = (enum err_code)(c + 1);
        assert_int_equal(decode_of(&m), -1);
    }
    struct wire_message m = {.type = WIRE_FAILED, .u.failed = {ERR_INPUT, MSG_COUNT_, ""}};
    assert_int_equal(decode_of(&m), -1);
    m.u.failed = (struct err){ERR_UNSUPPORTED, MSG_NO_VIDEO, "a\nb"};
    assert_int_equal(decode_of(&m), -1);
}

static int open_count(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void descriptors_arrive_in_their_places_or_not_at_all(void **state)
{
    (void)state;
    int s[2], fds[WIRE_FDS];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
    struct wire_message m = {.type = WIRE_START,
                             .u.start = {.memory_bytes = 1,
                                         .cpu_s = 1,
                                         .file_bytes = 1,
                                         .fds = 1U << WIRE_FD_REEL | 1U << WIRE_FD_LOG}};
    struct wire_message got;
    const int two[] = {s[0], s[1]};
    int before = open_count();
    assert_int_equal(wire_send(s[0], &m, two, 2, NULL, NULL), 0);
    assert_int_equal(wire_recv(s[1], &got, fds, NULL), WIRE_GOT);
    for (int i = 0; i < WIRE_FDS; i++)
        assert_int_equal(fds[i] >= 0, i == WIRE_FD_REEL || i == WIRE_FD_LOG);
    assert_true(fcntl(fds[WIRE_FD_REEL], F_GETFD) & FD_CLOEXEC);
    fd_closep(&fds[WIRE_FD_REEL]);
    fd_closep(&fds[WIRE_FD_LOG]);
    /* one too few; unasked for; to a reader that takes none */
    assert_int_equal(wire_send(s[0], &m, two, 1, NULL, NULL), 0);
    assert_int_equal(wire_recv(s[1], &got, fds, NULL), WIRE_BAD);
    m = (struct wire_message){.type = WIRE_PROGRESS};
    assert_int_equal(wire_send(s[0], &m, two, 2, NULL, NULL), 0);
    assert_int_equal(wire_recv(s[1], &got, fds, NULL), WIRE_BAD);
    assert_int_equal(wire_send(s[0], &m, two, 2, NULL, NULL), 0);
    assert_int_equal(wire_recv(s[1], &got, NULL, NULL), WIRE_GOT);
    assert_int_equal(open_count(), before);
    assert_int_equal(wire_recv(s[1], &got, NULL, NULL), WIRE_NOTHING);
    close(s[0]);
    assert_int_equal(wire_recv(s[1], &got, NULL, NULL), WIRE_CLOSED);
    close(s[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_struct_is_in_its_table),
        cmocka_unit_test(a_message_arrives_as_it_was_sent),
        cmocka_unit_test(padding_and_old_texts_do_not_travel),
        cmocka_unit_test(each_length_but_the_right_one_is_refused),
        cmocka_unit_test(no_single_byte_breaks_the_reader),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(a_child_may_only_blame_what_it_can_know),
        cmocka_unit_test(descriptors_arrive_in_their_places_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
