#include "http/http_impl.h"

#include "core/mem.h"

static const struct route routes[] = {
    {"GET", "/", page_get, false, QUICK, BODY_NONE},
    {"GET", "/assets/*", page_get, false, QUICK, BODY_NONE},
    {"GET", "/favicon.svg", page_get, false, QUICK, BODY_NONE},
    {"GET", "/ping", people_ping, false, QUICK, BODY_NONE},
    {"GET", "/api/auth/login/ping", people_pong, false, QUICK, BODY_NONE},
    {"GET", "/api/auth/signup/ping", people_pong, false, QUICK, BODY_NONE},
    {"GET", "/api/health", people_health, false, ASKS, BODY_NONE},
    {"POST", "/api/auth/signup", people_sign_up, false, SLOW, BODY_JSON},
    {"POST", "/api/auth/login", people_log_in, false, SLOW, BODY_JSON},
    {"POST", "/api/tasks", tasks_add, true, SLOW, BODY_CLIP},
    {"GET", "/api/tasks", tasks_list, true, ASKS, BODY_NONE},
    {"GET", "/api/tasks/events", events_all, true, ASKS, BODY_NONE},
    {"GET", "/api/tasks/*/events", events_task, true, ASKS, BODY_NONE},
    {"GET", "/api/tasks/*", tasks_get, true, ASKS, BODY_NONE},
    {"DELETE", "/api/tasks/*", tasks_delete, true, SLOW, BODY_NONE},
    {"POST", "/api/tasks/*/retry", tasks_retry, true, SLOW, BODY_NONE},
    {"OPTIONS", "/api/uploads", tus_options, false, QUICK, BODY_NONE},
    {"POST", "/api/uploads", tus_create, true, SLOW, BODY_TUS},
    {"HEAD", "/api/uploads/*", tus_head, true, SLOW, BODY_NONE},
    {"PATCH", "/api/uploads/*", tus_patch, true, SLOW, BODY_TUS},
    {"DELETE", "/api/uploads/*", tus_delete, true, SLOW, BODY_NONE},
    {"POST", "/api/hooks", hooks_add, true, SLOW, BODY_JSON},
    {"GET", "/api/hooks", hooks_list, true, ASKS, BODY_NONE},
    {"GET", "/api/hooks/*", hooks_get, true, ASKS, BODY_NONE},
    {"PATCH", "/api/hooks/*", hooks_change, true, SLOW, BODY_JSON},
    {"DELETE", "/api/hooks/*", hooks_delete, true, SLOW, BODY_NONE},
    {"POST", "/api/hooks/*/secret", hooks_secret, true, SLOW, BODY_NONE},
    {"POST", "/api/hooks/*/test", hooks_test, true, SLOW, BODY_NONE},
    {"GET", "/api/hooks/*/deliveries", hooks_deliveries, true, ASKS, BODY_NONE},
    {"POST", "/api/hooks/*/deliveries/*/replay", hooks_replay, true, SLOW, BODY_NONE},
    {"GET", "/api/video/download/**", files_reel, false, ASKS, BODY_NONE},
    {"GET", "/api/video/poster/**", files_poster, false, ASKS, BODY_NONE},
};

/* path without its trailing slash is len long; *rest is where the first star begins. */
static bool match(const char *pattern, const char *path, size_t len, const char **rest)
{
    const char *p = path, *end = path + len;
    *rest = end;
    for (; *pattern; pattern++) {
        if (*pattern != '*') {
            if (p == end || *p++ != *pattern)
                return false;
            continue;
        }
        if (p == end)
            return false;
        if (*rest == end)
            *rest = p;
        if (pattern[1] == '*')
            return true;
        while (p < end && *p != '/')
            p++;
    }
    return p == end;
}

static bool same_method(const char *asked, const char *has)
{
    return strcmp(asked, has) == 0 || (strcmp(asked, "HEAD") == 0 && strcmp(has, "GET") == 0);
}

const struct route *route_find(const char *method, const char *path, const char **rest,
                               char allow[ALLOW_SIZE])
{
    size_t len = strlen(path);
    if (len > 1 && path[len - 1] == '/' && path[len - 2] != '/')
        len--;
    struct buf names;
    buf_init(&names, ALLOW_SIZE - 1);
    const struct route *found = NULL;
    for (size_t i = 0; i < LEN(routes) && !found; i++) {
        if (!match(routes[i].pattern, path, len, rest))
            continue;
        if (same_method(method, routes[i].method))
            found = &routes[i];
        buf_printf(&names, "%s%s", names.len ? ", " : "", routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0)
            buf_puts(&names, ", HEAD");
    }
    str_copy(allow, ALLOW_SIZE, names.len ? names.p : "");
    buf_clear(&names);
    return found;
}
