/* RabbitMQ (AMQP 0-9-1, rabbitmq-c). Plan: one connection publishes, under a lock, and waits for
 * the broker's confirm. A second connection belongs to a thread that consumes into the inbox and
 * sends the acknowledgements. Each connection is opened again when it is lost. Every new connection
 * declares the queue, so after a broker has lost everything the first connection restores it.
 *
 * The queue is a quorum queue: a message is on disk before it is confirmed, and replicated when
 * there are several brokers. A message that was delivered DELIVERIES times without an
 * acknowledgement moves to <queue>.dead, where an operator finds it; the task itself is safe in the
 * database. An acknowledgement is sent as soon as a task is claimed, far within the broker's limit
 * of 30 minutes. */
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "queue/inbox.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
    CHANNEL = 1,
    DELIVERIES = 20,
    CONNECT_S = 5,
    CONFIRM_MS = 10000,
    HEARTBEAT_S = 10,
    FRAME_MAX = 131072,
    IDLE_MS = 1000,
    AGAIN_MS = 500,
    AGAIN_MOST_MS = 5000,
};

struct amqp_queue {
    struct queue base;
    struct inbox inbox;
    struct log *log;
    char *text; /* the URL, cut up by the parser */
    struct amqp_connection_info where;
    char name[128], dead[136], ca[512];
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards the rest */
    amqp_connection_state_t out;
    uint64_t published; /* on this connection: the broker's numbers */
};

/* -- connections -- */

static void close_connection(amqp_connection_state_t *c)
{
    if (*c)
        amqp_destroy_connection(*c); /* without a farewell: it may never be answered */
    *c = NULL;
}

/* A closing broker says why in words. */
static int refused(amqp_rpc_reply_t r, const char *what, struct err *e)
{
    if (r.reply_type == AMQP_RESPONSE_NORMAL)
        return 0;
    if (r.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        amqp_bytes_t why = {0};
        if (r.reply.id == AMQP_CONNECTION_CLOSE_METHOD)
            why = ((amqp_connection_close_t *)r.reply.decoded)->reply_text;
        else if (r.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
            why = ((amqp_channel_close_t *)r.reply.decoded)->reply_text;
        return err_set(e, ERR_BUSY, "broker: %s: %.*s", what, (int)(why.len < 150 ? why.len : 150),
                       (const char *)why.bytes);
    }
    return err_set(e, ERR_BUSY, "broker: %s: %s", what, amqp_error_string2(r.library_error));
}

static int open_socket(struct amqp_queue *q, amqp_connection_state_t c, struct err *e)
{
    amqp_socket_t *s = q->where.ssl ? amqp_ssl_socket_new(c) : amqp_tcp_socket_new(c);
    if (!s)
        return err_set(e, ERR_SYSTEM, "broker: no memory for a socket");
    if (q->where.ssl) {
        amqp_ssl_socket_set_verify_peer(s, 1);
        amqp_ssl_socket_set_verify_hostname(s, 1);
        if (amqp_ssl_socket_set_cacert(s, q->ca) != AMQP_STATUS_OK)
            return err_set(e, ERR_SYSTEM, "broker: certificates %.100s cannot be read", q->ca);
    }
    struct timeval limit = {.tv_sec = CONNECT_S};
    int r = amqp_socket_open_noblock(s, q->where.host, q->where.port, &limit);
    if (r != AMQP_STATUS_OK)
        return err_set(e, ERR_BUSY, "broker %.100s:%d: %s", q->where.host, q->where.port,
                       amqp_error_string2(r));
    return 0;
}

static int declare(struct amqp_queue *q, amqp_connection_state_t c, struct err *e)
{
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("x-queue-type"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum")}},
        {.key = amqp_cstring_bytes("x-delivery-limit"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = DELIVERIES}},
        {.key = amqp_cstring_bytes("x-dead-letter-exchange"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_empty_bytes}},
        {.key = amqp_cstring_bytes("x-dead-letter-routing-key"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(q->dead)}},
    };
    const amqp_table_t dead = {1, entries}, live = {(int)LEN(entries), entries};
    amqp_queue_declare(c, CHANNEL, amqp_cstring_bytes(q->dead), 0, 1, 0, 0, dead);
    if (refused(amqp_get_rpc_reply(c), "queue of dead letters", e) < 0)
        return -1;
    amqp_queue_declare(c, CHANNEL, amqp_cstring_bytes(q->name), 0, 1, 0, 0, live);
    return refused(amqp_get_rpc_reply(c), "queue", e);
}

/* heartbeat_s 0: the connection is idle for long, and nobody would send them. */
static int connect_to(struct amqp_queue *q, int heartbeat_s, amqp_connection_state_t *out,
                      struct err *e)
{
    AUTO(close_connection) amqp_connection_state_t c = amqp_new_connection();
    if (!c)
        return err_set(e, ERR_SYSTEM, "broker: no memory");
    const struct timeval limit = {.tv_sec = CONNECT_S};
    (void)amqp_set_handshake_timeout(c, &limit);
    (void)amqp_set_rpc_timeout(c, &limit);
    if (open_socket(q, c, e) < 0 ||
        refused(amqp_login(c, q->where.vhost, 0, FRAME_MAX, heartbeat_s, AMQP_SASL_METHOD_PLAIN,
                           q->where.user, q->where.password),
                "log-in", e) < 0)
        return -1;
    const int yes = 1;
    (void)setsockopt(amqp_get_sockfd(c), SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    amqp_channel_open(c, CHANNEL);
    if (refused(amqp_get_rpc_reply(c), "channel", e) < 0 || declare(q, c, e) < 0)
        return -1;
    *out = TAKE(c);
    return 0;
}

/* -- publishing -- */

static int publisher(struct amqp_queue *q, struct err *e)
{
    if (q->out)
        return 0;
    if (connect_to(q, 0, &q->out, e) < 0)
        return -1;
    amqp_confirm_select(q->out, CHANNEL);
    q->published = 0;
    if (refused(amqp_get_rpc_reply(q->out), "confirms", e) == 0)
        return 0;
    close_connection(&q->out);
    return -1;
}

/* Reads until the broker says what became of the message. */
static int confirmed(struct amqp_queue *q, struct err *e)
{
    int64_t end = clock_mono_ms() + CONFIRM_MS;
    for (;;) {
        int64_t left = end - clock_mono_ms();
        if (left <= 0)
            return err_set(e, ERR_BUSY, "broker: no confirm within %d ms", CONFIRM_MS);
        struct timeval limit = {left / 1000, left % 1000 * 1000};
        amqp_frame_t f;
        int r = amqp_simple_wait_frame_noblock(q->out, &f, &limit);
        if (r != AMQP_STATUS_OK)
            return err_set(e, ERR_BUSY, "broker: confirm: %s", amqp_error_string2(r));
        if (f.frame_type != AMQP_FRAME_METHOD)
            continue;
        const amqp_basic_ack_t *ack = f.payload.method.decoded;
        switch (f.payload.method.id) {
        case AMQP_BASIC_ACK_METHOD:
            if (ack->delivery_tag >= q->published)
                return 0;
            break;
        case AMQP_BASIC_NACK_METHOD:
            return err_set(e, ERR_BUSY, "broker: it could not keep a message");
        case AMQP_BASIC_RETURN_METHOD:
            return err_set(e, ERR_BUSY, "broker: the queue %s is gone", q->name);
        case AMQP_CHANNEL_CLOSE_METHOD:
        case AMQP_CONNECTION_CLOSE_METHOD:
            return err_set(e, ERR_BUSY, "broker: it closes the connection");
        default:
            break;
        }
    }
}

static int publish_once(struct amqp_queue *q, int64_t task_id, struct err *e)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)task_id);
    const amqp_basic_properties_t p = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                       .delivery_mode = AMQP_DELIVERY_PERSISTENT};
    if (publisher(q, e) < 0)
        return -1;
    int r = amqp_basic_publish(q->out, CHANNEL, amqp_empty_bytes, amqp_cstring_bytes(q->name), 1, 0,
                               &p, amqp_cstring_bytes(text));
    q->published++;
    if (r != AMQP_STATUS_OK)
        err_set(e, ERR_BUSY, "broker: publish: %s", amqp_error_string2(r));
    if (r == AMQP_STATUS_OK && confirmed(q, e) == 0) {
        amqp_maybe_release_buffers(q->out);
        return 0;
    }
    close_connection(&q->out);
    return -1;
}

static int amqp_publish(struct queue *base, int64_t task_id, struct err *e)
{
    struct amqp_queue *q = (struct amqp_queue *)base;
    pthread_mutex_lock(&q->lock);
    /* The connection may have died while nobody used it; and a queue that several declare at once
     * for the first time fails some of them. Twice is harmless. */
    int rc = publish_once(q, task_id, e);
    if (rc < 0)
        rc = publish_once(q, task_id, e);
    pthread_mutex_unlock(&q->lock);
    return rc;
}

/* -- consuming: the thread -- */

static int subscribe(struct amqp_queue *q, amqp_connection_state_t c, struct err *e)
{
    amqp_basic_qos(c, CHANNEL, 0, INBOX_MAX / 2, 0);
    if (refused(amqp_get_rpc_reply(c), "prefetch", e) < 0)
        return -1;
    amqp_basic_consume(c, CHANNEL, amqp_cstring_bytes(q->name), amqp_empty_bytes, 0, 0, 0,
                       amqp_empty_table);
    return refused(amqp_get_rpc_reply(c), "consumer", e);
}

/* Everything that is there. */
static int read_all(struct amqp_queue *q, amqp_connection_state_t c, struct err *e)
{
    for (;;) {
        amqp_envelope_t m;
        const struct timeval now = {0};
        amqp_maybe_release_buffers(c);
        amqp_rpc_reply_t r = amqp_consume_message(c, &m, &now, 0);
        if (r.reply_type == AMQP_RESPONSE_NORMAL) {
            inbox_put(&q->inbox, queue_task_id(m.message.body.bytes, m.message.body.len),
                      m.delivery_tag);
            amqp_destroy_envelope(&m);
            continue;
        }
        if (r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
            r.library_error == AMQP_STATUS_TIMEOUT)
            return 0;
        if (r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
            r.library_error == AMQP_STATUS_UNEXPECTED_STATE)
            return err_set(e, ERR_BUSY, "broker: it ended the consumer");
        return refused(r, "reading", e);
    }
}

static int consume(struct amqp_queue *q, amqp_connection_state_t c, struct err *e)
{
    uint64_t tags[INBOX_MAX];
    while (!inbox_closing(&q->inbox)) {
        if (read_all(q, c, e) < 0)
            return -1;
        int n = inbox_acks(&q->inbox, tags);
        for (int i = 0; i < n; i++) {
            int r = amqp_basic_ack(c, CHANNEL, tags[i], 0);
            if (r != AMQP_STATUS_OK)
                return err_set(e, ERR_BUSY, "broker: acknowledging: %s", amqp_error_string2(r));
        }
        if (!n)
            inbox_wait(&q->inbox, amqp_get_sockfd(c), IDLE_MS);
    }
    return 0;
}

static void *run(void *arg)
{
    struct amqp_queue *q = arg;
    int again_ms = 0;
    while (!inbox_closing(&q->inbox)) {
        struct err e = {0};
        AUTO(close_connection) amqp_connection_state_t c = NULL;
        inbox_fresh(&q->inbox);
        if (connect_to(q, HEARTBEAT_S, &c, &e) == 0 && subscribe(q, c, &e) == 0) {
            if (again_ms)
                log_info(q->log, "broker is back");
            again_ms = 0;
            (void)consume(q, c, &e);
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

static void amqp_close(struct queue *base)
{
    struct amqp_queue *q = (struct amqp_queue *)base;
    if (q->running) {
        inbox_close(&q->inbox);
        pthread_join(q->thread, NULL);
    }
    close_connection(&q->out);
    inbox_clear(&q->inbox);
    pthread_mutex_destroy(&q->lock);
    free(q->text);
    free(q);
}

/* "//user:password@host:port/vhost?queue=name&cacert=file" */
static int parse(struct amqp_queue *q, const char *scheme, const char *rest, struct err *e)
{
    size_t size = strlen(scheme) + strlen(rest) + 2;
    q->text = mem_new(size);
    snprintf(q->text, size, "%s:%s", scheme, rest);
    char *query = strchr(q->text, '?');
    if (query)
        *query++ = 0;
    str_copy(q->name, sizeof(q->name), "reelgate");
    str_copy(q->ca, sizeof(q->ca), "/etc/ssl/certs/ca-certificates.crt");
    (void)queue_option(query, "queue", q->name, sizeof(q->name));
    (void)queue_option(query, "cacert", q->ca, sizeof(q->ca));
    snprintf(q->dead, sizeof(q->dead), "%s.dead", q->name);
    amqp_default_connection_info(&q->where);
    if (amqp_parse_url(q->text, &q->where) != AMQP_STATUS_OK)
        return err_set(e, ERR_INPUT, "%s: it should be %s://user:password@host:port/vhost", scheme,
                       scheme);
    return 0;
}

static int open_with(const char *scheme, struct queue **out, const char *rest, struct log *log,
                     struct err *e)
{
    struct amqp_queue *q = mem_new(sizeof(*q));
    q->log = log;
    pthread_mutex_init(&q->lock, NULL);
    if (inbox_init(&q->inbox, e) < 0) {
        pthread_mutex_destroy(&q->lock);
        free(q);
        return -1;
    }
    /* A broker that is down is no reason not to start: the database is the truth. */
    if (parse(q, scheme, rest, e) < 0) {
        amqp_close(&q->base);
        return -1;
    }
    if (pthread_create(&q->thread, NULL, run, q) != 0) {
        amqp_close(&q->base);
        return err_set(e, ERR_SYSTEM, "a thread could not be started");
    }
    q->running = true;
    *out = &q->base;
    return 0;
}

static int amqp_open(struct queue **out, const char *rest, struct log *log, struct err *e)
{
    return open_with("amqp", out, rest, log, e);
}

static int amqps_open(struct queue **out, const char *rest, struct log *log, struct err *e)
{
    return open_with("amqps", out, rest, log, e);
}

static int amqp_take(struct queue *base, int64_t timeout_ms, struct queue_message *out, bool *got,
                     struct err *e)
{
    (void)e;
    inbox_take(&((struct amqp_queue *)base)->inbox, timeout_ms, out, got);
    return 0;
}

static int amqp_ack(struct queue *base, const struct queue_message *m, struct err *e)
{
    (void)e;
    inbox_ack(&((struct amqp_queue *)base)->inbox, m);
    return 0;
}

static void amqp_stop(struct queue *base)
{
    inbox_stop(&((struct amqp_queue *)base)->inbox);
}

static int amqp_ping(struct queue *base, struct err *e)
{
    struct amqp_queue *q = (struct amqp_queue *)base;
    pthread_mutex_lock(&q->lock);
    int rc = publisher(q, e);
    pthread_mutex_unlock(&q->lock);
    return rc;
}

#define OPS(scheme_, open_)                                                                        \
    {                                                                                              \
        .scheme = scheme_, .open = open_, .close = amqp_close, .publish = amqp_publish,            \
        .take = amqp_take, .ack = amqp_ack, .stop = amqp_stop, .ping = amqp_ping                   \
    }
const struct queue_ops queue_amqp_ops = OPS("amqp", amqp_open);
const struct queue_ops queue_amqps_ops = OPS("amqps", amqps_open);
