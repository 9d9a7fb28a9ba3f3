#include "media/report.h"

#include "core/str.h"
#include "media/mux.h"

void media_report(const struct media_plan *plan, enum path path, const char *reason,
                  const struct mux *mux, int64_t body_us, int audio_hz, int audio_channels,
                  const char *video_profile, struct render_report *out)
{
    out->path = path;
    str_copy(out->reason, sizeof(out->reason), reason);
    out->body_us = body_us;
    struct media_facts *f = &out->out;
    *f = (struct media_facts){
        .duration_us = mux_us(mux),
        .coded_width = plan->width,
        .coded_height = plan->height,
        .display_width = (int)av_rescale(plan->width, plan->sar_num, plan->sar_den),
        .display_height = plan->height,
        .sar_num = plan->sar_num,
        .sar_den = plan->sar_den,
        .fps_num = plan->fps_num,
        .fps_den = plan->fps_den,
        .bit_depth = 8,
        .frames = mux_frames(mux),
        .audio_hz = audio_hz,
        .audio_channels = audio_channels,
        .video_tracks = 1,
        .audio_tracks = 1,
        .faststart = true,
    };
    f->audio_duration_us = f->duration_us;
    f->bytes = mux_bytes(mux);
    str_copy(f->container, sizeof(f->container), "mp4");
    str_copy(f->video_codec, sizeof(f->video_codec), "h264");
    str_copy(f->audio_codec, sizeof(f->audio_codec), "aac");
    str_copy(f->video_profile, sizeof(f->video_profile), video_profile);
    str_copy(f->pixel_format, sizeof(f->pixel_format), "yuv420p");
}
