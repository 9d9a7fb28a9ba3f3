/* Plan: the table; one parser for a value; then the sources in rising order of weight: default,
 * file, variables, flags. All four set a field through the same function. */
#include "core/conf.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

enum { FILE_MAX_BYTES = 64 * 1024 };

static const struct conf_item items[] = {
#define CONF(kind, field, name, preset, min, max, unit, use, help)                                 \
    {CONF_##kind, name, preset, unit, help, min, max, use},
#include "core/conf.def"
#undef CONF
};
static const size_t offsets[] = {
#define CONF(kind, field, name, preset, min, max, unit, use, help) offsetof(struct conf, field),
#include "core/conf.def"
#undef CONF
};

const struct conf_item *conf_items(int *count)
{
    *count = LEN(items);
    return items;
}

static int find(struct str name)
{
    for (size_t i = 0; i < LEN(items); i++)
        if (str_is(name, items[i].name))
            return (int)i;
    return -1;
}

/* A number with a suffix from `units`, a list of {suffix, factor} ended by NULL. */
struct unit {
    const char *suffix;
    int64_t factor;
};
static bool scaled(struct str text, const struct unit *units, int64_t *out)
{
    size_t digits = 0;
    while (digits < text.len && (isdigit((unsigned char)text.p[digits]) || text.p[digits] == '-'))
        digits++;
    int64_t n;
    if (!str_int64((struct str){text.p, digits}, INT64_MIN + 1, INT64_MAX, &n))
        return false;
    for (; units->suffix; units++)
        if (str_is((struct str){text.p + digits, text.len - digits}, units->suffix))
            return !__builtin_mul_overflow(n, units->factor, out);
    return false;
}

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit size_units[] = {{"", 1},        {"k", 1024},    {"K", 1024},
                                         {"M", 1 << 20}, {"G", 1 << 30}, {"T", INT64_C(1) << 40},
                                         {NULL, 0}};
static const struct unit time_units[] = {{"ms", 1},      {"", 1},         {"s", 1000}, {"m", 60000},
                                         {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

bool conf_size(const char *text, int64_t *out)
{
    int64_t n;
    if (!scaled(str_of(text), size_units, &n) || n < 0 || n > INT64_C(1) << 50)
        return false;
    *out = n;
    return true;
}

static int set(struct conf *c, int i, struct str value, const char *where, struct err *e)
{
    const struct conf_item *it = &items[i];
    void *field = (char *)c + offsets[i];
    int64_t n = 0;
    bool ok = false;
    switch (it->kind) {
    case CONF_TEXT:
        ok = (int64_t)value.len >= it->min && (int64_t)value.len <= it->max &&
             !memchr(value.p, 0, value.len);
        if (ok)
            *(const char **)field = arena_printf(c->arena, "%.*s", (int)value.len, value.p);
        break;
    case CONF_SWITCH:
        ok = str_is(value, "yes") || str_is(value, "no");
        if (ok)
            *(bool *)field = str_is(value, "yes");
        break;
    case CONF_NUMBER:
    case CONF_SIZE:
    case CONF_TIME:
        ok = scaled(value,
                    it->kind == CONF_SIZE   ? size_units
                    : it->kind == CONF_TIME ? time_units
                                            : no_units,
                    &n) &&
             n >= it->min && n <= it->max;
        if (ok)
            *(int64_t *)field = n;
        break;
    }
    if (ok)
        return 0;
    int shown = (int)(value.len < 80 ? value.len : 80);
    if (it->kind == CONF_SWITCH)
        return err_set(e, ERR_INPUT, "%s: %s: \"%.*s\" is neither yes nor no", where, it->name,
                       shown, value.p);
    return err_set(e, ERR_INPUT, "%s: %s: \"%.*s\" is not %s%" PRId64 " and %" PRId64 "%s", where,
                   it->name, shown, value.p,
                   it->kind == CONF_TEXT ? "a text of between " : "between ", it->min, it->max,
                   it->kind == CONF_TEXT ? " bytes" : "");
}

static struct str trim(struct str s)
{
    while (s.len && isspace((unsigned char)s.p[0]))
        s.p++, s.len--;
    while (s.len && isspace((unsigned char)s.p[s.len - 1]))
        s.len--;
    return s;
}

static int read_file(struct conf *c, const char *path, struct err *e)
{
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, ERR_INPUT, "%s: %s", path, strerror(errno));
    AUTO(freep) char *text = mem_new(FILE_MAX_BYTES + 1);
    ssize_t n = fd_read_full(fd, text, FILE_MAX_BYTES + 1, e);
    if (n < 0)
        return err_wrap(e, "%s", path);
    if (n > FILE_MAX_BYTES)
        return err_set(e, ERR_INPUT, "%s: larger than %d bytes", path, FILE_MAX_BYTES);
    int number = 0;
    for (const char *p = text, *end = text + n; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct str line = trim((struct str){p, (size_t)((nl ? nl : end) - p)});
        p = nl ? nl + 1 : end;
        char where[128];
        snprintf(where, sizeof(where), "%.100s:%d", path, ++number);
        if (!line.len || line.p[0] == '#')
            continue;
        const char *eq = memchr(line.p, '=', line.len);
        if (!eq)
            return err_set(e, ERR_INPUT, "%s: not `name = value`", where);
        struct str name = trim((struct str){line.p, (size_t)(eq - line.p)});
        struct str value = trim((struct str){eq + 1, line.len - (size_t)(eq + 1 - line.p)});
        int i = find(name);
        if (i < 0 || str_is(name, "config"))
            return err_set(e, ERR_INPUT, "%s: unknown setting \"%.*s\"", where,
                           (int)(name.len < 80 ? name.len : 80), name.p);
        if (set(c, i, value, where, e) < 0)
            return -1;
    }
    return 0;
}

static int read_variables(struct conf *c, char *const *env, bool only_config, struct err *e)
{
    static const char prefix[] = "REELGATE_";
    for (; *env; env++) {
        const char *eq = strchr(*env, '=');
        if (!eq || strncmp(*env, prefix, sizeof(prefix) - 1) != 0)
            continue;
        char name[64], where[96];
        size_t n = 0;
        for (const char *p = *env + sizeof(prefix) - 1; p < eq && n < sizeof(name) - 1; p++)
            name[n++] = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
        name[n] = 0;
        snprintf(where, sizeof(where), "variable %.*s", (int)(eq - *env < 80 ? eq - *env : 80),
                 *env);
        int i = find(str_of(name));
        if (i < 0)
            return err_set(e, ERR_INPUT, "%s: no such setting", where);
        if (only_config == (strcmp(name, "config") == 0) && set(c, i, str_of(eq + 1), where, e) < 0)
            return -1;
    }
    return 0;
}

/* Walks the flags; with only_config just --config is taken and argv stays as it is. */
static int read_flags(struct conf *c, unsigned use, bool only_config, int argc, char **argv,
                      int *rest_count, struct err *e)
{
    int kept = 1;
    bool ended = false;
    for (int k = 1; k < argc; k++) {
        char *arg = argv[k];
        if (ended || strncmp(arg, "--", 2) != 0) {
            if (!only_config)
                argv[kept++] = arg;
            continue;
        }
        if (!arg[2]) {
            ended = true;
            continue;
        }
        const char *eq = strchr(arg, '=');
        struct str name = {arg + 2, eq ? (size_t)(eq - arg - 2) : strlen(arg + 2)};
        int i = find(name);
        if (i < 0 || !(items[i].use & use)) {
            if (only_config)
                continue;
            return err_set(e, ERR_INPUT, "unknown flag %.80s", arg);
        }
        const char *value = eq ? eq + 1 : NULL;
        if (!value && items[i].kind == CONF_SWITCH)
            value = "yes";
        if (!value) {
            if (k + 1 == argc)
                return err_set(e, ERR_INPUT, "--%s needs a value", items[i].name);
            value = argv[++k];
        }
        if (only_config == str_is(name, "config") && set(c, i, str_of(value), "flag", e) < 0)
            return -1;
    }
    if (!only_config)
        *rest_count = kept - 1;
    return 0;
}

int conf_read(struct conf *out, unsigned use, int argc, char **argv, char *const *env,
              int *rest_count, struct err *e)
{
    AUTO(conf_clear) struct conf c = {.arena = arena_new()};
    for (size_t i = 0; i < LEN(items); i++)
        if (set(&c, (int)i, str_of(items[i].preset), "default", e) < 0)
            return -1;
    if (read_variables(&c, env, true, e) < 0 || read_flags(&c, use, true, argc, argv, NULL, e) < 0)
        return -1;
    if (c.config[0] && read_file(&c, c.config, e) < 0)
        return -1;
    if (read_variables(&c, env, false, e) < 0 ||
        read_flags(&c, use, false, argc, argv, rest_count, e) < 0)
        return -1;
    *out = c;
    c.arena = NULL;
    return 0;
}

void conf_clear(struct conf *c)
{
    arena_free(c->arena);
    *c = (struct conf){0};
}

/* Puts text at column `indent`, broken between words so that no line passes column 80. */
static void put_wrapped(struct buf *out, const char *text, size_t indent)
{
    size_t column = indent;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column > indent && column + 1 + word > 80) {
            buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        }
        if (column > indent)
            buf_puts(out, " "), column++;
        buf_put(out, text, word);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    buf_puts(out, "\n");
}

void conf_help(struct buf *out, unsigned use)
{
    const size_t indent = 30;
    for (size_t i = 0; i < LEN(items); i++) {
        if (!(items[i].use & use))
            continue;
        char flag[64], help[256];
        int n = snprintf(flag, sizeof(flag), "  --%s%s%s", items[i].name, *items[i].unit ? " " : "",
                         items[i].unit);
        bool preset = *items[i].preset && items[i].kind != CONF_SWITCH;
        snprintf(help, sizeof(help), "%s%s%s%s", items[i].help, preset ? " [" : "",
                 preset ? items[i].preset : "", preset ? "]" : "");
        if (n + 1 > (int)indent)
            buf_printf(out, "%s\n%*s", flag, (int)indent, "");
        else
            buf_printf(out, "%-*s", (int)indent, flag);
        put_wrapped(out, help, indent);
    }
}
