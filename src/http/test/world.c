#include "http/test/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err *e = &(struct err){0};                                                          \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, e->text);                                                    \
    } while (0)

static void open_all(struct world *w)
{
    const struct task_rules rules = {
        .max_upload_bytes = w->conf.max_upload, .lease_ms = 60000, .attempts = 3};
    const struct auth_conf ac = {.secret_file = w->secret,
                                 .token_ms = 86400000,
                                 .link_ms = 3600000,
                                 .argon_memory_bytes = 8 << 20,
                                 .argon_passes = 1,
                                 .hash_slots = 2,
                                 .login_tries = 1000};
    OK(store_open(&w->store, arena_printf(w->a, "sqlite://%s/x.db", w->dir), NULL, e));
    OK(store_migrate(w->store, NULL, NULL, e));
    OK(queue_open(&w->queue, "database:", NULL, e));
    OK(blob_open(&w->blob, arena_printf(w->a, "file://%s/blobs", w->dir), NULL, 0, NULL, e));
    w->tasks = tasks_new(w->store, w->queue, w->blob, NULL, &rules);
    OK(auth_open(&w->auth, w->store, &ac, NULL, e));
}

static void start_health(struct world *w)
{
    w->metrics = metrics_new();
    const struct health_parts parts = {w->store, w->blob, w->queue, w->metrics, NULL, "serve"};
    OK(health_start(&w->health, &parts, e));
}

void world_restart(struct world *w)
{
    http_stop(TAKE(w->http), 0);
    if (!w->health)
        start_health(w);
    const struct http_parts parts = {.auth = w->auth,
                                     .tasks = w->tasks,
                                     .blob = w->blob,
                                     .metrics = w->metrics,
                                     .health = w->health,
                                     .jail_missing = ""};
    OK(http_start(&w->http, &w->conf, &parts, e));
}

int world_set_up(void **state)
{
    struct world *w = mem_new(sizeof(*w));
    snprintf(w->dir, sizeof(w->dir), "/tmp/reelgate-http-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->secret, sizeof(w->secret), "%s/secret", w->dir);
    w->a = arena_new();
    char *argv[] = {arena_strdup(w->a, "serve"), arena_strdup(w->a, "--listen=127.0.0.1:0"),
                    arena_strdup(w->a, "--max-upload=1M"), NULL};
    char *env[] = {NULL};
    int rest;
    OK(conf_read(&w->conf, CONF_SERVE, 3, argv, env, &rest, e));
    open_all(w);
    int64_t id;
    int wait_s;
    OK(auth_sign_up(w->auth, "ana", "a@b.c", "correct horse", "correct horse", &id, e));
    OK(auth_log_in(w->auth, w->a, "ana", "correct horse", "-", &w->token, &wait_s, e));
    world_restart(w);
    *state = w;
    return 0;
}

int world_tear_down(void **state)
{
    struct world *w = *state;
    http_stop(w->http, 0);
    health_free(w->health);
    metrics_free(w->metrics);
    tasks_free(w->tasks);
    auth_close(w->auth);
    queue_closep(&w->queue);
    blob_closep(&w->blob);
    store_close(w->store);
    conf_clear(&w->conf);
    arena_free(w->a);
    test_remove_folder(w->dir);
    free(w);
    return 0;
}

/* -- the client -- */

int dial(struct world *w)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = 30};
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)http_port(w->http))};
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

void send_all(int fd, const char *data, size_t len_bytes)
{
    while (len_bytes) {
        ssize_t n = send(fd, data, len_bytes, MSG_NOSIGNAL);
        if (n < 0)
            return; /* refused in mid-body; the answer says why */
        data += n;
        len_bytes -= (size_t)n;
    }
}

static const char *find_field(const struct answer *a, const char *name, size_t *len)
{
    size_t n = strlen(name);
    const char *p = a->text.p;
    while (p && (p = strstr(p, "\r\n")) && strncmp(p, "\r\n\r\n", 4) != 0) {
        p += 2;
        if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
            p += n + 1 + strspn(p + n + 1, " ");
            *len = strcspn(p, "\r");
            return p;
        }
    }
    return NULL;
}

void answer_read(int fd, struct answer *out)
{
    *out = (struct answer){0};
    buf_init(&out->text, 1 << 20);
    size_t want = SIZE_MAX;
    while (out->text.len < want) {
        char part[4096];
        ssize_t n = recv(fd, part, sizeof(part), 0);
        if (n <= 0)
            break;
        buf_put(&out->text, part, (size_t)n);
        const char *end = strstr(out->text.p, "\r\n\r\n");
        if (!end)
            continue;
        size_t len;
        int64_t length = 0;
        const char *text = find_field(out, "Content-Length", &len);
        if (text)
            assert_true(str_int64((struct str){text, len}, 0, 1 << 20, &length));
        want = (size_t)(end + 4 - out->text.p) + (size_t)length;
    }
    if (!out->text.len || strncmp(out->text.p, "HTTP/1.1 ", 9) != 0)
        return;
    int64_t status;
    assert_true(str_int64((struct str){out->text.p + 9, 3}, 100, 599, &status));
    out->status = (int)status;
    const char *end = strstr(out->text.p, "\r\n\r\n");
    out->body = end ? end + 4 : "";
    out->json = json_loads(out->body, 0, NULL);
}

void answer_clear(struct answer *a)
{
    buf_clear(&a->text);
    json_decref(a->json);
    *a = (struct answer){0};
}

const char *answer_field(struct world *w, const struct answer *a, const char *name)
{
    size_t len;
    const char *p = find_field(a, name, &len);
    return p ? arena_printf(w->a, "%.*s", (int)len, p) : NULL;
}

const char *answer_says(const struct answer *a, const char *name)
{
    const char *text = json_string_value(json_object_get(a->json, name));
    return text ? text : "";
}

void ask(struct world *w, const char *method, const char *path, const char *head, const void *body,
         size_t len_bytes, struct answer *out)
{
    const char *length = len_bytes ? arena_printf(w->a, "Content-Length: %zu\r\n", len_bytes) : "";
    const char *all = arena_printf(w->a,
                                   "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                                   "Connection: close\r\n%s%s\r\n",
                                   method, path, w->token, length, head);
    int fd = dial(w);
    send_all(fd, all, strlen(all));
    send_all(fd, body, len_bytes);
    answer_read(fd, out);
    close(fd);
}
