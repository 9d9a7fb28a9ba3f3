/* Probes a folder: prints a line for each file in it and in its subfolders, and at the end how many
 * files took which path and why. Names are sorted, so that two runs can be compared. Links are not
 * followed, because they could form a loop. */
#include "cli/probe.h"

#include "cli/cli.h"
#include "cli/media_job.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

enum { PATH_SIZE = 4096, DEPTH_MAX = 32, REASONS_MAX = 512 };

/* The outcome of a file: one of the two paths of a reel, or one of two failures. */
enum fate { FATE_COPY, FATE_ENCODE, FATE_REFUSED, FATE_FAILED, FATES };
static const char *const fates[] = {"copy", "encode", "refused", "failed"};

struct reason {
    enum fate fate;
    char text[REASON_SIZE];
    int files;
};
struct walk {
    struct cli *c;
    struct media_job *m;
    int files, each[FATES];
    struct reason reasons[REASONS_MAX]; /* further reasons are counted by their outcome alone */
    int reason_count;
    bool stopped;
};

/* Counts a file. Of a reason with several parts, the first part decides. */
static void count(struct walk *w, enum fate fate, const char *sentence)
{
    char text[REASON_SIZE];
    str_copy(text, sizeof(text), sentence);
    text[strcspn(text, ";")] = '\0';
    w->files++;
    w->each[fate]++;
    int i = 0;
    while (i < w->reason_count &&
           (w->reasons[i].fate != fate || strcmp(w->reasons[i].text, text) != 0))
        i++;
    if (i == REASONS_MAX)
        return;
    if (i == w->reason_count) {
        w->reasons[w->reason_count++].fate = fate;
        str_copy(w->reasons[i].text, sizeof(w->reasons[i].text), text);
    }
    w->reasons[i].files++;
}

static void say(struct walk *w, const char *file, enum fate fate, const char *reason,
                const struct err *e)
{
    count(w, fate, reason);
    if (!w->c->conf.json) {
        fprintf(w->c->out, "%-8s %s: %s\n", fates[fate], file, reason);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:s}", "file", file, "path", fates[fate], "reason", reason);
    if (e)
        json_object_set_new(o, "code", json_string(msg_slug(e->msg)));
    cli_print_json(w->c, o);
}

static void say_fault(struct walk *w, const char *file, const struct err *e)
{
    bool clip = e->code == ERR_INPUT || e->code == ERR_UNSUPPORTED;
    bool particular = e->msg != msg_general(e->code);
    say(w, file, clip ? FATE_REFUSED : FATE_FAILED,
        particular ? msg_text(e->msg, LANG_EN) : e->text, e);
}

static void look_at(struct walk *w, const char *path, const char *shown)
{
    struct err e = {0};
    struct render_report r;
    fd_closep(&w->m->clip_fd);
    if (media_job_clip(w->m, path, &e) < 0 || jail_run(w->m->jail, &w->m->job, &r, &e) < 0) {
        w->stopped = e.code == ERR_STOPPED;
        if (!w->stopped)
            say_fault(w, shown, &e);
        return;
    }
    say(w, shown, r.path == PATH_COPY ? FATE_COPY : FATE_ENCODE, r.reason, NULL);
}

/* root_len: length of the given folder's name, which is not repeated in each line. */
static int walk_folder(struct walk *w, const char *folder, size_t root_len, int depth,
                       struct err *e)
{
    struct dirent **list = NULL;
    int n = scandir(folder, &list, NULL, alphasort);
    if (n < 0)
        return err_set(e, ERR_INPUT, "%s: %s", folder, strerror(errno));
    int result = 0;
    for (int i = 0; i < n; i++) {
        char path[PATH_SIZE];
        struct stat st;
        const char *name = list[i]->d_name;
        bool fits = snprintf(path, sizeof(path), "%s/%s", folder, name) < PATH_SIZE;
        bool wanted = name[0] != '.' && fits && lstat(path, &st) == 0;
        if (wanted && result == 0 && !w->stopped) {
            if (S_ISREG(st.st_mode))
                look_at(w, path, path + root_len + 1);
            else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
                result = walk_folder(w, path, root_len, depth + 1, e);
        }
        free(list[i]);
    }
    free(list);
    return result;
}

static int by_files(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;
    if (x->fate != y->fate)
        return (int)x->fate - (int)y->fate;
    return x->files != y->files ? y->files - x->files : strcmp(x->text, y->text);
}

static double share(const struct walk *w, int files)
{
    return (double)files / w->files;
}

static bool sum_up(struct walk *w)
{
    qsort(w->reasons, (size_t)w->reason_count, sizeof(w->reasons[0]), by_files);
    if (w->c->conf.json) {
        json_t *paths = json_object(), *reasons = json_array();
        for (int i = 0; i < FATES; i++)
            json_object_set_new(
                paths, fates[i],
                json_pack("{s:i, s:f}", "files", w->each[i], "share", share(w, w->each[i])));
        for (int i = 0; i < w->reason_count; i++)
            json_array_append_new(
                reasons, json_pack("{s:s, s:s, s:i, s:f}", "path", fates[w->reasons[i].fate],
                                   "reason", w->reasons[i].text, "files", w->reasons[i].files,
                                   "share", share(w, w->reasons[i].files)));
        cli_print_json(w->c, json_pack("{s:{s:i, s:o, s:o}}", "summary", "files", w->files, "paths",
                                       paths, "reasons", reasons));
        return fflush(w->c->out) == 0;
    }
    fprintf(w->c->out, "\n%d file%s\n", w->files, w->files == 1 ? "" : "s");
    for (int i = 0; i < FATES; i++) {
        if (!w->each[i])
            continue;
        fprintf(w->c->out, "%5.1f %%  %6d  %s\n", 100 * share(w, w->each[i]), w->each[i], fates[i]);
        for (int k = 0; k < w->reason_count; k++)
            if (w->reasons[k].fate == (enum fate)i)
                fprintf(w->c->out, "  %5.1f %%  %6d  %s\n", 100 * share(w, w->reasons[k].files),
                        w->reasons[k].files, w->reasons[k].text);
    }
    return fflush(w->c->out) == 0;
}

enum cli_exit probe_folder(struct cli *c, struct media_job *m, const char *folder)
{
    struct err e = {0};
    AUTO(freep) struct walk *w = mem_new(sizeof(*w));
    w->c = c;
    w->m = m;
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/')
        len--;
    char root[PATH_SIZE];
    if (len >= sizeof(root))
        return cli_usage(c, "the folder's name is too long");
    memcpy(root, folder, len);
    root[len] = '\0';
    if (walk_folder(w, root, len, 0, &e) < 0)
        return cli_fail(c, NULL, &e);
    if (w->files == 0 && !w->stopped) {
        err_set(&e, ERR_INPUT, "there is no file in it");
        return cli_fail(c, folder, &e);
    }
    if (w->files > 0 && !sum_up(w))
        return CLI_FAILED;
    return w->stopped || w->each[FATE_FAILED] ? CLI_FAILED : CLI_DONE;
}
