/* Plan: the row has the offset, which is the number of parked bytes under the upload's id, and the
 * lock holder. A piece is a blob writer that continues there. The end of a piece parks the bytes
 * (fsync), then moves the offset, so the offset never exceeds the durable bytes. A complete upload
 * is hashed, moved to its final name, which was chosen at the beginning, and made a task under an
 * idempotency key of the upload. Each of these steps may be repeated, so any process can continue
 * after a crash. Until the row names the task, the bytes stay under the final name whatever fails.
 */
#include "task/resume.h"

#include "blob/blob.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "store/store.h"
#include "task/intake.h"
#include "task/name.h"
#include "task/task_impl.h"

#include <unistd.h>

enum {
    LET_GO_MS = 3000, /* for who writes; then it is left behind */
    LOOK_MS = 40,
    IDLE_MS = 30000, /* a whole upload that nobody has made a task of */
    BATCH = 32,
};

struct task_piece {
    struct tasks *tasks;
    struct intake *in; /* of a piece that begins at 0 */
    struct blob_writer *writer;
    struct arena *arena;
    struct upload_row row;
    int64_t number; /* the holder's */
    int64_t bytes;  /* that came */
    struct err refused;
};

static void piece_freep(struct task_piece **p)
{
    if (!*p)
        return;
    blob_abort((*p)->writer);
    arena_free((*p)->arena);
    intake_free((*p)->in);
    free(*p);
    *p = NULL;
}

static int gone(struct err *e, const char *id, const char *why)
{
    return err_msg(e, MSG_UPLOAD_GONE, "upload %s: %s", id, why);
}

/* -- a new one -- */

int resume_add(struct tasks *t, const struct task_wish *w, int64_t length_bytes, struct arena *a,
               struct upload_row *out, struct err *e)
{
    struct task_new n = {0};
    if (task_check_wish(w, a, &n, e) < 0)
        return -1;
    if (length_bytes == 0)
        return err_msg(e, MSG_EMPTY_FILE, "no bytes are announced");
    if (length_bytes > t->rules.max_upload_bytes)
        return err_msg(e, MSG_FILE_TOO_LARGE, "%lld bytes are announced", (long long)length_bytes);
    if (intake_room(t, length_bytes, e) < 0)
        return -1;
    char *id = arena_get(a, ID_SIZE), blob_id[ID_SIZE];
    char *name = arena_get(a, BLOB_NAME_MAX + 1);
    id_make(id);
    id_make(blob_id);
    task_blob_name(name, "clips", store_now_ms(t->store), blob_id, "");
    *out = (struct upload_row){
        .id = id,
        .user_id = w->user_id,
        .length_bytes = length_bytes,
        .file_name = n.file_name,
        .title = n.title,
        .idempotency_key = n.idempotency_key ? n.idempotency_key : arena_printf(a, "upload:%s", id),
        .clip_blob = name,
        .fit = n.fit,
        .start_us = n.start_us,
        .request = n.request ? n.request : "",
    };
    return store_upload_add(t->store, out, t->rules.upload_keep_ms, t->rules.quota_bytes,
                            &out->expires_ms, e);
}

/* -- the end of all pieces -- */

static int sum_bytes(struct blob_reader *r, struct intake_sum *out, struct err *e)
{
    AUTO(freep) unsigned char *data = mem_new(INTAKE_READ_BYTES);
    AUTO(intake_freep) struct intake *in = intake_new();
    int64_t size = blob_reader_size(r);
    while (intake_bytes(in) < size) {
        ssize_t n = blob_pread(r, data, INTAKE_READ_BYTES, intake_bytes(in), e);
        if (n < 0)
            return -1;
        if (n == 0)
            return err_set(e, ERR_SYSTEM, "upload: its bytes ended early");
        (void)intake_take(in, data, (size_t)n); /* the sum has its fault too */
    }
    intake_end(in, out);
    return 0;
}

/* Reads all bytes again, wherever they lie by now. */
static int sum_again(struct tasks *t, const struct upload_row *u, struct intake_sum *out,
                     struct err *e)
{
    AUTO(blob_reader_closep) struct blob_reader *r = NULL;
    struct err why = {0};
    int rc = blob_parked_read(t->blob, u->id, &r, &why);
    if (rc < 0 && why.code == ERR_MISSING)
        rc = blob_read(t->blob, u->clip_blob, &r, &why);
    if (rc < 0 && why.code == ERR_MISSING)
        return gone(e, u->id, "its bytes are gone");
    if (rc < 0)
        return err_pass(e, &why);
    if (blob_reader_size(r) < u->length_bytes)
        return gone(e, u->id, "its bytes are cut off");
    return sum_bytes(r, out, e);
}

/* The final name. An earlier try may have given it. */
static int give_name(struct tasks *t, const struct upload_row *u, struct err *e)
{
    AUTO(blob_abortp) struct blob_writer *w = NULL;
    struct err why = {0};
    int64_t size;
    if (blob_resume(t->blob, u->id, u->length_bytes, 0, &w, &why) == 0 &&
        blob_commit(TAKE(w), u->clip_blob, &size, &why) == 0)
        return 0;
    AUTO(blob_reader_closep) struct blob_reader *r = NULL;
    bool named = why.code == ERR_MISSING || why.code == ERR_CONFLICT;
    if (named && blob_read(t->blob, u->clip_blob, &r, &why) == 0 &&
        blob_reader_size(r) == u->length_bytes)
        return 0;
    if (why.code == ERR_MISSING)
        return gone(e, u->id, "its bytes are gone");
    return err_pass(e, &why);
}

static void drop(struct tasks *t, const char *id)
{
    struct err e = {0};
    if (blob_unpark(t->blob, id, &e) < 0 || store_upload_remove(t->store, id, &e) < 0)
        log_warn(t->log, "an upload could not be removed, the sweep will", "upload", id, "why",
                 e.text);
}

/* What no other try would mend; the upload goes. */
static bool is_final(const struct err *e)
{
    return e->msg == MSG_UPLOAD_GONE || e->code == ERR_DENIED || e->code == ERR_CONFLICT ||
           e->code == ERR_UNSUPPORTED || e->code == ERR_INPUT;
}

static int become_task(struct tasks *t, struct arena *a, const struct upload_row *u,
                       const struct intake_sum *known, int64_t *task_id, struct err *e)
{
    struct intake_sum sum;
    if (known)
        sum = *known;
    else if (sum_again(t, u, &sum, e) < 0)
        return -1;
    if (sum.fault != MSG_OK)
        return err_msg(e, sum.fault, "upload %s is no clip", u->id);
    if (give_name(t, u, e) < 0)
        return -1;
    const struct task_new n = {.user_id = u->user_id,
                               .file_name = u->file_name,
                               .title = u->title,
                               .clip_blob = u->clip_blob,
                               .clip_hash = sum.hash,
                               .clip_bytes = u->length_bytes,
                               .fit = u->fit,
                               .start_us = u->start_us,
                               .idempotency_key = u->idempotency_key,
                               .request = u->request,
                               .quota_bytes = t->rules.quota_bytes,
                               .quota_tasks = t->rules.quota_tasks};
    struct task_row row;
    bool existed;
    if (task_add_row(t, a, &n, &row, &existed, e) < 0 ||
        store_upload_finish(t->store, u->id, row.id, e) < 0)
        return -1;
    if (strcmp(row.clip_blob, u->clip_blob) != 0)
        task_drop_blob(t, u->clip_blob);
    *task_id = row.id;
    return 0;
}

/* Makes the task of a whole upload, unless it is one. */
static int finish(struct tasks *t, struct arena *a, struct upload_row *u,
                  const struct intake_sum *known, struct err *e)
{
    if (u->task_id || u->offset_bytes < u->length_bytes)
        return 0;
    struct err why = {0};
    if (become_task(t, a, u, known, &u->task_id, &why) == 0)
        return 0;
    if (is_final(&why)) {
        drop(t, u->id);
        task_drop_blob(t, u->clip_blob);
    }
    return err_pass(e, &why);
}

/* -- looking and taking over -- */

static int get(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
               struct upload_row *out, struct err *e)
{
    if (store_upload_get(t->store, a, id, user_id, out, e) < 0)
        return -1;
    return out->expires_ms <= store_now_ms(t->store) ? gone(e, id, "it has expired") : 0;
}

/* Waits until nobody writes, for a while. */
static int wait_free(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
                     struct upload_row *out, struct err *e)
{
    int64_t end = clock_mono_ms() + LET_GO_MS;
    for (;;) {
        if (get(t, a, id, user_id, out, e) < 0)
            return -1;
        if (!out->holder || clock_mono_ms() >= end)
            return 0;
        usleep(LOOK_MS * 1000);
    }
}

/* Nobody writes then. Who does not let go is left behind, so that only one who comes waits for a
 * process that was killed. */
static int take_over(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
                     struct upload_row *out, struct err *e)
{
    int64_t wish;
    bool held, done;
    if (store_upload_wish(t->store, id, user_id, &wish, e) < 0 ||
        wait_free(t, a, id, user_id, out, e) < 0)
        return -1;
    if (!out->holder)
        return 0;
    if (store_upload_hold(t->store, id, wish, true, &held, e) < 0 ||
        (held && store_upload_advance(t->store, id, wish, out->offset_bytes, out->offset_bytes,
                                      t->rules.upload_keep_ms, &done, e) < 0))
        return -1;
    return get(t, a, id, user_id, out, e);
}

int resume_get(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
               struct upload_row *out, struct err *e)
{
    if (get(t, a, id, user_id, out, e) < 0 ||
        (out->holder && take_over(t, a, id, user_id, out, e) < 0))
        return -1;
    return finish(t, a, out, NULL, e);
}

int resume_remove(struct tasks *t, struct arena *a, const char *id, int64_t user_id, struct err *e)
{
    struct upload_row u;
    int64_t wish;
    if (get(t, a, id, user_id, &u, e) < 0 ||
        store_upload_wish(t->store, id, user_id, &wish, e) < 0 ||
        wait_free(t, a, id, user_id, &u, e) < 0)
        return -1;
    if (blob_unpark(t->blob, id, e) < 0)
        return -1;
    return store_upload_remove(t->store, id, e);
}

/* The hold, at the offset that was asked for; *u is the row then. */
static int hold(struct tasks *t, struct arena *a, const char *id, int64_t user_id, int64_t at_bytes,
                int64_t *number, struct upload_row *u, struct err *e)
{
    bool held, done;
    if (store_upload_wish(t->store, id, user_id, number, e) < 0 ||
        wait_free(t, a, id, user_id, u, e) < 0 ||
        store_upload_hold(t->store, id, *number, true, &held, e) < 0)
        return -1;
    if (!held)
        return err_msg(e, MSG_UPLOAD_TAKEN, "upload %s: a newer connection has it", id);
    if (get(t, a, id, user_id, u, e) < 0)
        return -1;
    if (u->offset_bytes == at_bytes)
        return 0;
    if (store_upload_advance(t->store, id, *number, u->offset_bytes, u->offset_bytes,
                             t->rules.upload_keep_ms, &done, e) < 0)
        return -1;
    return err_msg(e, MSG_OFFSET_WRONG, "upload %s: %lld bytes are here, not %lld", id,
                   (long long)u->offset_bytes, (long long)at_bytes);
}

/* *out stays NULL when nothing is left to come: the bytes may have their final name already. */
static int open_writer(struct tasks *t, const struct upload_row *u, struct blob_writer **out,
                       struct err *e)
{
    int64_t left = u->length_bytes - u->offset_bytes;
    if (left == 0)
        return 0;
    int64_t aside = intake_aside(left);
    if (u->offset_bytes > 0)
        return blob_resume(t->blob, u->id, u->offset_bytes, aside, out, e);
    /* bytes that were parked and never acknowledged may lie there */
    return blob_unpark(t->blob, u->id, e) < 0 ? -1 : blob_begin(t->blob, aside, out, e);
}

int resume_begin(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
                 int64_t at_bytes, struct task_piece **out, struct err *e)
{
    AUTO(piece_freep) struct task_piece *p = mem_new(sizeof(*p));
    p->tasks = t;
    p->arena = arena_new();
    p->in = intake_new();
    struct upload_row seen;
    if (hold(t, a, id, user_id, at_bytes, &p->number, &seen, e) < 0 ||
        store_upload_get(t->store, p->arena, id, user_id, &p->row, e) < 0)
        return -1;
    struct err why = {0};
    if (open_writer(t, &p->row, &p->writer, &why) < 0) {
        bool done;
        (void)store_upload_advance(t->store, id, p->number, at_bytes, at_bytes,
                                   t->rules.upload_keep_ms, &done, NULL);
        if (why.code == ERR_MISSING) {
            drop(t, id);
            return gone(e, id, "its bytes are lost");
        }
        return err_pass(e, &why);
    }
    *out = TAKE(p);
    return 0;
}

/* -- bytes -- */

static int piece_write(struct task_piece *p, const void *data, size_t len, struct err *e)
{
    if ((int64_t)len > p->row.length_bytes - p->row.offset_bytes - p->bytes)
        return err_msg(e, MSG_FILE_TOO_LARGE, "upload %s: more than the %lld bytes announced",
                       p->row.id, (long long)p->row.length_bytes);
    if (p->row.offset_bytes == 0) {
        enum msg fault = intake_take(p->in, data, len);
        if (fault != MSG_OK)
            return err_msg(e, fault, "upload %s is no clip", p->row.id);
    }
    p->bytes += (int64_t)len;
    return blob_write(p->writer, data, len, e);
}

int resume_write(struct task_piece *p, const void *data, size_t len_bytes, struct err *e)
{
    if (!len_bytes)
        return 0;
    if (p->refused.code == ERR_NONE && piece_write(p, data, len_bytes, &p->refused) == 0)
        return 0;
    return err_pass(e, &p->refused);
}

/* Lets the hold go at to_bytes. */
static int let_go(struct task_piece *p, int64_t to_bytes, struct err *e)
{
    bool done;
    if (store_upload_advance(p->tasks->store, p->row.id, p->number, p->row.offset_bytes, to_bytes,
                             p->tasks->rules.upload_keep_ms, &done, e) < 0)
        return -1;
    if (!done)
        return err_msg(e, MSG_UPLOAD_TAKEN, "upload %s: a newer connection has it", p->row.id);
    return 0;
}

/* Whether another one has been given the hold. What it parks must not meet what is parked here. */
static bool is_taken(const struct task_piece *p)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct upload_row u;
    struct err e = {0};
    if (store_upload_get(p->tasks->store, a, p->row.id, 0, &u, &e) < 0)
        return e.code == ERR_MISSING;
    return u.holder != p->number;
}

static int keep_bytes(struct task_piece *p, struct err *e)
{
    int64_t size, to = p->row.offset_bytes + p->bytes;
    if (p->bytes == 0) {
        blob_abortp(&p->writer); /* before another one may come */
        return let_go(p, p->row.offset_bytes, e);
    }
    if (is_taken(p))
        return err_msg(e, MSG_UPLOAD_TAKEN, "upload %s: a newer connection has it", p->row.id);
    struct err why = {0};
    if (blob_park(TAKE(p->writer), p->row.id, &size, &why) < 0) {
        (void)let_go(p, p->row.offset_bytes, NULL);
        return err_pass(e, &why);
    }
    if (size != to)
        return err_set(e, ERR_SYSTEM, "upload %s: %lld bytes lie parked, not %lld", p->row.id,
                       (long long)size, (long long)to);
    return let_go(p, to, e);
}

/* The sum of all bytes, when they came in this one piece. */
static const struct intake_sum *sum_of(struct task_piece *p, struct intake_sum *out)
{
    if (p->row.offset_bytes > 0 || p->bytes < p->row.length_bytes)
        return NULL;
    intake_end(p->in, out);
    return out;
}

int resume_end(struct task_piece *piece, bool keep, struct arena *a, struct upload_row *out,
               struct err *e)
{
    AUTO(piece_freep) struct task_piece *p = piece;
    struct tasks *t = p->tasks;
    struct err why = p->refused;
    struct intake_sum sum;
    if (!keep || why.code != ERR_NONE) {
        blob_abortp(&p->writer);
        bool no_clip = why.code == ERR_UNSUPPORTED;
        if (let_go(p, p->row.offset_bytes, why.code == ERR_NONE ? e : NULL) < 0 &&
            why.code == ERR_NONE)
            return -1;
        if (no_clip)
            drop(t, p->row.id);
    } else if (keep_bytes(p, e) < 0) {
        return -1;
    }
    if (why.code != ERR_NONE)
        return err_pass(e, &why);
    if (get(t, a, p->row.id, p->row.user_id, out, e) < 0)
        return -1;
    return finish(t, a, out, keep ? sum_of(p, &sum) : NULL, e);
}

const char *resume_id(const struct task_piece *p)
{
    return p->row.id;
}

int64_t resume_number(const struct task_piece *p)
{
    return p->number;
}

bool resume_unwanted(struct tasks *t, const char *id, int64_t number)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct upload_row u;
    struct err e = {0};
    if (store_upload_get(t->store, a, id, 0, &u, &e) < 0)
        return e.code == ERR_MISSING;
    return u.wish != number || u.holder != number;
}

/* -- housekeeping -- */

struct ids {
    struct arena *arena;
    const char *id[BATCH];
    int64_t user_id[BATCH];
    int count;
};

static int note_upload(void *arg, const struct upload_row *u)
{
    struct ids *n = arg;
    n->id[n->count] = arena_strdup(n->arena, u->id);
    n->user_id[n->count++] = u->user_id;
    return n->count == BATCH;
}

static int remove_expired(struct tasks *t, int *removed, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct ids n = {.arena = a};
    if (store_upload_list(t->store, false, 0, 0, BATCH, note_upload, &n, e) < 0)
        return -1;
    for (int i = 0; i < n.count; i++) {
        if (blob_unpark(t->blob, n.id[i], e) < 0 || store_upload_remove(t->store, n.id[i], e) < 0)
            return -1;
        ++*removed;
    }
    return 0;
}

/* Its client went away before it heard of the task, or its process was killed. */
static int finish_whole(struct tasks *t, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct ids n = {.arena = a};
    if (store_upload_list(t->store, true, IDLE_MS, t->rules.upload_keep_ms, BATCH, note_upload, &n,
                          e) < 0)
        return -1;
    for (int i = 0; i < n.count; i++) {
        struct upload_row u = {0};
        struct err why = {0};
        if (store_upload_get(t->store, a, n.id[i], 0, &u, &why) < 0 ||
            finish(t, a, &u, NULL, &why) < 0)
            log_warn(t->log, "a whole upload does not become a task", "upload", n.id[i], "why",
                     why.text, "request", u.request);
    }
    return 0;
}

struct strays {
    struct tasks *tasks;
    struct ids ids;
};

static int note_stray(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)size_bytes;
    struct strays *s = arg;
    AUTO(arena_freep) struct arena *a = arena_new();
    struct upload_row u;
    struct err e = {0};
    if (age_ms < s->tasks->rules.upload_grace_ms ||
        store_upload_get(s->tasks->store, a, name, 0, &u, &e) == 0 || e.code != ERR_MISSING)
        return 0;
    s->ids.id[s->ids.count++] = arena_strdup(s->ids.arena, name);
    return s->ids.count == BATCH;
}

static int remove_strays(struct tasks *t, int *removed, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct strays s = {.tasks = t, .ids.arena = a};
    if (blob_parked_list(t->blob, note_stray, &s, e) < 0)
        return -1;
    for (int i = 0; i < s.ids.count; i++) {
        if (blob_unpark(t->blob, s.ids.id[i], e) < 0)
            return -1;
        log_info(t->log, "parked bytes without an upload removed", "upload", s.ids.id[i]);
        ++*removed;
    }
    return 0;
}

int resume_sweep(struct tasks *t, bool strays_too, int *removed, struct err *e)
{
    return remove_expired(t, removed, e) < 0 || finish_whole(t, e) < 0 ||
                   (strays_too && remove_strays(t, removed, e) < 0)
               ? -1
               : 0;
}

int resume_start(struct tasks *t, struct err *e)
{
    return t->rules.alone ? store_upload_free_all(t->store, e) : 0;
}
