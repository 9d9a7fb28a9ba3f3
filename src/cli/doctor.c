/* Plan: a list of checks, each of which reports one or more lines through one function; the last
 * ones need what the first ones have opened. Nothing is made or changed: a data folder that is not
 * there yet is said to be so. */
#include "blob/blob.h"
#include "cli/cli.h"
#include "cli/parts.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/profile.h"
#include "core/str.h"
#include "jail/jail.h"
#include "store/store.h"
#include "task/task.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum grade { OK, WARN, FAIL };
struct doctor {
    struct cli *cli;
    struct parts parts;
    json_t *checks;
    int problems, failed, warned;
};

/* hint: what to do, "" for nothing. */
static void report(struct doctor *d, enum grade g, const char *what, const char *hint,
                   const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void report(struct doctor *d, enum grade g, const char *what, const char *hint,
                   const char *fmt, ...)
{
    static const char *const names[] = {"ok", "warn", "FAIL"}, *const states[] = {"ok", "warn",
                                                                                  "fail"};
    char detail[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof(detail), fmt, ap);
    va_end(ap);
    d->failed += g == FAIL;
    d->warned += g == WARN;
    if (d->cli->conf.json) {
        json_array_append_new(d->checks, json_pack("{s:s, s:s, s:s, s:s}", "check", what, "state",
                                                   states[g], "detail", detail, "hint", hint));
        return;
    }
    printf("%-5s %-12s %s\n", names[g], what, detail);
    if (*hint)
        printf("%-18s -> %s\n", "", hint);
}

static bool check_folder(struct doctor *d)
{
    const char *data = d->cli->conf.data;
    struct stat st;
    if (stat(data, &st) < 0 && errno == ENOENT) {
        report(d, WARN, "data", "`reelgate serve` makes it at the first start",
               "%s is not there yet", data);
        return false;
    }
    if (stat(data, &st) < 0 || !S_ISDIR(st.st_mode)) {
        report(d, FAIL, "data", "name another one with --data",
               "%s is not a folder that can be read", data);
        return false;
    }
    if (access(data, R_OK | W_OK | X_OK) < 0) {
        report(d, FAIL, "data", "give it to the user that runs the service", "%s: %s", data,
               strerror(errno));
        return false;
    }
    if (st.st_mode & 077)
        report(d, WARN, "data", "chmod 700 it", "%s can be looked into by others (mode %03o)", data,
               st.st_mode & 0777);
    else
        report(d, OK, "data", "", "%s", data);
    return true;
}

static void check_secret(struct doctor *d)
{
    const char *path = parts_secret_file(d->parts.arena, &d->cli->conf);
    struct stat st;
    if (stat(path, &st) < 0)
        report(d, WARN, "secret", "`reelgate serve` makes it at the first start",
               "%s is not there yet", path);
    else if (st.st_mode & 077)
        report(d, FAIL, "secret",
               "chmod 600 it; if others may have read it, remove it: all "
               "log-ins and links end",
               "%s can be read by others (mode %03o)", path, st.st_mode & 0777);
    else if (st.st_size < 32)
        report(d, FAIL, "secret", "remove it; the next start makes a new one",
               "%s is too short: %d bytes", path, (int)st.st_size);
    else
        report(d, OK, "secret", "", "%s is its owner's alone", path);
}

static void check_space(struct doctor *d)
{
    struct statvfs fs;
    const char *data = d->cli->conf.data;
    if (statvfs(data, &fs) < 0) {
        report(d, FAIL, "disk", "", "%s: %s", data, strerror(errno));
        return;
    }
    double left = (double)fs.f_bavail * (double)fs.f_frsize,
           all = (double)fs.f_blocks * (double)fs.f_frsize;
    double floor = (double)d->cli->conf.free_floor;
    if (left < floor)
        report(d, FAIL, "disk", "make room, or lower --free-space-floor",
               "%.1f of %.1f GB free, less than the floor of %.1f: uploads are refused", left / 1e9,
               all / 1e9, floor / 1e9);
    else if (left < 2 * floor)
        report(d, WARN, "disk", "make room soon", "%.1f of %.1f GB free, near the floor of %.1f",
               left / 1e9, all / 1e9, floor / 1e9);
    else
        report(d, OK, "disk", "", "%.1f of %.1f GB free", left / 1e9, all / 1e9);
}

static int see_one(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)arg, (void)name, (void)size_bytes, (void)age_ms;
    return 1;
}

/* A storage in another place: whether it lets us in. A folder is looked at by check_space. */
static void check_storage(struct doctor *d)
{
    const char *url = parts_storage(d->parts.arena, &d->cli->conf);
    struct err e = {0};
    AUTO(blob_closep) struct blob *b = NULL;
    if (strncmp(url, "file:", 5) == 0)
        return;
    if (blob_open(&b, url, NULL, 0, d->cli->log, &e) < 0) {
        report(d, FAIL, "storage", "see doc/deploy.md, \"S3\"", "%s", e.text);
        return;
    }
    int64_t began_ms = clock_mono_ms();
    if (blob_list(b, see_one, NULL, &e) < 0)
        report(d, FAIL, "storage",
               e.code == ERR_BUSY
                   ? "start it, or correct its endpoint: uploads get 503 until then"
                   : "the bucket must be there, and the keys must let us list, read, "
                     "write and remove in it",
               "%.*s: %s", (int)strcspn(url, "?"), url, e.text);
    else
        report(d, OK, "storage", "", "%.*s answers in %lld ms", (int)strcspn(url, "?"), url,
               (long long)(clock_mono_ms() - began_ms));
}

static void problem(void *arg, const char *text)
{
    struct doctor *d = arg;
    d->problems++;
    report(d, FAIL, "files", "", "%s", text);
}

/* Only what is there already is opened: doctor makes nothing. */
static bool has_database(struct doctor *d)
{
    const char *url = parts_database(d->parts.arena, &d->cli->conf);
    const char *path = strncmp(url, "sqlite://", 9) == 0 ? url + 9
                       : strncmp(url, "sqlite:", 7) == 0 ? url + 7
                                                         : NULL;
    if (!path || access(path, F_OK) == 0)
        return true;
    report(d, WARN, "database", "`reelgate serve` makes it at the first start",
           "%s is not there yet", path);
    return false;
}

static void check_database(struct doctor *d)
{
    struct err e = {0};
    const struct conf *c = &d->cli->conf;
    const char *url = parts_database(d->parts.arena, c);
    if (!has_database(d))
        return;
    if (store_open(&d->parts.store, url, d->cli->log, &e) < 0) {
        if (e.code == ERR_BUSY)
            report(d, WARN, "database", "stop the server to have its insides checked",
                   "%s is in use by a running server", url);
        else
            report(d, FAIL, "database", "restore it from a copy", "%s", e.text);
        return;
    }
    if (store_check(d->parts.store, &e) < 0) {
        report(d, FAIL, "database", "restore it from a copy", "%s", e.text);
        return;
    }
    int64_t n[TASK_STATE_COUNT] = {0};
    if (store_task_counts(d->parts.store, n, &e) < 0)
        report(d, FAIL, "database", "", "%s", e.text);
    else
        report(d, OK, "database", "",
               "whole; tasks: %d waiting, %d in work, %d processed, %d failed",
               (int)n[TASK_UPLOADED], (int)n[TASK_PROCESSING], (int)n[TASK_PROCESSED],
               (int)n[TASK_FAILED]);
    if (parts_open_tasks(&d->parts, c, d->cli->log, &e) < 0 ||
        task_check(d->parts.tasks, problem, d, &e) < 0)
        report(d, FAIL, "files", "", "%s", e.text);
    else if (d->problems == 0)
        report(d, OK, "files", "", "every byte belongs to a task and every task has its bytes");
}

static void check_jail(struct doctor *d)
{
    static const struct {
        enum jail_layer layer;
        const char *hint;
    } hints[] = {
        {JAIL_NAMESPACES, "allow user namespaces: sysctl user.max_user_namespaces, "
                          "kernel.unprivileged_userns_clone"},
        {JAIL_RLIMITS, "the service must be able to lower its own limits"},
        {JAIL_NO_NEW_PRIVS, "a Linux kernel from 3.5 on is needed"},
        {JAIL_LANDLOCK, "a kernel from 5.13 on with landlock in its lsm= list is needed"},
        {JAIL_SECCOMP, "a kernel with CONFIG_SECCOMP_FILTER is needed"},
    };
    struct err e = {0};
    const struct conf *c = &d->cli->conf;
    const char *helper;
    if (parts_helper(d->parts.arena, c, &helper, &e) < 0) {
        report(d, FAIL, "helper", "build or install it, or name it with --media-helper", "%s",
               e.text);
        return;
    }
    report(d, OK, "helper", "", "%s", helper);
    AUTO(jail_closep) struct jail *j = NULL;
    /* its own log stays silent: the lines below say it better */
    if (parts_open_jail(&j, d->parts.arena, c, NULL, NULL, NULL, &e) < 0) {
        report(d, FAIL, "jail", "without it nothing is rendered; --jail-floor says what must hold",
               "%s", e.text);
        return;
    }
    AUTO(buf_clear) struct buf why = {0};
    buf_init(&why, 4096);
    unsigned have = jail_layers(j, &why);
    for (size_t i = 0; i < LEN(hints); i++)
        if (have & hints[i].layer)
            report(d, OK, "jail", "", "%s holds", jail_layer_name(hints[i].layer));
        else
            report(d, WARN, "jail", hints[i].hint, "%s is missing; the other layers hold",
                   jail_layer_name(hints[i].layer));
    if (why.len)
        report(d, WARN, "jail", "", "%.*s", (int)strcspn(why.p, "\n"), why.p);
}

static void check_cache(struct doctor *d)
{
    struct err e = {0};
    int64_t entries, bytes;
    const char *folder = parts_cache(d->parts.arena, &d->cli->conf, true);
    if (!folder)
        report(d, OK, "cache", "", "none: each reel encodes its logo parts");
    else if (jail_cache_look(folder, &entries, &bytes, &e) < 0)
        report(d, WARN, "cache",
               "each reel encodes its logo parts until then; --cache names "
               "another folder",
               "%s", e.text);
    else
        report(d, OK, "cache", "", "%s: %lld logo parts, %lld of %lld bytes", folder,
               (long long)entries, (long long)bytes, (long long)d->cli->conf.cache_bytes);
}

static void check_port(struct doctor *d)
{
    const char *listen_at = d->cli->conf.listen, *colon = strrchr(listen_at, ':');
    char host[256] = "";
    if (!colon) {
        report(d, FAIL, "port", "write it as 127.0.0.1:8000", "%s is not address:port", listen_at);
        return;
    }
    bool v6 = listen_at[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof(host), "%.*s", (int)(colon - listen_at - 2 * v6), listen_at + v6);
    const struct addrinfo want = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                                  .ai_socktype = SOCK_STREAM};
    struct addrinfo *at = NULL;
    if (getaddrinfo(*host ? host : NULL, colon + 1, &want, &at) != 0) {
        report(d, FAIL, "port", "write it as 127.0.0.1:8000", "%s is not address:port", listen_at);
        return;
    }
    AUTO(fd_closep) int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    /* as the server does: a port in TIME_WAIT counts as free */
    bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
                 bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, 1) == 0;
    int error = errno;
    freeaddrinfo(at);
    if (bound)
        report(d, OK, "port", "", "%s is free", listen_at);
    else if (error == EADDRINUSE)
        report(d, WARN, "port", "fine when it is this service; else choose another with --listen",
               "%s is in use", listen_at);
    else
        report(d, FAIL, "port", "choose another with --listen", "%s: %s", listen_at,
               strerror(error));
}

static void check_settings(struct doctor *d)
{
    struct err e = {0};
    struct profile p;
    AUTO(fd_closep) int logo = -1;
    if (profile_of_conf(&d->cli->conf, &p, &e) < 0 || parts_logo(&d->cli->conf, &logo, &e) < 0)
        report(d, FAIL, "settings", "`reelgate serve` refuses to start with it", "%s", e.text);
    else
        report(d, OK, "settings", "", "fit, preset, lengths and logo can be used");
}

enum cli_exit cli_doctor(struct cli *c)
{
    struct doctor d = {.cli = c, .parts = {.arena = arena_new()}, .checks = json_array()};
    check_settings(&d);
    check_jail(&d);
    check_cache(&d);
    check_port(&d);
    check_storage(&d);
    if (check_folder(&d)) {
        check_space(&d);
        check_secret(&d);
        check_database(&d);
    }
    parts_clear(&d.parts);
    if (c->conf.json)
        cli_print_json(json_pack("{s:b, s:o}", "ok", d.failed == 0, "checks", d.checks));
    else
        json_decref(d.checks);
    return d.failed ? CLI_FAILED : CLI_DONE;
}
