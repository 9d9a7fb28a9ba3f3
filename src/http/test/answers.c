/* What every answer has, whatever was asked; and the answers of downloads. */
#include "http/test/world.h"

#include "blob/blob.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static void get(struct world *w, const char *path, const char *head, struct answer *out)
{
    ask(w, "GET", path, head, "", 0, out);
}

static void post_json(struct world *w, const char *path, const char *body, struct answer *out)
{
    ask(w, "POST", path, "", body, strlen(body), out);
}

static void every_answer_says_how_it_may_be_used(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *method, *path, *head, *body;
        int status;
    } facts[] = {
        {"GET", "/", "", "", 200},
        {"HEAD", "/", "", "", 200},
        {"GET", "/favicon.svg", "", "", 200},
        {"GET", "/assets/nothing.js", "", "", 404},
        {"GET", "/ping", "", "", 200},
        {"GET", "/api/health", "", "", 200},
        {"GET", "/api/tasks", "", "", 200},
        {"GET", "/api/tasks?max=x", "", "", 400},
        {"GET", "/api/tasks?max=1%00", "", "", 400},
        {"GET", "/api/tasks/7", "", "", 404},
        {"DELETE", "/api/tasks/7", "", "", 404},
        {"GET", "/nothing", "", "", 404},
        {"GET", "/ping%00", "", "", 404},
        {"GET", "/api%2Ftasks", "", "", 404},
        {"PUT", "/api/tasks", "", "x", 405},
        {"OPTIONS", "/api/tasks", "", "", 204},
        {"OPTIONS", "/nothing", "", "", 404},
        {"POST", "/api/tasks", "", "x", 400},
        {"POST", "/api/auth/login", "", "{", 400},
        {"POST", "/api/auth/login", "", "{\"username\":\"x\",\"password\":\"y\"}", 401},
        {"GET", "/api/video/download/2026/11/23/abc", "", "", 404},
        {"GET", "/api/video/download/../../../../etc/passwd", "", "", 404},
        {"GET", "/api/video/download/x?sig=1&exp=2", "", "", 401},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        struct answer a;
        ask(w, facts[i].method, facts[i].path, facts[i].head, facts[i].body, strlen(facts[i].body),
            &a);
        if (a.status != facts[i].status)
            fail_msg("%s %s: %d", facts[i].method, facts[i].path, a.status);
        assert_string_equal(answer_field(w, &a, "X-Content-Type-Options"), "nosniff");
        assert_string_equal(answer_field(w, &a, "Referrer-Policy"), "no-referrer");
        assert_memory_equal(answer_field(w, &a, "Content-Security-Policy"), "default-src 'none'",
                            18);
        assert_int_equal(strlen(answer_field(w, &a, "X-Request-Id")), 26);
        if (a.status >= 400) {
            assert_true(*answer_says(&a, "message") && *answer_says(&a, "code"));
            assert_string_equal(answer_says(&a, "request_id"), answer_field(w, &a, "X-Request-Id"));
            assert_string_equal(answer_field(w, &a, "Cache-Control"), "no-store");
        }
        answer_clear(&a);
    }
}

static void the_id_that_a_request_came_with_is_its_id(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *sent;
        bool taken;
    } rows[] = {
        {"7f1c0a52-9b1e-4d1c-8f6e-2a9e3c1b5d70", true},
        {"a", true},
        {"A.b_c-9", true},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
        {"two words", false},
        {"a\"b", false},
        {"caf\xc3\xa9", false},
        {"", false},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct answer a;
        ask(w, "GET", "/api/tasks/999", arena_printf(w->a, "X-Request-Id: %s\r\n", rows[i].sent),
            NULL, 0, &a);
        const char *id = answer_field(w, &a, "X-Request-Id");
        assert_int_equal(a.status, 404);
        assert_string_equal(answer_says(&a, "request_id"), id);
        if (rows[i].taken)
            assert_string_equal(id, rows[i].sent);
        else
            assert_int_equal(strlen(id), 26);
        answer_clear(&a);
    }
}

static void what_was_asked_is_counted_by_route(void **state)
{
    struct world *w = *state;
    AUTO(buf_clear) struct buf b = {0};
    struct answer a;
    for (int i = 0; i < 3; i++) {
        ask(w, "GET", arena_printf(w->a, "/api/tasks/%d", 900 + i), "", NULL, 0, &a);
        answer_clear(&a);
    }
    ask(w, "BREW", "/pot/of/no/route", "", NULL, 0, &a);
    answer_clear(&a);
    ask(w, "GET", "/api/ready", "", NULL, 0, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_says(&a, "status"), "ready");
    answer_clear(&a);
    /* the client may have its answer a moment before it is counted */
    for (int ms = 0; ms < 20000; ms++) {
        buf_clear(&b);
        buf_init(&b, 1 << 20);
        metrics_text(w->metrics, &b);
        if (strstr(b.p, "{route=\"/api/ready\",method=\"GET\",status=\"2xx\"} 1\n"))
            break;
        usleep(1000);
    }
#define COUNTED "\nreelgate_http_requests_total"
    assert_non_null(
        strstr(b.p, COUNTED "{route=\"/api/tasks/*\",method=\"GET\",status=\"4xx\"} 3\n"));
    assert_non_null(
        strstr(b.p, COUNTED "{route=\"/api/ready\",method=\"GET\",status=\"2xx\"} 1\n"));
    assert_non_null(strstr(b.p, COUNTED "{route=\"other\",method=\"other\",status=\"4xx\"} 1\n"));
    assert_null(strstr(b.p, "BREW"));
    assert_null(strstr(b.p, "pot/of"));
    assert_non_null(strstr(b.p, "_seconds_count{route=\"/api/tasks/*\",method=\"GET\"} 3\n"));
}

static void a_stranger_is_told_how_to_come_in(void **state)
{
    struct world *w = *state;
    const char *token = w->token;
    struct answer a;
    w->token = "x";
    get(w, "/api/tasks", "", &a);
    assert_int_equal(a.status, 401);
    assert_string_equal(answer_field(w, &a, "WWW-Authenticate"), "Bearer");
    assert_string_equal(answer_says(&a, "msg"), answer_says(&a, "message"));
    answer_clear(&a);
    /* the same for a path of a task, there or not, and a body that nobody reads */
    ask(w, "POST", "/api/tasks", "", "0123456789", 10, &a);
    assert_int_equal(a.status, 401);
    answer_clear(&a);
    w->token = token;
}

static void head_is_get_without_the_body(void **state)
{
    struct world *w = *state;
    static const char *const paths[] = {"/", "/ping", "/api/tasks", "/nothing", "/api/tasks/7"};
    for (size_t i = 0; i < LEN(paths); i++) {
        struct answer whole, head;
        get(w, paths[i], "", &whole);
        int fd = dial(w);
        const char *text = arena_printf(
            w->a,
            "HEAD %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s"
            "\r\n\r\n",
            paths[i], w->token);
        send_all(fd, text, strlen(text));
        answer_read(fd, &head); /* waits for a body in vain, until the end of the connection */
        assert_int_equal(head.status, whole.status);
        assert_string_equal(answer_field(w, &head, "Content-Length"),
                            answer_field(w, &whole, "Content-Length"));
        assert_string_equal(head.body, "");
        close(fd);
        answer_clear(&head);
        answer_clear(&whole);
    }
}

static void the_language_is_the_clients(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *head, *message;
    } facts[] = {
        {"", "No encontrado"},
        {"Accept-Language: en\r\n", "Not found"},
        {"Accept-Language: de, en-GB;q=0.8, es;q=0.5\r\n", "Not found"},
        {"Accept-Language: es;q=0.1, en;q=0.05\r\n", "No encontrado"},
        {"Accept-Language: de\r\n", "No encontrado"},
        {"Accept-Language: ;;;q=,,\r\n", "No encontrado"},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        struct answer a;
        get(w, "/nothing", facts[i].head, &a);
        assert_string_equal(answer_says(&a, "message"), facts[i].message);
        answer_clear(&a);
    }
}

static void a_nul_inside_a_text_is_refused(void **state)
{
    struct world *w = *state;
    struct answer a;
    post_json(w, "/api/auth/signup",
              "{\"username\":\"eva\",\"email\":\"e@b.c\",\"password1\":\"12345678\\u0000x\","
              "\"password2\":\"12345678\\u0000y\"}",
              &a);
    assert_int_equal(a.status, 400);
    assert_string_equal(answer_says(&a, "code"), "json_bad");
    answer_clear(&a);
    post_json(w, "/api/auth/login", "{\"username\":\"ana\\u0000\",\"password\":\"correct horse\"}",
              &a);
    assert_int_equal(a.status, 400);
    answer_clear(&a);
    post_json(w, "/api/auth/login",
              "{\"username\":\"eva\",\"username\":\"ana\",\"password\":\"correct horse\"}", &a);
    assert_int_equal(a.status, 400); /* one name twice: nobody knows which is meant */
    answer_clear(&a);
}

static void a_form_beyond_every_limit_is_cut_off_and_told_why(void **state)
{
    struct world *w = *state;
    const char *head =
        arena_printf(w->a,
                     "POST /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                     "Content-Type: multipart/form-data; boundary=cut-here\r\nTransfer-Encoding: "
                     "chunked\r\n\r\n",
                     w->token);
    static char zeros[65536];
    int fd = dial(w);
    send_all(fd, head, strlen(head));
    static const char junk[] =
        "--cut-here\r\nContent-Disposition: form-data; name=\"junk\"\r\n\r\n";
    const char *start = arena_printf(w->a, "%zx\r\n%s\r\n", sizeof(junk) - 1, junk);
    send_all(fd, start, strlen(start));
    for (int i = 0; i < 400; i++) { /* 26 MB: more than is read on, of which no part is a file */
        send_all(fd, "10000\r\n", 7);
        send_all(fd, zeros, sizeof(zeros));
        send_all(fd, "\r\n", 2);
    }
    struct answer a;
    answer_read(fd, &a);
    assert_int_equal(a.status, 413);
    assert_string_equal(answer_says(&a, "code"), "file_too_large");
    assert_string_equal(answer_field(w, &a, "Connection"), "close");
    assert_string_equal(answer_field(w, &a, "X-Content-Type-Options"), "nosniff");
    answer_clear(&a);
    close(fd);
}

static void the_page_is_sent_once(void **state)
{
    struct world *w = *state;
    struct answer a;
    get(w, "/", "", &a);
    const char *etag = answer_field(w, &a, "ETag");
    assert_null(answer_field(w, &a, "Content-Encoding"));
    assert_string_equal(answer_field(w, &a, "Vary"), "Accept-Encoding");
    assert_string_equal(answer_field(w, &a, "Cache-Control"), "no-cache");
    const char *begins = strstr(a.body, "\"/assets/app-");
    assert_non_null(begins);
    const char *script = arena_printf(w->a, "%.*s", (int)strcspn(begins + 1, "\""), begins + 1);
    answer_clear(&a);
    get(w, "/", arena_printf(w->a, "If-None-Match: W/%s\r\n", etag), &a);
    assert_int_equal(a.status, 304);
    assert_string_equal(a.body, "");
    answer_clear(&a);
    get(w, "/", "If-None-Match: \"old\"\r\n", &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    get(w, script, "Accept-Encoding: gzip, br;q=0\r\n", &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_field(w, &a, "Content-Encoding"), "gzip");
    assert_non_null(strstr(answer_field(w, &a, "Cache-Control"), "immutable"));
    assert_string_not_equal(answer_field(w, &a, "ETag"), etag);
    answer_clear(&a);
    get(w, script, "", &a);
    assert_true(strlen(a.body) > 1000);
    answer_clear(&a);
}

static void requests_one_behind_the_other_are_answered_in_order(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    const char *all = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
                      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
                      "GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    send_all(fd, all, strlen(all));
    struct buf b;
    buf_init(&b, 1 << 16);
    char part[4096];
    ssize_t n;
    while ((n = read(fd, part, sizeof(part))) > 0)
        buf_put(&b, part, (size_t)n);
    const char *ok = strstr(b.p, "\"Ok\""), *missing = strstr(b.p, "fields_missing"),
               *healthy = strstr(b.p, "healthy");
    assert_true(ok && missing && healthy && ok < missing && missing < healthy);
    buf_clear(&b);
    close(fd);
}

/* -- downloads -- */

#define REEL "0123456789abcdefghijklmnopqrstuvwxyz"

/* A finished task of ana; the path of its reel. */
static const char *finished(struct world *w)
{
    static const char form[] =
        "--cut-here\r\nContent-Disposition: form-data; name=\"file\"; filename=\"gol.mov\"\r\n\r\n"
        "\0\0\0\x18"
        "ftypisom\0\0\2\0isomiso2\r\n--cut-here--\r\n";
    struct answer a;
    ask(w, "POST", "/api/tasks", "Content-Type: multipart/form-data; boundary=cut-here\r\n", form,
        sizeof(form) - 1, &a);
    if (a.status != 201)
        fail_msg("%s", a.body);
    answer_clear(&a);
    struct task_row t;
    bool found, published;
    assert_int_equal(task_claim(w->tasks, w->a, "w", &t, &found, NULL), 0);
    struct blob_writer *reel;
    assert_int_equal(task_output(w->tasks, 100, &reel, NULL), 0);
    assert_int_equal(blob_write(reel, REEL, sizeof(REEL) - 1, NULL), 0);
    const struct render_report report = {0};
    assert_int_equal(task_finish(w->tasks, &t, &report, reel, NULL, &published, NULL), 0);
    assert_true(published);
    assert_int_equal(task_get(w->tasks, w->a, t.id, 0, &t, NULL), 0);
    return arena_printf(w->a, "/api/video/download/%s", task_public_name(t.reel_blob));
}

static void the_owners_token_or_a_link_opens_a_reel(void **state)
{
    struct world *w = *state;
    const char *path = finished(w), *ana = w->token;
    struct answer a, other;
    get(w, path, "", &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, REEL);
    assert_string_equal(answer_field(w, &a, "Content-Type"), "video/mp4");
    assert_string_equal(answer_field(w, &a, "Content-Disposition"),
                        "inline; filename=\"gol.mp4\"; filename*=UTF-8''gol.mp4");
    answer_clear(&a);
    int64_t id;
    int wait_s;
    assert_int_equal(
        auth_sign_up(w->auth, "eva", "e@b.c", "correct horse", "correct horse", &id, NULL), 0);
    assert_int_equal(
        auth_log_in(w->auth, w->a, "eva", "correct horse", "-", &w->token, &wait_s, NULL), 0);
    get(w, path, "", &a);
    get(w, "/api/video/download/2026/11/23/none", "", &other);
    assert_true(a.status == 404 && other.status == 404);
    assert_string_equal(answer_says(&a, "code"), answer_says(&other, "code"));
    answer_clear(&a);
    answer_clear(&other);
    const char *link = arena_printf(w->a, "%s?%s", path, auth_link_sign(w->auth, w->a, path));
    get(w, link, "", &a);
    assert_int_equal(a.status, 200);
    answer_clear(&a);
    get(w, arena_printf(w->a, "%s&download=1", link), "", &a);
    assert_memory_equal(answer_field(w, &a, "Content-Disposition"), "attachment", 10);
    answer_clear(&a);
    w->token = "x";
    get(w, path, "", &a);
    assert_int_equal(a.status, 401);
    answer_clear(&a);
    w->token = ana;
}

/* A proxy that sends files by itself is told which, once the server has looked who asks. */
static void a_trusted_proxy_is_told_the_file_and_nobody_else_is(void **state)
{
    struct world *w = *state;
    const char *path = finished(w), *head = "Range: bytes=0-3\r\nIf-None-Match: *\r\n";
    struct answer a;
    w->conf.accel_redirect = "/internal/";
    w->conf.trusted_proxies = "10.0.0.1, 127.0.0.1";
    world_restart(w);
    get(w, path, head, &a);
    assert_int_equal(a.status, 200); /* conditions and ranges are the proxy's */
    assert_string_equal(a.body, "");
    assert_string_equal(answer_field(w, &a, "X-Accel-Redirect"),
                        arena_printf(w->a, "/internal/reels/%s", path + 20));
    assert_string_equal(answer_field(w, &a, "Content-Type"), "video/mp4");
    assert_null(answer_field(w, &a, "ETag"));
    answer_clear(&a);
    const char *ana = w->token;
    w->token = "x";
    get(w, path, head, &a);
    assert_int_equal(a.status, 401);
    assert_null(answer_field(w, &a, "X-Accel-Redirect"));
    answer_clear(&a);
    w->token = ana;
    w->conf.trusted_proxies = "10.0.0.1";
    world_restart(w);
    get(w, path, "", &a);
    assert_string_equal(a.body, REEL);
    assert_null(answer_field(w, &a, "X-Accel-Redirect"));
    answer_clear(&a);
    w->conf.accel_redirect = w->conf.trusted_proxies = "";
    world_restart(w);
}

static void links_are_https_when_a_trusted_proxy_says_so(void **state)
{
    struct world *w = *state;
    const char *path = finished(w), *said = "X-Forwarded-Proto: https\r\n";
    struct task_row t;
    struct answer a;
    assert_non_null(path);
    assert_int_equal(
        store_task_by_blob(w->store, w->a, arena_printf(w->a, "reels/%s", path + 20), &t, NULL), 0);
    const char *task = arena_printf(w->a, "/api/tasks/%lld", (long long)t.id);
    get(w, task, said, &a);
    assert_memory_equal(answer_says(&a, "download"), "http://", 7); /* anybody can say so */
    answer_clear(&a);
    w->conf.trusted_proxies = "127.0.0.1";
    world_restart(w);
    get(w, task, said, &a);
    assert_memory_equal(answer_says(&a, "download"), "https://", 8);
    answer_clear(&a);
    get(w, task, "", &a);
    assert_memory_equal(answer_says(&a, "download"), "http://", 7);
    answer_clear(&a);
    w->conf.trusted_proxies = "";
    world_restart(w);
}

static void it_is_alive_while_it_answers(void **state)
{
    struct world *w = *state;
    assert_true(http_alive(w->http, 2000));
    w->conf.connections = 10; /* all of them taken is no reason to be started again */
    world_restart(w);
    int fds[12];
    for (size_t i = 0; i < LEN(fds); i++)
        fds[i] = dial(w);
    assert_true(http_alive(w->http, 300));
    for (size_t i = 0; i < LEN(fds); i++)
        close(fds[i]);
    w->conf.connections = 1000;
    world_restart(w);
}

static void parts_and_conditions_follow_the_rfc(void **state)
{
    struct world *w = *state;
    const char *path = finished(w);
    struct answer a;
    get(w, path, "", &a);
    const char *etag = answer_field(w, &a, "ETag");
    answer_clear(&a);
    const struct {
        const char *head;
        int status;
        const char *body, *range;
    } facts[] = {
        {"Range: bytes=0-3\r\n", 206, "0123", "bytes 0-3/36"},
        {"Range: bytes=-2\r\n", 206, "yz", "bytes 34-35/36"},
        {"Range: bytes=36-\r\n", 416, "", "bytes */36"},
        {"Range: bytes=0-1,5-6\r\n", 200, REEL, NULL},
        {"Range: bytes=0-3\r\nIf-Range: \"other\"\r\n", 200, REEL, NULL},
        {"Range: bytes=0-3\r\nIf-Range: Mon, 23 Nov 2026 16:52:29 GMT\r\n", 200, REEL, NULL},
        {arena_printf(w->a, "Range: bytes=0-3\r\nIf-Range: %s\r\n", etag), 206, "0123",
         "bytes 0-3/36"},
        {arena_printf(w->a, "Range: bytes=0-3\r\nIf-Range: W/%s\r\n", etag), 200, REEL, NULL},
        {arena_printf(w->a, "If-None-Match: %s\r\n", etag), 304, "", NULL},
        {arena_printf(w->a, "Range: bytes=0-3\r\nIf-None-Match: W/%s\r\n", etag), 304, "", NULL},
        {"If-None-Match: *\r\n", 304, "", NULL},
        {arena_printf(w->a, "If-Match: \"x\", %s\r\n", etag), 200, REEL, NULL},
        {arena_printf(w->a, "If-Match: W/%s\r\n", etag), 412, "", NULL},
        {"If-Match: \"x\"\r\n", 412, "", NULL},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        get(w, path, facts[i].head, &a);
        const char *range = answer_field(w, &a, "Content-Range");
        if (a.status != facts[i].status || strcmp(a.body, facts[i].body) != 0 ||
            strcmp(range ? range : "", facts[i].range ? facts[i].range : "") != 0)
            fail_msg("%s%d %s %s", facts[i].head, a.status, a.body, range ? range : "");
        answer_clear(&a);
    }
    ask(w, "HEAD", path, "Range: bytes=0-3\r\n", "", 0, &a);
    assert_int_equal(a.status, 200); /* ranges are for GET */
    assert_string_equal(answer_field(w, &a, "Content-Length"), "36");
    answer_clear(&a);
}

/* -- the end -- */

struct crowd {
    atomic_bool over;
    atomic_int answered, wrong;
};
struct one {
    struct crowd *crowd;
    int fd;
};

static void *keep_asking(void *arg)
{
    const struct one *o = arg;
    static const char ping[] = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char login[] =
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 37\r\n\r\n"
        "{\"username\":\"ana\",\"password\":\"wrong\"}";
    for (int i = 0; !atomic_load(&o->crowd->over); i++) {
        struct answer a;
        bool is_ping = i % 4;
        send_all(o->fd, is_ping ? ping : login, is_ping ? sizeof(ping) - 1 : sizeof(login) - 1);
        answer_read(o->fd, &a);
        int status = a.status;
        answer_clear(&a);
        if (status == 0)
            break; /* the server has gone */
        atomic_fetch_add(&o->crowd->answered, 1);
        if (status != (is_ping ? 200 : 401) && status != 503)
            atomic_fetch_add(&o->crowd->wrong, 1);
    }
    return NULL;
}

static void a_server_may_stop_under_a_crowd(void **state)
{
    struct world *w = *state;
    for (int round = 0; round < 3; round++) {
        struct crowd c = {0};
        struct one all[6];
        pthread_t threads[LEN(all)];
        for (size_t i = 0; i < LEN(all); i++) {
            all[i] = (struct one){&c, dial(w)};
            assert_int_equal(pthread_create(&threads[i], NULL, keep_asking, &all[i]), 0);
        }
        for (int ms = 0; atomic_load(&c.answered) < 50 && ms < 60000; ms++)
            usleep(1000);
        http_stop(TAKE(w->http), round == 1 ? 200 : 0);
        atomic_store(&c.over, true);
        for (size_t i = 0; i < LEN(all); i++) {
            pthread_join(threads[i], NULL);
            close(all[i].fd);
        }
        assert_int_equal(atomic_load(&c.wrong), 0);
        world_restart(w);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_answer_says_how_it_may_be_used),
        T(the_id_that_a_request_came_with_is_its_id),
        T(what_was_asked_is_counted_by_route),
        T(a_stranger_is_told_how_to_come_in),
        T(head_is_get_without_the_body),
        T(the_language_is_the_clients),
        T(a_nul_inside_a_text_is_refused),
        T(a_form_beyond_every_limit_is_cut_off_and_told_why),
        T(the_page_is_sent_once),
        T(requests_one_behind_the_other_are_answered_in_order),
        T(the_owners_token_or_a_link_opens_a_reel),
        T(a_trusted_proxy_is_told_the_file_and_nobody_else_is),
        T(links_are_https_when_a_trusted_proxy_says_so),
        T(it_is_alive_while_it_answers),
        T(parts_and_conditions_follow_the_rfc),
        T(a_server_may_stop_under_a_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
