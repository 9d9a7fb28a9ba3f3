/* What pages of other origins may read: the headers of every kind of answer. */
#include "http/test/world.h"

#include <unistd.h>

#define APP   "https://app.example.org"
#define WANTS "Access-Control-Request-Method: PATCH\r\n"

static void set(struct world *w, const char *list)
{
    w->conf.cors_origins = list;
    world_restart(w);
}

static const char *field(struct world *w, const struct answer *a, const char *name)
{
    const char *text = answer_field(w, a, name);
    return text ? text : "-";
}

static void each_answer_has_them_for_origins_of_the_list_alone(void **state)
{
    struct world *w = *state;
    /* one of each way in which answers are made: handlers, errors before and behind the head and in
     * the pool, files, streams of events */
    static const struct {
        const char *method, *path, *head, *body;
        int status;
    } asked[] = {
        {"GET", "/ping", "", "", 200},
        {"GET", "/", "", "", 200},
        {"GET", "/api/tasks", "", "", 200},
        {"GET", "/api/tasks?max=x", "", "", 400},
        {"GET", "/api/tasks/7/events", "", "", 404},
        {"GET", "/api/tasks/events?last_event_id=x", "", "", 400},
        {"GET", "/nothing", "", "", 404},
        {"GET", "/ping%00", "", "", 404},
        {"PUT", "/api/tasks", "", "x", 405},
        {"OPTIONS", "/api/tasks", "", "", 204},
        {"OPTIONS", "/api/uploads", "", "", 204},
        {"OPTIONS", "/nothing", WANTS, "", 404},
        {"POST", "/api/tasks", "", "x", 400},
        {"POST", "/api/uploads", "", "", 412},
        {"POST", "/api/auth/login", "", "{\"username\":\"x\",\"password\":\"y\"}", 401},
        {"GET", "/api/video/download/x?sig=1&exp=2", "", "", 401},
    };
    static const struct {
        const char *list, *origin, *allowed, *vary;
    } rows[] = {
        {"", APP, "-", "-"},
        {"*", APP, "*", "-"},
        {"*", NULL, "-", "-"},
        {"http://localhost:3000, " APP, APP, APP, "Origin"},
        {APP, "https://evil.example.org", "-", "Origin"},
        {APP, "null", "-", "Origin"},
        {APP, NULL, "-", "Origin"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        set(w, rows[i].list);
        const char *origin =
            rows[i].origin ? arena_printf(w->a, "Origin: %s\r\n", rows[i].origin) : "";
        for (size_t j = 0; j < LEN(asked); j++) {
            struct answer a;
            ask(w, asked[j].method, asked[j].path,
                arena_printf(w->a, "%s%s", asked[j].head, origin), asked[j].body,
                strlen(asked[j].body), &a);
            const char *exposed = field(w, &a, "Access-Control-Expose-Headers");
            if (a.status != asked[j].status ||
                strcmp(field(w, &a, "Access-Control-Allow-Origin"), rows[i].allowed) != 0 ||
                !strstr(exposed, *rows[i].allowed == '-' ? "-" : "Reelgate-Task"))
                fail_msg("%s: %s %s: %s", rows[i].list, asked[j].method, asked[j].path, a.text.p);
            assert_string_equal(field(w, &a, "Access-Control-Allow-Methods"), "-");
            assert_string_equal(field(w, &a, "Access-Control-Allow-Credentials"), "-");
            /* beside what the answer varies by itself */
            assert_true(!!strstr(a.text.p, "\r\nVary: Origin\r\n") == (*rows[i].vary == 'O'));
            answer_clear(&a);
        }
    }
    set(w, "");
}

static void a_preflight_is_granted_where_there_is_something(void **state)
{
    struct world *w = *state;
    static const char *const paths[] = {"/api/tasks",
                                        "/api/tasks/7",
                                        "/api/tasks/events",
                                        "/api/uploads",
                                        "/api/uploads/x",
                                        "/api/auth/login",
                                        "/api/video/download/2026/11/23/abc"};
    static const char *const origins[] = {APP, "https://evil.example.org"};
    set(w, APP);
    for (size_t i = 0; i < LEN(paths) * LEN(origins); i++) {
        const char *path = paths[i / 2], *origin = origins[i % 2];
        struct answer a;
        ask(w, "OPTIONS", path, arena_printf(w->a, WANTS "Origin: %s\r\n", origin), NULL, 0, &a);
        assert_int_equal(a.status, 204);
        bool good = strcmp(origin, APP) == 0;
        assert_string_equal(field(w, &a, "Access-Control-Allow-Origin"), good ? APP : "-");
        assert_string_equal(field(w, &a, "Access-Control-Max-Age"), good ? "7200" : "-");
        assert_string_equal(field(w, &a, "Access-Control-Allow-Methods"),
                            good ? "GET, HEAD, POST, PUT, PATCH, DELETE" : "-");
        assert_non_null(
            strstr(field(w, &a, "Access-Control-Allow-Headers"), good ? "Authorization" : "-"));
        assert_string_equal(field(w, &a, "Vary"), "Origin");
        if (strcmp(path, "/api/uploads") == 0) /* it is the plain OPTIONS of tus, too */
            assert_string_equal(field(w, &a, "Tus-Max-Size"), "1048576");
        answer_clear(&a);
    }
    set(w, "");
}

/* Too much is said before the body is read, or in the middle of it, past the library. */
static void refusals_of_a_body_have_them(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *length, *type;
    } rows[] = {{"Content-Length: 99999999", "video/mp4"},
                {"Transfer-Encoding: chunked", "multipart/form-data; boundary=b"}};
    set(w, APP);
    for (size_t i = 0; i < LEN(rows); i++) {
        int fd = dial(w);
        const char *head = arena_printf(w->a,
                                        "POST /api/tasks HTTP/1.1\r\nHost: x\r\nOrigin: " APP
                                        "\r\nAuthorization: Bearer %s\r\n%s\r\nContent-Type: "
                                        "%s\r\n\r\n",
                                        w->token, rows[i].length, rows[i].type);
        send_all(fd, head, strlen(head));
        if (i) {
            static char block[1 << 20];
            for (int n = 0; n < 40; n++) {
                send_all(fd, "100000\r\n", 8);
                send_all(fd, block, sizeof(block));
                send_all(fd, "\r\n", 2);
            }
        }
        struct answer a;
        answer_read(fd, &a);
        close(fd);
        assert_int_equal(a.status, 413);
        assert_string_equal(field(w, &a, "Access-Control-Allow-Origin"), APP);
        assert_non_null(strstr(field(w, &a, "Access-Control-Expose-Headers"), "X-Request-Id"));
        assert_string_equal(field(w, &a, "Vary"), "Origin");
        answer_clear(&a);
    }
    set(w, "");
}

static void a_list_that_is_none_stops_the_start(void **state)
{
    struct world *w = *state;
    struct http *h = NULL;
    struct conf c = w->conf;
    const struct http_parts parts = {
        .auth = w->auth, .tasks = w->tasks, .blob = w->blob, .jail_missing = ""};
    struct err e = {0};
    c.cors_origins = "https://app.example.org/";
    assert_int_equal(http_start(&h, &c, &parts, &e), -1);
    assert_non_null(strstr(e.text, "cors-origins: \"https://app.example.org/\" is no origin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_them_for_origins_of_the_list_alone),
        cmocka_unit_test(a_preflight_is_granted_where_there_is_something),
        cmocka_unit_test(refusals_of_a_body_have_them),
        cmocka_unit_test(a_list_that_is_none_stops_the_start),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
