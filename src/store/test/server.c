#include "store/test/server.h"

#include "core/test/process.h"
#include "core/test/test.h"

#include <signal.h>
#include <unistd.h>

enum { START_TRIES = 400, TRY_US = 25000 };
static const char user[] = "postgres"; /* of Debian's package */

static struct process server;
static int databases;

void server_again(void)
{
    char data[96];
    snprintf(data, sizeof(data), "%s/data", server.dir);
    const char *const postgres[] = {
        POSTGRES_BIN "/postgres", "-D", data,        "-k", server.dir,           "-c",
        "listen_addresses=",      "-c", "fsync=off", "-c", "max_connections=60", NULL};
    process_start(&server, user, postgres, NULL);
    const char *const ready[] = {POSTGRES_BIN "/pg_isready", "-q", "-h", server.dir, NULL};
    for (int tries = 0; process_run(&server, user, ready, NULL) != 0; tries++) {
        if (tries == START_TRIES)
            fail_msg("postgres did not start, see %s/server.log", server.dir);
        usleep(TRY_US);
    }
}

static void begin(void)
{
    process_folder(&server, user);
    char data[96];
    snprintf(data, sizeof(data), "%s/data", server.dir);
    const char *const initdb[] = {
        POSTGRES_BIN "/initdb", "-D",        data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
        "--locale=C",           "--no-sync", NULL};
    if (process_run(&server, user, initdb, NULL) != 0)
        fail_msg("initdb failed, see %s/server.log", server.dir);
    server_again();
}

void server_url(char *out, size_t size)
{
    if (!*server.dir)
        begin();
    char name[32];
    snprintf(name, sizeof(name), "t%d", ++databases);
    const char *const create[] = {
        POSTGRES_BIN "/createdb", "-h", server.dir, "-U", "postgres", name, NULL};
    assert_int_equal(process_run(&server, user, create, NULL), 0);
    snprintf(out, size, "postgresql:///%s?host=%s&user=postgres", name, server.dir);
}

void server_crash(void)
{
    process_end(&server, SIGQUIT); /* immediate: as after a power cut */
}

void server_stop(void)
{
    process_end(&server, SIGINT); /* fast: sessions are ended */
    process_clear(&server);
}
