/* Plan: a list of checks. Each check reports one or more lines through two functions; the last
 * checks need what the first ones have opened. Doctor makes and changes nothing: it reports a
 * missing data folder as missing, and leaves an old schema as it is. The sentence about a fault
 * comes from the message catalogue, in the language of the terminal; the observed facts and names
 * stand beside it. */
#include "cli/doctor.h"

#include "blob/blob.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/profile.h"
#include "queue/queue.h"
#include "store/store.h"
#include "store/task.h"
#include "task/task.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SEEN_MAX = 512, SECRET_LEAST = 32 };

/* -- reports -- */

static void report(struct doctor *d, enum grade g, const char *what, enum msg m, enum msg todo,
                   const char *seen)
{
    static const char *const names[] = {"ok", "warn", "FAIL"}, *const states[] = {"ok", "warn",
                                                                                  "fail"};
    const char *hint = g == DOCTOR_OK ? "" : msg_text(todo, d->lang);
    d->failed += g == DOCTOR_FAIL;
    if (d->cli->conf.json) {
        json_array_append_new(d->checks,
                              json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s}", "check", what, "state",
                                        states[g], "code", g == DOCTOR_OK ? NULL : msg_slug(m),
                                        "message", g == DOCTOR_OK ? NULL : msg_text(m, d->lang),
                                        "detail", seen, "hint", hint));
        return;
    }
    if (g == DOCTOR_OK)
        printf("%-5s %-9s %s\n", names[g], what, seen);
    else
        printf("%-5s %-9s %s (%s)\n%15s -> %s\n", names[g], what, msg_text(m, d->lang), seen, "",
               hint);
}

void doctor_well(struct doctor *d, const char *what, const char *fmt, ...)
{
    char seen[SEEN_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(seen, sizeof(seen), fmt, ap);
    va_end(ap);
    report(d, DOCTOR_OK, what, MSG_OK, MSG_OK, seen);
}

void doctor_wrong(struct doctor *d, enum grade g, const char *what, enum msg m, enum msg todo,
                  const char *fmt, ...)
{
    char seen[SEEN_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(seen, sizeof(seen), fmt, ap);
    va_end(ap);
    report(d, g, what, m, todo, seen);
}

/* -- settings, data folder, secret, room -- */

static void check_settings(struct doctor *d)
{
    struct err e = {0};
    struct profile p;
    AUTO(fd_closep) int logo = -1;
    if (profile_of_conf(&d->cli->conf, &p, &e) < 0 || parts_logo(&d->cli->conf, &logo, &e) < 0)
        doctor_wrong(d, DOCTOR_FAIL, "settings", MSG_DOCTOR_SETTINGS, MSG_DOCTOR_SETTINGS_DO, "%s",
                     e.text);
    else
        doctor_well(d, "settings", "fit, preset, lengths and logo can be used");
}

static void check_data(struct doctor *d)
{
    const char *data = d->cli->conf.data;
    struct stat st;
    if (stat(data, &st) < 0 && errno == ENOENT) {
        doctor_wrong(d, DOCTOR_WARN, "data", MSG_DOCTOR_DATA_NEW, MSG_DOCTOR_NEW_DO, "%s", data);
        return;
    }
    if (stat(data, &st) < 0 || !S_ISDIR(st.st_mode)) {
        doctor_wrong(d, DOCTOR_FAIL, "data", MSG_DOCTOR_DATA_BAD, MSG_DOCTOR_DATA_BAD_DO, "%s",
                     data);
        return;
    }
    if (access(data, R_OK | W_OK | X_OK) < 0) {
        doctor_wrong(d, DOCTOR_FAIL, "data", MSG_DOCTOR_DATA_DENIED, MSG_DOCTOR_DATA_DENIED_DO,
                     "%s: %s", data, strerror(errno));
        return;
    }
    d->has_data = true;
    if (st.st_mode & 077)
        doctor_wrong(d, DOCTOR_WARN, "data", MSG_DOCTOR_DATA_OPEN, MSG_DOCTOR_DATA_OPEN_DO,
                     "%s, mode %03o", data, st.st_mode & 0777);
    else
        doctor_well(d, "data", "%s", data);
}

static void check_secret(struct doctor *d)
{
    const char *path = parts_secret_file(d->parts.arena, &d->cli->conf);
    struct stat st;
    if (stat(path, &st) < 0)
        doctor_wrong(d, DOCTOR_WARN, "secret", MSG_DOCTOR_SECRET_NEW, MSG_DOCTOR_NEW_DO, "%s: %s",
                     path, strerror(errno));
    else if (st.st_mode & 077)
        doctor_wrong(d, DOCTOR_FAIL, "secret", MSG_DOCTOR_SECRET_OPEN, MSG_DOCTOR_SECRET_OPEN_DO,
                     "%s, mode %03o", path, st.st_mode & 0777);
    else if (st.st_size < SECRET_LEAST)
        doctor_wrong(d, DOCTOR_FAIL, "secret", MSG_DOCTOR_SECRET_SHORT, MSG_DOCTOR_SECRET_SHORT_DO,
                     "%s, %d bytes", path, (int)st.st_size);
    else
        doctor_well(d, "secret", "%s is its owner's alone", path);
}

static void check_room(struct doctor *d, const char *folder)
{
    struct statvfs fs;
    if (statvfs(folder, &fs) < 0) {
        doctor_wrong(d, DOCTOR_FAIL, "disk", MSG_DOCTOR_DISK_UNKNOWN, MSG_DOCTOR_DISK_UNKNOWN_DO,
                     "%s: %s", folder, strerror(errno));
        return;
    }
    double left = (double)fs.f_bavail * (double)fs.f_frsize / 1e9,
           all = (double)fs.f_blocks * (double)fs.f_frsize / 1e9,
           floor = (double)d->cli->conf.free_floor / 1e9;
    if (left < floor)
        doctor_wrong(d, DOCTOR_FAIL, "disk", MSG_DOCTOR_DISK_FULL, MSG_DOCTOR_DISK_FULL_DO,
                     "%s: %.1f of %.1f GB free, the floor is %.1f", folder, left, all, floor);
    else if (left < 2 * floor)
        doctor_wrong(d, DOCTOR_WARN, "disk", MSG_DOCTOR_DISK_NEAR, MSG_DOCTOR_DISK_NEAR_DO,
                     "%s: %.1f of %.1f GB free, the floor is %.1f", folder, left, all, floor);
    else
        doctor_well(d, "disk", "%s: %.1f of %.1f GB free", folder, left, all);
}

/* -- storage -- */

static void check_folder(struct doctor *d, const char *folder)
{
    struct stat st;
    if (stat(folder, &st) < 0 && errno == ENOENT)
        doctor_wrong(d, DOCTOR_WARN, "storage", MSG_DOCTOR_STORAGE_NEW, MSG_DOCTOR_NEW_DO, "%s",
                     folder);
    else if (stat(folder, &st) < 0 || access(folder, R_OK | W_OK | X_OK) < 0)
        doctor_wrong(d, DOCTOR_FAIL, "storage", MSG_DOCTOR_STORAGE_DENIED,
                     MSG_DOCTOR_STORAGE_DENIED_DO, "%s: %s", folder, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        doctor_wrong(d, DOCTOR_FAIL, "storage", MSG_DOCTOR_STORAGE_DENIED,
                     MSG_DOCTOR_STORAGE_DENIED_DO, "%s is not a folder", folder);
    else {
        doctor_well(d, "storage", "%s", folder);
        check_room(d, folder);
    }
}

static void check_storage(struct doctor *d)
{
    const char *url = parts_storage(d->parts.arena, &d->cli->conf),
               *folder = parts_path(url, "file:");
    struct err e = {0};
    AUTO(blob_closep) struct blob *b = NULL;
    if (folder) {
        check_folder(d, folder);
        return;
    }
    if (blob_open(&b, url, NULL, 0, d->cli->log, &e) < 0) {
        bool module = e.code == ERR_UNSUPPORTED;
        doctor_wrong(d, DOCTOR_FAIL, "storage", module ? MSG_DOCTOR_MODULE : MSG_DOCTOR_STORAGE_BAD,
                     module ? MSG_DOCTOR_MODULE_DO : MSG_DOCTOR_STORAGE_BAD_DO, "%s", e.text);
        return;
    }
    int64_t began_ms = clock_mono_ms();
    int shown = (int)strcspn(url, "?");
    if (blob_ping(b, &e) == 0)
        doctor_well(d, "storage", "%.*s answers in %lld ms", shown, url,
                    (long long)(clock_mono_ms() - began_ms));
    else if (e.code == ERR_BUSY)
        doctor_wrong(d, DOCTOR_FAIL, "storage", MSG_DOCTOR_STORAGE_DOWN, MSG_DOCTOR_STORAGE_DOWN_DO,
                     "%.*s: %s", shown, url, e.text);
    else
        doctor_wrong(d, DOCTOR_FAIL, "storage", MSG_DOCTOR_STORAGE_REFUSES,
                     MSG_DOCTOR_STORAGE_REFUSES_DO, "%.*s: %s", shown, url, e.text);
}

/* -- queue -- */

static void check_queue(struct doctor *d)
{
    struct err e = {0};
    const char *url = d->cli->conf.queue;
    int shown = (int)strcspn(url, ":"); /* the rest may hold a password */
    AUTO(queue_closep) struct queue *q = NULL;
    if (queue_open(&q, url, d->cli->log, &e) < 0) {
        bool module = e.code == ERR_UNSUPPORTED;
        doctor_wrong(d, DOCTOR_FAIL, "queue", module ? MSG_DOCTOR_MODULE : MSG_DOCTOR_QUEUE_BAD,
                     module ? MSG_DOCTOR_MODULE_DO : MSG_DOCTOR_QUEUE_BAD_DO, "%s", e.text);
        return;
    }
    d->has_queue = true;
    if (queue_ping(q, &e) < 0)
        doctor_wrong(d, DOCTOR_FAIL, "queue", MSG_DOCTOR_QUEUE_DOWN, MSG_DOCTOR_QUEUE_DOWN_DO, "%s",
                     e.text);
    else
        doctor_well(d, "queue", "%.*s answers", shown, url);
}

/* -- database, and what the tasks say of the files -- */

static void problem(void *arg, const char *text)
{
    struct doctor *d = arg;
    d->files_wrong++;
    doctor_wrong(d, DOCTOR_FAIL, "files", MSG_DOCTOR_FILES, MSG_DOCTOR_FILES_DO, "%s", text);
}

/* Opens only what exists already: doctor makes nothing. */
static bool has_database(struct doctor *d, const char *url)
{
    const char *path = parts_path(url, "sqlite:");
    if (!path || access(path, F_OK) == 0)
        return true;
    doctor_wrong(d, DOCTOR_WARN, "database", MSG_DOCTOR_DATABASE_NEW, MSG_DOCTOR_NEW_DO, "%s",
                 path);
    return false;
}

static void not_opened(struct doctor *d, const char *url, const struct err *e)
{
    bool file = parts_path(url, "sqlite:") != NULL;
    if (e->code == ERR_BUSY && file)
        doctor_wrong(d, DOCTOR_WARN, "database", MSG_DOCTOR_DATABASE_USED,
                     MSG_DOCTOR_DATABASE_USED_DO, "%s", url);
    else if (e->code == ERR_BUSY)
        doctor_wrong(d, DOCTOR_FAIL, "database", MSG_DOCTOR_DATABASE_DOWN,
                     MSG_DOCTOR_DATABASE_DOWN_DO, "%s", e->text);
    else if (e->code == ERR_CONFLICT)
        doctor_wrong(d, DOCTOR_FAIL, "database", MSG_DOCTOR_DATABASE_NEWER,
                     MSG_DOCTOR_DATABASE_NEWER_DO, "%s", e->text);
    else if (e->code == ERR_UNSUPPORTED)
        doctor_wrong(d, DOCTOR_FAIL, "database", MSG_DOCTOR_MODULE, MSG_DOCTOR_MODULE_DO, "%s",
                     e->text);
    else if (e->code == ERR_INPUT)
        doctor_wrong(d, DOCTOR_FAIL, "database", MSG_DOCTOR_DATABASE_BAD,
                     MSG_DOCTOR_DATABASE_BAD_DO, "%s", e->text);
    else
        doctor_wrong(d, DOCTOR_FAIL, "database", MSG_DOCTOR_DATABASE_BROKEN,
                     MSG_DOCTOR_DATABASE_BROKEN_DO, "%s", e->text);
}

/* Returns whether the schema has this program's version; without it there is nothing to check. */
static bool is_current(struct doctor *d)
{
    int version, newest;
    store_schema(d->parts.store, &version, &newest);
    if (version == newest)
        return true;
    if (version == 0)
        doctor_wrong(d, DOCTOR_WARN, "database", MSG_DOCTOR_DATABASE_NEW, MSG_DOCTOR_NEW_DO,
                     "it is empty");
    else
        doctor_wrong(d, DOCTOR_WARN, "database", MSG_DOCTOR_DATABASE_OLDER,
                     MSG_DOCTOR_DATABASE_OLDER_DO, "version %d of its schema, this program's is %d",
                     version, newest);
    return false;
}

static void check_database(struct doctor *d)
{
    struct err e = {0};
    const struct conf *c = &d->cli->conf;
    const char *url = parts_database(d->parts.arena, c);
    int64_t n[TASK_STATE_COUNT] = {0};
    if (!has_database(d, url))
        return;
    if (store_open(&d->parts.store, url, d->cli->log, &e) < 0) {
        not_opened(d, url, &e);
        return;
    }
    if (!is_current(d))
        return;
    if (store_check(d->parts.store, &e) < 0 || store_task_counts(d->parts.store, n, &e) < 0) {
        not_opened(d, url, &e);
        return;
    }
    doctor_well(d, "database", "whole; tasks: %d waiting, %d in work, %d processed, %d failed",
                (int)n[TASK_UPLOADED], (int)n[TASK_PROCESSING], (int)n[TASK_PROCESSED],
                (int)n[TASK_FAILED]);
    const char *folder = parts_path(parts_storage(d->parts.arena, c), "file:");
    /* reported already; doctor makes none of them */
    if (!d->has_data || !d->has_queue || (folder && access(folder, F_OK) < 0))
        return;
    if (parts_open_tasks(&d->parts, c, d->cli->log, &e) < 0 ||
        task_check(d->parts.tasks, problem, d, &e) < 0)
        problem(d, e.text);
    else if (d->files_wrong == 0)
        doctor_well(d, "files", "every byte belongs to a task and every task has its bytes");
}

enum cli_exit cli_doctor(struct cli *c)
{
    struct doctor d = {
        .cli = c, .parts = {.arena = arena_new()}, .lang = lang_terminal(), .checks = json_array()};
    check_settings(&d);
    doctor_limits(&d);
    doctor_modules(&d);
    doctor_jail(&d);
    doctor_cache(&d);
    doctor_port(&d, "listen", c->conf.listen);
    if (*c->conf.metrics_listen)
        doctor_port(&d, "metrics-listen", c->conf.metrics_listen);
    check_queue(&d);
    check_data(&d);
    if (d.has_data)
        check_room(&d, c->conf.data);
    if (d.has_data || *c->conf.secret_file)
        check_secret(&d);
    if (d.has_data || *c->conf.storage)
        check_storage(&d);
    if (d.has_data || *c->conf.database)
        check_database(&d);
    doctor_clock(&d);
    parts_clear(&d.parts);
    if (c->conf.json)
        cli_print_json(c, json_pack("{s:b, s:o}", "ok", d.failed == 0, "checks", d.checks));
    else
        json_decref(d.checks);
    return d.failed ? CLI_FAILED : CLI_DONE;
}
