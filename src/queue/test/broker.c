#include "queue/test/broker.h"

#include "core/test/process.h"
#include "core/test/test.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <hiredis/hiredis.h>
/* clang-format off: the second needs the first */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
/* clang-format on */
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static struct process rabbit, mapper; /* the broker, and Erlang's port mapper that it needs */
static int rabbit_port, mapper_port, dist_port, queues;

void rabbit_again(void)
{
    char home[96], port[64], dist[64], epmd[64], node[96], base[128], logs[128], pid[128],
        plugins[128];
    snprintf(home, sizeof(home), "HOME=%s", rabbit.dir);
    snprintf(port, sizeof(port), "RABBITMQ_NODE_PORT=%d", rabbit_port);
    snprintf(dist, sizeof(dist), "RABBITMQ_DIST_PORT=%d", dist_port);
    snprintf(epmd, sizeof(epmd), "ERL_EPMD_PORT=%d", mapper_port);
    snprintf(node, sizeof(node), "RABBITMQ_NODENAME=reelgate%d@localhost", rabbit_port);
    snprintf(base, sizeof(base), "RABBITMQ_MNESIA_BASE=%s/mnesia", rabbit.dir);
    snprintf(logs, sizeof(logs), "RABBITMQ_LOG_BASE=%s/log", rabbit.dir);
    snprintf(pid, sizeof(pid), "RABBITMQ_PID_FILE=%s/pid", rabbit.dir);
    snprintf(plugins, sizeof(plugins), "RABBITMQ_ENABLED_PLUGINS_FILE=%s/plugins", rabbit.dir);
    const char *const env[] = {
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
        "RABBITMQ_CONFIG_FILES=/nonexistent",
        "RABBITMQ_ALLOW_INPUT=1", /* the program itself, with no shell around it */
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-noinput +S 2:2 +sbwt none",
        home,
        port,
        dist,
        epmd,
        node,
        base,
        logs,
        pid,
        plugins,
        NULL};
    const char *const server[] = {"/usr/lib/rabbitmq/bin/rabbitmq-server", NULL};
    process_start(&rabbit, "rabbitmq", server, env);
    process_listens(&rabbit, rabbit_port);
}

static void rabbit_begin(void)
{
    char port[16];
    process_folder(&rabbit, "rabbitmq");
    process_folder(&mapper, "rabbitmq");
    rabbit_port = process_port();
    mapper_port = process_port();
    dist_port = process_port();
    snprintf(port, sizeof(port), "%d", mapper_port);
    const char *const epmd[] = {"/usr/bin/epmd", "-port", port, "-address", "127.0.0.1", NULL};
    process_start(&mapper, "rabbitmq", epmd, NULL);
    process_listens(&mapper, mapper_port);
    rabbit_again();
}

void rabbit_url(char *out, size_t size)
{
    if (!rabbit_port)
        rabbit_begin();
    snprintf(out, size, "amqp://guest:guest@127.0.0.1:%d/%%2f?queue=t%d", rabbit_port, ++queues);
}

void rabbit_crash(void)
{
    /* RabbitMQ 3.10 notes a new quorum queue on disk half a second late; one that is lost by a
     * crash before that stays broken until it is deleted. */
    usleep(1500000);
    process_end(&rabbit, SIGKILL);
}

/* The name of the queue is what the URL ends with, or what lies before its next option. */
static void aside_name(const char *url, const char *option, char *out, size_t size)
{
    const char *name = strstr(url, option) + strlen(option);
    snprintf(out, size, "%.*s.dead", (int)strcspn(name, "&"), name);
}

int64_t rabbit_aside(const char *url)
{
    char name[64], body[32] = "0";
    aside_name(url, "queue=", name, sizeof(name));
    amqp_connection_state_t c = amqp_new_connection();
    amqp_socket_t *s = amqp_tcp_socket_new(c);
    assert_int_equal(amqp_socket_open(s, "127.0.0.1", rabbit_port), AMQP_STATUS_OK);
    amqp_rpc_reply_t r = amqp_login(c, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
    assert_int_equal(r.reply_type, AMQP_RESPONSE_NORMAL);
    assert_non_null(amqp_channel_open(c, 1));
    r = amqp_basic_get(c, 1, amqp_cstring_bytes(name), 1);
    assert_int_equal(r.reply_type, AMQP_RESPONSE_NORMAL);
    if (r.reply.id == AMQP_BASIC_GET_OK_METHOD) {
        amqp_message_t m;
        assert_int_equal(amqp_read_message(c, 1, &m, 0).reply_type, AMQP_RESPONSE_NORMAL);
        snprintf(body, sizeof(body), "%.*s", (int)m.body.len, (const char *)m.body.bytes);
        amqp_destroy_message(&m);
    }
    (void)amqp_destroy_connection(c);
    return strtoll(body, NULL, 10);
}

/* -- Redis -- */

static struct process redis;
static int redis_port;

void redis_again(void)
{
    char port[16];
    snprintf(port, sizeof(port), "%d", redis_port);
    const char *const argv[] = {"/usr/bin/redis-server",
                                "--port",
                                port,
                                "--bind",
                                "127.0.0.1",
                                "--appendonly",
                                "yes",
                                "--appendfsync",
                                "always",
                                "--save",
                                "",
                                "--requirepass",
                                "s:cret",
                                NULL};
    process_start(&redis, "redis", argv, NULL);
    process_listens(&redis, redis_port);
}

void redis_url(char *out, size_t size)
{
    if (!redis_port) {
        process_folder(&redis, "redis");
        redis_port = process_port();
        redis_again();
    }
    snprintf(out, size, "redis://:s%%3acret@127.0.0.1:%d/1?stream=t%d&idle=2000", redis_port,
             ++queues);
}

/* An entry is [id, [field, value, ...]], and its first field the task. */
int64_t redis_aside(const char *url)
{
    char name[64];
    aside_name(url, "stream=", name, sizeof(name));
    redisContext *c = redisConnect("127.0.0.1", redis_port);
    assert_non_null(c);
    freeReplyObject(redisCommand(c, "AUTH s:cret"));
    freeReplyObject(redisCommand(c, "SELECT 1"));
    redisReply *r = redisCommand(c, "XRANGE %s - + COUNT 1", name);
    assert_non_null(r);
    int64_t task = r->elements ? strtoll(r->element[0]->element[1]->element[1]->str, NULL, 10) : 0;
    freeReplyObject(r);
    redisFree(c);
    return task;
}

void redis_crash(void)
{
    process_end(&redis, SIGKILL);
}

/* -- Kafka -- */

static rd_kafka_t *cluster_client;
static rd_kafka_mock_cluster_t *cluster;

void kafka_url(char *out, size_t size)
{
    if (!cluster) {
        char why[200];
        rd_kafka_conf_t *c = rd_kafka_conf_new();
        (void)rd_kafka_conf_set(c, "log_level", "3", why, sizeof(why));
        cluster_client = rd_kafka_new(RD_KAFKA_PRODUCER, c, why, sizeof(why));
        cluster = rd_kafka_mock_cluster_new(cluster_client, 1);
    }
    /* Simulated brokers answer a fetch when its time is over, not when a message comes. */
    snprintf(out, size, "kafka://%s/t%d?group=g%d&fetch.wait.max.ms=5",
             rd_kafka_mock_cluster_bootstraps(cluster), queues + 1, queues + 1);
    queues++;
}

void kafka_crash(void)
{
    rd_kafka_mock_broker_set_down(cluster, 1);
}

void kafka_again(void)
{
    rd_kafka_mock_broker_set_up(cluster, 1);
}

void brokers_stop(void)
{
    process_end(&redis, SIGKILL);
    process_clear(&redis);
    if (cluster) {
        rd_kafka_mock_cluster_destroy(cluster);
        rd_kafka_destroy(cluster_client);
    }
    process_end(&rabbit, SIGKILL);
    process_end(&mapper, SIGKILL);
    process_clear(&rabbit);
    process_clear(&mapper);
}
