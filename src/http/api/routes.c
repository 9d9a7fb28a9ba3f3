#include "http/api/api.h"

#include "auth/auth.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/body/form.h"
#include "http/body/kept.h"
#include "http/body/tus.h"
#include "http/events/streams.h"
#include "http/http.h"

static const struct route routes[] = {
    {"GET", "/", page_get, 0, QUICK, NULL, VISIT_PAGE},
    {"GET", "/assets/*", page_get, 0, QUICK, NULL, VISIT_PAGE},
    {"GET", "/favicon.svg", page_get, 0, QUICK, NULL, VISIT_PAGE},
    {"GET", "/openapi.json", page_get, 0, QUICK, NULL, VISIT_PAGE},
    {"GET", "/docs", page_get, 0, QUICK, NULL, VISIT_PAGE},
    {"GET", "/ping", service_ping, 0, QUICK, NULL, .probe = true},
    {"GET", "/api/auth/login/ping", service_pong, 0, QUICK, NULL, .probe = true},
    {"GET", "/api/auth/signup/ping", service_pong, 0, QUICK, NULL, .probe = true},
    {"GET", "/api/health", service_health, 0, ASKS, NULL, .probe = true},
    {"GET", "/api/ready", service_ready, 0, SLOW, NULL, .probe = true},
    {"GET", "/metrics", service_metrics, SCOPE_ADMIN, SLOW, NULL, .probe = true},
    {"POST", "/api/auth/signup", account_sign_up, 0, SLOW, &body_json},
    {"POST", "/api/auth/login", account_log_in, 0, SLOW, &body_json},
    {"POST", "/api/tasks", tasks_add, SCOPE_UPLOAD, SLOW, &body_form},
    {"GET", "/api/tasks", tasks_list, SCOPE_READ, ASKS, NULL},
    {"GET", "/api/tasks/events", events_all, SCOPE_READ, ASKS, NULL},
    {"GET", "/api/tasks/*/events", events_task, SCOPE_READ, ASKS, NULL},
    {"GET", "/api/tasks/*", tasks_get, SCOPE_READ, ASKS, NULL},
    {"PATCH", "/api/tasks/*", tasks_change, SCOPE_UPLOAD, SLOW, &body_json},
    {"DELETE", "/api/tasks/*", tasks_delete, SCOPE_DELETE, SLOW, NULL},
    {"POST", "/api/tasks/*/retry", tasks_retry, SCOPE_UPLOAD, SLOW, NULL},
    {"OPTIONS", "/api/uploads", uploads_options, 0, QUICK, NULL},
    {"POST", "/api/uploads", uploads_create, SCOPE_UPLOAD, SLOW, &body_tus},
    {"HEAD", "/api/uploads/*", uploads_head, SCOPE_UPLOAD, SLOW, NULL},
    {"PATCH", "/api/uploads/*", uploads_patch, SCOPE_UPLOAD, SLOW, &body_tus},
    {"DELETE", "/api/uploads/*", uploads_delete, SCOPE_UPLOAD, SLOW, NULL},
    {"GET", "/api/me", keys_me, SCOPE_ANY, ASKS, NULL},
    {"GET", "/api/keys", keys_list, SCOPE_SELF, ASKS, NULL},
    {"POST", "/api/keys", keys_add, SCOPE_SELF, SLOW, &body_json},
    {"DELETE", "/api/keys/*", keys_delete, SCOPE_SELF, SLOW, NULL},
    {"POST", "/api/hooks", hooks_add, SCOPE_SELF, SLOW, &body_json},
    {"GET", "/api/hooks", hooks_list, SCOPE_SELF, ASKS, NULL},
    {"GET", "/api/hooks/*", hooks_get, SCOPE_SELF, ASKS, NULL},
    {"PATCH", "/api/hooks/*", hooks_change, SCOPE_SELF, SLOW, &body_json},
    {"DELETE", "/api/hooks/*", hooks_delete, SCOPE_SELF, SLOW, NULL},
    {"POST", "/api/hooks/*/secret", hooks_secret, SCOPE_SELF, SLOW, NULL},
    {"POST", "/api/hooks/*/test", hooks_test, SCOPE_SELF, SLOW, NULL},
    {"GET", "/api/hooks/*/deliveries", hooks_deliveries, SCOPE_SELF, ASKS, NULL},
    {"POST", "/api/hooks/*/deliveries/*/replay", hooks_replay, SCOPE_SELF, SLOW, NULL},
    {"GET", "/api/admin/overview", admin_overview, SCOPE_ADMIN, ASKS, NULL},
    {"GET", "/api/admin/users", admin_users, SCOPE_ADMIN, ASKS, NULL},
    {"PATCH", "/api/admin/users/*", admin_user_change, SCOPE_ADMIN, SLOW, &body_json},
    {"GET", "/api/admin/tasks", admin_tasks, SCOPE_ADMIN, ASKS, NULL},
    {"POST", "/api/admin/tasks/retry", admin_retry, SCOPE_ADMIN, SLOW, &body_json},
    {"GET", "/api/admin/profile", profile_get, SCOPE_ADMIN, ASKS, NULL},
    {"PUT", "/api/admin/profile", profile_put, SCOPE_ADMIN, SLOW, &body_json},
    {"POST", "/api/admin/profile/preview", profile_preview, SCOPE_ADMIN, SLOW, &body_json},
    {"POST", "/api/admin/logos", profile_logo, SCOPE_ADMIN, SLOW, &body_logo},
    {"GET", "/api/video/download/**", files_reel, 0, ASKS, NULL, VISIT_FILE},
    {"GET", "/api/video/poster/**", files_poster, 0, ASKS, NULL, VISIT_FILE},
};

/* tus 1.0.0 requires its version in every answer, errors too. A client behind a firewall that
 * passes only GET and POST names the method in a header. */
static const struct zone zones[] = {
    {"/api/uploads", true, {{"Tus-Resumable", "1.0.0"}, {"Tus-Version", "1.0.0"}}}};

const struct routes api_routes = {routes, LEN(routes), zones, LEN(zones)};

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
