/* Names of the layers, for both halves. */
#include "jail/jail.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"

static const struct {
    enum jail_layer layer;
    const char *name;
} layers[] = {
    {JAIL_NAMESPACES, "namespaces"}, {JAIL_RLIMITS, "rlimits"}, {JAIL_NO_NEW_PRIVS, "no_new_privs"},
    {JAIL_LANDLOCK, "landlock"},     {JAIL_SECCOMP, "seccomp"},
};

const char *jail_layer_name(enum jail_layer l)
{
    for (size_t i = 0; i < LEN(layers); i++)
        if (layers[i].layer == l)
            return layers[i].name;
    return "unknown";
}

int jail_layers_parse(const char *text, unsigned *out, struct err *e)
{
    unsigned bits = 0;
    if (strcmp(text, "none") == 0) {
        *out = 0;
        return 0;
    }
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, ","), i = 0;
        struct str word = {p, n};
        while (word.len && *word.p == ' ')
            word.p++, word.len--;
        while (word.len && word.p[word.len - 1] == ' ')
            word.len--;
        while (i < LEN(layers) && !str_is(word, layers[i].name))
            i++;
        if (i < LEN(layers))
            bits |= layers[i].layer;
        else if (str_is(word, "all"))
            bits |= JAIL_ALL;
        else
            return err_set(e, ERR_INPUT,
                           "\"%.*s\" is no layer; there are namespaces, rlimits, no_new_privs, "
                           "landlock, seccomp, all, or none alone",
                           (int)(word.len < 40 ? word.len : 40), word.p);
        p += n;
        if (!*p)
            break;
    }
    *out = bits;
    return 0;
}
