/* The checks of this machine: the jail, kept bumpers, ports, limits, modules, the clock. */
#include "cli/cli.h"
#include "cli/doctor.h"
#include "core/clock.h"
#include "core/engine.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/net.h"
#include "core/str.h"
#include "jail/jail.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
    SPARE_FDS = 256,      /* descriptors beside those of connections: files, database, children */
    SKEW_MS = 5000,       /* of two clocks; includes the time of the question to the database */
    FUTURE_MS = 60 * 1000 /* of a file's time; the clock of some file systems is coarse */
};

/* The line about a layer: "namespaces: unshare: ...", or its name alone when there is none. */
static const char *line_of(const struct buf *why, const char *name)
{
    const char *at = why->p ? strstr(why->p, name) : NULL;
    return at ? at : name;
}

/* Returns the first number behind `key` in a small kernel file, or `none` when the file is missing.
 */
static int64_t kernel_says(const char *path, const char *key, int64_t none)
{
    char text[4096];
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1, NULL);
    if (n < 0)
        return none;
    text[n] = 0;
    const char *at = strstr(text, key);
    if (!at)
        return none;
    at += strlen(key);
    at += strspn(at, " \t");
    int64_t number;
    return str_int64((struct str){at, strspn(at, "0123456789")}, 0, INT64_MAX, &number) ? number
                                                                                        : none;
}

/* Says what to do on a machine without name spaces. The kernel's own switches come first: while
 * they are off, nothing else helps. This process has installed no filter, so a filter that is found
 * here surrounds the whole service. */
static enum msg spaces_todo(void)
{
    enum { FILTERED = 2 };
    if (kernel_says("/proc/sys/user/max_user_namespaces", "", 1) == 0 ||
        kernel_says("/proc/sys/kernel/unprivileged_userns_clone", "", 1) == 0)
        return MSG_DOCTOR_NAMESPACES_DO;
    if (kernel_says("/proc/self/status", "\nSeccomp:", 0) == FILTERED)
        return MSG_DOCTOR_SPACES_FILTER_DO;
    if (kernel_says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "", 0) == 1)
        return MSG_DOCTOR_SPACES_APPARMOR_DO;
    return MSG_DOCTOR_NAMESPACES_DO;
}

static void missing_layers(struct doctor *d, struct jail *j)
{
    static const struct {
        enum jail_layer layer;
        enum msg todo;
    } layers[] = {
        {JAIL_NAMESPACES, MSG_DOCTOR_NAMESPACES_DO},     {JAIL_RLIMITS, MSG_DOCTOR_RLIMITS_DO},
        {JAIL_NO_NEW_PRIVS, MSG_DOCTOR_NO_NEW_PRIVS_DO}, {JAIL_LANDLOCK, MSG_DOCTOR_LANDLOCK_DO},
        {JAIL_SECCOMP, MSG_DOCTOR_SECCOMP_DO},
    };
    AUTO(buf_clear) struct buf why = {0};
    buf_init(&why, 4096);
    unsigned have = jail_layers(j, &why);
    for (size_t i = 0; i < LEN(layers); i++) {
        const char *name = jail_layer_name(layers[i].layer);
        if (have & layers[i].layer)
            doctor_well(d, "jail", "%s holds", name);
        else
            doctor_wrong(d, DOCTOR_WARN, "jail", MSG_DOCTOR_LAYER,
                         layers[i].layer == JAIL_NAMESPACES ? spaces_todo() : layers[i].todo,
                         "%.*s", (int)strcspn(line_of(&why, name), "\n"), line_of(&why, name));
    }
}

void doctor_jail(struct doctor *d)
{
    struct err e = {0};
    const struct conf *c = &d->cli->conf;
    const char *helper;
    if (parts_helper(d->parts.arena, c, &helper, &e) < 0) {
        doctor_wrong(d, DOCTOR_FAIL, "helper", MSG_DOCTOR_HELPER, MSG_DOCTOR_HELPER_DO, "%s",
                     e.text);
        return;
    }
    doctor_well(d, "helper", "%s", helper);
    AUTO(jail_closep) struct jail *j = NULL;
    /* its own log stays silent: the lines below say it better */
    if (parts_open_jail(&j, d->parts.arena, c, NULL, NULL, NULL, &e) < 0)
        doctor_wrong(d, DOCTOR_FAIL, "jail", MSG_DOCTOR_JAIL, MSG_DOCTOR_JAIL_DO, "%s", e.text);
    else
        missing_layers(d, j);
}

void doctor_cache(struct doctor *d)
{
    struct err e = {0};
    int64_t entries, bytes;
    const char *folder = parts_cache(d->parts.arena, &d->cli->conf, true);
    if (!folder)
        doctor_well(d, "cache", "none: each reel encodes its logo parts");
    else if (jail_cache_look(folder, &entries, &bytes, &e) < 0)
        doctor_wrong(d, DOCTOR_WARN, "cache", MSG_DOCTOR_CACHE, MSG_DOCTOR_CACHE_DO, "%s", e.text);
    else
        doctor_well(d, "cache", "%s: logo parts: %" PRId64 ", %.1f of %.0f MB", folder, entries,
                    (double)bytes / 1e6, (double)d->cli->conf.cache_bytes / 1e6);
}

void doctor_port(struct doctor *d, const char *name, const char *at)
{
    struct err e = {0};
    int port;
    bool local;
    AUTO(fd_closep) int fd = net_listen(at, &port, &local, &e);
    if (fd >= 0)
        doctor_well(d, "port", "%s %s is free", name, at);
    else if (e.code != ERR_INPUT && errno == EADDRINUSE)
        doctor_wrong(d, DOCTOR_WARN, "port", MSG_DOCTOR_PORT_TAKEN, MSG_DOCTOR_PORT_TAKEN_DO,
                     "%s %s is in use", name, at);
    else
        doctor_wrong(d, DOCTOR_FAIL, "port", MSG_DOCTOR_PORT_BAD, MSG_DOCTOR_PORT_BAD_DO, "%s: %s",
                     name, e.text);
}

/* Returns whether a limit is below `wanted`; *limit is its value. RLIM_INFINITY is never below. */
static bool below(int which, int64_t wanted, rlim_t *limit)
{
    struct rlimit r;
    if (getrlimit((__rlimit_resource_t)which, &r) < 0)
        return false;
    *limit = r.rlim_cur;
    return r.rlim_cur != RLIM_INFINITY && r.rlim_cur < (rlim_t)wanted;
}

void doctor_limits(struct doctor *d)
{
    const struct conf *c = &d->cli->conf;
    int64_t file = c->max_upload > c->child_file ? c->max_upload : c->child_file;
    int64_t fds = c->connections + SPARE_FDS;
    rlim_t limit = 0;
    bool any = false;
    if (below(RLIMIT_NOFILE, fds, &limit)) {
        any = true;
        doctor_wrong(d, limit < SPARE_FDS ? DOCTOR_FAIL : DOCTOR_WARN, "limits",
                     MSG_DOCTOR_LIMIT_FILES, MSG_DOCTOR_LIMIT_FILES_DO,
                     "%ju descriptors, %" PRId64 " may be wanted", (uintmax_t)limit, fds);
    }
    if (below(RLIMIT_FSIZE, file, &limit)) {
        any = true;
        doctor_wrong(d, DOCTOR_FAIL, "limits", MSG_DOCTOR_LIMIT_SIZE, MSG_DOCTOR_LIMIT_SIZE_DO,
                     "%ju bytes, %" PRId64 " are allowed", (uintmax_t)limit, file);
    }
    if (below(RLIMIT_AS, c->child_memory, &limit)) {
        any = true;
        doctor_wrong(d, DOCTOR_WARN, "limits", MSG_DOCTOR_LIMIT_MEMORY, MSG_DOCTOR_LIMIT_MEMORY_DO,
                     "%ju bytes, a child may want %" PRId64, (uintmax_t)limit, c->child_memory);
    }
    if (!any)
        doctor_well(d, "limits", "descriptors, sizes of files and memory are enough");
}

/* Modules that a URL names are loaded with it; the first webhook loads the module that sends. */
void doctor_modules(struct doctor *d)
{
    struct err e = {0};
    if (engine_find("hook", "hook_send_ops", &e))
        doctor_well(d, "modules", "webhooks can be sent");
    else
        doctor_wrong(d, DOCTOR_FAIL, "modules", MSG_DOCTOR_MODULE, MSG_DOCTOR_MODULE_DO, "%s",
                     e.text);
}

void doctor_clock(struct doctor *d)
{
    struct stat st;
    int64_t now = clock_now_ms(), newest = 0;
    const char *const ours[] = {"/proc/self/exe", d->cli->conf.data};
    for (size_t i = 0; i < LEN(ours); i++)
        if (stat(ours[i], &st) == 0 && (int64_t)st.st_mtime * 1000 > newest)
            newest = (int64_t)st.st_mtime * 1000;
    bool shared = d->parts.store && store_shared(d->parts.store);
    int64_t skew = shared ? now - store_now_ms(d->parts.store) : 0;
    if (skew > SKEW_MS || skew < -SKEW_MS)
        doctor_wrong(d, DOCTOR_WARN, "clock", MSG_DOCTOR_CLOCK, MSG_DOCTOR_CLOCK_DO,
                     "it is %.1f s %s the database's", (double)(skew > 0 ? skew : -skew) / 1e3,
                     skew > 0 ? "ahead of" : "behind");
    else if (newest > now + FUTURE_MS)
        doctor_wrong(d, DOCTOR_WARN, "clock", MSG_DOCTOR_CLOCK_PAST, MSG_DOCTOR_CLOCK_DO,
                     "by %.0f s at least", (double)(newest - now) / 1e3);
    else
        doctor_well(d, "clock", shared ? "within %d s of the database's" : "not behind our files",
                    SKEW_MS / 1000);
}
