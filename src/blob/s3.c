/* Objects of an S3-compatible storage (libcurl). Plan: opening, and all that needs neither reader
 * nor writer. A blob is an object with the prefix and its own name. Private objects (parked bytes
 * and their pieces) have names that begin with a dot. Opening sends no request, so the program can
 * start while the storage is down. */
#include "blob/s3_impl.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"

enum { ROOMY_BITS = 60 }; /* nobody says how much an object storage holds */

static void s3_close(struct blob *b)
{
    struct s3_blob *s = (struct s3_blob *)b;
    s3_http_close(s);
    pthread_mutex_destroy(&s->lock);
    free(s->token);
    explicit_bzero(s->secret, sizeof(s->secret));
    free(s);
}

static void s3_freep(struct s3_blob **s)
{
    if (*s)
        s3_close(&(*s)->base);
}

static void set_up(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int s3_open(struct blob **out, const char *rest, int64_t floor_bytes, struct log *log,
                   struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up);
    AUTO(s3_freep) struct s3_blob *s = mem_new(sizeof(*s));
    s->log = log;
    s->floor_bytes = floor_bytes;
    s->base.far = true;
    s->page_keys = 1000;
    pthread_mutex_init(&s->lock, NULL);
    if (s3_url_read(s, rest, e) < 0)
        return -1;
    *out = &TAKE(s)->base;
    return 0;
}

static int s3_remove(struct blob *b, enum blob_place place, const char *name, struct err *e)
{
    struct s3_blob *s = (struct s3_blob *)b;
    char key[S3_KEY_SIZE];
    if (place == BLOB_PARKED)
        return s3_parked_remove(s, name, e);
    s3_key(s, key, "", name);
    struct s3_request q = {.method = "DELETE", .key = key, .missing_is_fine = true};
    return s3_do(s, &q, e);
}

static int s3_list(struct blob *b, enum blob_place place, blob_each *each, void *arg, struct err *e)
{
    struct s3_blob *s = (struct s3_blob *)b;
    return place == BLOB_PARKED ? s3_parked_list(s, each, arg, e)
                                : s3_list_each(s, "", each, arg, e);
}

static int s3_space(struct blob *b, int64_t *free_bytes, int64_t *total_bytes, struct err *e)
{
    (void)b, (void)e;
    *free_bytes = *total_bytes = INT64_C(1) << ROOMY_BITS;
    return 0;
}

/* -- the sweep -- */

static int forget_upload(struct s3_blob *s, const char *key, const char *id, struct err *e)
{
    AUTO(buf_clear) struct buf query;
    char *escaped = curl_easy_escape(NULL, id, 0);
    buf_init(&query, 4096);
    buf_printf(&query, "uploadId=%s", escaped ? escaped : "");
    curl_free(escaped);
    struct s3_request q = {
        .method = "DELETE", .key = key, .query = query.p, .missing_is_fine = true};
    return s3_do(s, &q, e);
}

struct uploads {
    struct s3_blob *s;
    int64_t now_ms, age_ms;
    bool escaped;
    char key[S3_KEY_TEXT_SIZE], id[1024], began[40];
    int removed;
};

/* One <Upload> of a list. */
static int judge_upload(void *arg, struct err *e)
{
    struct uploads *u = arg;
    const char *prefix = u->s->prefix;
    if (s3_key_decode(u->key, u->escaped) < 0 || strlen(u->key) >= S3_KEY_SIZE || !*u->id ||
        !s3_key_is_plain(u->key) || strncmp(u->key, prefix, strlen(prefix)) != 0 ||
        !blob_name_is_well(u->key + strlen(prefix)))
        return 0;
    int64_t began_ms = s3_xml_time(u->began);
    /* a server may round up what it notes and down what it says */
    if (began_ms < 0 || (u->age_ms > 0 && u->now_ms - began_ms < u->age_ms))
        return 0;
    if (forget_upload(u->s, u->key, u->id, e) < 0)
        return -1;
    log_info(u->s->log, "an unfinished upload removed", "key", u->key);
    u->removed++;
    return 0;
}

/* Multipart uploads that nobody finished. A page is enough: the next sweep finds the others. */
static int sweep_uploads(struct s3_blob *s, int64_t age_ms, int *removed, struct err *e)
{
    AUTO(freep) char *page = mem_new(S3_LIST_BYTES);
    AUTO(freep) struct uploads *u = mem_new(sizeof(*u));
    AUTO(buf_clear) struct buf query;
    char *prefix = curl_easy_escape(NULL, s->prefix, 0), how[8];
    buf_init(&query, S3_QUERY_MAX);
    buf_printf(&query, "encoding-type=url&prefix=%s&uploads=", prefix ? prefix : "");
    curl_free(prefix);
    struct s3_request q = {
        .method = "GET", .query = query.p, .into = page, .into_bytes = S3_LIST_BYTES};
    if (s3_do(s, &q, e) < 0)
        return -1;
    if (!q.date_ms)
        return 0;
    *u = (struct uploads){.s = s, .now_ms = q.date_ms, .age_ms = age_ms};
    const struct s3_field about[] = {{"EncodingType", how, sizeof(how)}};
    const struct s3_field upload[] = {{"Key", u->key, sizeof(u->key)},
                                      {"UploadId", u->id, sizeof(u->id)},
                                      {"Initiated", u->began, sizeof(u->began)}};
    const struct str xml = {page, q.got};
    if (s3_xml_fields(xml, about, LEN(about), e) < 0)
        return -1;
    u->escaped = strcmp(how, "url") == 0;
    int rc = s3_xml_rows(xml, "Upload", upload, LEN(upload), judge_upload, u, e);
    *removed += u->removed;
    return rc;
}

static int s3_sweep(struct blob *b, int64_t age_ms, int *removed, struct err *e)
{
    struct s3_blob *s = (struct s3_blob *)b;
    return sweep_uploads(s, age_ms, removed, e) < 0 ? -1 : s3_pieces_sweep(s, age_ms, removed, e);
}

extern const struct blob_ops blob_s3_ops;
const struct blob_ops blob_s3_ops = {
    .scheme = "s3",
    .open = s3_open,
    .close = s3_close,
    .begin = s3_begin,
    .resume = s3_resume,
    .write = s3_write,
    .commit = s3_commit,
    .park = s3_park,
    .abort = s3_abort,
    .read = s3_read,
    .pread = s3_pread,
    .reader_close = s3_reader_close,
    .remove = s3_remove,
    .list = s3_list,
    .space = s3_space,
    .sweep = s3_sweep,
    .link = s3_link,
};
