/* Plan: the bytes of a failed step; the publication of a reel; the end of a failed attempt. */
#include "blob/blob.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/reel_json.h"
#include "task/name.h"
#include "task/task_impl.h"

void task_drop_blob(struct tasks *t, const char *name)
{
    struct err e = {0};
    if (*name && blob_remove(t->blob, name, &e) < 0)
        log_warn(t->log, "bytes could not be removed, the sweep will", "blob", name, "why", e.text);
}

void task_undo_blob(struct tasks *t, const char *name, const struct err *why)
{
    /* A commit whose fsync failed may still turn up after a crash, with a row that names them. */
    if (why->code == ERR_SYSTEM)
        log_warn(t->log, "bytes of an open outcome stay for the sweep", "blob", name, "why",
                 why->text);
    else
        task_drop_blob(t, name);
}

/* -- a reel -- */

/* What an attempt has made, under its names. */
struct made {
    char reel[BLOB_NAME_MAX + 1], poster[BLOB_NAME_MAX + 1]; /* poster "": none */
    int64_t reel_bytes, poster_bytes;
};

static int commit_both(struct tasks *t, const struct task_row *claim, struct made *m,
                       struct blob_writer **reel, struct blob_writer **poster, struct err *e)
{
    /* A fresh id for each attempt: two of them never meet under one name. */
    char id[ID_SIZE];
    id_make(id);
    task_blob_name(m->reel, "reels", claim->created_ms, id, ".mp4");
    if (blob_commit(TAKE(*reel), m->reel, &m->reel_bytes, e) < 0)
        return -1;
    if (!*poster)
        return 0;
    task_blob_name(m->poster, "posters", claim->created_ms, id, ".jpg");
    if (blob_commit(TAKE(*poster), m->poster, &m->poster_bytes, e) == 0)
        return 0;
    task_drop_blob(t, m->reel);
    return -1;
}

/* The receipt says by which version of the profile the reel was made and looked at. */
static char *report_text(const struct render_report *report, int64_t profile)
{
    json_t *o = render_report_json(report);
    json_t *receipt = json_object_get(o, "receipt");
    if (json_is_object(receipt))
        json_object_set_new(receipt, "profile", json_integer(profile));
    char *text = json_dumps(o, JSON_FORM);
    json_decref(o);
    return text ? text : mem_strdup("");
}

/* Whether the row names our reel after all, though the change did not answer. */
static bool was_published(struct tasks *t, const struct made *m)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct task_row row;
    return store_task_by_blob(t->store, a, m->reel, &row, NULL) == 0;
}

int task_finish(struct tasks *t, const struct task_row *claim, const struct render_report *report,
                struct blob_writer *reel_writer, struct blob_writer *poster_writer, bool *published,
                struct err *e)
{
    AUTO(blob_abortp) struct blob_writer *reel = reel_writer;
    AUTO(blob_abortp) struct blob_writer *poster = poster_writer;
    struct made m = {0};
    if (commit_both(t, claim, &m, &reel, &poster, e) < 0)
        return err_wrap(e, "reel of task %lld", (long long)claim->id);
    AUTO(freep) char *json = report_text(report, claim->profile);
    struct task_change c = {.id = claim->id,
                            .fence = claim->fence,
                            .reel_blob = m.reel,
                            .poster_blob = m.poster,
                            .reel_bytes = m.reel_bytes,
                            .poster_bytes = m.poster_bytes,
                            .report = json};
    struct err why = {0};
    bool done = false;
    if (task_happen(t->store, TASK_EVENT_FINISH, &c, &done, &why) < 0) {
        if (!was_published(t, &m)) {
            task_undo_blob(t, m.reel, &why);
            task_undo_blob(t, m.poster, &why);
            return err_pass(e, &why);
        }
        done = true;
    }
    if (!done) {
        task_drop_blob(t, m.reel);
        task_drop_blob(t, m.poster);
        log_info(t->log, "reel of a lost attempt removed", "task", claim->id, "fence", claim->fence,
                 "request", claim->request);
    } else { /* what it was before it was made anew */
        task_drop_blob(t, claim->reel_blob);
        task_drop_blob(t, claim->poster_blob);
    }
    *published = done;
    return 0;
}

/* -- a failure -- */

/* In the place of a report: what a sentence of the failure names. */
static char *refusal_text(const char *format)
{
    json_t *o = json_pack("{s:s}", "format", format);
    char *text = json_dumps(o, JSON_FORM);
    json_decref(o);
    return text;
}

int task_settle(struct tasks *t, const struct task_row *claim, const struct verdict *v,
                const char *why, bool *done, struct err *e)
{
    bool stopped = v->event == TASK_EVENT_HAND_BACK && v->msg == MSG_OK;
    AUTO(freep) char *refusal = v->format ? refusal_text(v->format) : NULL;
    struct task_change c = {.id = claim->id,
                            .fence = claim->fence,
                            .report = refusal,
                            .wait_ms = v->wait_ms,
                            .uncount_attempt = v->uncounted,
                            .error_slug = v->msg == MSG_OK ? NULL : msg_slug(v->msg),
                            .error_text = stopped ? NULL : why};
    if (task_happen(t->store, v->event, &c, done, e) < 0)
        return err_wrap(e, "task %lld", (long long)claim->id);
    if (*done)
        log_info(t->log, "attempt ended", "task", claim->id, "fence", claim->fence, "attempt",
                 claim->attempts, "then", task_state_name(task_edge(v->event)->to), "code",
                 v->msg == MSG_OK ? NULL : msg_slug(v->msg), "wait_ms", v->wait_ms, "why", why,
                 "request", claim->request);
    return 0;
}

int task_fail(struct tasks *t, const struct task_row *claim, const struct err *why,
              enum task_state *verdict, struct err *e)
{
    struct verdict v = task_verdict(why, claim->attempts, &t->rules);
    bool done = false;
    if (task_settle(t, claim, &v, why->text, &done, e) < 0)
        return -1;
    /* Not ours any more: deleted, or another attempt's. There is nothing left to settle. */
    *verdict = task_edge(v.event)->to;
    return 0;
}
