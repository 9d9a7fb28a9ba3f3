#include "http/server/route.h"

#include "core/str.h"

#include <string.h>

/* path without its trailing slash is len long; *rest is where the first star begins. */
static bool match(const char *pattern, const char *path, size_t len, const char **rest)
{
    const char *p = path, *end = path + len;
    *rest = end;
    for (; *pattern; pattern++) {
        if (*pattern != '*') {
            if (p == end || *p++ != *pattern)
                return false;
            continue;
        }
        if (p == end)
            return false;
        if (*rest == end)
            *rest = p;
        if (pattern[1] == '*')
            return true;
        while (p < end && *p != '/')
            p++;
    }
    return p == end;
}

static bool same_method(const char *asked, const char *has)
{
    return strcmp(asked, has) == 0 || (strcmp(asked, "HEAD") == 0 && strcmp(has, "GET") == 0);
}

const struct route *route_find(const struct routes *t, const char *method, const char *path,
                               const char **rest, char allow[ALLOW_SIZE])
{
    const struct route *routes = t->rows;
    size_t len = strlen(path);
    if (len > 1 && path[len - 1] == '/' && path[len - 2] != '/')
        len--;
    struct buf names;
    buf_init(&names, ALLOW_SIZE - 1);
    const struct route *found = NULL, *first = NULL;
    *rest = path + len;
    for (size_t i = 0; i < t->count && !found; i++) {
        const char *stars;
        if (!match(routes[i].pattern, path, len, &stars))
            continue;
        /* a path belongs to the first pattern that matches it */
        if (!first) {
            first = &routes[i];
            *rest = stars;
        }
        if (strcmp(routes[i].pattern, first->pattern) != 0)
            continue;
        if (same_method(method, routes[i].method))
            found = &routes[i];
        buf_printf(&names, "%s%s", names.len ? ", " : "", routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0)
            buf_puts(&names, ", HEAD");
    }
    str_copy(allow, ALLOW_SIZE, names.len ? names.p : "");
    buf_clear(&names);
    return found;
}

const struct zone *route_zone(const struct routes *t, const char *path)
{
    for (size_t i = 0; i < t->zone_count; i++) {
        const char *root = t->zones[i].root;
        size_t n = strlen(root);
        if (strncmp(path, root, n) == 0 && (!path[n] || path[n] == '/'))
            return &t->zones[i];
    }
    return NULL;
}
