/* Plan: rename the old tables and make ours; take over each user with a hash of the plain password;
 * drop the plain column; take over each task with its file; drop the old tables, unless a row has a
 * note that a person should read. The run may be interrupted after any step: the next run goes on
 * from there. */
#include "cli/legacy.h"

#include "auth/auth.h"
#include "cli/cli.h"
#include "cli/parts.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/message.h"
#include "core/str.h"
#include "store/legacy.h"
#include "store/store.h"
#include "store/user.h"
#include "task/task.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <sodium/utils.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SAY_MS = 5000 };

struct take {
    const struct cli *c;
    struct parts *p;
    struct legacy *old;
    struct legacy_sum *sum;
    int root; /* of the old files, or -1 */
    int64_t said_ms;
};

static void say(struct take *t, const char *kind, int64_t id, const char *note)
{
    t->sum->notes++;
    fprintf(stderr, "%s %" PRId64 ": %s\n", kind, id, note);
}

static void say_progress(struct take *t)
{
    if (clock_mono_ms() - t->said_ms < SAY_MS)
        return;
    t->said_ms = clock_mono_ms();
    fprintf(stderr, "taken over so far: %ld users, %ld tasks\n", t->sum->users, t->sum->tasks);
}

/* -- users -- */

static const char *join(struct arena *a, const char *notes, const char *more)
{
    return notes ? arena_printf(a, "%s; %s", notes, more) : more;
}

/* A password hash that no password has: no hash ends like this. */
static const char NO_PASSWORD[] = "!";

static int take_user(struct take *t, struct arena *a, const struct legacy_user *u, struct err *e)
{
    AUTO(freep) char *hash = NULL;
    const char *note = NULL, *name = u->username, *mail = u->email;
    bool usable = *u->password && strlen(u->password) <= PASSWORD_BYTES_MAX;
    if (usable && auth_hash(t->p->auth, u->password, &hash, e) < 0)
        return -1;
    if (!usable)
        note = join(a, note,
                    arena_printf(a, "%s; `reelgate user password` sets one",
                                 *u->password ? "a password that is too long" : "no password"));
    if (!*name || strlen(name) > USER_NAME_MAX || !str_utf8_clean(str_of(name))) {
        name = arena_printf(a, "user-%" PRId64, u->id);
        note = join(a, note,
                    arena_printf(a, "%s; it is %s now",
                                 *u->username ? "a name that nobody can give" : "no name", name));
    }
    if (!*mail) {
        mail = arena_printf(a, "user-%" PRId64 "@unknown.invalid", u->id);
        note = join(a, note, "no e-mail address");
    }
    bool taken = false;
    const char *stored = hash ? hash : NO_PASSWORD;
    /* two users with one name or one address: the older keeps it */
    const char *other = arena_printf(a, "%s-%" PRId64, name, u->id);
    const char *nowhere = arena_printf(a, "user-%" PRId64 "@duplicate.invalid", u->id);
    const char *mail_note =
        arena_printf(a, "the e-mail address %s belongs to another user", u->email);
    const char *name_note =
        arena_printf(a, "the name %s belongs to another user; it is %s now", name, other);
    const struct {
        const char *name, *mail, *note;
    } tries[] = {{name, mail, note},
                 {name, nowhere, join(a, note, mail_note)},
                 {other, mail, join(a, note, name_note)},
                 {other, nowhere, join(a, join(a, note, name_note), mail_note)}};
    for (size_t i = 0; i < LEN(tries) && !taken; i++) {
        note = tries[i].note;
        if (legacy_user_take(t->old, u->id, tries[i].name, tries[i].mail, stored, note, &taken, e) <
            0)
            return -1;
    }
    if (!taken)
        return err_set(e, ERR_CONFLICT, "user %" PRId64 ": its id, name and address are taken",
                       u->id);
    t->sum->users++;
    if (note)
        say(t, "user", u->id, note);
    return 0;
}

static int take_users(struct take *t, struct err *e)
{
    for (int64_t after = INT64_MIN;;) {
        AUTO(arena_freep) struct arena *a = arena_new();
        struct legacy_user u;
        bool found;
        if (legacy_user_next(t->old, a, after, &u, &found, e) < 0)
            return -1;
        if (!found)
            return legacy_forget_passwords(t->old, e);
        int rc = take_user(t, a, &u, e);
        sodium_memzero((char *)u.password, strlen(u.password));
        if (rc < 0)
            return -1;
        after = u.id;
        say_progress(t);
    }
}

/* -- tasks -- */

static int open_below(int root, const char *path)
{
    const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    AUTO(fd_closep) int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    errno = 0;
    return S_ISREG(st.st_mode) ? fd_take(&fd) : -1;
}

/* The old service stores paths of its own machine or container. Finds the longest end of such a
 * path that is a file below the folder. */
static int find_file(int root, const char *path, const char **why)
{
    *why = "was not found";
    while (root >= 0 && *path) {
        path += strspn(path, "/");
        int fd = *path ? open_below(root, path) : -1;
        if (fd >= 0)
            return fd;
        if (errno == EACCES)
            *why = "may not be read";
        path += strcspn(path, "/");
    }
    return -1;
}

static bool known_status(const char *status)
{
    return strcmp(status, "uploaded") == 0 || strcmp(status, "processed") == 0;
}

static int take_task(struct take *t, struct arena *a, const struct legacy_task *old, struct err *e)
{
    const char *note = NULL, *failed = NULL, *why;
    bool taken;
    if (!old->owned) {
        note = join(a, NULL,
                    arena_printf(a, "its user %" PRId64 " does not exist; it stays where it is",
                                 old->user_id));
        say(t, "task", old->id, note);
        return legacy_task_note(t->old, old->id, note, e);
    }
    AUTO(fd_closep) int fd = find_file(t->root, old->file_path, &why);
    if (fd < 0)
        note = join(
            a, note,
            arena_printf(a, "its file %s %s", *old->file_path ? old->file_path : "(none)", why));
    if (!known_status(old->status))
        note = join(a, note, arena_printf(a, "its state was \"%s\"", old->status));
    if (!old->created_ms)
        note = join(a, note,
                    arena_printf(a, "its time was \"%s\"; it is that of now", old->timestamp));
    if (*old->lost && fd < 0) {
        say(t, "task", old->id, note);
        return 0;
    }
    if (task_adopt(t->p->tasks, t->old, old, fd, note, &failed, &taken, e) < 0)
        return err_wrap(e, "task %" PRId64, old->id);
    bool unread = fd >= 0 && failed && strcmp(failed, msg_slug(MSG_FILE_LOST)) == 0;
    t->sum->tasks += taken;
    t->sum->failed += taken && failed;
    if (taken && failed && fd >= 0)
        note = join(a, note,
                    arena_printf(a, "its file %s %s: %s", old->file_path,
                                 unread ? "could not be read" : "is no clip", failed));
    if (note)
        say(t, "task", old->id, note);
    return 0;
}

static int take_tasks(struct take *t, struct err *e)
{
    for (int64_t after = INT64_MIN;;) {
        AUTO(arena_freep) struct arena *a = arena_new();
        struct legacy_task old;
        bool found;
        if (legacy_task_next(t->old, a, after, &old, &found, e) < 0)
            return -1;
        if (!found)
            return 0;
        if (take_task(t, a, &old, e) < 0)
            return -1;
        after = old.id;
        say_progress(t);
    }
}

/* -- all of it -- */

static int open_root(const char *folder, int *out, struct err *e)
{
    if (!*folder)
        return err_set(e, ERR_INPUT,
                       "the database holds the tables of the service that is replaced: "
                       "--legacy-files DIR has to say where its clips lie");
    *out = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *out < 0 ? err_set(e, ERR_INPUT, "--legacy-files %s: %s", folder, strerror(errno)) : 0;
}

static int take_all(struct take *t, struct err *e)
{
    int64_t left = 0;
    if (parts_open_tasks(t->p, &t->c->conf, t->c->log, e) < 0 ||
        parts_open_auth(t->p, &t->c->conf, t->c->log, e) < 0 || legacy_ready(t->old, e) < 0 ||
        take_users(t, e) < 0 || take_tasks(t, e) < 0 || legacy_end(t->old, &left, e) < 0)
        return -1;
    t->sum->left = left;
    return 0;
}

int legacy_take_over(const struct cli *c, struct parts *p, int *from, int *to,
                     struct legacy_sum *sum, struct err *e)
{
    struct take t = {.c = c, .p = p, .sum = sum, .root = -1, .said_ms = clock_mono_ms()};
    AUTO(legacy_closep) struct legacy *old = NULL;
    AUTO(fd_closep) int root = -1;
    *sum = (struct legacy_sum){0};
    if (legacy_open(&old, p->store, e) < 0)
        return -1;
    if (!old)
        return store_migrate(p->store, from, to, e);
    t.old = old;
    if (open_root(c->conf.legacy_files, &root, e) < 0)
        return -1;
    t.root = root;
    return legacy_move(old, e) < 0 || store_migrate(p->store, from, to, e) < 0 ? -1
                                                                               : take_all(&t, e);
}
