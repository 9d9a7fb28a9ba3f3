/* Kafka (librdkafka). Plan: an idempotent producer; publishing waits for the delivery report. A
 * thread of a consumer group consumes into the inbox and commits offsets by hand. An offset is a
 * position in the log of a partition, so it moves only past messages that are all acknowledged
 * (struct window). librdkafka reconnects by itself. A missing topic is created; where the brokers
 * forbid this, the operator creates it. A message without an acknowledgement holds up no other
 * message: after a restart it and the messages behind it come again, which does no harm.
 *
 * A parameter of the URL's query with a dot in its name is a setting of librdkafka
 * (?security.protocol=sasl_ssl&sasl.username=...). */
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "queue/inbox.h"

#include <librdkafka/rdkafka.h>

#include <stdatomic.h>

enum {
    PARTITIONS = 16, /* of a topic that we make: so many workers' processes share it */
    PUBLISH_MS = 6000,
    PING_MS = 5000,
    POLL_MS = 100,
    TOPIC_MS = 5000,
    WINDOW = 2 * INBOX_MAX,
};

/* What was handed over and is not committed, in the order of arrival. */
struct handed {
    uint64_t tag;
    int64_t offset;
    int32_t partition;
    bool done;
};

struct kafka_queue {
    struct queue base;
    struct inbox inbox;
    struct log *log;
    char *brokers, topic[128], group[128], query[1024];
    rd_kafka_t *out, *in;
    pthread_t thread;
    bool running, down;
    /* The thread's own. */
    struct handed window[WINDOW];
    int handed;
    uint64_t next_tag;
    pthread_mutex_t lock; /* guards `out`: one publishes at a time */
};

/* -- opening -- */

static void free_conf(rd_kafka_conf_t **c)
{
    if (*c)
        rd_kafka_conf_destroy(*c);
    *c = NULL;
}

static int set(rd_kafka_conf_t *c, const char *name, const char *value, struct err *e)
{
    char why[200];
    if (rd_kafka_conf_set(c, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return 0;
    return err_set(e, ERR_INPUT, "kafka: %.200s", why);
}

/* "a.b=c&d.e=f": those with a dot. A wrong one is named, its value is not: it may be a secret. */
static int set_query(rd_kafka_conf_t *c, const char *query, struct err *e)
{
    char text[sizeof(((struct kafka_queue *)0)->query)], *rest = text, *pair, why[200];
    str_copy(text, sizeof(text), query);
    while ((pair = strsep(&rest, "&"))) {
        char *value = strchr(pair, '=');
        if (!value || !memchr(pair, '.', (size_t)(value - pair)))
            continue;
        *value++ = 0;
        if (rd_kafka_conf_set(c, pair, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
            return err_set(e, ERR_INPUT, "kafka: the setting %.100s is not accepted", pair);
    }
    return 0;
}

/* librdkafka's own lines: what comes and goes is told by us when it matters. */
static void quiet(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk, (void)level, (void)facility, (void)text;
}

/* What became of one message. */
struct delivery {
    atomic_bool over;
    rd_kafka_resp_err_t result;
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *arg)
{
    (void)rk, (void)arg;
    struct delivery *d = m->_private;
    d->result = m->err;
    atomic_store(&d->over, true);
}

static rd_kafka_t *client(struct kafka_queue *q, rd_kafka_type_t type, struct err *e)
{
    static const char *const producer[][2] = {{"enable.idempotence", "true"},
                                              {"queue.buffering.max.ms", "0"},
                                              {"message.timeout.ms", "5000"}};
    static const char *const consumer[][2] = {{"enable.auto.commit", "false"},
                                              {"enable.auto.offset.store", "false"},
                                              {"auto.offset.reset", "earliest"},
                                              {"session.timeout.ms", "10000"},
                                              {"topic.metadata.refresh.interval.ms", "10000"}};
    bool in = type == RD_KAFKA_CONSUMER;
    const char *const(*more)[2] = in ? consumer : producer;
    AUTO(free_conf) rd_kafka_conf_t *c = rd_kafka_conf_new();
    char why[200];
    rd_kafka_conf_set_log_cb(c, quiet);
    if (!in)
        rd_kafka_conf_set_dr_msg_cb(c, delivered);
    if (set(c, "bootstrap.servers", q->brokers, e) < 0 || set(c, "client.id", "reelgate", e) < 0 ||
        set(c, "reconnect.backoff.max.ms", "2000", e) < 0 ||
        set(c, "allow.auto.create.topics", "true", e) < 0 ||
        (in && set(c, "group.id", q->group, e) < 0))
        return NULL;
    for (size_t i = 0; i < (in ? LEN(consumer) : LEN(producer)); i++)
        if (set(c, more[i][0], more[i][1], e) < 0)
            return NULL;
    if (set_query(c, q->query, e) < 0)
        return NULL;
    rd_kafka_t *k = rd_kafka_new(type, c, why, sizeof(why));
    if (k)
        (void)TAKE(c); /* it is the client's now */
    else
        (void)err_set(e, ERR_INPUT, "kafka: %.200s", why);
    return k;
}

/* -- publishing -- */

static int kafka_publish(struct queue *base, int64_t task_id, struct err *e)
{
    struct kafka_queue *q = (struct kafka_queue *)base;
    struct delivery d = {0};
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)task_id);
    pthread_mutex_lock(&q->lock);
    rd_kafka_resp_err_t rc = rd_kafka_producev(
        q->out, RD_KAFKA_V_TOPIC(q->topic), RD_KAFKA_V_VALUE(text, (size_t)n),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(&d), RD_KAFKA_V_END);
    /* message.timeout.ms ends this; the purge is for a clock that was put back */
    int64_t end = clock_mono_ms() + PUBLISH_MS;
    while (!rc && !atomic_load(&d.over)) {
        if (clock_mono_ms() > end)
            (void)rd_kafka_purge(q->out, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_poll(q->out, POLL_MS);
    }
    pthread_mutex_unlock(&q->lock);
    rc = rc ? rc : d.result;
    return rc ? err_set(e, ERR_BUSY, "kafka: publish: %s", rd_kafka_err2str(rc)) : 0;
}

/* -- consuming: the thread -- */

static void make_topic(struct kafka_queue *q)
{
    char why[200];
    rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(q->topic, PARTITIONS, -1, why, sizeof(why));
    rd_kafka_queue_t *answers = rd_kafka_queue_new(q->in);
    if (t) {
        rd_kafka_CreateTopics(q->in, &t, 1, NULL, answers);
        rd_kafka_event_t *ev = rd_kafka_queue_poll(answers, TOPIC_MS);
        if (ev && rd_kafka_event_error(ev)) /* it may be there, or be made at the first message */
            log_debug(q->log, "topic not made", "topic", q->topic, "why",
                      rd_kafka_event_error_string(ev));
        rd_kafka_event_destroy(ev);
        rd_kafka_NewTopic_destroy(t);
    }
    rd_kafka_queue_destroy(answers);
}

static void hand_over(struct kafka_queue *q, const rd_kafka_message_t *m)
{
    if (q->handed == WINDOW) /* the oldest was never acknowledged: its task is left to the sweep */
        memmove(q->window, q->window + 1, sizeof(q->window[0]) * (size_t)--q->handed);
    q->window[q->handed++] = (struct handed){q->next_tag, m->offset, m->partition, false};
    inbox_put(&q->inbox, queue_task_id(m->payload, m->len), q->next_tag++);
}

static void mark(struct kafka_queue *q, uint64_t tag)
{
    for (int i = 0; i < q->handed; i++)
        if (q->window[i].tag == tag)
            q->window[i].done = true;
}

/* Whether an older one of its partition waits. */
static bool is_held_up(const struct handed *kept, int count, int32_t partition)
{
    for (int i = 0; i < count; i++)
        if (kept[i].partition == partition)
            return true;
    return false;
}

/* Moves each partition's place behind what is acknowledged from its beginning on. */
static void commit(struct kafka_queue *q, bool wait)
{
    uint64_t tags[INBOX_MAX];
    int n = inbox_acks(&q->inbox, tags), kept = 0;
    if (n == 0)
        return;
    for (int i = 0; i < n; i++)
        mark(q, tags[i]);
    rd_kafka_topic_partition_list_t *places = rd_kafka_topic_partition_list_new(4);
    for (int i = 0; i < q->handed; i++) {
        const struct handed h = q->window[i];
        if (!h.done || is_held_up(q->window, kept, h.partition)) {
            q->window[kept++] = h;
            continue;
        }
        rd_kafka_topic_partition_t *p =
            rd_kafka_topic_partition_list_find(places, q->topic, h.partition);
        if (!p)
            p = rd_kafka_topic_partition_list_add(places, q->topic, h.partition);
        p->offset = h.offset + 1;
    }
    q->handed = kept;
    if (places->cnt > 0) {
        rd_kafka_resp_err_t rc = rd_kafka_commit(q->in, places, !wait);
        if (rc)
            log_debug(q->log, "offsets not committed", "why", rd_kafka_err2str(rc));
    }
    rd_kafka_topic_partition_list_destroy(places);
}

static void tell_state(struct kafka_queue *q, rd_kafka_resp_err_t rc)
{
    bool down = rc == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (down && !q->down)
        log_warn(q->log, "broker is not reachable", "why", rd_kafka_err2str(rc));
    if (!rc && q->down)
        log_info(q->log, "broker is back");
    if (down || !rc)
        q->down = down;
}

static void *run(void *arg)
{
    struct kafka_queue *q = arg;
    make_topic(q);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, q->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t rc = rd_kafka_subscribe(q->in, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (rc)
        log_error(q->log, "the topic cannot be subscribed to", "why", rd_kafka_err2str(rc));
    while (!inbox_closing(&q->inbox)) {
        commit(q, false);
        if (inbox_room(&q->inbox) == 0) {
            inbox_pause(&q->inbox, POLL_MS);
            continue;
        }
        rd_kafka_message_t *m = rd_kafka_consumer_poll(q->in, POLL_MS);
        if (!m)
            continue;
        tell_state(q, m->err);
        if (!m->err)
            hand_over(q, m);
        rd_kafka_message_destroy(m);
    }
    commit(q, true);
    (void)rd_kafka_consumer_close(q->in);
    return NULL;
}

/* -- the slots -- */

static void kafka_close(struct queue *base)
{
    struct kafka_queue *q = (struct kafka_queue *)base;
    if (q->running) {
        inbox_close(&q->inbox);
        pthread_join(q->thread, NULL);
    }
    if (q->in)
        rd_kafka_destroy(q->in);
    if (q->out)
        rd_kafka_destroy(q->out);
    inbox_clear(&q->inbox);
    pthread_mutex_destroy(&q->lock);
    free(q->brokers);
    free(q);
}

/* "//host:port,host:port/topic[?group=name&settings of librdkafka]" */
static int parse(struct kafka_queue *q, const char *rest, struct err *e)
{
    const char *hosts = strncmp(rest, "//", 2) == 0 ? rest + 2 : "";
    size_t n = strcspn(hosts, "/?");
    const char *path = hosts + n, *query = strchr(path, '?');
    size_t len = *path == '/' ? strcspn(path + 1, "?") : 0;
    if (query)
        query++;
    if (n == 0 || len >= sizeof(q->topic) || (query && strlen(query) >= sizeof(q->query)))
        return err_set(e, ERR_INPUT, "kafka: it should be kafka://host:port,host:port/topic");
    q->brokers = mem_new(n + 1);
    memcpy(q->brokers, hosts, n);
    str_copy(q->topic, sizeof(q->topic), "reelgate");
    if (len > 0) {
        memcpy(q->topic, path + 1, len);
        q->topic[len] = 0;
    }
    str_copy(q->group, sizeof(q->group), "reelgate");
    str_copy(q->query, sizeof(q->query), query ? query : "");
    (void)queue_option(query, "group", q->group, sizeof(q->group));
    return 0;
}

static int begin(struct kafka_queue *q, const char *rest, struct err *e)
{
    if (parse(q, rest, e) < 0)
        return -1;
    q->out = client(q, RD_KAFKA_PRODUCER, e);
    q->in = q->out ? client(q, RD_KAFKA_CONSUMER, e) : NULL;
    if (!q->in)
        return -1;
    (void)rd_kafka_poll_set_consumer(q->in);
    inbox_fresh(&q->inbox);
    if (pthread_create(&q->thread, NULL, run, q) != 0)
        return err_set(e, ERR_SYSTEM, "a thread could not be started");
    q->running = true;
    return 0;
}

static int kafka_open(struct queue **out, const char *rest, struct log *log, struct err *e)
{
    struct kafka_queue *q = mem_new(sizeof(*q));
    q->log = log;
    pthread_mutex_init(&q->lock, NULL);
    if (inbox_init(&q->inbox, e) < 0) {
        pthread_mutex_destroy(&q->lock);
        free(q);
        return -1;
    }
    if (begin(q, rest, e) < 0) {
        kafka_close(&q->base);
        return -1;
    }
    *out = &q->base;
    return 0;
}

static int kafka_take(struct queue *base, int64_t timeout_ms, struct queue_message *out, bool *got,
                      struct err *e)
{
    (void)e;
    inbox_take(&((struct kafka_queue *)base)->inbox, timeout_ms, out, got);
    return 0;
}

static int kafka_ack(struct queue *base, const struct queue_message *m, struct err *e)
{
    (void)e;
    inbox_ack(&((struct kafka_queue *)base)->inbox, m);
    return 0;
}

static void kafka_stop(struct queue *base)
{
    inbox_stop(&((struct kafka_queue *)base)->inbox);
}

static int kafka_ping(struct queue *base, struct err *e)
{
    struct kafka_queue *q = (struct kafka_queue *)base;
    const struct rd_kafka_metadata *m = NULL;
    rd_kafka_resp_err_t rc = rd_kafka_metadata(q->out, 0, NULL, &m, PING_MS);
    if (m)
        rd_kafka_metadata_destroy(m);
    return rc ? err_set(e, ERR_BUSY, "kafka: %s", rd_kafka_err2str(rc)) : 0;
}

const struct queue_ops queue_kafka_ops = {
    .scheme = "kafka",
    .open = kafka_open,
    .close = kafka_close,
    .publish = kafka_publish,
    .take = kafka_take,
    .ack = kafka_ack,
    .stop = kafka_stop,
    .ping = kafka_ping,
};
