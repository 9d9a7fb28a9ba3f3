/* Opens what a child needs: the helper in its jail, the profile, the logo. */
#include "cli/parts.h"
#include "core/conf.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

int parts_helper(struct arena *a, const struct conf *c, const char **path, struct err *e)
{
    if (*c->media_helper) {
        if (access(c->media_helper, X_OK) < 0)
            return err_set(e, ERR_SYSTEM, "media helper %s: %s", c->media_helper, strerror(errno));
        *path = c->media_helper;
        return 0;
    }
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *beside = NULL;
    if (n > 0) {
        self[n] = 0;
        *strrchr(self, '/') = 0;
        beside = arena_printf(a, "%s/reelgate-media", self);
        if (access(beside, X_OK) == 0) {
            *path = beside;
            return 0;
        }
    }
    static const char installed[] = REELGATE_LIBEXEC "/reelgate-media";
    if (access(installed, X_OK) == 0) {
        *path = installed;
        return 0;
    }
    return err_set(e, ERR_SYSTEM, "reelgate-media is neither %s nor %s; --media-helper can name it",
                   beside ? beside : "beside this program", installed);
}

const char *parts_cache(struct arena *a, const struct conf *c, bool has_data)
{
    if (strcmp(c->cache, "none") == 0)
        return NULL;
    if (*c->cache)
        return c->cache;
    if (has_data)
        return arena_printf(a, "%s/cache", c->data);
    /* XDG base directories: a path that is not absolute is to be ignored */
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (base && *base == '/')
        return arena_printf(a, "%s/reelgate", base);
    return home && *home == '/' ? arena_printf(a, "%s/.cache/reelgate", home) : NULL;
}

int parts_open_jail(struct jail **out, struct arena *a, const struct conf *c, const char *cache,
                    struct log *l, const char **missing, struct err *e)
{
    struct jail_conf jc = {
        .memory_bytes = c->child_memory,
        .cpu_s = c->child_cpu_s,
        .file_bytes = c->child_file,
        .cache = cache,
        .cache_bytes = c->cache_bytes,
    };
    if (jail_layers_parse(c->jail_floor, &jc.floor, e) < 0)
        return err_wrap(e, "jail-floor");
    if (parts_helper(a, c, &jc.helper, e) < 0 || jail_open(out, &jc, l, e) < 0)
        return -1;
    AUTO(buf_clear) struct buf why = {0}, names = {0};
    buf_init(&why, 4096);
    buf_init(&names, 256);
    unsigned layers = jail_layers(*out, &why);
    for (unsigned bit = 1; bit & JAIL_ALL; bit <<= 1)
        if (!(layers & bit))
            buf_printf(&names, "%s%s", names.len ? "," : "", jail_layer_name(bit));
    if (names.len)
        log_warn(l, "jail layers missing on this machine", "missing", names.p, "why",
                 why.len ? why.p : "");
    if (missing)
        *missing = arena_strdup(a, names.len ? names.p : "");
    return 0;
}

int parts_logo(const struct conf *c, int *fd, struct err *e)
{
    if (!*c->logo) {
        *fd = -1;
        return 0;
    }
    int f = open(c->logo, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (f < 0)
        return err_set(e, ERR_INPUT, "logo %s: %s", c->logo, strerror(errno));
    if (fstat(f, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(f);
        return err_set(e, ERR_INPUT, "logo %s: it is not a file", c->logo);
    }
    *fd = f;
    return 0;
}

int parts_processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? n : 1;
}
