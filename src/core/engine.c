#include "core/engine.h"

#include "core/err.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program; "" when the kernel does not say. */
static const char *program_folder(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = 0;
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = 0;
    return out;
}

static void *load(const char *folder, const char *name)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof(path), "%s/reelgate-%s.so", folder, name);
    return access(path, F_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
}

const void *engine_find(const char *name, const char *symbol, struct err *e)
{
    char folder[PATH_MAX];
    const void *table = dlsym(RTLD_DEFAULT, symbol);
    if (table)
        return table;
    (void)dlerror();
    void *module = load(program_folder(folder), name);
    if (!module)
        module = load(REELGATE_MODULES, name);
    const char *why = dlerror();
    table = module ? dlsym(module, symbol) : NULL;
    if (!table)
        (void)err_set(e, ERR_UNSUPPORTED, "the module reelgate-%s.so cannot be used: %.150s", name,
                      why ? why : "it is neither beside the program nor in " REELGATE_MODULES);
    return table;
}
