/* Plan: how a task is printed; then list, show, retry and delete, which act as the operator (user
 * 0). */
#include "task/task.h"

#include "cli/cli.h"
#include "cli/parts.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/reel_json.h"
#include "core/str.h"

#include <inttypes.h>
#include <jansson.h>

static json_t *task_json(const struct task_row *t)
{
    char created[CLOCK_ISO_SIZE], changed[CLOCK_ISO_SIZE];
    clock_iso(t->created_ms, created);
    clock_iso(t->changed_ms, changed);
    json_t *o = json_pack(
        "{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:I, s:s, s:s, s:s}", "id",
        (json_int_t)t->id, "user_id", (json_int_t)t->user_id, "status", task_state_name(t->state),
        "file", t->file_name, "title", t->title, "created", created, "changed", changed, "fit",
        fit_name(t->fit), "clip_bytes", (json_int_t)t->clip_bytes, "reel_bytes",
        (json_int_t)t->reel_bytes, "progress", t->progress, "attempts", t->attempts, "fence",
        (json_int_t)t->fence, "worker", t->worker, "clip", t->clip_blob, "reel", t->reel_blob);
    json_object_set_new(o, "profile", json_integer((json_int_t)t->profile));
    if (*t->error_slug)
        json_object_set_new(
            o, "error", json_pack("{s:s, s:s}", "code", t->error_slug, "detail", t->error_text));
    if (*t->report)
        json_object_set_new(o, "report", json_loads(t->report, 0, NULL));
    return o;
}

static void task_line(const struct cli *c, const struct task_row *t)
{
    char when[CLOCK_ISO_SIZE];
    clock_iso(t->created_ms, when);
    fprintf(c->out, "%8" PRId64 "  user %-5" PRId64 " %-10s %3d %%  %.19sZ  %-24.40s %s\n", t->id,
            t->user_id, task_state_name(t->state), t->progress, when, t->file_name, t->error_slug);
}

static int open_tasks(struct parts *p, const struct cli *c, struct err *e)
{
    if (!c->lent)
        return parts_there(&c->conf, e) < 0 ? -1 : parts_open_tasks(p, &c->conf, c->log, e);
    parts_borrow(p, c->lent);
    return 0;
}

/* One page of rows at a time, so that a slow reader never blocks the database. */
enum { PAGE_ROWS = 500 };
struct listing {
    struct cli *c;
    int64_t last; /* id of the last row that was printed; 0: none was */
    int rows;     /* of this page */
};

static int list_one(void *arg, const struct task_row *t)
{
    struct listing *l = arg;
    const struct cli *c = l->c;
    if (c->conf.json) {
        fputs(l->last ? "," : "[", c->out);
        json_t *o = task_json(t);
        json_dumpf(o, c->out, JSON_FORM);
        json_decref(o);
    } else {
        task_line(c, t);
    }
    l->last = t->id;
    l->rows++;
    return 0;
}

/* "failed" -> its bit; false: tasks cannot be listed by such a state. */
static bool state_bit(const char *name, unsigned *bit)
{
    for (int s = 0; s < TASK_STATE_COUNT; s++)
        if (s != TASK_DELETED && strcmp(name, task_state_name((enum task_state)s)) == 0) {
            *bit = 1u << s;
            return true;
        }
    return false;
}

static enum cli_exit task_list_command(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    struct task_page page = {.max = PAGE_ROWS};
    struct listing l = {.c = c, .rows = PAGE_ROWS};
    if (c->arg_count && !state_bit(c->args[0], &page.states))
        return cli_usage(c, "\"%s\" is none of uploaded, processing, processed, failed",
                         c->args[0]);
    if (open_tasks(&p, c, &e) < 0)
        return cli_fail(c, NULL, &e);
    while (l.rows == PAGE_ROWS) {
        l.rows = 0;
        page.after = l.last;
        if (task_list(p.tasks, &page, list_one, &l, &e) < 0)
            return cli_fail(c, NULL, &e);
        cli_flush(c);
    }
    if (c->conf.json)
        fputs(l.last ? "]\n" : "[]\n", c->out);
    cli_flush(c);
    return CLI_DONE;
}

/* Reads each argument as a task id; stops at the first that is not one. */
static bool read_ids(struct cli *c, int64_t *ids)
{
    for (int i = 0; i < c->arg_count; i++)
        if (!str_int64(str_of(c->args[i]), 1, INT64_MAX, &ids[i])) {
            cli_usage(c, "\"%s\" is not a task's number", c->args[i]);
            return false;
        }
    return true;
}

static enum cli_exit task_show(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    int64_t id;
    struct task_row t;
    if (!read_ids(c, &id))
        return CLI_USAGE;
    if (open_tasks(&p, c, &e) < 0 || task_get(p.tasks, p.arena, id, 0, &t, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    if (c->conf.json) {
        cli_print_json(c, task_json(&t));
        return CLI_DONE;
    }
    task_line(c, &t);
    fprintf(c->out, "          clip %s, %.1f MB; fit %s, from %.2f s; attempts %d\n", t.clip_blob,
            (double)t.clip_bytes / 1e6, fit_name(t.fit), (double)t.start_us / 1e6, t.attempts);
    if (*t.reel_blob)
        fprintf(c->out, "          reel %s, %.1f MB\n", t.reel_blob, (double)t.reel_bytes / 1e6);
    if (*t.error_text)
        fprintf(c->out, "          %s\n", t.error_text);
    return CLI_DONE;
}

struct id_list {
    struct arena *arena;
    int64_t *ids;
    int count, size;
};
static int collect(void *arg, const struct task_row *t)
{
    struct id_list *l = arg;
    if (l->count == l->size) {
        int size = l->size ? l->size * 2 : 64;
        int64_t *ids = arena_get(l->arena, (size_t)size * sizeof(*ids));
        if (l->count)
            memcpy(ids, l->ids, (size_t)l->count * sizeof(*ids));
        l->ids = ids;
        l->size = size;
    }
    l->ids[l->count++] = t->id;
    return 0;
}

static int find_ids(struct parts *p, struct id_list *l, struct err *e)
{
    const struct task_page failed = {.max = -1, .states = 1u << TASK_FAILED};
    *l = (struct id_list){.arena = p->arena};
    return task_list(p->tasks, &failed, collect, l, e);
}

/* Calls `act` for every named task (or for all failed ones), continues after a failure, and
 * reports. */
static enum cli_exit each_task(struct cli *c, bool may_say_failed, const char *done,
                               int (*act)(struct parts *p, int64_t id, struct err *e))
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {.arena = arena_new()};
    bool all = may_say_failed && c->arg_count == 1 && strcmp(c->args[0], "failed") == 0;
    struct id_list l = {.arena = p.arena, .count = c->arg_count};
    l.ids = arena_get(p.arena, (size_t)c->arg_count * sizeof(*l.ids));
    if (!all && !read_ids(c, l.ids))
        return CLI_USAGE;
    if (open_tasks(&p, c, &e) < 0 || (all && find_ids(&p, &l, &e) < 0))
        return cli_fail(c, NULL, &e);
    enum cli_exit status = CLI_DONE;
    json_t *ids = json_array();
    for (int i = 0; i < l.count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "task %" PRId64, l.ids[i]);
        if (act(&p, l.ids[i], &e) < 0)
            status = cli_fail(c, name, &e);
        else if (c->conf.json)
            json_array_append_new(ids, json_integer(l.ids[i]));
        else
            fprintf(c->out, "%s: %s\n", name, done);
    }
    if (c->conf.json)
        cli_print_json(c, json_pack("{s:o}", done, ids));
    else
        json_decref(ids);
    return status;
}

static int retry_one(struct parts *p, int64_t id, struct err *e)
{
    return task_retry(p->tasks, id, 0, e);
}

static int delete_one(struct parts *p, int64_t id, struct err *e)
{
    struct task_row was;
    return task_delete(p->tasks, p->arena, id, 0, &was, e);
}

static enum cli_exit task_retry_command(struct cli *c)
{
    return each_task(c, true, "retried", retry_one);
}

static enum cli_exit task_delete_command(struct cli *c)
{
    return each_task(c, false, "deleted", delete_one);
}

const struct cli_sub cli_task_subs[] = {
    {"list", "[STATE]", "all tasks, or those uploaded, processing, processed or failed", 0, 1,
     task_list_command, false},
    {"show", "ID", "one task", 1, 1, task_show, false},
    {"retry", "ID... | failed", "give failed tasks a fresh start; `failed` means all of them", 1,
     -1, task_retry_command, false},
    {"delete", "ID...", "delete tasks; a server removes their bytes, now or after its next start",
     1, -1, task_delete_command, false},
    {NULL, NULL, NULL, 0, 0, NULL, false},
};
