/* Plan: copy the database, as it was at one moment, under a temporary name; copy the bytes that it
 * names and that the backup does not have yet; put the new copy in place of the earlier one; delete
 * the bytes that only the earlier copy named. If the backup is interrupted before the replacement,
 * the earlier backup stays whole.
 *
 * The bytes of a name never change, so bytes that are present are not copied again. A task that is
 * deleted after that moment may lose its bytes before they are copied; then the task is deleted in
 * the copy too. */
#include "auth/auth.h"
#include "blob/blob.h"
#include "cli/cli.h"
#include "cli/parts.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/store.h"
#include "store/task.h"
#include "task/task.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, SECRET_MAX = 4096 };

struct missing {
    struct missing *next;
    int64_t task;
    char blob[];
};
struct backup {
    struct cli *cli;
    struct arena *arena;
    const char *folder, *now, *next; /* the folder; its database; the one that will be */
    struct conf there;               /* settings by which the folder is a data folder */
    struct store *live;
    struct blob *from, *to; /* to: borrowed */
    char *piece;
    struct missing *missing;
    struct err *why; /* of a callback */
    int64_t tasks, copied, copied_bytes, kept, deleted, lost;
};

static void backup_clear(struct backup *b)
{
    store_close(b->live);
    blob_close(b->from);
    free(b->piece);
    arena_free(b->arena);
}

/* -- bytes -- */

static int copy_bytes(struct backup *b, const char *name, struct blob_reader *r, struct err *e)
{
    AUTO(blob_abortp) struct blob_writer *w = NULL;
    int64_t size = blob_reader_size(r), written;
    if (blob_begin_named(b->to, name, size, &w, e) < 0)
        return -1;
    for (int64_t at = 0; at < size;) {
        ssize_t n = blob_pread(r, b->piece, PIECE_BYTES, at, e);
        if (n < 0)
            return -1;
        if (n == 0)
            return err_set(e, ERR_SYSTEM, "%s: it ended early", name);
        if (blob_write(w, b->piece, (size_t)n, e) < 0)
            return -1;
        at += n;
    }
    if (blob_commit(TAKE(w), name, &written, e) < 0)
        return -1;
    b->copied++;
    b->copied_bytes += written;
    return 0;
}

/* Copies the bytes of a name. *there false: the storage has no such bytes. */
static int copy_blob(struct backup *b, const char *name, bool *there, struct err *e)
{
    AUTO(blob_reader_closep) struct blob_reader *r = NULL;
    AUTO(blob_reader_closep) struct blob_reader *old = NULL;
    struct err why = {0};
    *there = true;
    if (cli_signal(b->cli))
        return err_set(e, ERR_STOPPED, "stopped; an earlier backup is as it was");
    if (blob_read(b->from, name, &r, &why) < 0) {
        *there = why.code != ERR_MISSING;
        if (*there)
            *e = why;
        return *there ? -1 : 0;
    }
    if (blob_read(b->to, name, &old, &why) == 0) {
        if (blob_reader_size(old) == blob_reader_size(r)) {
            b->kept++;
            return 0;
        }
        blob_reader_closep(&old);
        if (blob_remove(b->to, name, e) < 0)
            return -1;
    }
    return copy_bytes(b, name, r, e);
}

static int copy_task(void *arg, const struct task_row *t)
{
    struct backup *b = arg;
    const char *const names[] = {t->clip_blob, t->reel_blob, t->poster_blob};
    b->tasks++;
    for (size_t i = 0; i < LEN(names); i++) {
        bool there = true;
        if (*names[i] && copy_blob(b, names[i], &there, b->why) < 0)
            return -1;
        if (there || (b->missing && b->missing->task == t->id))
            continue;
        struct missing *m = arena_get(b->arena, sizeof(*m) + strlen(names[i]) + 1);
        m->task = t->id;
        memcpy(m->blob, names[i], strlen(names[i]) + 1);
        m->next = b->missing;
        b->missing = m;
    }
    return 0;
}

static bool is_of_tasks(const char *name)
{
    static const char *const folders[] = {"clips/", "reels/", "posters/"};
    for (size_t i = 0; i < LEN(folders); i++)
        if (strncmp(name, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

/* Copies bytes that belong to no task. */
static int copy_other(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)size_bytes, (void)age_ms;
    struct backup *b = arg;
    bool there;
    return is_of_tasks(name) ? 0 : copy_blob(b, name, &there, b->why);
}

/* Settles a task without bytes: it was deleted since, or it is a fault that doctor would find too.
 */
static int settle_missing(struct backup *b, struct tasks *copy, struct err *e)
{
    for (const struct missing *m = b->missing; m; m = m->next) {
        struct task_row row;
        struct err why = {0};
        if (store_task_get(b->live, b->arena, m->task, 0, &row, &why) == 0) {
            fprintf(stderr, "reelgate backup: task %" PRId64 ": %s is not in the storage\n",
                    m->task, m->blob);
            b->lost++;
            continue;
        }
        if (why.code != ERR_MISSING) {
            *e = why;
            return -1;
        }
        if (task_delete(copy, b->arena, m->task, 0, &row, e) < 0)
            return -1;
        b->tasks--;
        b->deleted++;
    }
    return 0;
}

/* -- the folder -- */

static int remove_file(const char *path, struct err *e)
{
    return unlink(path) == 0 || errno == ENOENT
               ? 0
               : err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
}

/* Deletes the files that SQLite keeps beside a database. */
static int remove_beside(struct backup *b, const char *path, struct err *e)
{
    static const char *const ends[] = {"-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < LEN(ends); i++)
        if (remove_file(arena_printf(b->arena, "%s%s", path, ends[i]), e) < 0)
            return -1;
    return 0;
}

static int sync_folder(const char *folder, struct err *e)
{
    AUTO(fd_closep) int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir >= 0 && fsync(dir) == 0 ? 0
                                       : err_set(e, ERR_SYSTEM, "%s: %s", folder, strerror(errno));
}

/* Renamed into place, synced: a reader sees the old secret or the new. */
static int copy_secret(struct backup *b, struct err *e)
{
    const char *from = parts_secret_file(b->arena, &b->cli->conf);
    const char *to = arena_printf(b->arena, "%s/secret", b->folder);
    const char *part = arena_printf(b->arena, "%s.next", to);
    char bytes[SECRET_MAX];
    AUTO(fd_closep) int in = open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (in < 0)
        return err_set(e, ERR_SYSTEM, "secret %s: %s", from, strerror(errno));
    ssize_t n = fd_read_full(in, bytes, sizeof(bytes), e);
    if (n < 0 || remove_file(part, e) < 0)
        return -1;
    AUTO(fd_closep) int out = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0 || fd_write_all(out, bytes, (size_t)n, NULL) < 0 || fsync(out) < 0 ||
        rename(part, to) < 0)
        return err_set(e, ERR_SYSTEM, "%s: %s", to, strerror(errno));
    return 0;
}

/* Returns whether the backup folder is the folder being served: the sweep would delete its files.
 */
static bool is_live(struct backup *b)
{
    struct stat live, copy;
    const char *at = parts_path(parts_storage(b->arena, &b->cli->conf), "file:");
    const char *to = arena_printf(b->arena, "%s/blobs", b->folder);
    return at && stat(at, &live) == 0 && stat(to, &copy) == 0 && live.st_dev == copy.st_dev &&
           live.st_ino == copy.st_ino;
}

static int check_folder(struct backup *b, struct err *e)
{
    struct stat data, folder;
    if (parts_folder(&b->there, e) < 0)
        return -1;
    if (stat(b->cli->conf.data, &data) == 0 && stat(b->folder, &folder) == 0 &&
        data.st_dev == folder.st_dev && data.st_ino == folder.st_ino)
        return err_set(e, ERR_CONFLICT, "it is the data folder itself");
    if (is_live(b))
        return err_set(e, ERR_CONFLICT, "its blobs are the storage that is to be saved");
    if (access(b->now, F_OK) < 0)
        return 0;
    /* Proves that no server uses it; closing it also merges the files beside it into it. */
    AUTO(store_closep) struct store *old = NULL;
    const char *url = parts_database(b->arena, &b->there);
    return store_open(&old, url, b->cli->log, e) < 0
               ? err_wrap(e, "the earlier backup cannot be replaced")
               : 0;
}

/* -- the steps -- */

static int open_all(struct backup *b, struct err *e)
{
    const struct conf *c = &b->cli->conf;
    const char *scratch = arena_printf(b->arena, "%s/scratch", c->data);
    if (store_open_beside(&b->live, parts_database(b->arena, c), b->cli->log, e) < 0)
        return e->code == ERR_UNSUPPORTED
                   ? err_set(e, ERR_CONFLICT,
                             "this is for SQLite; PostgreSQL has pg_dump: see doc/backup.md")
                   : -1;
    if (check_folder(b, e) < 0 ||
        blob_open(&b->from, parts_storage(b->arena, c), scratch, 0, b->cli->log, e) < 0)
        return -1;
    b->piece = mem_new(PIECE_BYTES);
    return 0;
}

/* Copies the database of one moment and all bytes that it names. */
static int copy_all(struct backup *b, struct err *e)
{
    AUTO(parts_clear) struct parts copy = {.arena = arena_new()};
    struct conf next = b->there;
    next.database = arena_printf(b->arena, "sqlite:%s%s", *b->next == '/' ? "//" : "", b->next);
    const struct task_page all = {.max = -1};
    b->why = e;
    if (remove_file(b->next, e) < 0 || remove_beside(b, b->next, e) < 0 ||
        store_copy(b->live, b->next, e) < 0 || parts_open_tasks(&copy, &next, b->cli->log, e) < 0)
        return -1;
    b->to = copy.blob;
    err_clear(e);
    if (store_task_list(copy.store, &all, copy_task, b, e) < 0 || e->code != ERR_NONE ||
        blob_list(b->from, copy_other, b, e) < 0 || e->code != ERR_NONE)
        return -1;
    return settle_missing(b, copy.tasks, e);
}

/* From here on the folder is the new backup; what only the earlier copy names is deleted. */
static int put_in_place(struct backup *b, struct err *e)
{
    AUTO(parts_clear) struct parts done = {.arena = arena_new()};
    struct task_swept swept;
    if (copy_secret(b, e) < 0)
        return -1;
    if (rename(b->next, b->now) < 0)
        return err_set(e, ERR_SYSTEM, "%s: %s", b->now, strerror(errno));
    return remove_beside(b, b->now, e) < 0 || remove_beside(b, b->next, e) < 0 ||
                   sync_folder(b->folder, e) < 0 ||
                   parts_open_tasks(&done, &b->there, b->cli->log, e) < 0 ||
                   task_sweep(done.tasks, true, &swept, e) < 0
               ? -1
               : 0;
}

static void tell(const struct backup *b)
{
    if (b->cli->conf.json) {
        cli_print_json(
            b->cli, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "folder", b->folder, "tasks",
                              (json_int_t)b->tasks, "copied", (json_int_t)b->copied, "copied_bytes",
                              (json_int_t)b->copied_bytes, "kept", (json_int_t)b->kept, "deleted",
                              (json_int_t)b->deleted, "lost", (json_int_t)b->lost));
        return;
    }
    printf("%s: %" PRId64 " tasks; %" PRId64 " files copied (%.1f MB), %" PRId64
           " were there already\n",
           b->folder, b->tasks, b->copied, (double)b->copied_bytes / 1e6, b->kept);
    if (b->deleted)
        printf("%" PRId64 " tasks were deleted meanwhile\n", b->deleted);
}

enum cli_exit cli_backup(struct cli *c)
{
    struct err e = {0};
    AUTO(backup_clear) struct backup b = {.cli = c, .arena = arena_new(), .folder = c->args[0]};
    b.now = arena_printf(b.arena, "%s/reelgate.db", b.folder);
    b.next = arena_printf(b.arena, "%s.next", b.now);
    b.there = c->conf;
    b.there.data = b.folder;
    b.there.database = b.there.storage = b.there.secret_file = "";
    b.there.queue = "database:";
    b.there.free_floor = 0;
    if (open_all(&b, &e) < 0 || copy_all(&b, &e) < 0 || put_in_place(&b, &e) < 0)
        return cli_fail(c, b.folder, &e);
    tell(&b);
    return b.lost ? CLI_FAILED : CLI_DONE;
}
