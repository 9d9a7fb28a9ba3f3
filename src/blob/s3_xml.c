/* Plan: search an answer for the wanted tags; the tags that we read are not nested. A key that
 * cannot be one of ours (escapes, capitals) belongs to another program and is skipped. */
#include "blob/s3_impl.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"

#include <time.h>

bool s3_xml_next(struct str *at, const char *tag, struct str *out)
{
    char open[48], close[48];
    snprintf(open, sizeof(open), "<%s>", tag);
    snprintf(close, sizeof(close), "</%s>", tag);
    const char *from = memmem(at->p, at->len, open, strlen(open));
    if (!from)
        return false;
    from += strlen(open);
    const char *end = at->p + at->len,
               *to = memmem(from, (size_t)(end - from), close, strlen(close));
    if (!to)
        return false;
    *out = (struct str){from, (size_t)(to - from)};
    to += strlen(close);
    *at = (struct str){to, (size_t)(end - to)};
    return true;
}

bool s3_xml_text(struct str text, char *out, size_t size)
{
    static const struct {
        const char *escape;
        char plain;
    } known[] = {{"&amp;", '&'},   {"&lt;", '<'},  {"&gt;", '>'},  {"&quot;", '"'},
                 {"&apos;", '\''}, {"&#34;", '"'}, {"&#39;", '\''}};
    size_t n = 0;
    for (size_t i = 0; i < text.len;) {
        if (n + 1 >= size)
            return false;
        if (text.p[i] != '&') {
            out[n++] = text.p[i++];
            continue;
        }
        size_t before = i;
        for (size_t k = 0; k < LEN(known) && i == before; k++) {
            if (!str_starts((struct str){text.p + i, text.len - i}, known[k].escape))
                continue;
            out[n++] = known[k].plain;
            i += strlen(known[k].escape);
        }
        if (i == before)
            return false;
    }
    out[n] = 0;
    return true;
}

int64_t s3_xml_time(struct str text)
{
    char copy[40];
    struct tm t = {0};
    if (!s3_xml_text(text, copy, sizeof(copy)))
        return -1;
    const char *end = strptime(copy, "%Y-%m-%dT%H:%M:%S", &t);
    return end ? (int64_t)timegm(&t) * 1000 : -1;
}

/* -- lists of objects -- */

struct listing {
    struct s3_blob *s;
    const char *place;
    blob_each *each;
    void *arg;
    char *page;              /* S3_LIST_BYTES */
    char last[1100];         /* key of the last one seen, escapes resolved */
    char below[S3_KEY_SIZE]; /* prefix and place */
};

static void page_query(const struct listing *l, struct buf *query)
{
    char *below = curl_easy_escape(NULL, l->below, 0), *last = curl_easy_escape(NULL, l->last, 0);
    buf_printf(query, "list-type=2&max-keys=%d&prefix=%s", l->s->page_keys, below ? below : "");
    if (*l->last && last)
        buf_printf(query, "&start-after=%s", last);
    curl_free(below);
    curl_free(last);
}

/* One <Contents>: 0 go on, 1 the caller has enough, -1. */
static int see_object(struct listing *l, struct str object, int64_t now_ms, struct err *e)
{
    struct str at = object, key, size, changed;
    int64_t bytes, at_ms;
    if (!s3_xml_next(&at, "Key", &key))
        return err_set(e, ERR_SYSTEM, "s3: a list with something that has no key");
    if (!s3_xml_text(key, l->last, sizeof(l->last)))
        return err_set(e, ERR_SYSTEM, "s3: a list with a key that cannot be read");
    at = object;
    if (!s3_xml_next(&at, "Size", &size) || !str_int64(size, 0, INT64_MAX, &bytes))
        return 0;
    at = object;
    if (!s3_xml_next(&at, "LastModified", &changed) || (at_ms = s3_xml_time(changed)) < 0)
        return 0;
    const char *name = l->last + strlen(l->below);
    if (strncmp(l->last, l->below, strlen(l->below)) != 0 || !blob_name_is_well(name))
        return 0;
    int64_t age_ms = now_ms > at_ms ? now_ms - at_ms : 0;
    return l->each(l->arg, name, bytes, age_ms) ? 1 : 0;
}

/* *more: there are others behind it. */
static int see_page(struct listing *l, bool *more, struct err *e)
{
    AUTO(buf_clear) struct buf query;
    buf_init(&query, 4096);
    page_query(l, &query);
    struct s3_request q = {
        .method = "GET", .query = query.p, .into = l->page, .into_bytes = S3_LIST_BYTES};
    if (s3_do(l->s, &q, e) < 0)
        return -1;
    struct str at = {l->page, q.got}, object, cut;
    int64_t now_ms = q.date_ms ? q.date_ms : clock_now_ms();
    bool some = false;
    while (s3_xml_next(&at, "Contents", &object)) {
        int rc = see_object(l, object, now_ms, e);
        if (rc)
            return rc;
        some = true;
    }
    at = (struct str){l->page, q.got};
    *more = some && s3_xml_next(&at, "IsTruncated", &cut) && str_is(cut, "true");
    return 0;
}

int s3_xml_list(struct s3_blob *s, const char *place, blob_each *each, void *arg, struct err *e)
{
    AUTO(freep) struct listing *l = mem_new(sizeof(*l));
    AUTO(freep) char *page = mem_new(S3_LIST_BYTES);
    *l = (struct listing){.s = s, .place = place, .each = each, .arg = arg, .page = page};
    s3_key(s, l->below, place, "");
    int rc = 0;
    for (bool more = true; more && rc == 0;)
        rc = see_page(l, &more, e);
    return rc < 0 ? -1 : 0;
}
