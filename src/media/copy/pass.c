#include "media/copy/pass.h"

#include "core/err.h"
#include "core/str.h"
#include "media/clip/input.h"
#include "media/copy/sound.h"
#include "media/encode/line.h"
#include "media/mux.h"
#include "media/plan.h"

#include <stdlib.h>

enum { PERMILLE_START = PERMILLE_OPENED, PERMILLE_END = 990 };

void pass_clear(struct copy *c)
{
    hold_clear(&c->hold);
    for (int i = 0; i < c->early_count; i++)
        av_packet_free(&c->early[i]);
    free(c->early);
    head_clear(&c->before);
    recoded_clear(&c->head);
    recoded_clear(&c->tail);
    copy_sound_free(c->sound); /* joins its thread, which writes to the mux */
    mux_free(c->mux);
    bumper_clear(&c->bumper);
    av_packet_free(&c->packet);
    av_packet_free(&c->key);
}

int pass_refuse(struct copy *c, const char *why)
{
    c->refused = true;
    str_copy(c->why, REASON_SIZE, why);
    return -1;
}

void pass_progress(const struct copy *c, int64_t ticks)
{
    const struct media_job *job = c->job;
    int64_t most = c->longest;
    if (job->progress)
        job->progress(job->arg, PERMILLE_START + (int)((PERMILLE_END - PERMILLE_START) *
                                                       (ticks < most ? ticks : most) / most));
}

int pass_take_sound(struct copy *c, AVPacket *packet, struct err *e)
{
    if (!c->sound) {
        av_packet_unref(packet);
        return 0;
    }
    struct err why = {0};
    int r = copy_sound_take(c->sound, packet, &why);
    if (r < 0 && why.code == ERR_UNSUPPORTED)
        return pass_refuse(c, "its sound changes on the way");
    if (r < 0 && e)
        *e = why;
    return r;
}

struct bumper_shape pass_shape(const struct copy *c, int set_id)
{
    const struct sps *s = &c->sets.sps;
    struct bumper_shape shape = {
        .width = s->width,
        .height = s->height,
        .coded_width = s->coded_width,
        .coded_height = s->coded_height,
        .sar_num = s->sar_num,
        .sar_den = s->sar_den,
        .fps_num = c->plan->fps_num,
        .fps_den = c->plan->fps_den,
        .frames = c->plan->bumper_frames,
        .profile_idc = s->profile_idc,
        .constraints = s->constraints,
        .level_idc = s->level_idc,
        .set_id = set_id,
        .full_range = s->full_range,
        .primaries = s->primaries,
        .transfer = s->transfer,
        .matrix = s->matrix,
        .crf = c->job->order->profile.crf,
    };
    str_copy(shape.preset, sizeof(shape.preset), c->job->order->profile.preset);
    return shape;
}

int pass_put_bumper(struct copy *c, struct err *e)
{
    mux_segment(c->mux);
    for (int i = 0; i < c->bumper.count; i++) {
        int64_t at = i * c->hold.clock.slot;
        if (mux_group(c->mux, &c->bumper.packets[i], &at, 1, e) < 0)
            return -1;
    }
    mux_segment(c->mux);
    return 0;
}

int pass_put_recoded(struct copy *c, const struct recoded *r, struct err *e)
{
    for (int i = 0; i < r->coded.count; i++) {
        int64_t at;
        (void)hold_time(&c->hold, r->pts[i], &at);
        if (mux_group(c->mux, &r->coded.packets[i], &at, 1, e) < 0)
            return -1;
    }
    return 0;
}
