/* Plan: libcurl handles are kept with their connections; each serves one request at a time. Every
 * wait has a bound: to connect, without any bytes, and for all tries together. A failing server
 * gets time to recover: waits double and vary at random, so that many clients do not return at the
 * same moment. libcurl signs requests (AWS Signature Version 4); the signature covers the body only
 * when there is no TLS. */
#include "blob/s3_impl.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"

#include <sodium.h>
#include <strings.h>
#include <time.h>

enum {
    TRIES = 4,
    TRIES_MS = 8000, /* after which there is no other */
    PAUSE_MS = 150,
    CONNECT_MS = 3000,
    SILENT_S = 15, /* without a kilobyte a second */
    SILENT_BYTES = 1024,
    JOINING_S = 120,    /* without a byte, while the server moves many of them itself */
    FAULT_BYTES = 4096, /* of what an error says */
};
static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* One try of a request. */
struct attempt {
    struct s3_request *q;
    CURL *curl;
    size_t sent;
    char fault[FAULT_BYTES];
    size_t fault_len;
    bool overflow;
};

/* -- handles -- */

static CURL *handle_take(struct s3_blob *s)
{
    CURL *curl = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->idle_count)
        curl = s->idle[--s->idle_count];
    pthread_mutex_unlock(&s->lock);
    return curl ? curl : curl_easy_init();
}

static void handle_give(struct s3_blob *s, CURL *curl)
{
    curl_easy_reset(curl); /* its connections stay */
    pthread_mutex_lock(&s->lock);
    bool kept = s->idle_count < S3_IDLE_MAX;
    if (kept)
        s->idle[s->idle_count++] = curl;
    pthread_mutex_unlock(&s->lock);
    if (!kept)
        curl_easy_cleanup(curl);
}

void s3_http_close(struct s3_blob *s)
{
    while (s->idle_count)
        curl_easy_cleanup(s->idle[--s->idle_count]);
}

/* -- what libcurl calls -- */

static size_t on_head(char *data, size_t one, size_t len, void *arg)
{
    (void)one; /* it is 1 */
    struct attempt *a = arg;
    struct s3_request *q = a->q;
    static const struct {
        const char *name;
        size_t offset, size;
    } fields[] = {
        {"etag:", offsetof(struct s3_request, etag), S3_ETAG_SIZE},
        {"x-amz-meta-writer:", offsetof(struct s3_request, writer), ID_SIZE},
    };
    char line[256];
    snprintf(line, sizeof(line), "%.*s", (int)len, data);
    line[strcspn(line, "\r\n")] = 0;
    const char *value = strchr(line, ':');
    if (!value)
        return len;
    value += 1 + strspn(value + 1, " ");
    for (size_t i = 0; i < LEN(fields); i++)
        if (strncasecmp(line, fields[i].name, strlen(fields[i].name)) == 0 &&
            strlen(value) < fields[i].size)
            str_copy((char *)q + fields[i].offset, fields[i].size, value);
    if (strncasecmp(line, "date:", 5) == 0) {
        time_t at = curl_getdate(value, NULL);
        q->date_ms = at > 0 ? (int64_t)at * 1000 : 0;
    }
    return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
    (void)one;
    struct attempt *a = arg;
    long status = 0;
    curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300) { /* what is wrong; the end of a long complaint is of no interest */
        size_t n = len < FAULT_BYTES - 1 - a->fault_len ? len : FAULT_BYTES - 1 - a->fault_len;
        memcpy(a->fault + a->fault_len, data, n);
        a->fault_len += n;
        return len;
    }
    if (len > a->q->into_bytes - a->q->got) {
        a->overflow = a->q->into_bytes > 0;
        return a->overflow ? 0 : len; /* nobody wants it */
    }
    memcpy((char *)a->q->into + a->q->got, data, len);
    a->q->got += len;
    return len;
}

static size_t on_send(char *to, size_t one, size_t room, void *arg)
{
    struct attempt *a = arg;
    size_t left = a->q->body_bytes - a->sent, n = one * room < left ? one * room : left;
    memcpy(to, (const char *)a->q->body + a->sent, n);
    a->sent += n;
    return n;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct attempt *a = arg;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > a->q->body_bytes)
        return CURL_SEEKFUNC_CANTSEEK;
    a->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* -- one try -- */

static struct curl_slist *make_headers(const struct s3_blob *s, const struct s3_request *q)
{
    char line[2100], hex[65];
    struct curl_slist *list = NULL;
    const char *hash = empty_hash;
    if (q->body_bytes && !s->hash_bodies) {
        hash = "UNSIGNED-PAYLOAD";
    } else if (q->body_bytes) {
        unsigned char sum[32];
        crypto_hash_sha256(sum, q->body, q->body_bytes);
        hash = sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
    }
    snprintf(line, sizeof(line), "x-amz-content-sha256: %s", hash);
    list = curl_slist_append(list, line);
    if (s->token) {
        snprintf(line, sizeof(line), "x-amz-security-token: %s", s->token);
        list = curl_slist_append(list, line);
    }
    for (size_t i = 0; i < LEN(q->headers) && q->headers[i]; i++)
        list = curl_slist_append(list, q->headers[i]);
    return list;
}

static void set_method(CURL *curl, struct attempt *a)
{
    const struct s3_request *q = a->q;
    if (strcmp(q->method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (strcmp(q->method, "PUT") == 0) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(curl, CURLOPT_READDATA, a);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, a);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body_bytes);
    } else if (strcmp(q->method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, q->body_bytes ? q->body : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_bytes);
    } else if (strcmp(q->method, "GET") != 0) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
    }
}

static void set_up(const struct s3_blob *s, CURL *curl, struct attempt *a)
{
    const struct s3_request *q = a->q;
    char sigv4[96], range[64];
    AUTO(buf_clear) struct buf url;
    buf_init(&url, 2048 + S3_QUERY_MAX);
    buf_printf(&url, "%s%s%s%s%s", s->at, q->key || strchr(s->at + 8, '/') == NULL ? "/" : "",
               q->key ? q->key : "", q->query ? "?" : "", q->query ? q->query : "");
    snprintf(sigv4, sizeof(sigv4), "aws:amz:%s:s3", s->region);
    curl_easy_setopt(curl, CURLOPT_URL, url.p);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, sigv4);
    curl_easy_setopt(curl, CURLOPT_USERNAME, s->access);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, s->secret);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "reelgate/" REELGATE_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, q->joins ? 1L : (long)SILENT_BYTES);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, q->joins ? (long)JOINING_S : (long)SILENT_S);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
    if (q->len) {
        snprintf(range, sizeof(range), "%lld-%lld", (long long)q->from,
                 (long long)(q->from + q->len - 1));
        curl_easy_setopt(curl, CURLOPT_RANGE, range);
    }
    set_method(curl, a);
}

/* The error's own word for itself. What a gateway says instead, or the end of a long complaint, is
 * no XML: then there is none, or it came before. */
static void read_fault(struct attempt *a)
{
    const struct s3_field code = {"Code", a->q->code, sizeof(a->q->code)};
    if (a->fault_len)
        (void)s3_xml_fields((struct str){a->fault, a->fault_len}, &code, 1, NULL);
}

/* The status, or 0: no answer. */
static int try_once(struct s3_blob *s, struct s3_request *q, struct err *e)
{
    struct attempt *a = mem_new(sizeof(*a));
    curl_off_t length = -1;
    a->q = q;
    a->curl = handle_take(s);
    q->got = 0;
    q->status = 0;
    *q->etag = *q->writer = *q->code = 0;
    struct curl_slist *headers = make_headers(s, q);
    set_up(s, a->curl, a);
    curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode rc = curl_easy_perform(a->curl);
    if (rc == CURLE_OK) {
        curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &q->status);
        curl_easy_getinfo(a->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        q->length = length;
        read_fault(a);
    }
    if (a->overflow)
        err_set(e, ERR_SYSTEM, "s3: more came than was asked for");
    else if (rc != CURLE_OK)
        err_msg(e, MSG_UNAVAILABLE, "s3: %s", curl_easy_strerror(rc));
    curl_slist_free_all(headers);
    handle_give(s, a->curl);
    bool overflow = a->overflow;
    free(a);
    return rc == CURLE_OK ? 0 : overflow ? 1 : -1;
}

/* -- with patience -- */

static bool is_worth_another(long status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

static int judge(const struct s3_request *q, struct err *e)
{
    const char *key = q->key ? q->key : "the bucket";
    if (q->status >= 200 && q->status < 300) {
        if (q->len && (q->status != 206 || (int64_t)q->got != q->len))
            return err_set(e, ERR_SYSTEM, "s3: %s: %zu bytes came of %lld", key, q->got,
                           (long long)q->len);
        return 0;
    }
    if (q->status == 404) {
        if (q->missing_is_fine)
            return 0;
        return err_set(e, ERR_MISSING, "s3: there is no %s", q->key ? key : "such bucket");
    }
    if (q->status == 412 || q->status == 409)
        return err_set(e, ERR_CONFLICT, "s3: %s is taken", key);
    if (is_worth_another(q->status))
        return err_msg(e, MSG_UNAVAILABLE, "s3: %s %s: status %ld %s", q->method, key, q->status,
                       q->code);
    return err_set(e, ERR_SYSTEM, "s3: %s %s: status %ld %s", q->method, key, q->status, q->code);
}

static void pause_before(int tries)
{
    unsigned chance;
    int64_t most = (int64_t)PAUSE_MS << tries;
    id_random(&chance, sizeof(chance));
    int64_t ms = most / 4 + (int64_t)(chance % (unsigned)most) * 3 / 4;
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

int s3_do(struct s3_blob *s, struct s3_request *q, struct err *e)
{
    int64_t began_ms = clock_mono_ms();
    struct err why = {0};
    for (q->tries = 1;; q->tries++) {
        int rc = try_once(s, q, &why);
        if (rc == 0 && judge(q, &why) == 0)
            return 0;
        bool later = rc < 0 || (rc == 0 && why.code == ERR_BUSY);
        if (q->once || !later || q->tries == TRIES || clock_mono_ms() - began_ms > TRIES_MS)
            break;
        pause_before(q->tries);
    }
    return err_pass(e, &why);
}

/* -- several at once -- */

struct crowd {
    int (*run)(void *arg, int i, struct err *e);
    void *arg;
    int count;
    pthread_mutex_t lock; /* guards the rest */
    int next;
    struct err why; /* of the first that failed */
};

static void *work(void *arg)
{
    struct crowd *c = arg;
    for (;;) {
        pthread_mutex_lock(&c->lock);
        int i = c->why.code == ERR_NONE && c->next < c->count ? c->next++ : -1;
        pthread_mutex_unlock(&c->lock);
        struct err e = {0};
        if (i < 0)
            return NULL;
        if (c->run(c->arg, i, &e) == 0)
            continue;
        pthread_mutex_lock(&c->lock);
        if (c->why.code == ERR_NONE)
            c->why = e;
        pthread_mutex_unlock(&c->lock);
    }
}

int s3_each(int (*run)(void *arg, int i, struct err *e), void *arg, int count, struct err *e)
{
    struct crowd c = {.run = run, .arg = arg, .count = count};
    pthread_t threads[S3_AT_ONCE - 1];
    int started = 0;
    pthread_mutex_init(&c.lock, NULL);
    while (started < S3_AT_ONCE - 1 && started < count - 1 &&
           pthread_create(&threads[started], NULL, work, &c) == 0)
        started++;
    (void)work(&c);
    while (started)
        pthread_join(threads[--started], NULL);
    pthread_mutex_destroy(&c.lock);
    if (c.why.code == ERR_NONE)
        return 0;
    return err_pass(e, &c.why);
}
