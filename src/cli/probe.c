#include "cli/probe.h"
#include "cli/cli.h"
#include "cli/media_job.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/reel_json.h"
#include "core/str.h"

static int tick(void *arg, int permille)
{
    (void)permille;
    return cli_signal(arg);
}

static double rate(int num, int den)
{
    return den ? (double)num / den : 0;
}

static void put_facts(struct buf *out, const struct media_facts *f)
{
    buf_printf(out, "container  %s, %.1f MB, %.3f s\n", f->container, (double)f->bytes / 1e6,
               (double)f->duration_us / 1e6);
    buf_printf(out, "picture    %s%s%s, %dx%d, %.6g pictures/s%s%s%s, %d bit (%s)\n",
               f->video_codec, *f->video_profile ? " " : "", f->video_profile, f->coded_width,
               f->coded_height, rate(f->fps_num, f->fps_den), f->variable_rate ? " (variable)" : "",
               f->interlaced ? ", interlaced" : "", f->hdr ? ", HDR" : "", f->bit_depth,
               f->pixel_format);
    buf_printf(out, "shown as   %dx%d, turned by %d degrees%s\n", f->display_width,
               f->display_height, f->rotation, f->mirrored ? ", mirrored" : "");
    if (f->audio_tracks)
        buf_printf(out, "sound      %s, %d Hz, %d channel%s, %.3f s\n", f->audio_codec, f->audio_hz,
                   f->audio_channels, f->audio_channels == 1 ? "" : "s",
                   (double)f->audio_duration_us / 1e6);
    else
        buf_puts(out, "sound      none\n");
    if (f->video_tracks > 1 || f->audio_tracks > 1)
        buf_printf(out, "tracks     %d of picture, %d of sound; one of each is used\n",
                   f->video_tracks, f->audio_tracks);
}

enum cli_exit cli_probe(struct cli *c)
{
    struct err e = {0};
    AUTO(media_job_clear) struct media_job m = MEDIA_JOB_NONE;
    if (media_job_wish(&m, c, &e) < 0)
        return cli_usage(c, "%s", e.text);
    struct stat st;
    bool folder = stat(c->args[0], &st) == 0 && S_ISDIR(st.st_mode);
    if (!folder && media_job_clip(&m, c->args[0], &e) < 0)
        return cli_fail(c, c->args[0], &e);
    if (media_job_open(&m, c, &e) < 0)
        return cli_fail(c, NULL, &e);
    m.order.op = RENDER_PROBE;
    m.job.tick = tick;
    m.job.arg = c;
    if (folder)
        return probe_folder(c, &m, c->args[0]);
    struct render_report r;
    if (jail_run(m.jail, &m.job, &r, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    if (c->conf.json) {
        cli_print_json(c, json_pack("{s:s, s:s, s:o, s:o}", "path", path_name(r.path), "reason",
                                    r.reason, "warnings", reel_warnings_json(r.warnings, LANG_EN),
                                    "in", media_facts_json(&r.in)));
        return CLI_DONE;
    }
    AUTO(buf_clear) struct buf out = {0};
    buf_init(&out, 4096);
    put_facts(&out, &r.in);
    buf_printf(&out, "path       %s: %s\n", path_name(r.path), r.reason);
    for (int i = 0; i < REEL_WARNINGS; i++)
        if (r.warnings & 1u << i)
            buf_printf(&out, "warning    %s\n",
                       msg_text(reel_warning_message((enum reel_warning)i), LANG_EN));
    return cli_print(&out) ? CLI_DONE : CLI_FAILED;
}
