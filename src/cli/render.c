/* Plan: check the settings, open the clip, start OUT, make and check the reel, put it in place.
 * Ctrl-C reaches the child through the tick and leaves no file. */
#include "cli/cli.h"
#include "cli/media_job.h"
#include "cli/out_file.h"
#include "cli/parts.h"
#include "cli/progress.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/reel_json.h"
#include "worker/reel.h"

struct render {
    const struct cli *cli;
    struct progress progress;
};

static int tick(void *arg, int permille)
{
    struct render *r = arg;
    if (cli_signal(r->cli))
        return 1;
    progress_show(&r->progress, permille);
    return 0;
}

static void refused(void *arg, const struct render_report *made, const struct err *why)
{
    const struct render *r = arg;
    if (made->path == PATH_ENCODE)
        log_error(r->cli->log, "an encoded reel failed its receipt", "receipt", why->text);
}

static void tell(const struct cli *c, const struct render_report *r, int64_t wall_ms)
{
    if (c->conf.json) {
        json_t *o = render_report_json(r);
        json_object_set_new(o, "wall_ms", json_integer(wall_ms)); /* as the caller saw it */
        cli_print_json(c, o);
        return;
    }
    printf("%s: %dx%d, %.2f s, %.1f MB, %s path, in %.2f s\n", c->args[1], r->out.display_width,
           r->out.display_height, (double)r->out.duration_us / 1e6, (double)r->out.bytes / 1e6,
           path_name(r->path), (double)wall_ms / 1e3);
    printf("  %s\n", r->reason);
    for (int i = 0; i < REEL_WARNINGS; i++)
        if (r->warnings & 1u << i)
            printf("  warning: %s\n",
                   msg_text(reel_warning_message((enum reel_warning)i), LANG_EN));
}

enum cli_exit cli_render(struct cli *c)
{
    int64_t begun_ms = clock_mono_ms();
    struct err e = {0};
    AUTO(media_job_clear) struct media_job m = MEDIA_JOB_NONE;
    AUTO(out_file_clear) struct out_file out = {.fd = -1, .folder = -1};
    if (media_job_wish(&m, c, &e) < 0)
        return cli_usage(c, "%s", e.text);
    if (media_job_clip(&m, c->args[0], &e) < 0)
        return cli_fail(c, c->args[0], &e);
    if (out_file_begin(&out, c->args[1], &m.clip, &e) < 0) {
        enum cli_exit status = cli_fail(c, c->args[1], &e);
        return e.code == ERR_CONFLICT ? CLI_USAGE : status;
    }
    if (media_job_open(&m, c, &e) < 0)
        return cli_fail(c, NULL, &e);
    struct render r = {c, progress_begin()};
    m.order.op = RENDER_MAKE;
    m.job.reel_fd = out.fd;
    m.job.tick = tick;
    m.job.arg = &r;
    struct render_report report;
    int failed = reel_make(m.jail, &m.job, refused, &report, &e);
    progress_end(&r.progress);
    if (failed < 0)
        return cli_fail(c, c->args[0], &e);
    if (report.remade)
        log_warn(c->log, "a reel failed its receipt and was made anew", "reason", report.reason);
    if (out_file_commit(&out, &e) < 0)
        return cli_fail(c, c->args[1], &e);
    tell(c, &report, clock_mono_ms() - begun_ms);
    return CLI_DONE;
}
