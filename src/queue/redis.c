/* Redis Streams (hiredis; Redis 6.2 and later). Plan: one connection publishes, under a lock. A
 * thread has two connections: one waits in XREADGROUP and fills the inbox; the other acknowledges
 * and maintains the stream meanwhile. Each connection is opened again when it is lost. Every new
 * connection creates the stream and its group if they are missing.
 *
 * One consumer group shares the stream; each process is a consumer. An entry that a process
 * received and did not acknowledge is claimed by another process after `idle` (XAUTOCLAIM). After
 * DELIVERIES deliveries it moves to <stream>.dead, where an operator finds it. Acknowledged entries
 * are deleted, so the stream holds only waiting messages. Redis' own setting (appendonly) decides
 * how safe an entry is on disk; a lost entry delays its task until the next sweep, since the task
 * is safe in the database. */
#include "core/clock.h"
#include "core/err.h"
#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "queue/inbox.h"

#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <poll.h>

enum {
    DELIVERIES = 20,
    CONNECT_S = 5,
    ANSWER_S = 10,
    BLOCK_MS = 2000,
    IDLE_MS = 60000, /* of an entry, before another takes it */
    HOUSE_MS = 10000,
    CONSUMER_GONE_MS = 3600 * 1000,
    AGAIN_MS = 500,
    AGAIN_MOST_MS = 5000,
    FULL_MS = 50,
    ENTRY_SIZE = 48,
    HANDED = 4 * INBOX_MAX,
};

struct redis_queue {
    struct queue base;
    struct inbox inbox;
    struct log *log;
    char host[256], user[128], password[256], stream[128], dead[136], consumer[ID_SIZE];
    int port, database, idle_ms;
    pthread_t thread;
    bool running;
    /* The thread's own: the entry of each tag. An older one that is overwritten is not
     * acknowledged any more: it comes again. */
    char entries[HANDED][ENTRY_SIZE];
    uint64_t handed;
    pthread_mutex_t lock; /* guards the rest */
    redisContext *out;
};

/* -- connections -- */

static void close_connection(redisContext **c)
{
    if (*c)
        redisFree(*c);
    *c = NULL;
}

static void free_reply(redisReply **r)
{
    if (*r)
        freeReplyObject(*r);
    *r = NULL;
}

/* What came back, or NULL with *e; the caller's. */
static redisReply *answered(redisContext *c, redisReply *reply, struct err *e)
{
    AUTO(free_reply) redisReply *r = reply;
    if (!r) {
        (void)err_set(e, ERR_BUSY, "redis: %.150s", *c->errstr ? c->errstr : "no answer");
        return NULL;
    }
    if (r->type == REDIS_REPLY_ERROR) {
        (void)err_set(e, ERR_BUSY, "redis: %.150s", r->str);
        return NULL;
    }
    return TAKE(r);
}

/* Sends a command and waits. */
static redisReply *ask(redisContext *c, struct err *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static redisReply *ask(redisContext *c, struct err *e, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    redisReply *r = redisvCommand(c, format, list);
    va_end(list);
    return answered(c, r, e);
}

/* For a command whose answer says nothing. */
static int tell(redisReply *reply)
{
    AUTO(free_reply) redisReply *r = reply;
    return r ? 0 : -1;
}

static int make_group(struct redis_queue *q, redisContext *c, struct err *e)
{
    struct err why = {0};
    AUTO(free_reply)
    redisReply *r = ask(c, &why, "XGROUP CREATE %s reelgate 0 MKSTREAM", q->stream);
    if (r || strstr(why.text, "BUSYGROUP")) /* somebody has made it */
        return 0;
    return err_pass(e, &why);
}

static int log_in(struct redis_queue *q, redisContext *c, struct err *e)
{
    AUTO(free_reply) redisReply *in = NULL, *chosen = NULL;
    if (*q->password) {
        in = *q->user ? ask(c, e, "AUTH %s %s", q->user, q->password)
                      : ask(c, e, "AUTH %s", q->password);
        if (!in)
            return err_wrap(e, "log-in");
    }
    if (q->database) {
        chosen = ask(c, e, "SELECT %d", q->database);
        if (!chosen)
            return -1;
    }
    return make_group(q, c, e);
}

static int connect_to(struct redis_queue *q, redisContext **out, struct err *e)
{
    AUTO(close_connection)
    redisContext *c = redisConnectWithTimeout(q->host, q->port, (struct timeval){CONNECT_S, 0});
    if (!c)
        return err_set(e, ERR_SYSTEM, "redis: no memory");
    if (c->err)
        return err_set(e, ERR_BUSY, "redis %.100s:%d: %.100s", q->host, q->port, c->errstr);
    (void)redisSetTimeout(c, (struct timeval){ANSWER_S, 0});
    (void)redisEnableKeepAlive(c);
    if (log_in(q, c, e) < 0)
        return -1;
    *out = TAKE(c);
    return 0;
}

/* -- publishing -- */

static int publish_once(struct redis_queue *q, int64_t task_id, struct err *e)
{
    if (!q->out && connect_to(q, &q->out, e) < 0)
        return -1;
    AUTO(free_reply)
    redisReply *r = ask(q->out, e, "XADD %s * task %lld", q->stream, (long long)task_id);
    if (r)
        return 0;
    close_connection(&q->out);
    return -1;
}

static int redis_publish(struct queue *base, int64_t task_id, struct err *e)
{
    struct redis_queue *q = (struct redis_queue *)base;
    pthread_mutex_lock(&q->lock);
    /* The connection may have died while nobody used it. Twice is harmless. */
    int rc = publish_once(q, task_id, e);
    if (rc < 0)
        rc = publish_once(q, task_id, e);
    pthread_mutex_unlock(&q->lock);
    return rc;
}

/* -- consuming: the thread -- */

/* An entry is [id, [field, value, ...]]. */
static int64_t task_of(const redisReply *entry)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements < 2)
        return 0;
    const redisReply *fields = entry->element[1];
    int64_t task = 0;
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2)
        if (fields->element[i]->str && strcmp(fields->element[i]->str, "task") == 0 &&
            fields->element[i + 1]->str)
            task = queue_task_id(fields->element[i + 1]->str, (size_t)fields->element[i + 1]->len);
    return task;
}

static void hand_over(struct redis_queue *q, const redisReply *entry)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements < 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING)
        return;
    int64_t task = task_of(entry);
    uint64_t tag = q->handed++;
    str_copy(q->entries[tag % HANDED], ENTRY_SIZE, entry->element[0]->str);
    inbox_put(&q->inbox, task, tag);
}

static void hand_over_all(struct redis_queue *q, const redisReply *entries)
{
    for (size_t i = 0; entries->type == REDIS_REPLY_ARRAY && i < entries->elements; i++)
        hand_over(q, entries->element[i]);
}

/* The answer to XREADGROUP: nil, or [[stream, entries]]. */
static int read_answer(struct redis_queue *q, const redisReply *r, struct err *e)
{
    if (r->type == REDIS_REPLY_ERROR)
        return err_set(e, ERR_BUSY, "redis: reading: %.150s", r->str);
    if (r->type == REDIS_REPLY_ARRAY && r->elements > 0 &&
        r->element[0]->type == REDIS_REPLY_ARRAY && r->element[0]->elements == 2)
        hand_over_all(q, r->element[0]->element[1]);
    return 0;
}

/* One command over many entries: each costs Redis a sync of its log. */
static int about(struct redis_queue *q, redisContext *c, int n, const char *const entries[],
                 bool delete, struct err *e)
{
    const char *argv[3 + INBOX_MAX] = {delete ? "XDEL" : "XACK", q->stream, "reelgate"};
    int head = delete ? 2 : 3;
    memcpy(argv + head, entries, (size_t)n * sizeof(*entries));
    return tell(answered(c, redisCommandArgv(c, head + n, argv, NULL), e));
}

static int done_with(struct redis_queue *q, redisContext *c, int n, const char *const entries[],
                     struct err *e)
{
    if (n == 0)
        return 0;
    return about(q, c, n, entries, false, e) < 0 ? -1 : about(q, c, n, entries, true, e);
}

static int acknowledge(struct redis_queue *q, redisContext *side, struct err *e)
{
    uint64_t tags[INBOX_MAX];
    const char *entries[INBOX_MAX];
    int n = inbox_acks(&q->inbox, tags), known = 0;
    for (int i = 0; i < n; i++)
        if (tags[i] + HANDED >= q->handed)
            entries[known++] = q->entries[tags[i] % HANDED];
    return done_with(q, side, known, entries, e);
}

/* With the task that it is about; an entry that was deleted meanwhile is about none. */
static int put_aside(struct redis_queue *q, redisContext *side, const char *entry, struct err *e)
{
    AUTO(free_reply) redisReply *r = ask(side, e, "XRANGE %s %s %s", q->stream, entry, entry);
    if (!r)
        return -1;
    int64_t task = r->type == REDIS_REPLY_ARRAY && r->elements > 0 ? task_of(r->element[0]) : 0;
    if (tell(ask(side, e, "XADD %s MAXLEN ~ 10000 * task %lld entry %s", q->dead, (long long)task,
                 entry)) < 0 ||
        done_with(q, side, 1, &entry, e) < 0)
        return -1;
    log_warn(q->log, "a message that nobody acknowledged was put aside", "task", task, "queue",
             q->dead);
    return 0;
}

/* What was handed out too often goes aside. A row is [id, consumer, idle, deliveries]. */
static int bury(struct redis_queue *q, redisContext *side, struct err *e)
{
    AUTO(free_reply)
    redisReply *r = ask(side, e, "XPENDING %s reelgate IDLE %d - + 256", q->stream, q->idle_ms);
    if (!r)
        return -1;
    for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i < r->elements; i++) {
        const redisReply *row = r->element[i];
        if (row->type != REDIS_REPLY_ARRAY || row->elements < 4 ||
            row->element[3]->integer < DELIVERIES)
            continue;
        if (put_aside(q, side, row->element[0]->str, e) < 0)
            return -1;
    }
    return 0;
}

/* What others were handed and never acknowledged. Who has a backlog of their own needs no more, and
 * would be given that again. */
static int inherit(struct redis_queue *q, redisContext *side, struct err *e)
{
    if (inbox_room(&q->inbox) < INBOX_MAX)
        return 0;
    AUTO(free_reply)
    redisReply *r = ask(side, e, "XAUTOCLAIM %s reelgate %s %d 0-0 COUNT %d", q->stream,
                        q->consumer, q->idle_ms, INBOX_MAX / 2);
    if (!r)
        return -1;
    if (r->type == REDIS_REPLY_ARRAY && r->elements >= 2)
        hand_over_all(q, r->element[1]);
    return 0;
}

/* Consumers of processes that ended long ago, and to whom nothing is due. */
static int forget_consumers(struct redis_queue *q, redisContext *side, struct err *e)
{
    AUTO(free_reply) redisReply *r = ask(side, e, "XINFO CONSUMERS %s reelgate", q->stream);
    if (!r)
        return -1;
    for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i < r->elements; i++) {
        const redisReply *row = r->element[i]; /* name, pending, idle as pairs */
        if (row->type != REDIS_REPLY_ARRAY || row->elements < 6 || row->element[3]->integer != 0 ||
            row->element[5]->integer < CONSUMER_GONE_MS)
            continue;
        if (tell(ask(side, e, "XGROUP DELCONSUMER %s reelgate %s", q->stream,
                     row->element[1]->str)) < 0)
            return -1;
    }
    return 0;
}

static int keep_house(struct redis_queue *q, redisContext *side, struct err *e)
{
    if (bury(q, side, e) < 0 || inherit(q, side, e) < 0)
        return -1;
    return forget_consumers(q, side, e);
}

static int ask_for_more(struct redis_queue *q, redisContext *in, struct err *e)
{
    int sent = 0;
    (void)redisAppendCommand(in, "XREADGROUP GROUP reelgate %s COUNT %d BLOCK %d STREAMS %s >",
                             q->consumer, inbox_room(&q->inbox), BLOCK_MS, q->stream);
    while (!sent)
        if (redisBufferWrite(in, &sent) != REDIS_OK)
            return err_set(e, ERR_BUSY, "redis: asking: %.150s", in->errstr);
    return 0;
}

/* Waits for the answer to ask_for_more, and acknowledges meanwhile. *open false: it has come. */
static int wait_for_answer(struct redis_queue *q, redisContext *in, bool *open, struct err *e)
{
    struct pollfd p = {in->fd, POLLIN, 0};
    void *answer = NULL;
    inbox_wait(&q->inbox, in->fd, BLOCK_MS);
    if (poll(&p, 1, 0) > 0 && redisBufferRead(in) != REDIS_OK)
        return err_set(e, ERR_BUSY, "redis: reading: %.150s", in->errstr);
    if (redisGetReplyFromReader(in, &answer) != REDIS_OK)
        return err_set(e, ERR_BUSY, "redis: reading: %.150s", in->errstr);
    AUTO(free_reply) redisReply *r = answer;
    if (!r)
        return 0;
    *open = false;
    return read_answer(q, r, e);
}

static int consume(struct redis_queue *q, redisContext *in, redisContext *side, struct err *e)
{
    int64_t house_ms = 0, asked_ms = 0;
    int64_t every_ms = q->idle_ms < HOUSE_MS ? q->idle_ms : HOUSE_MS;
    bool open = false; /* an XREADGROUP is under way */
    while (!inbox_closing(&q->inbox)) {
        int64_t now = clock_mono_ms();
        if (acknowledge(q, side, e) < 0)
            return -1;
        if (!house_ms || now - house_ms >= every_ms) {
            if (keep_house(q, side, e) < 0)
                return -1;
            house_ms = now;
        }
        if (!open && inbox_room(&q->inbox) == 0) {
            inbox_wait(&q->inbox, -1, FULL_MS);
            continue;
        }
        if (!open) {
            if (ask_for_more(q, in, e) < 0)
                return -1;
            asked_ms = now;
            open = true;
        }
        if (wait_for_answer(q, in, &open, e) < 0)
            return -1;
        if (open && now - asked_ms > BLOCK_MS + ANSWER_S * 1000)
            return err_set(e, ERR_BUSY, "redis: it does not answer");
    }
    return acknowledge(q, side, e);
}

static void *run(void *arg)
{
    struct redis_queue *q = arg;
    int again_ms = 0;
    while (!inbox_closing(&q->inbox)) {
        struct err e = {0};
        AUTO(close_connection) redisContext *in = NULL, *side = NULL;
        inbox_fresh(&q->inbox);
        if (connect_to(q, &in, &e) == 0 && connect_to(q, &side, &e) == 0) {
            if (again_ms)
                log_info(q->log, "broker is back");
            again_ms = 0;
            (void)consume(q, in, side, &e);
        }
        if (inbox_closing(&q->inbox))
            break;
        if (!again_ms)
            log_warn(q->log, "broker is not reachable", "why", e.text);
        again_ms = !again_ms                      ? AGAIN_MS
                   : again_ms * 2 > AGAIN_MOST_MS ? AGAIN_MOST_MS
                                                  : again_ms * 2;
        inbox_pause(&q->inbox, again_ms);
    }
    return NULL;
}

/* -- the slots -- */

static void redis_close(struct queue *base)
{
    struct redis_queue *q = (struct redis_queue *)base;
    if (q->running) {
        inbox_close(&q->inbox);
        pthread_join(q->thread, NULL);
    }
    close_connection(&q->out);
    inbox_clear(&q->inbox);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

/* A part of the URL, decoded; out stays as it is when there is none. false: too long. */
static bool part(CURLU *u, CURLUPart which, char *out, size_t size)
{
    char *text = NULL;
    unsigned flags = which == CURLUPART_QUERY ? 0 : CURLU_URLDECODE;
    if (curl_url_get(u, which, &text, flags) != CURLUE_OK)
        return true;
    bool fits = strlen(text) < size;
    if (fits)
        str_copy(out, size, text);
    curl_free(text);
    return fits;
}

static bool cut_up(CURLU *u, const char *url, struct redis_queue *q)
{
    char port[8] = "6379", path[16] = "/", query[512] = "", idle[16] = "";
    int64_t number = 0, at = 0, ms = IDLE_MS;
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        !part(u, CURLUPART_USER, q->user, sizeof(q->user)) ||
        !part(u, CURLUPART_PASSWORD, q->password, sizeof(q->password)) ||
        !part(u, CURLUPART_HOST, q->host, sizeof(q->host)) ||
        !part(u, CURLUPART_PORT, port, sizeof(port)) ||
        !part(u, CURLUPART_PATH, path, sizeof(path)) ||
        !part(u, CURLUPART_QUERY, query, sizeof(query)))
        return false;
    (void)queue_option(query, "stream", q->stream, sizeof(q->stream));
    if (queue_option(query, "idle", idle, sizeof(idle)) &&
        !str_int64(str_of(idle), 10, 86400000, &ms))
        return false;
    if (!str_int64(str_of(port), 1, 65535, &at) ||
        (path[1] && !str_int64(str_of(path + 1), 0, 1000, &number)))
        return false;
    q->port = (int)at;
    q->database = (int)number;
    q->idle_ms = (int)ms;
    return *q->host;
}

/* "//[user[:password]@]host[:port][/database][?stream=name&idle=ms]" */
static int parse(struct redis_queue *q, const char *rest, struct err *e)
{
    AUTO(buf_clear) struct buf url = {0};
    CURLU *u = curl_url();
    buf_init(&url, 4096);
    buf_printf(&url, "redis:%s", rest);
    str_copy(q->stream, sizeof(q->stream), "reelgate");
    bool fine = u && strncmp(rest, "//", 2) == 0 && !url.cut && cut_up(u, url.p, q);
    curl_url_cleanup(u);
    snprintf(q->dead, sizeof(q->dead), "%s.dead", q->stream);
    if (!fine)
        return err_set(e, ERR_INPUT, "redis: it should be redis://user:password@host:port/number");
    return 0;
}

static int redis_open(struct queue **out, const char *rest, struct log *log, struct err *e)
{
    struct redis_queue *q = mem_new(sizeof(*q));
    q->log = log;
    id_make(q->consumer);
    pthread_mutex_init(&q->lock, NULL);
    if (inbox_init(&q->inbox, e) < 0) {
        pthread_mutex_destroy(&q->lock);
        free(q);
        return -1;
    }
    /* A broker that is down is no reason not to start: the database is the truth. */
    if (parse(q, rest, e) < 0) {
        redis_close(&q->base);
        return -1;
    }
    if (pthread_create(&q->thread, NULL, run, q) != 0) {
        redis_close(&q->base);
        return err_set(e, ERR_SYSTEM, "a thread could not be started");
    }
    q->running = true;
    *out = &q->base;
    return 0;
}

static int redis_take(struct queue *base, int64_t timeout_ms, struct queue_message *out, bool *got,
                      struct err *e)
{
    (void)e;
    inbox_take(&((struct redis_queue *)base)->inbox, timeout_ms, out, got);
    return 0;
}

static int redis_ack(struct queue *base, const struct queue_message *m, struct err *e)
{
    (void)e;
    inbox_ack(&((struct redis_queue *)base)->inbox, m);
    return 0;
}

static void redis_stop(struct queue *base)
{
    inbox_stop(&((struct redis_queue *)base)->inbox);
}

static int redis_ping(struct queue *base, struct err *e)
{
    struct redis_queue *q = (struct redis_queue *)base;
    pthread_mutex_lock(&q->lock);
    int rc = q->out ? 0 : connect_to(q, &q->out, e);
    if (rc == 0) {
        AUTO(free_reply) redisReply *r = ask(q->out, e, "PING");
        rc = r ? 0 : -1;
        if (!r)
            close_connection(&q->out);
    }
    pthread_mutex_unlock(&q->lock);
    return rc;
}

const struct queue_ops queue_redis_ops = {
    .scheme = "redis",
    .open = redis_open,
    .close = redis_close,
    .publish = redis_publish,
    .take = redis_take,
    .ack = redis_ack,
    .stop = redis_stop,
    .ping = redis_ping,
};
