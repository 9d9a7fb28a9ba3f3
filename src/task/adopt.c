/* Plan: a task of the old service becomes a task of Reelgate. The clip's bytes are counted, hashed
 * and named (fsync), then one transaction adds the row. A crash in between leaves bytes that the
 * sweep removes, and an old row that the next run takes over. Bytes that cannot be a clip are kept
 * too, under a task whose error says why. */
#include "blob/blob.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/message.h"
#include "store/legacy.h"
#include "store/store.h"
#include "task/intake.h"
#include "task/name.h"
#include "task/task_impl.h"

/* All of fd (-1: nothing) under name. *readable false: fd did not give its bytes, nothing was done.
 */
static int store_bytes(struct tasks *t, int fd, const char *name, bool *readable,
                       struct intake_sum *out, struct err *e)
{
    AUTO(blob_abortp) struct blob_writer *w = NULL;
    AUTO(freep) unsigned char *piece = mem_new(INTAKE_READ_BYTES);
    AUTO(intake_freep) struct intake *in = intake_new();
    if (blob_begin(t->blob, 0, &w, e) < 0)
        return -1;
    *readable = true;
    while (fd >= 0) {
        ssize_t n = fd_read_full(fd, piece, INTAKE_READ_BYTES, NULL);
        if (n < 0) {
            *readable = false;
            return 0;
        }
        if (n > 0 && blob_write(w, piece, (size_t)n, e) < 0)
            return -1;
        (void)intake_take(in, piece, (size_t)n); /* the sum has its fault too */
        if (n < INTAKE_READ_BYTES)
            break;
    }
    intake_end(in, out);
    return blob_commit(TAKE(w), name, &out->bytes, e);
}

static const char *fault(int fd, const struct intake_sum *b)
{
    if (fd < 0)
        return msg_slug(MSG_FILE_LOST);
    if (b->bytes == 0)
        return msg_slug(MSG_EMPTY_FILE);
    return b->fault == MSG_OK ? NULL : msg_slug(b->fault);
}

int task_adopt(struct tasks *t, struct legacy *l, const struct legacy_task *old, int fd,
               const char *note, const char **failed, bool *taken, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    char name[BLOB_NAME_MAX + 1], id[ID_SIZE];
    const char *file_name;
    struct intake_sum b = {0};
    if (task_file_name(a, old->file_path, &file_name, NULL) < 0)
        file_name = "clip"; /* text that no client could show */
    int64_t created_ms = old->created_ms > 0 ? old->created_ms : store_now_ms(t->store);
    id_make(id);
    task_blob_name(name, "clips", created_ms, id, "");
    bool readable;
    if (store_bytes(t, fd, name, &readable, &b, e) < 0 ||
        (!readable && store_bytes(t, fd = -1, name, &readable, &b, e) < 0))
        return -1;
    *failed = fault(fd, &b);
    const struct legacy_clip clip = {file_name, name, b.hash, b.bytes, created_ms, *failed};
    struct err why = {0};
    if (legacy_task_take(l, old->id, &clip, note, taken, &why) < 0) {
        task_undo_blob(t, name, &why);
        return err_pass(e, &why);
    }
    if (!*taken)
        task_drop_blob(t, name);
    else if (*old->lost)
        task_drop_blob(t, old->lost);
    return 0;
}
