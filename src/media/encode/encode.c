/* Opens everything in one thread and starts the other threads (media/encode/line.h); then encodes
 * the body and writes the file. The bumper's packets come first in the file, so the body's first
 * packet waits for the bumper thread; the encoder's look-ahead takes longer than that. */
#include "media/encode/encode.h"

#include "core/mem.h"
#include "core/str.h"
#include "media/bumper/bumper.h"
#include "media/bumper/picture.h"
#include "media/coder.h"
#include "media/encode/audio.h"
#include "media/encode/decode.h"
#include "media/encode/filter.h"
#include "media/encode/line.h"
#include "media/mux.h"
#include "media/report.h"

#include <errno.h>
#include <unistd.h>

enum { PERMILLE_START = PERMILLE_OPENED + 20, PERMILLE_END = 990 };

struct encode {
    struct line line;
    AVCodecContext *decoder, *sound_decoder;
    AVCodecContext *coder, *bumper_coder, *sound_coder;
    struct audio_task audio;
    AVFrame *logo;
    struct bumper intro; /* the bumper thread's until it is joined */
    struct mux *mux;
    AVPacket *packet;
    pthread_t threads[4];
    int started;
    pthread_t bumper;
    bool bumper_started, bumper_joined;

    int64_t body_expected; /* frames, for the progress */
    int64_t keys;          /* IDR pictures of the body so far */
    bool last_is_key;
};

static void encode_clear(struct encode *n)
{
    mux_free(n->mux);
    bumper_clear(&n->intro);
    av_packet_free(&n->packet);
    av_frame_free(&n->logo);
    avcodec_free_context(&n->decoder);
    avcodec_free_context(&n->sound_decoder);
    avcodec_free_context(&n->coder);
    avcodec_free_context(&n->bumper_coder);
    avcodec_free_context(&n->sound_coder);
    line_clear(&n->line);
}

static int open_mux(struct encode *n, struct err *e)
{
    AUTO(avcodec_parameters_free) AVCodecParameters *picture = avcodec_parameters_alloc();
    AUTO(avcodec_parameters_free) AVCodecParameters *sound = avcodec_parameters_alloc();
    if (!picture || !sound || avcodec_parameters_from_context(picture, n->coder) < 0 ||
        avcodec_parameters_from_context(sound, n->sound_coder) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "encode: no memory");
    const struct media_plan *plan = n->line.plan;
    const struct mux_form form = {
        .picture = picture,
        .sound = sound,
        .delay = n->coder->has_b_frames,
        .clock = mux_clock_make(plan, (AVRational){0, 1}),
        .pictures_most = 2 * plan->bumper_frames + plan->body_frames_max,
    };
    return mux_open(&n->mux, n->line.job->reel_fd, plan, &form, e);
}

static int open_all(struct encode *n, struct err *e)
{
    const struct line *l = &n->line;
    const struct media_limits *limits = &l->job->order->limits;
    const struct profile *p = &l->job->order->profile;
    n->packet = av_packet_alloc();
    if (!n->packet)
        return err_msg(e, MSG_MEMORY_LIMIT, "encode: no memory");
    if (decode_open(l, &n->decoder, e) < 0)
        return -1;
    struct err ignored; /* sound without an allowed decoder becomes silence */
    if (!l->plan->silent && l->in->audio >= 0 &&
        media_input_decoder(l->in, l->in->audio, limits, &n->sound_decoder, &ignored) < 0)
        l->in->warnings |= 1u << WARNING_SOUND_UNREADABLE;
    if (coder_picture(l->plan, p, false, limits->threads, &n->coder, e) < 0 ||
        coder_picture(l->plan, p, true, 1, &n->bumper_coder, e) < 0 ||
        coder_same_headers(n->coder, n->bumper_coder, e) < 0 ||
        coder_sound(l->plan, p, &n->sound_coder, e) < 0)
        return -1;
    return open_mux(n, e);
}

static void *run_decode(void *arg)
{
    struct encode *n = arg;
    decode_run(&n->line, n->decoder);
    return NULL;
}

static void *run_filter(void *arg)
{
    struct encode *n = arg;
    filter_run(&n->line);
    return NULL;
}

static void *run_audio(void *arg)
{
    struct encode *n = arg;
    audio_run(&n->audio);
    return NULL;
}

static void *run_bumper(void *arg)
{
    struct encode *n = arg;
    struct err e = {0};
    const struct media_plan *p = n->line.plan;
    /* the body's first picture has idr_pic_id 0; a bumper of one picture must not */
    if (media_logo_frame(n->line.job->logo_fd, &n->line.job->order->limits, p->width, p->height,
                         &n->logo, &e) < 0 ||
        bumper_make(n->bumper_coder, n->logo, p->bumper_frames, p->bumper_frames == 1, &n->intro,
                    &e) < 0)
        line_fail(&n->line, &e);
    return NULL;
}

static int spawn(struct encode *n, void *(*run)(void *), pthread_t *out, struct err *e)
{
    int r = pthread_create(out, NULL, run, n);
    return r ? err_set(e, ERR_SYSTEM, "encode: a thread: %s", strerror(r)) : 0;
}

static int start_all(struct encode *n, struct err *e)
{
    const struct line *l = &n->line;
    n->audio = (struct audio_task){
        .line = &n->line,
        .decoder = n->sound_decoder,
        .encoder = n->sound_coder,
        .mux = n->mux,
    };
    if (n->sound_decoder)
        n->audio.time_base = l->in->fmt->streams[l->in->audio]->time_base;
    if (l->plan->bumper_frames > 0) {
        if (spawn(n, run_bumper, &n->bumper, e) < 0)
            return -1;
        n->bumper_started = true;
    }
    void *(*const runs[])(void *) = {run_audio, run_filter, run_decode};
    for (size_t i = 0; i < LEN(runs); i++) {
        if (spawn(n, runs[i], &n->threads[n->started], e) < 0)
            return -1;
        n->started++;
    }
    return 0;
}

static void join_bumper(struct encode *n)
{
    if (n->bumper_started && !n->bumper_joined)
        pthread_join(n->bumper, NULL);
    n->bumper_joined = true;
}

static int put_bumper(struct encode *n, const struct bumper *b, struct err *e)
{
    mux_segment(n->mux);
    for (int i = 0; i < b->count; i++)
        if (mux_picture(n->mux, b->packets[i], e) < 0)
            return -1;
    mux_segment(n->mux);
    return 0;
}

static int take_body(void *arg, AVPacket *packet, struct err *e)
{
    struct encode *n = arg;
    if (!n->bumper_joined) {
        join_bumper(n);
        if (line_failed(&n->line))
            return err_set(e, ERR_STOPPED, "encode: stopped");
        if (put_bumper(n, &n->intro, e) < 0)
            return -1;
    }
    n->last_is_key = packet->flags & AV_PKT_FLAG_KEY;
    n->keys += n->last_is_key;
    int ok = mux_picture(n->mux, packet, e);
    av_packet_unref(packet);
    return ok;
}

static int encode_picture(struct encode *n, struct picture *p, struct err *e)
{
    AVFrame *f = p->frame;
    /* our encoder must choose these itself */
    f->pict_type = AV_PICTURE_TYPE_NONE;
    f->key_frame = 0;
    f->interlaced_frame = 0;
    f->repeat_pict = 0;
    for (int i = 0; i < p->repeat; i++) {
        f->pts = p->index + i;
        if (coder_run(n->coder, f, n->packet, take_body, n, e) < 0)
            return -1;
        int64_t done = PERMILLE_START + (PERMILLE_END - PERMILLE_START) * f->pts / n->body_expected;
        line_progress(&n->line, done < PERMILLE_END ? (int)done : PERMILLE_END);
    }
    return 0;
}

static int encode_body(struct encode *n, struct err *e)
{
    struct picture *p;
    while ((p = pipe_get(&n->line.filtered))) {
        int ok = encode_picture(n, p, e);
        picture_free(p);
        if (ok < 0)
            return -1;
    }
    if (line_failed(&n->line))
        return err_set(e, ERR_STOPPED, "encode: stopped");
    return coder_run(n->coder, NULL, n->packet, take_body, n, e);
}

/* Writes the bumper again. It is encoded anew only when the body ends on an IDR picture with the
 * same idr_pic_id. */
static int put_outro(struct encode *n, struct err *e)
{
    const struct line *l = &n->line;
    int last_id = (int)((n->keys + 1) % 2);
    if (!n->last_is_key || l->plan->bumper_frames == 0 || last_id != n->intro.first_id)
        return put_bumper(n, &n->intro, e);
    AUTO(avcodec_free_context) AVCodecContext *fresh = NULL;
    AUTO(bumper_clear) struct bumper outro = {0};
    if (coder_picture(l->plan, &l->job->order->profile, true, l->job->order->limits.threads, &fresh,
                      e) < 0 ||
        coder_same_headers(n->coder, fresh, e) < 0 ||
        bumper_make(fresh, n->logo, l->plan->bumper_frames, !last_id, &outro, e) < 0)
        return -1;
    return put_bumper(n, &outro, e);
}

static void join_all(struct encode *n)
{
    join_bumper(n);
    for (int i = 0; i < n->started; i++)
        pthread_join(n->threads[i], NULL);
    n->started = 0;
}

static int run(struct encode *n, struct err *e)
{
    if (open_all(n, e) < 0)
        return -1;
    line_progress(&n->line, PERMILLE_OPENED);
    return start_all(n, e) < 0 ? -1 : encode_body(n, e);
}

/* One of two passes. */
struct pass {
    bool careful;
    bool damaged; /* the clip is damaged: decode once more, carefully */
    int permille; /* how far the last one came */
};

static int encode(const struct media_job *job, struct media_input *in,
                  const struct media_plan *plan, struct pass *t, struct render_report *out,
                  struct err *e)
{
    AUTO(encode_clear) struct encode n = {0};
    line_init(&n.line, job, plan, in);
    n.line.careful = t->careful;
    n.line.permille_base = t->permille;
    int64_t us = in->facts.duration_us - plan->start_us;
    n.body_expected = av_rescale(us > 0 ? us : 0, plan->fps_num, (int64_t)plan->fps_den * 1000000);
    if (n.body_expected <= 0 || n.body_expected > plan->body_frames_max)
        n.body_expected = plan->body_frames_max;
    struct err mine = {0};
    if (run(&n, &mine) < 0)
        line_fail(&n.line, &mine);
    join_all(&n);
    t->damaged = n.line.damaged;
    t->permille = n.line.permille;
    if (n.line.failed) {
        *e = n.line.fault;
        return -1;
    }
    if (put_outro(&n, e) < 0 || mux_finish(n.mux, e) < 0)
        return -1;
    int64_t body_us = av_rescale(n.line.body_frames * 1000000, plan->fps_den, plan->fps_num);
    media_report(plan, PATH_ENCODE, plan->reason, n.mux, body_us, plan->audio_hz, 2, "High", out);
    out->poster_bytes = n.line.poster_bytes;
    out->warnings = in->warnings | n.line.warnings;
    if (in->boxes.cut && n.line.body_frames < plan->body_frames_max)
        out->warnings |= 1u << WARNING_CLIP_CUT;
    line_progress(&n.line, 1000);
    return 0;
}

/* Opens the clip, which others may have read some of, and makes the reel. */
static int encode_opened(const struct media_job *job, const struct media_plan *plan, struct pass *t,
                         struct render_report *out, struct err *e)
{
    const struct media_clip clip = {.fd = job->clip_fd, .fetch = job->fetch, .arg = job->arg};
    AUTO(media_input_close) struct media_input in = {0};
    if (media_input_open(&in, &clip, &job->order->limits, e) < 0)
        return -1;
    return encode(job, &in, plan, t, out, e);
}

int media_encode(const struct media_job *job, const struct media_plan *plan,
                 struct render_report *out, struct err *e)
{
    struct pass t = {0};
    int ok = encode_opened(job, plan, &t, out, e);
    if (!t.damaged)
        return ok;
    err_clear(e);
    if (ftruncate(job->reel_fd, 0) < 0)
        return err_set(e, ERR_SYSTEM, "encode: %s", strerror(errno));
    t = (struct pass){.careful = true, .permille = t.permille};
    return encode_opened(job, plan, &t, out, e);
}
