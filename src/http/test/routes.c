#include "core/test/test.h"

#include "auth/auth.h"
#include "core/str.h"
#include "http/api/api.h"
#include "http/http.h"

/* Which handler answers; the handlers themselves are not run. */
static const struct route *find(const char *method, const char *path, const char **rest,
                                char allow[ALLOW_SIZE])
{
    const char *ignored;
    return route_find(&api_routes, method, path, rest ? rest : &ignored, allow);
}

static void each_path_has_its_handler_with_and_without_a_slash(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        void (*run)(struct request *r);
    } facts[] = {
        {"GET", "/", page_get},
        {"GET", "/assets/app-X.js", page_get},
        {"GET", "/ping", service_ping},
        {"GET", "/api/auth/login/ping", service_pong},
        {"GET", "/api/auth/signup/ping", service_pong},
        {"GET", "/api/health", service_health},
        {"POST", "/api/auth/signup", account_sign_up},
        {"POST", "/api/auth/login", account_log_in},
        {"POST", "/api/tasks", tasks_add},
        {"GET", "/api/tasks", tasks_list},
        {"GET", "/api/tasks/7", tasks_get},
        {"DELETE", "/api/tasks/7", tasks_delete},
        {"GET", "/api/me", keys_me},
        {"GET", "/api/keys", keys_list},
        {"POST", "/api/keys", keys_add},
        {"DELETE", "/api/keys/7", keys_delete},
        {"POST", "/api/tasks/7/retry", tasks_retry},
        {"GET", "/api/video/download/2026/11/23/abc", files_reel},
        {"GET", "/api/video/poster/2026/11/23/abc", files_poster},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        char allow[ALLOW_SIZE], slashed[128];
        const struct route *r = find(facts[i].method, facts[i].path, NULL, allow);
        if (!r || r->run != facts[i].run)
            fail_msg("%s %s", facts[i].method, facts[i].path);
        snprintf(slashed, sizeof(slashed), "%s/", facts[i].path);
        if (facts[i].path[1])
            assert_ptr_equal(find(facts[i].method, slashed, NULL, allow), r);
        if (strcmp(facts[i].method, "GET") == 0)
            assert_ptr_equal(find("HEAD", facts[i].path, NULL, allow), r);
    }
}

static void what_needs_a_token_says_so(void **state)
{
    (void)state;
    static const char *const paths[] = {"/api/tasks", "/api/tasks/7", "/api/tasks/7/retry",
                                        "/api/me",    "/api/keys",    "/api/keys/7"};
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    int seen = 0;
    for (size_t i = 0; i < LEN(paths); i++)
        for (size_t k = 0; k < LEN(methods); k++) {
            char allow[ALLOW_SIZE];
            const struct route *r = find(methods[k], paths[i], NULL, allow);
            seen += r != NULL;
            assert_true(!r || r->scope);
        }
    assert_int_equal(seen, 9);
}

static void each_scope_opens_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        unsigned scope;
    } facts[] = {
        {"GET", "/api/tasks", SCOPE_READ},
        {"GET", "/api/tasks/7", SCOPE_READ},
        {"GET", "/api/tasks/events", SCOPE_READ},
        {"GET", "/api/tasks/7/events", SCOPE_READ},
        {"POST", "/api/tasks", SCOPE_UPLOAD},
        {"POST", "/api/tasks/7/retry", SCOPE_UPLOAD},
        {"DELETE", "/api/tasks/7", SCOPE_DELETE},
        {"GET", "/api/keys", SCOPE_SELF},
        {"POST", "/api/keys", SCOPE_SELF},
        {"DELETE", "/api/keys/7", SCOPE_SELF},
        {"GET", "/api/health", 0},
        {"POST", "/api/auth/login", 0},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        char allow[ALLOW_SIZE];
        const struct route *r = find(facts[i].method, facts[i].path, NULL, allow);
        if (!r || r->scope != facts[i].scope)
            fail_msg("%s %s", facts[i].method, facts[i].path);
    }
}

static void stars_give_what_they_matched(void **state)
{
    (void)state;
    char allow[ALLOW_SIZE];
    const char *rest;
    assert_non_null(find("GET", "/api/tasks/42", &rest, allow));
    assert_string_equal(rest, "42");
    assert_non_null(find("POST", "/api/tasks/42/retry", &rest, allow));
    assert_string_equal(rest, "42/retry");
    assert_non_null(find("GET", "/api/video/download/2026/11/23/abc", &rest, allow));
    assert_string_equal(rest, "2026/11/23/abc");
}

static void a_wrong_method_names_the_right_ones(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *allow;
    } facts[] = {
        {"PUT", "/api/tasks", "POST, GET, HEAD"},
        {"POST", "/api/tasks/7", "GET, HEAD, PATCH, DELETE"},
        {"GET", "/api/tasks/7/retry", "POST"},
        {"GET", "/api/auth/login", "POST"},
        {"HEAD", "/api/auth/login", "POST"},
        {"POST", "/", "GET, HEAD"},
        {"OPTIONS", "/api/tasks/", "POST, GET, HEAD"},
        {"DELETE", "/api/tasks/events", "GET, HEAD"},
        {"get", "/ping", "GET, HEAD"},
        {"", "/ping", "GET, HEAD"},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        char allow[ALLOW_SIZE];
        assert_null(find(facts[i].method, facts[i].path, NULL, allow));
        assert_string_equal(allow, facts[i].allow);
    }
}

static void what_is_not_there_allows_nothing(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "nothing",
        "/nothing",
        "//",
        "/api",
        "/api/",
        "/api/tasksx",
        "/api/task",
        "/API/TASKS",
        "/api/tasks//",
        "//api/tasks",
        "/api//tasks",
        "/api/tasks/7/",
        "/api/tasks/7/retry/x",
        "/api/tasks/7/x",
        "/ping//",
        "/pin",
        "/pingx",
        "/assets",
        "/assets/app-X.js/x",
        "/api/video/download",
        "/api/video/download/",
        "/api/video",
        "*",
        "/api/tasks/7//retry",
    };
    for (size_t i = 0; i < LEN(paths); i++) {
        char allow[ALLOW_SIZE];
        const struct route *r = find("GET", paths[i], NULL, allow);
        if (strcmp(paths[i], "/api/tasks/7/") == 0)
            assert_true(r && r->run == tasks_get);
        else if (r || *allow)
            fail_msg("%s: %s", paths[i], allow);
    }
}

static void an_empty_part_of_a_path_is_no_number(void **state)
{
    (void)state;
    char allow[ALLOW_SIZE];
    const char *rest;
    const struct route *r = find("POST", "/api/tasks//retry", &rest, allow);
    assert_true(r && r->run == tasks_retry && *rest == '/'); /* no number: a 404 of its handler */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_has_its_handler_with_and_without_a_slash),
        cmocka_unit_test(what_needs_a_token_says_so),
        cmocka_unit_test(each_scope_opens_what_it_says),
        cmocka_unit_test(stars_give_what_they_matched),
        cmocka_unit_test(a_wrong_method_names_the_right_ones),
        cmocka_unit_test(what_is_not_there_allows_nothing),
        cmocka_unit_test(an_empty_part_of_a_path_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
