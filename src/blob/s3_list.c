/* Plan: read each page twice, because some servers put EncodingType behind the keys. Ask for keys
 * with the escapes of URLs, because XML 1.0 cannot carry every character of a key. Continue by the
 * server's token, so no key is ever sent back. Skip a key that cannot be one of ours (blanks,
 * signs, too long): it belongs to another program. */
#include "blob/s3_impl.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"

enum { TOKEN_SIZE = 4096 };

int s3_key_decode(char *key, bool escaped)
{
    int len = 0;
    if (!escaped)
        return 0;
    for (char *p = key; (p = strchr(p, '+'));) /* "+" is a space; a plus sign is %2B */
        *p = ' ';
    char *plain = curl_easy_unescape(NULL, key, 0, &len);
    if (!plain)
        return -1;
    bool whole = strlen(plain) == (size_t)len; /* without a NUL */
    if (whole)
        memcpy(key, plain, (size_t)len + 1); /* never longer than it was */
    curl_free(plain);
    return whole ? 0 : -1;
}

struct listing {
    struct s3_blob *s;
    blob_each *each;
    void *arg;
    int64_t now_ms;
    bool escaped;
    char below[S3_KEY_SIZE]; /* prefix and place */
    char key[S3_KEY_TEXT_SIZE], size[24], changed[40];
    char token[TOKEN_SIZE]; /* of this page; "": the first */
};

static int see_object(void *arg, struct err *e)
{
    (void)e;
    struct listing *l = arg;
    int64_t bytes, at_ms = s3_xml_time(l->changed);
    size_t below = strlen(l->below);
    if (s3_key_decode(l->key, l->escaped) < 0 || strncmp(l->key, l->below, below) != 0 ||
        !blob_name_is_well(l->key + below) || at_ms < 0 ||
        !str_int64(str_of(l->size), 0, INT64_MAX, &bytes))
        return 0;
    int64_t age_ms = l->now_ms > at_ms ? l->now_ms - at_ms : 0;
    return l->each(l->arg, l->key + below, bytes, age_ms) ? 1 : 0;
}

static int read_page(struct listing *l, struct str xml, bool *more, struct err *e)
{
    char how[8], cut[8], token[TOKEN_SIZE];
    const struct s3_field about[] = {{"EncodingType", how, sizeof(how)},
                                     {"IsTruncated", cut, sizeof(cut)},
                                     {"NextContinuationToken", token, sizeof(token)}};
    const struct s3_field object[] = {{"Key", l->key, sizeof(l->key)},
                                      {"Size", l->size, sizeof(l->size)},
                                      {"LastModified", l->changed, sizeof(l->changed)}};
    if (s3_xml_fields(xml, about, LEN(about), e) < 0)
        return -1;
    l->escaped = strcmp(how, "url") == 0;
    *more = strcmp(cut, "true") == 0;
    if (*more && (!*token || strcmp(token, l->token) == 0))
        return err_set(e, ERR_SYSTEM, "s3: a list that does not say how it goes on");
    memcpy(l->token, token, sizeof(token));
    return s3_xml_rows(xml, "Contents", object, LEN(object), see_object, l, e);
}

static void page_query(const struct listing *l, struct buf *query)
{
    char *below = curl_easy_escape(NULL, l->below, 0), *token = curl_easy_escape(NULL, l->token, 0);
    if (*l->token && token)
        buf_printf(query, "continuation-token=%s&", token);
    buf_printf(query, "encoding-type=url&list-type=2&max-keys=%d&prefix=%s", l->s->page_keys,
               below ? below : "");
    curl_free(below);
    curl_free(token);
}

/* Returns 0 to continue, 1 when the caller stopped, -1. */
static int see_page(struct listing *l, char *page, bool *more, struct err *e)
{
    AUTO(buf_clear) struct buf query;
    buf_init(&query, S3_QUERY_MAX);
    page_query(l, &query);
    struct s3_request q = {
        .method = "GET", .query = query.p, .into = page, .into_bytes = S3_LIST_BYTES};
    if (s3_do(l->s, &q, e) < 0)
        return -1;
    l->now_ms = q.date_ms ? q.date_ms : clock_now_ms();
    return read_page(l, (struct str){page, q.got}, more, e);
}

int s3_list_each(struct s3_blob *s, const char *place, blob_each *each, void *arg, struct err *e)
{
    AUTO(freep) struct listing *l = mem_new(sizeof(*l));
    AUTO(freep) char *page = mem_new(S3_LIST_BYTES);
    *l = (struct listing){.s = s, .each = each, .arg = arg};
    s3_key(s, l->below, place, "");
    int rc = 0;
    for (bool more = true; more && rc == 0;)
        rc = see_page(l, page, &more, e);
    return rc < 0 ? -1 : 0;
}
