#include "blob/test/swift.h"

#include "blob/s3_impl.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/test/process.h"
#include "core/test/test.h"

#include <signal.h>
#include <time.h>

static struct process swift;
static int port;
static char endpoint[64];

/* Asks until the bucket is there: its four servers do not start at once. */
static void make_bucket(void)
{
    char url[128];
    struct blob *b;
    struct err e = {0};
    snprintf(url, sizeof(url), "s3://bucket?endpoint=%s", endpoint);
    if (blob_open(&b, url, NULL, 0, NULL, &e) < 0)
        fail_msg("%s", e.text);
    for (int64_t until = clock_mono_ms() + 60000;;) {
        struct s3_request q = {.method = "PUT", .once = true};
        if (s3_do((struct s3_blob *)b, &q, &e) == 0 || e.code == ERR_CONFLICT)
            break;
        if (clock_mono_ms() > until)
            fail_msg("the bucket cannot be made: %s", e.text);
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    blob_close(b);
}

void swift_again(void)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", port);
    const char *const argv[] = {SWIFT, swift.dir, number, NULL};
    process_start(&swift, NULL, argv, NULL);
    process_listens(&swift, port);
    make_bucket();
}

const char *swift_start(void)
{
    if (swift.pid)
        return endpoint;
    setenv("AWS_ACCESS_KEY_ID", "test:tester", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "testing", 1);
    process_folder(&swift, NULL);
    port = process_port();
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", port);
    swift_again();
    return endpoint;
}

void swift_crash(void)
{
    process_end(&swift, SIGKILL); /* its servers go with it */
}

void swift_stop(void)
{
    if (!swift.pid)
        return;
    process_end(&swift, SIGKILL); /* its servers go with it */
    process_clear(&swift);
}

static int count(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)name, (void)size_bytes, (void)age_ms;
    ++*(int *)arg;
    return 0;
}

static int count_upload(void *arg, struct err *e)
{
    (void)e;
    ++*(int *)arg;
    return 0;
}

int swift_objects(struct blob *b)
{
    struct s3_blob *s = (struct s3_blob *)b;
    static const char *const places[] = {"", S3_PARKED, S3_PIECES};
    char query[512];
    AUTO(freep) char *page = mem_new(S3_LIST_BYTES);
    int n = 0;
    struct err e = {0};
    for (size_t i = 0; i < LEN(places); i++)
        if (s3_list_each(s, places[i], count, &n, &e) < 0)
            fail_msg("list: %s", e.text);
    char *prefix = curl_easy_escape(NULL, s->prefix, 0);
    snprintf(query, sizeof(query), "prefix=%s&uploads=", prefix);
    curl_free(prefix);
    struct s3_request q = {
        .method = "GET", .query = query, .into = page, .into_bytes = S3_LIST_BYTES};
    if (s3_do(s, &q, &e) < 0)
        fail_msg("uploads: %s", e.text);
    if (s3_xml_rows((struct str){page, q.got}, "Upload", NULL, 0, count_upload, &n, &e) < 0)
        fail_msg("uploads: %s", e.text);
    return n;
}
