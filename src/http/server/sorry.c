/* Errors as pages: a person who opens a link or an address reads, in their own language, what is
 * wrong and what to do next. A client that asks the API, sends a token, or does not prefer HTML
 * counts as a program and gets JSON. script/web makes the pages. */
#include "http/server/sorry.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/server/field.h"
#include "http/server/request.h"

enum { SORRY_MAX = 16 * 1024 };

enum kind { KIND_LINK, KIND_REEL, KIND_PATH, KIND_OTHER, KINDS };
static const char *const pages[][KINDS] = {
#define SORRY(lang, kind, page) [LANG_##lang][KIND_##kind] = page,
#include "http/sorry.def"
#undef SORRY
};

static enum kind kind_of(const struct request *r, const struct err *e)
{
    if (e->msg == MSG_LINK_BAD)
        return KIND_LINK;
    if (e->code == ERR_MISSING)
        return r->route && r->route->visit == VISIT_FILE ? KIND_REEL : KIND_PATH;
    return KIND_OTHER;
}

static void sorry_put_escaped(struct buf *b, const char *text)
{
    for (; *text; text++) {
        if (strchr("&<>\"", *text))
            buf_printf(b, "&#%d;", *text);
        else
            buf_put(b, text, 1);
    }
}

bool sorry_may(const struct request *r)
{
    bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    return reads && (!r->route || r->route->visit != VISIT_NONE);
}

char *sorry_page(const struct request *r, const struct err *e, int status)
{
    if (!sorry_may(r) || request_header(r, "Authorization") ||
        !html_preferred(request_header(r, "Accept")))
        return NULL;
    AUTO(buf_clear) struct buf b;
    buf_init(&b, SORRY_MAX);
    for (const char *p = pages[r->lang][kind_of(r, e)]; *p;) {
        size_t n = strcspn(p, "%");
        buf_put(&b, p, n);
        p += n;
        if (!*p)
            break;
        if (p[1] == 'm')
            sorry_put_escaped(&b, msg_text(e->msg, r->lang));
        else if (p[1] == 's')
            buf_printf(&b, "%d", status);
        else
            buf_puts(&b, r->id);
        p += 2;
    }
    return b.cut ? NULL : mem_strdup(b.p);
}
