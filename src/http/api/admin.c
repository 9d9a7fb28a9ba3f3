/* Plan: admins read the state of the whole service, its users and everybody's tasks, and change
 * them. Other users never reach these handlers: the routes require SCOPE_ADMIN, which only the
 * admin role gives. */
#include "http/api/api.h"

#include "auth/account.h"
#include "core/log.h"
#include "core/mem.h"
#include "http/body/kept.h"
#include "http/server/answer.h"
#include "http/server/request.h"
#include "task/overview.h"
#include "task/task.h"

enum { USERS_MAX = 1000, USERS_USUAL = 100, RETRY_MAX = 1000 };

/* -- the service -- */

static int add_worker(void *arg, const struct worker_row *w)
{
    json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:o}", "name", w->name, "version", w->version,
                          "jobs", w->jobs, "busy", w->busy, "seen", json_time(w->seen_ms));
    return json_array_append_new(arg, o);
}

static json_t *tasks_json(const int64_t counts[TASK_STATE_COUNT])
{
    json_t *o = json_object();
    for (enum task_state s = TASK_UPLOADED; s < TASK_DELETED; s++)
        json_object_set_new(o, task_state_name(s), json_integer((json_int_t)counts[s]));
    return o;
}

/* A size of the storage; null where it cannot tell. */
static json_t *size_json(bool sized, int64_t bytes)
{
    return sized ? json_integer((json_int_t)bytes) : json_null();
}

void admin_overview(struct request *r)
{
    struct err e;
    struct task_overview t;
    json_t *workers = json_array();
    if (task_overview(r->http->parts.tasks, &t, add_worker, workers, &e) < 0) {
        json_decref(workers);
        answer_error(r, &e);
        return;
    }
    int64_t waited_ms = t.oldest_waiting_ms;
    json_t *storage =
        json_pack("{s:o, s:o, s:I}", "free_bytes", size_json(t.sized, t.free_bytes), "total_bytes",
                  size_json(t.sized, t.total_bytes), "used_bytes", (json_int_t)t.used_bytes);
    answer_json(r, 200,
                json_pack("{s:o, s:o, s:o, s:o, s:{s:I, s:I}}", "tasks", tasks_json(t.counts),
                          "oldest_waiting_ms",
                          waited_ms < 0 ? json_null() : json_integer((json_int_t)waited_ms),
                          "workers", workers, "storage", storage, "hooks", "waiting",
                          (json_int_t)t.deliveries_waiting, "dead", (json_int_t)t.deliveries_dead));
}

/* -- users -- */

/* null: as the settings say. */
static json_t *admin_limit(int64_t n)
{
    return n < 0 ? json_null() : json_integer((json_int_t)n);
}

static int add_user(void *arg, const struct user_row *u)
{
    json_t *o =
        json_pack("{s:I, s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:I}", "id", (json_int_t)u->id,
                  "username", u->username, "email", u->email, "role", u->admin ? "admin" : "user",
                  "created", json_time(u->created_ms), "bytes_used", (json_int_t)u->bytes_used,
                  "bytes_limit", admin_limit(u->bytes_limit), "tasks_limit",
                  admin_limit(u->tasks_limit), "tasks", (json_int_t)u->tasks);
    return json_array_append_new(arg, o);
}

void admin_users(struct request *r)
{
    struct err e;
    int64_t max = USERS_USUAL, after = 0;
    const char *part = NULL;
    json_t *list = json_array();
    if (request_number(r, "max", 0, INT64_MAX, &max, &e) == 0 &&
        request_number(r, "after", 0, INT64_MAX, &after, &e) == 0 &&
        query_part(r, &part, &e) == 0 &&
        auth_user_search(r->http->parts.auth, part ? part : "", after,
                         (int)(max < USERS_MAX ? max : USERS_MAX), add_user, list, &e) == 0) {
        answer_json(r, 200, json_pack("{s:o}", "data", list));
        return;
    }
    json_decref(list);
    answer_error(r, &e);
}

/* A limit of the body, where it is there. */
static int admin_read_limit(const json_t *o, const char *name, unsigned which, int64_t *out,
                            struct user_change *c, struct err *e)
{
    const json_t *v = json_object_get(o, name);
    if (!v)
        return 0;
    if (!json_is_null(v) && !json_is_integer(v))
        return err_wrong(e, MSG_FIELD_TYPE, name, "a whole number, or null");
    *out = json_is_null(v) ? -1 : json_integer_value(v);
    if (!json_is_null(v) && *out < 0)
        return err_parameter(e, name, "a whole number from 0, or null");
    c->only |= which;
    return 0;
}

static int admin_read_change(const json_t *o, struct user_change *c, struct err *e)
{
    const json_t *role = json_object_get(o, "role");
    *c = (struct user_change){.keep_an_admin = true};
    if (role && !json_is_string(role))
        return err_wrong(e, MSG_FIELD_TYPE, "role", "a text");
    if (role) {
        c->only |= USER_ROLE;
        c->admin = strcmp(json_string_value(role), "admin") == 0;
        if (!c->admin && strcmp(json_string_value(role), "user") != 0)
            return err_parameter(e, "role", "user, admin");
    }
    if (admin_read_limit(o, "bytes_limit", USER_BYTES, &c->bytes_limit, c, e) < 0)
        return -1;
    return admin_read_limit(o, "tasks_limit", USER_TASKS, &c->tasks_limit, c, e);
}

static int change_user(struct request *r, int64_t id, const json_t *body, json_t *list,
                       struct err *e)
{
    struct user_change c;
    if (admin_read_change(body, &c, e) < 0 ||
        auth_user_change(r->http->parts.auth, id, &c, add_user, list, e) < 0)
        return -1;
    if (c.only)
        log_info(r->http->parts.log, "user changed", "user", id, "by", r->caller.user_id, "role",
                 !(c.only & USER_ROLE) ? "-"
                 : c.admin             ? "admin"
                                       : "user");
    return 0;
}

void admin_user_change(struct request *r)
{
    struct err e;
    int64_t id;
    json_t *list = json_array(), *o = body_object(r, &e);
    if (o && !str_int64(str_of(r->rest), 1, INT64_MAX, &id)) {
        err_msg(&e, MSG_USER_NOT_FOUND, "user: not a number");
        answer_error(r, &e);
    } else if (!o || change_user(r, id, o, list, &e) < 0) {
        if (e.code == ERR_MISSING)
            err_msg(&e, MSG_USER_NOT_FOUND, "no such user");
        answer_error(r, &e);
    } else {
        answer_json(r, 200, json_incref(json_array_get(list, 0)));
    }
    json_decref(list);
    json_decref(o);
}

/* -- tasks -- */

void admin_tasks(struct request *r)
{
    struct err e;
    struct task_page page;
    if (list_read(r, false, &page, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    page.owners = true;
    list_full(r, &page);
}

/* Retries the failed tasks of the list; skips tasks that are gone or not failed. */
static int retry_these(struct request *r, const json_t *ids, int *retried, struct err *e)
{
    size_t i;
    json_t *one;
    if (!json_is_array(ids))
        return err_wrong(e, MSG_FIELD_TYPE, "ids", "a list of whole numbers");
    if (json_array_size(ids) > RETRY_MAX)
        return err_parameter(e, "ids", "up to %d ids", RETRY_MAX);
    json_array_foreach(ids, i, one)
    {
        if (!json_is_integer(one))
            return err_wrong(e, MSG_FIELD_TYPE, "ids", "a list of whole numbers");
    }
    json_array_foreach(ids, i, one)
    {
        if (task_retry(r->http->parts.tasks, json_integer_value(one), 0, e) == 0)
            ++*retried;
        else if (e->code != ERR_MISSING && e->code != ERR_CONFLICT)
            return -1;
    }
    return 0;
}

static int retry_state(struct request *r, const json_t *o, int *retried, int64_t *after,
                       struct err *e)
{
    const char *status = json_string_value(json_object_get(o, "status"));
    const json_t *from = json_object_get(o, "after");
    if (!status)
        return err_wrong(e, MSG_FIELDS_MISSING, "ids",
                         "a list of whole numbers, or `status` in its place");
    if (from && !json_is_integer(from) && !json_is_null(from))
        return err_wrong(e, MSG_FIELD_TYPE, "after", "a whole number, or null");
    if (strcmp(status, task_state_name(TASK_FAILED)) != 0)
        return err_parameter(e, "status", "%s", task_state_name(TASK_FAILED));
    if (json_integer_value(from) < 0)
        return err_parameter(e, "after", "a whole number from 0, or null");
    *after = json_integer_value(from);
    return task_retry_failed(r->http->parts.tasks, RETRY_MAX, after, retried, e);
}

void admin_retry(struct request *r)
{
    struct err e;
    int retried = 0;
    int64_t after = 0;
    json_t *o = body_object(r, &e);
    const json_t *ids = json_object_get(o, "ids");
    if (!o ||
        (ids ? retry_these(r, ids, &retried, &e) : retry_state(r, o, &retried, &after, &e)) < 0)
        answer_error(r, &e);
    else
        answer_json(r, 200,
                    json_pack("{s:i, s:o}", "retried", retried, "after",
                              after ? json_integer((json_int_t)after) : json_null()));
    json_decref(o);
}
