#include "http/http_impl.h"

#include "core/mem.h"

static const struct route routes[] = {
    {"GET", "/", page_get, 0, QUICK, BODY_NONE},
    {"GET", "/assets/*", page_get, 0, QUICK, BODY_NONE},
    {"GET", "/favicon.svg", page_get, 0, QUICK, BODY_NONE},
    {"GET", "/openapi.json", page_get, 0, QUICK, BODY_NONE},
    {"GET", "/docs", page_get, 0, QUICK, BODY_NONE},
    {"GET", "/ping", people_ping, 0, QUICK, BODY_NONE, .probe = true},
    {"GET", "/api/auth/login/ping", people_pong, 0, QUICK, BODY_NONE, .probe = true},
    {"GET", "/api/auth/signup/ping", people_pong, 0, QUICK, BODY_NONE, .probe = true},
    {"GET", "/api/health", people_health, 0, ASKS, BODY_NONE, .probe = true},
    {"GET", "/api/ready", people_ready, 0, SLOW, BODY_NONE, .probe = true},
    {"GET", "/metrics", people_metrics, SCOPE_ADMIN, SLOW, BODY_NONE, .probe = true},
    {"POST", "/api/auth/signup", people_sign_up, 0, SLOW, BODY_JSON},
    {"POST", "/api/auth/login", people_log_in, 0, SLOW, BODY_JSON},
    {"POST", "/api/tasks", tasks_add, SCOPE_UPLOAD, SLOW, BODY_CLIP},
    {"GET", "/api/tasks", tasks_list, SCOPE_READ, ASKS, BODY_NONE},
    {"GET", "/api/tasks/events", events_all, SCOPE_READ, ASKS, BODY_NONE},
    {"GET", "/api/tasks/*/events", events_task, SCOPE_READ, ASKS, BODY_NONE},
    {"GET", "/api/tasks/*", tasks_get, SCOPE_READ, ASKS, BODY_NONE},
    {"PATCH", "/api/tasks/*", tasks_change, SCOPE_UPLOAD, SLOW, BODY_JSON},
    {"DELETE", "/api/tasks/*", tasks_delete, SCOPE_DELETE, SLOW, BODY_NONE},
    {"POST", "/api/tasks/*/retry", tasks_retry, SCOPE_UPLOAD, SLOW, BODY_NONE},
    {"OPTIONS", "/api/uploads", tus_options, 0, QUICK, BODY_NONE},
    {"POST", "/api/uploads", tus_create, SCOPE_UPLOAD, SLOW, BODY_TUS},
    {"HEAD", "/api/uploads/*", tus_head, SCOPE_UPLOAD, SLOW, BODY_NONE},
    {"PATCH", "/api/uploads/*", tus_patch, SCOPE_UPLOAD, SLOW, BODY_TUS},
    {"DELETE", "/api/uploads/*", tus_delete, SCOPE_UPLOAD, SLOW, BODY_NONE},
    {"GET", "/api/me", keys_me, SCOPE_ANY, ASKS, BODY_NONE},
    {"GET", "/api/keys", keys_list, SCOPE_SELF, ASKS, BODY_NONE},
    {"POST", "/api/keys", keys_add, SCOPE_SELF, SLOW, BODY_JSON},
    {"DELETE", "/api/keys/*", keys_delete, SCOPE_SELF, SLOW, BODY_NONE},
    {"POST", "/api/hooks", hooks_add, SCOPE_SELF, SLOW, BODY_JSON},
    {"GET", "/api/hooks", hooks_list, SCOPE_SELF, ASKS, BODY_NONE},
    {"GET", "/api/hooks/*", hooks_get, SCOPE_SELF, ASKS, BODY_NONE},
    {"PATCH", "/api/hooks/*", hooks_change, SCOPE_SELF, SLOW, BODY_JSON},
    {"DELETE", "/api/hooks/*", hooks_delete, SCOPE_SELF, SLOW, BODY_NONE},
    {"POST", "/api/hooks/*/secret", hooks_secret, SCOPE_SELF, SLOW, BODY_NONE},
    {"POST", "/api/hooks/*/test", hooks_test, SCOPE_SELF, SLOW, BODY_NONE},
    {"GET", "/api/hooks/*/deliveries", hooks_deliveries, SCOPE_SELF, ASKS, BODY_NONE},
    {"POST", "/api/hooks/*/deliveries/*/replay", hooks_replay, SCOPE_SELF, SLOW, BODY_NONE},
    {"GET", "/api/admin/overview", admin_overview, SCOPE_ADMIN, ASKS, BODY_NONE},
    {"GET", "/api/admin/users", admin_users, SCOPE_ADMIN, ASKS, BODY_NONE},
    {"PATCH", "/api/admin/users/*", admin_user_change, SCOPE_ADMIN, SLOW, BODY_JSON},
    {"GET", "/api/admin/tasks", admin_tasks, SCOPE_ADMIN, ASKS, BODY_NONE},
    {"POST", "/api/admin/tasks/retry", admin_retry, SCOPE_ADMIN, SLOW, BODY_JSON},
    {"GET", "/api/admin/profile", profile_get, SCOPE_ADMIN, ASKS, BODY_NONE},
    {"PUT", "/api/admin/profile", profile_put, SCOPE_ADMIN, SLOW, BODY_JSON},
    {"POST", "/api/admin/profile/preview", profile_preview, SCOPE_ADMIN, SLOW, BODY_JSON},
    {"POST", "/api/admin/logos", profile_logo, SCOPE_ADMIN, SLOW, BODY_LOGO},
    {"GET", "/api/video/download/**", files_reel, 0, ASKS, BODY_NONE},
    {"GET", "/api/video/poster/**", files_poster, 0, ASKS, BODY_NONE},
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
    const struct route *found = NULL, *first = NULL;
    *rest = path + len;
    for (size_t i = 0; i < LEN(routes) && !found; i++) {
        const char *stars;
        if (!match(routes[i].pattern, path, len, &stars))
            continue;
        /* a path belongs to the first pattern that it matches, whatever later ones would take */
        if (!first) {
            first = &routes[i];
            *rest = stars;
        }
        if (strcmp(routes[i].pattern, first->pattern) != 0)
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

static const char *needs(unsigned scope)
{
    if (scope == SCOPE_ANY)
        return "any";
    if (scope == SCOPE_SELF)
        return "self";
    return scope ? auth_scope_name(scope) : "-";
}

bool http_route(int i, struct http_route *out)
{
    if (i < 0 || (size_t)i >= LEN(routes))
        return false;
    *out = (struct http_route){routes[i].method, routes[i].pattern, needs(routes[i].scope)};
    return true;
}
