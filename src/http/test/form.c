/* Forms as clients send them, and as none should, cut where it hurts. */
#include "http/test/world.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE "Content-Type: multipart/form-data; boundary=cut-here\r\n"

/* The head of an MP4 and a little more: enough to be taken for a clip. */
static const char clip[] =
    "\0\0\0\x18"
    "ftypisom\0\0\2\0isomiso2"
    "\0\0\0\x08"
    "free--cut-here\r\n--cut\r\n\r\n--cut-her\r\r\n-"; /* almost the boundary */

static void part(struct buf *b, const char *head, const void *data, size_t len)
{
    buf_puts(b, "--cut-here\r\nContent-Disposition: form-data; ");
    buf_puts(b, head);
    buf_puts(b, "\r\n\r\n");
    buf_put(b, data, len);
    buf_puts(b, "\r\n");
}

static void field(struct buf *b, const char *name, const char *value)
{
    char head[64];
    snprintf(head, sizeof(head), "name=\"%s\"", name);
    part(b, head, value, strlen(value));
}

static void file(struct buf *b)
{
    part(b, "name=\"file\"; filename=\"gol.mp4\"", clip, sizeof(clip) - 1);
}

static void end(struct buf *b)
{
    buf_puts(b, "--cut-here--\r\n");
}

static void upload(struct world *w, struct buf *b, struct answer *out)
{
    ask(w, "POST", "/api/tasks", TYPE, b->p, b->len, out);
    buf_clear(b);
    buf_init(b, 4 << 20);
}

static void refused(struct world *w, struct buf *b, int status, const char *code)
{
    struct answer a;
    upload(w, b, &a);
    if (a.status != status || strcmp(answer_says(&a, "code"), code) != 0)
        fail_msg("%d %s, not %d %s", a.status, a.body, status, code);
    answer_clear(&a);
}

static int64_t taken(struct world *w, struct buf *b)
{
    struct answer a;
    upload(w, b, &a);
    if (a.status != 201)
        fail_msg("%d %s", a.status, a.body);
    int64_t id = json_integer_value(json_object_get(a.json, "task_id"));
    answer_clear(&a);
    return id;
}

static struct task_row row(struct world *w, int64_t id)
{
    struct task_row t = {0};
    struct err e;
    if (task_get(w->tasks, w->a, id, 0, &t, &e) < 0)
        fail_msg("%s", e.text);
    return t;
}

static int count_row(void *arg, const struct task_row *t)
{
    (void)t;
    ++*(int *)arg;
    return 0;
}

static int rows(struct world *w)
{
    int n = 0;
    const struct task_page all = {.max = -1};
    assert_int_equal(task_list(w->tasks, &all, count_row, &n, NULL), 0);
    return n;
}

static void the_order_of_fields_does_not_matter(void **state)
{
    struct world *w = *state;
    struct buf b;
    buf_init(&b, 4 << 20);
    for (int at = 0; at < 4; at++) {
        for (int i = 0; i < 4; i++) {
            if (i == at)
                file(&b);
            if (i == 0)
                field(&b, "title", "Gol de ñandú");
            if (i == 1)
                field(&b, "fit", "blur");
            if (i == 2)
                field(&b, "start", "1.5");
        }
        end(&b);
        struct task_row t = row(w, taken(w, &b));
        assert_string_equal(t.title, "Gol de ñandú");
        assert_string_equal(t.file_name, "gol.mp4");
        assert_true(t.fit == FIT_BLUR && t.start_us == 1500000);
        assert_int_equal(t.clip_bytes, sizeof(clip) - 1);
    }
    field(&b, "title", "first");
    field(&b, "title", "");
    field(&b, "unknown", "passed over");
    file(&b);
    end(&b);
    assert_string_equal(row(w, taken(w, &b)).title, ""); /* the last one counts */
    buf_clear(&b);
}

/* One body, sent in two pieces, cut at each byte: what arrives is the same. */
static void a_body_may_be_cut_anywhere(void **state)
{
    struct world *w = *state;
    struct buf b;
    buf_init(&b, 4 << 20);
    field(&b, "title", "Gol");
    file(&b);
    field(&b, "fit", "crop");
    end(&b);
    const char *head =
        arena_printf(w->a,
                     "POST /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" TYPE
                     "Content-Length: %zu\r\n\r\n",
                     w->token, b.len);
    int fd = dial(w);
    const int yes = 1;
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), 0);
    const char *hash = NULL;
    for (size_t at = 0; at <= b.len; at++) {
        send_all(fd, head, strlen(head));
        send_all(fd, b.p, at);
        usleep(1500); /* so that the server sees two pieces */
        send_all(fd, b.p + at, b.len - at);
        struct answer a;
        answer_read(fd, &a);
        if (a.status != 201)
            fail_msg("cut at %zu: %d %s", at, a.status, a.body ? a.body : "");
        struct task_row t = row(w, json_integer_value(json_object_get(a.json, "task_id")));
        answer_clear(&a);
        hash = hash ? hash : t.clip_hash;
        if (t.clip_bytes != sizeof(clip) - 1 || strcmp(t.clip_hash, hash) != 0 ||
            strcmp(t.title, "Gol") != 0 || t.fit != FIT_CROP)
            fail_msg("cut at %zu: %lld bytes, title %s", at, (long long)t.clip_bytes, t.title);
    }
    close(fd);
    buf_clear(&b);
}

static void a_body_may_come_in_chunks_of_one_byte(void **state)
{
    struct world *w = *state;
    struct buf b, chunks;
    buf_init(&b, 1 << 20);
    buf_init(&chunks, 1 << 20);
    field(&b, "title", "Gol");
    file(&b);
    end(&b);
    for (size_t i = 0; i < b.len; i++) {
        buf_puts(&chunks, "1\r\n");
        buf_put(&chunks, b.p + i, 1);
        buf_puts(&chunks, "\r\n");
    }
    buf_puts(&chunks, "0\r\n\r\n");
    const char *head =
        arena_printf(w->a,
                     "POST /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" TYPE
                     "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
                     w->token);
    int fd = dial(w);
    send_all(fd, head, strlen(head));
    send_all(fd, chunks.p, chunks.len);
    struct answer a;
    answer_read(fd, &a);
    assert_int_equal(a.status, 201);
    struct task_row t = row(w, json_integer_value(json_object_get(a.json, "task_id")));
    assert_int_equal(t.clip_bytes, sizeof(clip) - 1);
    assert_string_equal(t.title, "Gol");
    answer_clear(&a);
    close(fd);
    buf_clear(&b);
    buf_clear(&chunks);
}

static void what_is_no_upload_is_told_why_and_makes_no_task(void **state)
{
    struct world *w = *state;
    struct buf b;
    buf_init(&b, 4 << 20);
    end(&b);
    refused(w, &b, 400, "no_file_part");
    field(&b, "title", "no file");
    end(&b);
    refused(w, &b, 400, "no_file_part");
    part(&b, "name=\"video\"; filename=\"gol.mp4\"", clip, sizeof(clip) - 1);
    end(&b);
    refused(w, &b, 400, "no_file_part");
    part(&b, "filename=\"gol.mp4\"", clip, sizeof(clip) - 1);
    end(&b);
    refused(w, &b, 400, "no_file_part");
    file(&b);
    file(&b);
    end(&b);
    refused(w, &b, 400, "parameter_bad");
    part(&b, "name=\"file\"; filename=\"gol.mp4\"", "no clip at all", 14);
    end(&b);
    refused(w, &b, 415, "not_a_video");
    part(&b, "name=\"file\"; filename=\"x.m3u8\"", "#EXTM3U\n/etc/passwd\n", 20);
    end(&b);
    refused(w, &b, 415, "playlist");
    part(&b, "name=\"file\"; filename=\"a\x01.mp4\"", clip, sizeof(clip) - 1);
    end(&b);
    refused(w, &b, 400, "filename_bad");
    file(&b); /* the end is missing */
    struct answer a;
    upload(w, &b, &a);
    assert_int_equal(a.status, 400);
    answer_clear(&a);
    buf_puts(&b, "\r\n\r\n\r\n");
    upload(w, &b, &a);
    assert_int_equal(a.status, 400);
    answer_clear(&a);
    assert_int_equal(rows(w), 0);
    buf_clear(&b);
}

static void fields_have_a_length_and_hold_no_nul(void **state)
{
    struct world *w = *state;
    struct buf b;
    buf_init(&b, 4 << 20);
    char text[1100];
    memset(text, 'x', sizeof(text));
    text[200] = 0;
    field(&b, "title", text);
    file(&b);
    end(&b);
    assert_int_equal(strlen(row(w, taken(w, &b)).title), 200);
    text[200] = 'x';
    static const size_t lengths[] = {201, 1024, 1025, 1099};
    for (size_t i = 0; i < LEN(lengths); i++) {
        part(&b, "name=\"title\"", text, lengths[i]);
        file(&b);
        end(&b);
        refused(w, &b, 400, "parameter_bad");
    }
    part(&b, "name=\"fit\"", "pad\0x", 5);
    file(&b);
    end(&b);
    refused(w, &b, 400, "parameter_bad");
    static const char *const starts[] = {"", " 1", "1 ", "0x10", "nan", "inf", "-0.1", "86401"};
    for (size_t i = 0; i < LEN(starts); i++) {
        field(&b, "start", starts[i]);
        file(&b);
        end(&b);
        refused(w, &b, 400, "parameter_bad");
    }
    field(&b, "title", "a\nb");
    file(&b);
    end(&b);
    refused(w, &b, 400, "parameter_bad");
    assert_int_equal(rows(w), 1);
    buf_clear(&b);
}

/* Ten thousand fields of one name keep no more memory than one: run under a sanitizer this shows
 * little, but the request still has to be answered. */
static void fields_without_end_are_read_over(void **state)
{
    struct world *w = *state;
    struct buf b;
    buf_init(&b, 4 << 20);
    for (int i = 0; i < 8000; i++)
        field(&b, "title", "again");
    file(&b);
    end(&b);
    assert_string_equal(row(w, taken(w, &b)).title, "again");
    buf_clear(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_order_of_fields_does_not_matter),
        T(a_body_may_be_cut_anywhere),
        T(a_body_may_come_in_chunks_of_one_byte),
        T(what_is_no_upload_is_told_why_and_makes_no_task),
        T(fields_have_a_length_and_hold_no_nul),
        T(fields_without_end_are_read_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
