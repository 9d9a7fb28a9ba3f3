/* Plan: the bytes come in and are counted, hashed and checked by their first bytes. At the end the
 * upload's options are checked, an earlier task with the same key is looked up, the bytes get their
 * name (fsync), and one transaction adds the task. A crash between the last two leaves bytes
 * without a row, which the sweep removes. A row without bytes is impossible. */
#include "blob/blob.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/store.h"
#include "task/intake.h"
#include "task/name.h"
#include "task/profile.h"
#include "task/task_impl.h"

#include <math.h>

enum { TITLE_MAX = 200, KEY_MAX = 128 };
/* What a multipart body may hold beside the file. */
enum { BODY_EXTRA_BYTES = 64 * 1024 };

struct task_upload {
    struct tasks *tasks;
    struct intake *in;
    struct blob_writer *writer;
    char name[BLOB_NAME_MAX + 1]; /* where the bytes will lie */
    struct err refused;           /* code ERR_NONE: all well so far */
};

static void upload_freep(struct task_upload **u)
{
    if (!*u)
        return;
    blob_abort((*u)->writer);
    intake_free((*u)->in);
    free(*u);
    *u = NULL;
}

int task_upload_begin(struct tasks *t, int64_t declared_bytes, struct task_upload **out,
                      struct err *e)
{
    if (declared_bytes > t->rules.max_upload_bytes + BODY_EXTRA_BYTES)
        return err_msg(e, MSG_FILE_TOO_LARGE, "%lld bytes are announced",
                       (long long)declared_bytes);
    AUTO(upload_freep) struct task_upload *u = mem_new(sizeof(*u));
    u->tasks = t;
    u->in = intake_new();
    /* What is announced has to fit now; what is set aside is looked for when the file begins. */
    int64_t aside = intake_aside(declared_bytes);
    if (declared_bytes > aside && intake_room(t, declared_bytes, e) < 0)
        return -1;
    char id[ID_SIZE];
    id_make(id);
    task_blob_name(u->name, "clips", store_now_ms(t->store), id, "");
    if (blob_begin_named(t->blob, u->name, aside, &u->writer, e) < 0)
        return -1;
    *out = TAKE(u);
    return 0;
}

void task_upload_abort(struct task_upload *u)
{
    upload_freep(&u);
}

static int no_clip(enum msg fault, struct err *e)
{
    return err_msg(e, fault, "its first bytes are no clip's");
}

static int upload_write(struct task_upload *u, const void *data, size_t len, struct err *e)
{
    const struct task_rules *rules = &u->tasks->rules;
    if ((uint64_t)len > (uint64_t)(rules->max_upload_bytes - intake_bytes(u->in)))
        return err_msg(e, MSG_FILE_TOO_LARGE, "over %lld bytes",
                       (long long)rules->max_upload_bytes);
    enum msg fault = intake_take(u->in, data, len);
    if (fault != MSG_OK)
        return no_clip(fault, e);
    return blob_write(u->writer, data, len, e);
}

int task_upload_write(struct task_upload *u, const void *data, size_t len_bytes, struct err *e)
{
    if (!len_bytes)
        return 0;
    if (u->refused.code == ERR_NONE && upload_write(u, data, len_bytes, &u->refused) == 0)
        return 0;
    /* What was refused stays refused, also for a caller that goes on. */
    return err_pass(e, &u->refused);
}

/* -- the wish -- */

static size_t characters(const char *utf8)
{
    size_t n = 0;
    for (; *utf8; utf8++)
        n += ((unsigned char)*utf8 & 0xc0) != 0x80;
    return n;
}

static bool key_is_well(const char *key)
{
    size_t n = strlen(key);
    if (n < 1 || n > KEY_MAX)
        return false;
    for (; *key; key++)
        if (*key < '!' || *key > '~')
            return false;
    return true;
}

int task_check_title(const char *title, struct err *e)
{
    if (str_utf8_clean(str_of(title)) && characters(title) <= TITLE_MAX)
        return 0;
    return err_parameter(e, "title", "up to %d characters, no control characters", TITLE_MAX);
}

int task_start_bad(struct err *e)
{
    return err_parameter(e, "start", "0 to %d (seconds)", TASK_START_MAX_S);
}

int task_fit_bad(struct err *e)
{
    char names[ERR_ALLOWED_MAX];
    return err_parameter(e, "fit", "%s", str_names(names, sizeof(names), fit_names()));
}

int task_wish_read(const char *fit, const char *start, struct task_wish *w, struct err *e)
{
    w->fit = (enum fit)FIT_UNSAID;
    if (fit && !fit_from_name(fit, &w->fit))
        return task_fit_bad(e);
    if (start && !str_double(str_of(start), 0, TASK_START_MAX_S, &w->start_s))
        return task_start_bad(e);
    return 0;
}

int task_check_start(double start_s, struct err *e)
{
    if (isfinite(start_s) && start_s >= 0 && start_s <= TASK_START_MAX_S)
        return 0;
    return task_start_bad(e);
}

int task_check_wish(const struct task_wish *w, struct arena *a, struct task_new *n, struct err *e)
{
    const char *title = w->title ? w->title : "";
    if (task_check_title(title, e) < 0 || task_check_start(w->start_s, e) < 0)
        return -1;
    if ((unsigned)w->fit > FIT_UNSAID)
        return task_fit_bad(e);
    if (w->idempotency_key && !key_is_well(w->idempotency_key))
        return err_parameter(e, "Idempotency-Key", "1 to %d visible characters of ASCII", KEY_MAX);
    if (task_file_name(a, w->file_name ? w->file_name : "", &n->file_name, e) < 0)
        return -1;
    n->user_id = w->user_id;
    n->title = title;
    n->fit = w->fit;
    n->start_us = llround(w->start_s * 1e6);
    n->idempotency_key = w->idempotency_key;
    n->request = w->request;
    return 0;
}

/* -- the end -- */

/* The task that this key made before, as it was asked for then: the same clip and wishes, or a
 * mix-up. */
static int same_upload(const struct task_row *row, const struct task_new *n, struct err *e)
{
    if (row->clip_bytes == n->clip_bytes && strcmp(row->clip_hash, n->clip_hash) == 0 &&
        (n->fit == (enum fit)FIT_UNSAID || row->fit == n->fit) && row->start_us == n->start_us &&
        strcmp(row->title, n->title) == 0)
        return 0;
    return err_msg(e, MSG_IDEMPOTENCY_MISMATCH, "task %lld is of another clip or other wishes",
                   (long long)row->id);
}

/* The row that the transaction made. It is acknowledged whatever comes now: when it cannot be read
 * (or is deleted already) it is told from what is known. */
static void new_row(struct tasks *t, struct arena *a, int64_t id, const struct task_new *n,
                    struct task_row *out)
{
    if (store_task_get(t->store, a, id, n->user_id, out, NULL) == 0)
        return;
    int64_t now = store_now_ms(t->store);
    *out = (struct task_row){
        .id = id,
        .user_id = n->user_id,
        .file_name = n->file_name,
        .title = n->title,
        .clip_blob = n->clip_blob,
        .clip_hash = n->clip_hash,
        .clip_bytes = n->clip_bytes,
        .reel_blob = "",
        .poster_blob = "",
        .fit = n->fit,
        .start_us = n->start_us,
        .created_ms = now,
        .changed_ms = now,
        .worker = "",
        .error_slug = "",
        .error_text = "",
        .report = "",
        .request = n->request ? n->request : "",
        .profile = n->profile,
    };
}

/* The version that the task keeps, and what it says where the wish does not. */
static int put_profile(struct tasks *t, struct arena *a, struct task_new *n, struct err *e)
{
    struct profile_row p;
    if (task_profile_newest(t, a, &p, e) < 0)
        return -1;
    n->profile = p.version;
    if (n->fit == (enum fit)FIT_UNSAID)
        n->fit = p.profile.fit;
    return 0;
}

int task_add_row(struct tasks *t, struct arena *a, const struct task_new *n, struct task_row *out,
                 bool *existed, struct err *e)
{
    struct err why = {0};
    struct task_row row;
    struct task_new made = *n;
    int64_t id = 0;
    bool known = false;
    if (put_profile(t, a, &made, e) < 0)
        return -1;
    if (store_task_add(t->store, &made, &id, &known, &why) < 0) {
        /* The commit's answer may have been lost though it was done. */
        bool open = why.code == ERR_SYSTEM || why.code == ERR_BUSY || why.code == ERR_FULL;
        if (open && store_task_by_blob(t->store, a, n->clip_blob, out, NULL) == 0) {
            *existed = false;
            return 0;
        }
        return err_pass(e, &why);
    }
    if (!known) {
        new_row(t, a, id, &made, out);
        *existed = false;
        return 0;
    }
    /* Two uploads with one key met and the other was first; or this one was here before. */
    if (store_task_by_key(t->store, a, n->user_id, n->idempotency_key, &row, e) < 0 ||
        same_upload(&row, n, e) < 0 || store_task_get(t->store, a, id, n->user_id, &row, e) < 0)
        return -1;
    *out = row;
    *existed = true;
    return 0;
}

int task_upload_commit(struct task_upload *upload, const struct task_wish *w, struct arena *a,
                       struct task_row *out, bool *existed, struct err *e)
{
    AUTO(upload_freep) struct task_upload *u = upload;
    struct tasks *t = u->tasks;
    struct task_new n = {.quota_bytes = t->rules.quota_bytes, .quota_tasks = t->rules.quota_tasks};
    if (u->refused.code != ERR_NONE)
        return err_pass(e, &u->refused);
    if (task_check_wish(w, a, &n, e) < 0)
        return -1;
    struct intake_sum sum;
    intake_end(u->in, &sum);
    if (!sum.bytes)
        return err_msg(e, MSG_EMPTY_FILE, "no bytes");
    if (sum.fault != MSG_OK)
        return no_clip(sum.fault, e);
    n.clip_bytes = sum.bytes;
    n.clip_hash = arena_strdup(a, sum.hash);
    struct task_row row;
    if (n.idempotency_key &&
        store_task_by_key(t->store, a, n.user_id, n.idempotency_key, &row, NULL) == 0) {
        if (same_upload(&row, &n, e) < 0 ||
            store_task_get(t->store, a, row.id, n.user_id, &row, e) < 0)
            return -1;
        *out = row;
        *existed = true;
        return 0;
    }
    n.clip_blob = arena_strdup(a, u->name);
    int64_t stored = 0;
    if (blob_commit(TAKE(u->writer), n.clip_blob, &stored, e) < 0)
        return -1;
    if (stored != n.clip_bytes) {
        task_drop_blob(t, n.clip_blob);
        return err_set(e, ERR_SYSTEM, "clip: %lld bytes came, %lld lie in the storage",
                       (long long)n.clip_bytes, (long long)stored);
    }
    struct err why = {0};
    if (task_add_row(t, a, &n, out, existed, &why) < 0) {
        task_undo_blob(t, n.clip_blob, &why);
        return err_pass(e, &why);
    }
    if (strcmp(out->clip_blob, n.clip_blob) != 0)
        task_drop_blob(t, n.clip_blob);
    return 0;
}
