#include "core/reel_json.h"

#include <math.h>

static void ratio(json_t *o, const char *key, int num, int den)
{
    json_object_set_new(o, key, den ? json_sprintf("%d/%d", num, den) : json_null());
}

json_t *media_facts_json(const struct media_facts *f)
{
    json_t *o = json_pack("{s:s, s:I, s:f, s:i, s:i, s:i, s:b}", "container", f->container, "bytes",
                          (json_int_t)f->bytes, "duration", (double)f->duration_us / 1e6, "width",
                          f->display_width, "height", f->display_height, "rotation", f->rotation,
                          "faststart", f->faststart);
    json_t *v = json_pack(
        "{s:s, s:s, s:s, s:i, s:i, s:I, s:i, s:i, s:b, s:b, s:b, s:b}", "codec", f->video_codec,
        "profile", f->video_profile, "pixel_format", f->pixel_format, "coded_width", f->coded_width,
        "coded_height", f->coded_height, "frames", (json_int_t)f->frames, "bit_depth", f->bit_depth,
        "tracks", f->video_tracks, "variable_rate", f->variable_rate, "interlaced", f->interlaced,
        "hdr", f->hdr, "mirrored", f->mirrored);
    ratio(v, "fps", f->fps_num, f->fps_den);
    ratio(v, "sample_aspect", f->sar_num, f->sar_den);
    json_object_set_new(o, "video", v);
    json_object_set_new(o, "audio",
                        f->audio_tracks == 0
                            ? json_null()
                            : json_pack("{s:s, s:i, s:i, s:f, s:i}", "codec", f->audio_codec, "hz",
                                        f->audio_hz, "channels", f->audio_channels, "duration",
                                        (double)f->audio_duration_us / 1e6, "tracks",
                                        f->audio_tracks));
    return o;
}

static json_t *receipt_json(const struct receipt *r)
{
    json_t *checks = json_object();
    for (int i = 0; i < RECEIPT_ITEMS; i++)
        json_object_set_new(checks, receipt_item_name((enum receipt_item)i),
                            json_boolean(r->held & 1u << i));
    json_t *shape = json_pack("{s:i, s:i}", "width", r->width, "height", r->height);
    ratio(shape, "sample_aspect", r->sar_num, r->sar_den);
    if (r->height > 0 && r->sar_den > 0)
        json_object_set_new(
            shape, "aspect",
            json_real(round(1e4 * r->width * r->sar_num / r->height / r->sar_den) / 1e4));
    return json_pack("{s:b, s:o, s:o, s:I, s:I, s:I, s:f, s:{s:f, s:f, s:f}}", "ok",
                     r->held == RECEIPT_ALL, "checks", checks, "shape", shape, "pictures",
                     (json_int_t)r->pictures, "sounds", (json_int_t)r->sounds, "decoded",
                     (json_int_t)r->decoded, "length_error_ms", (double)r->length_error_us / 1e3,
                     "sync_ms", "first_seam", (double)r->sync_us[0] / 1e3, "second_seam",
                     (double)r->sync_us[1] / 1e3, "end", (double)r->sync_us[2] / 1e3);
}

json_t *reel_warnings_json(unsigned warnings, enum lang lang)
{
    json_t *all = json_array();
    for (int i = 0; i < REEL_WARNINGS; i++) {
        enum msg m = reel_warning_message((enum reel_warning)i);
        if (warnings & 1u << i)
            json_array_append_new(
                all, json_pack("{s:s, s:s}", "code", msg_slug(m), "message", msg_text(m, lang)));
    }
    return all;
}

json_t *render_report_json(const struct render_report *r)
{
    json_t *o =
        json_pack("{s:s, s:s, s:f, s:f, s:f, s:I, s:I}", "path", path_name(r->path), "reason",
                  r->reason, "wall_ms", (double)r->wall_us / 1e3, "body_seconds",
                  (double)r->body_us / 1e6, "sync_ms", (double)r->sync_us / 1e3, "peak_memory",
                  (json_int_t)r->peak_memory_bytes, "poster_bytes", (json_int_t)r->poster_bytes);
    json_object_set_new(o, "remade", json_boolean(r->remade));
    json_object_set_new(o, "receipt", r->receipt.held ? receipt_json(&r->receipt) : json_null());
    json_object_set_new(o, "warnings", reel_warnings_json(r->warnings, LANG_EN));
    json_object_set_new(o, "in", media_facts_json(&r->in));
    json_object_set_new(o, "out", media_facts_json(&r->out));
    return o;
}
