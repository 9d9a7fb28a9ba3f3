/* Plan: the storage's URL is parsed once. Keys hold only characters that need no escape in a path,
 * so a URL is made by concatenation. This file signs links (AWS Signature Version 4 in the query);
 * libcurl signs requests. */
#include "blob/s3_impl.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"

#include <sodium.h>

enum { LINK_MAX = 4096, LINK_S_MAX = 7 * 24 * 3600 };

bool s3_key_is_plain(const char *key)
{
    return key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/")] ==
           0;
}

void s3_key(const struct s3_blob *s, char out[S3_KEY_SIZE], const char *place, const char *name)
{
    snprintf(out, S3_KEY_SIZE, "%s%s%s", s->prefix, place, name);
}

/* -- the storage's URL -- */

/* A part of a URL without its escapes; "" where there is none. False: it does not fit. */
static bool part(CURLU *u, CURLUPart which, char *out, size_t size)
{
    char *text = NULL;
    *out = 0;
    if (curl_url_get(u, which, &text, which == CURLUPART_QUERY ? 0 : CURLU_URLDECODE) != CURLUE_OK)
        return true;
    bool fits = strlen(text) < size;
    str_copy(out, size, text);
    curl_free(text);
    return fits;
}

/* The value of "name=value" in a query; what is not there leaves out as it is. False: it does not
 * fit. */
static bool option(const char *query, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&') {
        if (strncmp(p, name, n) != 0 || p[n] != '=')
            continue;
        const char *value = p + n + 1;
        int len = 0;
        char *plain = curl_easy_unescape(NULL, value, (int)strcspn(value, "&"), &len);
        bool fits = plain && (size_t)len < size && strlen(plain) == (size_t)len;
        if (fits)
            str_copy(out, size, plain);
        curl_free(plain);
        return fits;
    }
    return true;
}

static bool only_known(const char *query)
{
    static const char *const known[] = {"endpoint", "region", "style", "public"};
    for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&') {
        bool found = false;
        for (size_t i = 0; i < LEN(known); i++) {
            size_t n = strlen(known[i]);
            found = found || (strncmp(p, known[i], n) == 0 && p[n] == '=');
        }
        if (!found)
            return false;
    }
    return true;
}

/* "http[s]://host[:port]" -> where the bucket is. */
static int place_bucket(const struct s3_blob *s, const char *endpoint, bool virtual, char out[512],
                        struct err *e)
{
    size_t scheme = strncmp(endpoint, "https://", 8) == 0  ? 8
                    : strncmp(endpoint, "http://", 7) == 0 ? 7
                                                           : 0;
    size_t n = strlen(endpoint);
    while (n > scheme && endpoint[n - 1] == '/')
        n--;
    if (!scheme || n == scheme || strcspn(endpoint + scheme, "/?#@") < n - scheme || n > 300)
        return err_set(e, ERR_INPUT, "s3: %.100s is no endpoint; it should be https://host:port",
                       endpoint);
    if (virtual)
        snprintf(out, 512, "%.*s%s.%.*s", (int)scheme, endpoint, s->bucket, (int)(n - scheme),
                 endpoint + scheme);
    else
        snprintf(out, 512, "%.*s/%s", (int)n, endpoint, s->bucket);
    return 0;
}

static int read_keys(struct s3_blob *s, struct err *e)
{
    const char *access = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY"),
               *token = getenv("AWS_SESSION_TOKEN");
    if (!access || !*access || !secret || !*secret)
        return err_set(e, ERR_INPUT,
                       "s3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have to be set");
    if (strlen(access) >= sizeof(s->access) || strlen(secret) >= sizeof(s->secret))
        return err_set(e, ERR_INPUT, "s3: a key of over %zu characters", sizeof(s->access) - 1);
    str_copy(s->access, sizeof(s->access), access);
    str_copy(s->secret, sizeof(s->secret), secret);
    s->token = token && *token ? mem_strdup(token) : NULL;
    return 0;
}

static bool cut_up(struct s3_blob *s, CURLU *u, const char *url, char *query, size_t query_size)
{
    char path[sizeof(s->prefix) - 1];
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS) !=
            CURLUE_OK ||
        !part(u, CURLUPART_HOST, s->bucket, sizeof(s->bucket)) ||
        !part(u, CURLUPART_PATH, path, sizeof(path)) ||
        !part(u, CURLUPART_QUERY, query, query_size) || !only_known(query))
        return false;
    size_t n = strlen(path);
    while (n && path[n - 1] == '/')
        path[--n] = 0;
    const char *p = path + strspn(path, "/");
    snprintf(s->prefix, sizeof(s->prefix), "%s%s", p, *p ? "/" : "");
    return *s->bucket && s3_key_is_plain(s->bucket) && !strchr(s->bucket, '/') &&
           s3_key_is_plain(s->prefix) && !strstr(s->prefix, "//") && !strstr(s->prefix, "./");
}

int s3_url_read(struct s3_blob *s, const char *rest, struct err *e)
{
    char query[1024] = "", endpoint[320] = "", public[320] = "", style[16] = "";
    const char *region = getenv("AWS_REGION");
    AUTO(buf_clear) struct buf url;
    buf_init(&url, 2048);
    buf_printf(&url, "s3:%s", rest);
    str_copy(s->region, sizeof(s->region), region && *region ? region : "us-east-1");
    CURLU *u = curl_url();
    bool fine = u && strncmp(rest, "//", 2) == 0 && !url.cut &&
                cut_up(s, u, url.p, query, sizeof(query)) &&
                option(query, "endpoint", endpoint, sizeof(endpoint)) &&
                option(query, "region", s->region, sizeof(s->region)) &&
                option(query, "public", public, sizeof(public)) &&
                option(query, "style", style, sizeof(style)) && s3_key_is_plain(s->region) &&
                *s->region && !strchr(s->region, '/');
    curl_url_cleanup(u);
    bool virtual = *style ? strcmp(style, "virtual") == 0 : !*endpoint;
    if (!fine || (*style && !virtual && strcmp(style, "path") != 0))
        return err_set(e, ERR_INPUT,
                       "s3: it should be s3://bucket/prefix?endpoint=https://host&region=name&"
                       "style=path|virtual&public=https://host");
    if (!*endpoint)
        snprintf(endpoint, sizeof(endpoint), "https://s3.%s.amazonaws.com", s->region);
    s->hash_bodies = strncmp(endpoint, "https:", 6) != 0;
    if (place_bucket(s, endpoint, virtual, s->at, e) < 0 ||
        place_bucket(s, *public ? public : endpoint, virtual, s->public_at, e) < 0)
        return -1;
    str_copy(s->base.links_at, sizeof(s->base.links_at), s->public_at);
    char *host = strstr(s->base.links_at, "://");
    if (host)
        host[3 + strcspn(host + 3, "/")] = 0;
    return read_keys(s, e);
}

/* -- links -- */

static void hmac(const void *key, size_t key_bytes, const char *text, unsigned char out[32])
{
    crypto_auth_hmacsha256_state h;
    crypto_auth_hmacsha256_init(&h, key, key_bytes);
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&h, out);
}

static void sign(const struct s3_blob *s, const char *when, const char *text, char hex[65])
{
    char first[sizeof(s->secret) + 4], day[9];
    unsigned char key[32];
    snprintf(first, sizeof(first), "AWS4%s", s->secret);
    snprintf(day, sizeof(day), "%.8s", when);
    hmac(first, strlen(first), day, key);
    hmac(key, sizeof(key), s->region, key);
    hmac(key, sizeof(key), "s3", key);
    hmac(key, sizeof(key), "aws4_request", key);
    hmac(key, sizeof(key), text, key);
    sodium_bin2hex(hex, 65, key, sizeof(key));
    sodium_memzero(first, sizeof(first));
}

static void put_escaped(struct buf *b, const char *name, const char *value)
{
    char *text = curl_easy_escape(NULL, value, 0);
    buf_printf(b, "%s%s=%s", b->len ? "&" : "", name, text ? text : "");
    curl_free(text);
}

/* "20261125T070736Z" */
static void compact_time(char out[17])
{
    char iso[CLOCK_ISO_SIZE];
    int n = 0;
    clock_iso(clock_now_ms(), iso);
    for (const char *p = iso; *p && *p != '.'; p++)
        if (*p != '-' && *p != ':')
            out[n++] = *p;
    out[n] = 'Z';
    out[16] = 0;
}

int s3_link(struct blob *b, const char *name, const struct blob_link *how, struct buf *url,
            struct err *e)
{
    const struct s3_blob *s = (struct s3_blob *)b;
    char key[S3_KEY_SIZE], when[17], scope[128], valid[16], hex[65];
    int64_t valid_s = how->valid_ms / 1000;
    AUTO(buf_clear) struct buf query, text;
    buf_init(&query, LINK_MAX);
    buf_init(&text, LINK_MAX);
    compact_time(when);
    s3_key(s, key, "", name);
    snprintf(scope, sizeof(scope), "%.8s/%s/s3/aws4_request", when, s->region);
    snprintf(valid, sizeof(valid), "%d",
             (int)(valid_s < 1            ? 1
                   : valid_s < LINK_S_MAX ? valid_s
                                          : LINK_S_MAX));
    buf_printf(&text, "%s/%s", s->access, scope);
    buf_puts(&query, "X-Amz-Algorithm=AWS4-HMAC-SHA256");
    put_escaped(&query, "X-Amz-Credential", text.p);
    put_escaped(&query, "X-Amz-Date", when);
    put_escaped(&query, "X-Amz-Expires", valid);
    if (s->token)
        put_escaped(&query, "X-Amz-Security-Token", s->token);
    put_escaped(&query, "X-Amz-SignedHeaders", "host");
    put_escaped(&query, "response-cache-control", how->cache_control);
    put_escaped(&query, "response-content-disposition", how->disposition);
    put_escaped(&query, "response-content-type", how->type);
    const char *host = strstr(s->public_at, "://") + 3, *path = host + strcspn(host, "/");
    text.len = 0;
    buf_printf(&text, "GET\n%s/%s\n%s\nhost:%.*s\n\nhost\nUNSIGNED-PAYLOAD", path, key, query.p,
               (int)(path - host), host);
    unsigned char hash[32];
    crypto_hash_sha256(hash, (const unsigned char *)text.p, text.len);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    text.len = 0;
    buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", when, scope, hex);
    sign(s, when, text.p, hex);
    buf_printf(url, "%s/%s?%s&X-Amz-Signature=%s", s->public_at, key, query.p, hex);
    return query.cut || text.cut || url->cut ? err_set(e, ERR_TOO_LARGE, "s3: a link too long") : 0;
}
