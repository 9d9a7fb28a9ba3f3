/* Real store, blobs and queue; queue_ping goes through here, so that a queue can be silent. */
#include "core/test/test.h"

#include "blob/blob.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/metric.h"
#include "core/str.h"
#include "health/health.h"
#include "queue/queue.h"
#include "store/store.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_int silent, asked;

int __real_queue_ping(struct queue *q, struct err *e);
int __wrap_queue_ping(struct queue *q, struct err *e);
int __wrap_queue_ping(struct queue *q, struct err *e)
{
    atomic_fetch_add(&asked, 1);
    while (atomic_load(&silent))
        usleep(10000);
    return __real_queue_ping(q, e);
}

struct world {
    char dir[64], blobs[96];
    struct store *store;
    struct queue *queue;
    struct blob *blob;
    struct metrics *metrics;
    struct health *health;
};

static int set_up(void **state)
{
    struct world *w = mem_new(sizeof(*w));
    struct err e = {0};
    char url[128];
    snprintf(w->dir, sizeof(w->dir), "/tmp/reelgate-health-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->blobs, sizeof(w->blobs), "%s/blobs", w->dir);
    snprintf(url, sizeof(url), "sqlite://%s/x.db", w->dir);
    assert_int_equal(store_open(&w->store, url, NULL, &e), 0);
    assert_int_equal(store_migrate(w->store, NULL, NULL, &e), 0);
    snprintf(url, sizeof(url), "file://%s", w->blobs);
    assert_int_equal(blob_open(&w->blob, url, NULL, 0, NULL, &e), 0);
    assert_int_equal(queue_open(&w->queue, "database:", NULL, &e), 0);
    w->metrics = metrics_new();
    const struct health_parts parts = {w->store, w->blob, w->queue, w->metrics, NULL, "serve"};
    assert_int_equal(health_start(&w->health, &parts, &e), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    atomic_store(&silent, 0);
    health_free(w->health);
    metrics_free(w->metrics);
    queue_close(w->queue);
    blob_close(w->blob);
    store_close(w->store);
    test_remove_folder(w->dir);
    free(w);
    return 0;
}

static const char *words(const struct health_ready *r, struct buf *b)
{
    buf_clear(b);
    buf_init(b, 4096);
    health_ready_json(r, "abc", b);
    return b->p;
}

static void what_answers_is_ready(void **state)
{
    struct world *w = *state;
    AUTO(buf_clear) struct buf b = {0};
    struct health_ready r;
    health_ready(w->health, &r);
    assert_string_equal(words(&r, &b), "{\"status\":\"ready\",\"database\":\"ok\",\"storage\":"
                                       "\"ok\",\"queue\":\"ok\",\"stopping\":false}");
}

static void what_stops_is_not_ready(void **state)
{
    struct world *w = *state;
    AUTO(buf_clear) struct buf b = {0};
    struct health_ready r;
    health_stopping(w->health);
    health_ready(w->health, &r);
    assert_string_equal(words(&r, &b),
                        "{\"status\":\"not_ready\",\"database\":\"ok\",\"storage\":\"ok\","
                        "\"queue\":\"ok\",\"stopping\":true,\"request_id\":\"abc\"}");
}

static void a_storage_that_cannot_be_written_to_is_down(void **state)
{
    struct world *w = *state;
    struct health_ready r;
    health_ready(w->health, &r);
    assert_true(r.ready);
    test_remove_folder(w->blobs);
    int64_t until_ms = clock_mono_ms() + 20000;
    do {
        health_ready(w->health, &r);
        usleep(50000);
    } while (r.storage && clock_mono_ms() < until_ms);
    assert_false(r.storage);
    assert_false(r.ready);
    assert_true(r.database);
}

static void a_part_that_never_answers_holds_nobody_up(void **state)
{
    struct world *w = *state;
    AUTO(buf_clear) struct buf b = {0};
    struct health_ready r;
    atomic_store(&silent, 1);
    int64_t began_ms = clock_mono_ms();
    health_ready(w->health, &r);
    assert_true(clock_mono_ms() - began_ms < 10000);
    assert_false(r.queue);
    assert_true(r.database && r.storage);
    assert_true(r.ready); /* work is taken and done without it */
    buf_init(&b, HEALTH_TEXT_MAX);
    health_metrics(w->health, &b);
    assert_non_null(strstr(b.p, "\nreelgate_part_up{part=\"queue\"} 0\n"));
    assert_non_null(strstr(b.p, "\nreelgate_part_up{part=\"database\"} 1\n"));
    atomic_store(&silent, 0);
    int64_t until_ms = clock_mono_ms() + 20000;
    do
        health_ready(w->health, &r);
    while (!r.queue && clock_mono_ms() < until_ms);
    assert_true(r.queue);
}

static void many_questions_are_one(void **state)
{
    struct world *w = *state;
    struct health_ready r;
    int before = atomic_load(&asked);
    int64_t began_ms = clock_mono_ms();
    for (int i = 0; i < 1000; i++)
        health_ready(w->health, &r);
    int64_t took_s = (clock_mono_ms() - began_ms) / 1000;
    assert_in_range(atomic_load(&asked) - before, 1, 2 + took_s);
}

/* -- the listener -- */

static const char *get(int port, const char *head, struct buf *b)
{
    AUTO(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = 30};
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)port)};
    buf_clear(b);
    buf_init(b, 1 << 20);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    char request[256];
    int n = snprintf(request, sizeof(request),
                     "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", head);
    assert_int_equal(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
    char part[4096];
    for (ssize_t got; (got = recv(fd, part, sizeof(part), 0)) > 0;)
        buf_put(b, part, (size_t)got);
    assert_non_null(b->p);
    return b->p;
}

static void the_listener_tells_two_things(void **state)
{
    struct world *w = *state;
    AUTO(buf_clear) struct buf b = {0};
    struct err e = {0};
    int port = 0;
    assert_int_equal(health_listen(w->health, "127.0.0.1:0", &port, &e), 0);
    const char *text = get(port, "GET /metrics", &b);
    assert_non_null(strstr(text, "HTTP/1.1 200 "));
    assert_non_null(strstr(text, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(text, "\nreelgate_tasks{state=\"uploaded\"} 0\n"));
    assert_non_null(strstr(text, "\nreelgate_ready 1\n"));
    assert_non_null(
        strstr(text, "\nreelgate_build_info{version=\"" REELGATE_VERSION "\",role=\"serve\"} 1\n"));
    assert_non_null(strstr(get(port, "GET /api/ready", &b), "HTTP/1.1 200 "));
    assert_non_null(strstr(get(port, "HEAD /metrics", &b), "HTTP/1.1 200 "));
    assert_non_null(strstr(get(port, "GET /", &b), "HTTP/1.1 404 "));
    assert_non_null(strstr(get(port, "DELETE /metrics", &b), "HTTP/1.1 405 "));
    health_stopping(w->health);
    text = get(port, "GET /api/ready", &b);
    assert_non_null(strstr(text, "HTTP/1.1 503 "));
    assert_non_null(strstr(text, "\r\nRetry-After: 2\r\n"));
}

static void an_address_that_is_none_is_an_error(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    int port = 0;
    assert_int_equal(health_listen(w->health, "nowhere", &port, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_non_null(strstr(e.text, "metrics-listen"));
}

int main(void)
{
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_WORLD(what_answers_is_ready),
        IN_WORLD(what_stops_is_not_ready),
        IN_WORLD(a_storage_that_cannot_be_written_to_is_down),
        IN_WORLD(a_part_that_never_answers_holds_nobody_up),
        IN_WORLD(many_questions_are_one),
        IN_WORLD(the_listener_tells_two_things),
        IN_WORLD(an_address_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
