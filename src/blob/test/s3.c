/* The facts of S3 alone: URLs, what is left behind, links, a server that is down. */
#include "blob/test/place.h"

#include "blob/s3_impl.h"
#include "core/clock.h"

#include <signal.h>

static int open_code(const char *url)
{
    struct blob *b = NULL;
    struct err e = {0};
    if (blob_open(&b, url, NULL, 0, NULL, &e) == 0)
        blob_close(b);
    return e.code;
}

static void only_urls_that_mean_something_are_taken(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "s3:bucket",
        "s3://",
        "s3://bucket?style=odd",
        "s3://bucket?endpoint=ftp://host",
        "s3://bucket?endpoint=http://host/path",
        "s3://bucket?endpoint=http://",
        "s3://bucket?endpiont=http://host",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://bucket/%20",
        "s3://b%2Fb",
        "s3://bucket?region=a%20b",
        "s3://bucket?region=",
    };
    static const char *const good[] = {"s3://bucket", "s3://bucket/",
                                       "s3://bucket/a/b/?region=eu-1",
                                       "s3://bucket?endpoint=https://host:9000/&style=virtual",
                                       "s3://bucket?public=https%3A%2F%2Fcdn"};
    for (size_t i = 0; i < LEN(bad); i++)
        if (open_code(bad[i]) != ERR_INPUT)
            fail_msg("%s was taken", bad[i]);
    for (size_t i = 0; i < LEN(good); i++)
        if (open_code(good[i]) != ERR_NONE)
            fail_msg("%s was not taken", good[i]);
    AUTO(freep) char *secret = mem_strdup(getenv("AWS_SECRET_ACCESS_KEY"));
    unsetenv("AWS_SECRET_ACCESS_KEY");
    assert_int_equal(open_code(good[0]), ERR_INPUT);
    setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
}

static void buckets_are_found_by_path_or_by_host(void **state)
{
    (void)state;
    static const struct {
        const char *url, *at;
    } rows[] = {
        {"s3://bucket?region=eu-1", "https://bucket.s3.eu-1.amazonaws.com"},
        {"s3://bucket?region=eu-1&style=path", "https://s3.eu-1.amazonaws.com/bucket"},
        {"s3://bucket?endpoint=http://h:1/", "http://h:1/bucket"},
        {"s3://bucket?endpoint=http://h:1&style=virtual", "http://bucket.h:1"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct blob *b;
        assert_int_equal(blob_open(&b, rows[i].url, NULL, 0, NULL, NULL), 0);
        assert_string_equal(((struct s3_blob *)b)->at, rows[i].at);
        blob_close(b);
    }
}

/* The example of the documentation of Signature Version 4 for queries has other headers; what is
 * compared here is what the server itself accepts. */
static long follow(const char *url, char *out, size_t size);

struct got {
    char *p;
    size_t len, size;
};

static size_t on_bytes(char *data, size_t one, size_t len, void *arg)
{
    (void)one;
    struct got *g = arg;
    size_t n = len < g->size - g->len ? len : g->size - g->len;
    memcpy(g->p + g->len, data, n);
    g->len += n;
    return len;
}

static long follow(const char *url, char *out, size_t size)
{
    long status = 0;
    struct got g = {out, 0, size - 1};
    CURL *c = curl_easy_init();
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &g);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(c);
    out[g.len] = 0;
    return status;
}

static void a_link_lets_anybody_read_one_object(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    char body[4096];
    const struct blob_link how = {.valid_ms = 60000,
                                  .type = "video/mp4",
                                  .disposition = "attachment; filename=\"a b.mp4\"; "
                                                 "filename*=UTF-8''a%C3%A9.mp4",
                                  .cache_control = "private, max-age=3600"};
    AUTO(buf_clear) struct buf url;
    buf_init(&url, 8192);
    store_text(w, "reels/a", "the reel");
    store_text(w, "reels/b", "another");
    assert_int_equal(blob_link(w->b, "reels/a", &how, &url, &e), 0);
    assert_int_equal(follow(url.p, body, sizeof(body)), 200);
    assert_string_equal(body, "the reel");
    assert_null(strstr(url.p, "testing"));
    /* of this object alone, and with these words alone */
    char *name = strstr(url.p, "reels/a");
    name[6] = 'b';
    assert_int_equal(follow(url.p, body, sizeof(body)), 403);
    name[6] = 'a';
    char *type = strstr(url.p, "video%2Fmp4");
    type[0] = 'V';
    assert_int_equal(follow(url.p, body, sizeof(body)), 403);
    assert_int_equal(blob_link(w->b, "../a", &how, &url, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
}

/* Dies as its child, in the middle of what do_it does. */
static void die_in(struct world *w, void (*do_it)(struct world *w))
{
    pid_t child = fork();
    if (child == 0) {
        world_open(w, 0);
        do_it(w);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void put_much(struct blob_writer *x)
{
    static char data[MB];
    for (int i = 0; i < 6; i++)
        put_ok(x, data, sizeof(data));
}

static void write_named(struct world *w)
{
    struct blob_writer *x = NULL;
    (void)blob_begin_named(w->b, "clips/a", 0, &x, NULL);
    put_much(x);
}

static void write_unnamed(struct world *w)
{
    put_much(begin(w, 0));
}

static void what_a_dead_writer_left_is_swept(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    int removed = 0;
    die_in(w, write_named);
    die_in(w, write_unnamed);
    struct blob_writer *x = begin(w, 0);
    put_much(x);
    assert_int_equal(blob_park(x, "up", NULL, &e), 0);
    store_text(w, "clips/b", "x");
    assert_int_equal(world_files(w), 1 + 1 + 3 + 1);
    assert_int_equal(blob_sweep(w->b, 3600 * 1000, &removed, &e), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(blob_sweep(w->b, 0, &removed, &e), 0);
    assert_int_equal(removed, 2);
    assert_int_equal(world_files(w), 4);
    assert_int_equal(blob_unpark(w->b, "up", &e), 0);
    assert_int_equal(world_files(w), 1);
}

static void many_objects_are_listed_page_by_page(void **state)
{
    struct world *w = *state;
    enum { MANY = 10 };
    ((struct s3_blob *)w->b)->page_keys = 3;
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof(name), "clips/%d", i);
        store_text(w, name, "x");
    }
    assert_int_equal(world_files(w), MANY);
}

/* Puts an object under a key that no blob has; key as it stands in a URL. */
static void put_foreign(struct world *w, const char *key)
{
    struct s3_blob *s = (struct s3_blob *)w->b;
    struct err e = {0};
    char path[1400];
    snprintf(path, sizeof(path), "%s%s", s->prefix, key);
    struct s3_request q = {.method = "PUT", .key = path, .body = "x", .body_bytes = 1};
    if (s3_do(s, &q, &e) < 0)
        fail_msg("%s: %s", key, e.text);
}

static int gather(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)age_ms;
    buf_printf(arg, "%s=%lld ", name, (long long)size_bytes);
    return 0;
}

/* Whatever others keep below the prefix, at every border of a page. */
static void keys_of_others_are_passed_over(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    static const char *const keys[] = {
        "clips/a%01",
        "clips/a%0A%09b",
        "clips/a%20b",
        "clips/a%2Bb",
        "clips/a%25",
        "clips/a%2541",
        "clips/a%26amp%3B",
        "clips/a%26%231%3B",
        "clips/a%7F",
        "clips/a%3CKey%3E",
        "clips/a%3C/Key%3E%3CKey%3Eclips/z%3C/Key%3E",
        "clips/a%22",
        "clips/a%5D%5D%3E",
        "clips/%C3%A9",
        "clips/%F0%9F%8E%AC",
        "clips/A",
        "clips/a%EF%BF%BF",
    };
    char longest[1024];
    snprintf(longest, sizeof(longest), "clips/%0*d", 900, 0);
    for (size_t i = 0; i < LEN(keys); i++)
        put_foreign(w, keys[i]);
    put_foreign(w, longest);
    store_text(w, "clips/a", "12");
    store_text(w, "clips/b", "123");
    store_text(w, "reels/c", "1234");
    const int sizes[] = {1, 3, 1000};
    for (size_t i = 0; i < LEN(sizes); i++) {
        AUTO(buf_clear) struct buf seen;
        buf_init(&seen, 4096);
        ((struct s3_blob *)w->b)->page_keys = sizes[i];
        if (blob_list(w->b, gather, &seen, &e) < 0)
            fail_msg("%d: %s", sizes[i], e.text);
        assert_string_equal(seen.p, "clips/a=2 clips/b=3 reels/c=4 ");
    }
}

static void a_server_that_is_down_is_told_as_busy_and_comes_back(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct blob_writer *x = begin(w, 0), *y = NULL;
    store_text(w, "clips/a", "kept");
    put_ok(x, "x", 1);
    assert_int_equal(blob_begin_named(w->b, "clips/c", 0, &y, &e), 0);
    put_much(y);
    swift_crash();
    assert_int_equal(read_code(w, "clips/a"), ERR_BUSY);
    int64_t began = clock_mono_ms();
    assert_int_equal(blob_commit(x, "clips/b", NULL, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_int_equal(e.msg, MSG_UNAVAILABLE);
    assert_true(clock_mono_ms() - began < 15000);
    assert_int_equal(blob_remove(w->b, "clips/a", &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    swift_again();
    holds_text(w, "clips/a", "kept");
    assert_int_equal(read_code(w, "clips/b"), ERR_MISSING);
    /* a writer that was idle meanwhile noticed nothing */
    put_much(y);
    commit_ok(y, "clips/c");
    assert_int_equal(world_files(w), 2);
}

static int facts(void)
{
    const struct CMUnitTest all[] = {
        FACT(only_urls_that_mean_something_are_taken),
        FACT(buckets_are_found_by_path_or_by_host),
        FACT(a_link_lets_anybody_read_one_object),
        FACT(what_a_dead_writer_left_is_swept),
        FACT(many_objects_are_listed_page_by_page),
        FACT(keys_of_others_are_passed_over),
        FACT(a_server_that_is_down_is_told_as_busy_and_comes_back),
    };
    return cmocka_run_group_tests_name(place->name, all, NULL, NULL);
}

int main(void)
{
    return place_run(&place_s3, facts);
}
