/* Packets are read once, in file order. A picture packet is decoded; a sound packet goes to the
 * sound thread. The grid: a decoded picture belongs to the frame nearest to its time. It is held
 * until the next picture tells how long it is shown, so a gap repeats a picture, and of several
 * pictures in one frame the last counts. A repeated picture is passed on once, with a count.
 *
 * The body begins with the picture that is on screen at the start point. The time of that picture
 * is the origin of both tracks.
 *
 * Clock jumps: a jump forward by more than max_gap, or backward by more than a second, counts as a
 * new clock that goes on one frame later. The plan bounds the number of frames, whatever the clip
 * claims.
 *
 * Damage: broken packets are skipped, and pictures that decode are shown. But concurrently decoded
 * pictures see each other in a state that depends on the number of threads and on chance, and the
 * gaps of a damaged picture show earlier contents of its memory. So the first error of the decoder
 * ends the work, and a second pass decodes with one thread and clean memory. */
#include "media/encode/decode.h"

#include "core/mem.h"

#include <libavutil/pixdesc.h>
#include <libavutil/time.h>
#include <stdatomic.h>

enum {
    BACK_US = 1000000, /* further back: a new clock, not a late picture */
    SEEK_TRIES = 3,    /* each further back than the one before */
    SEEK_BACK_US = 4000000,
    SOUND_LATE_US = 10000000, /* how much later than its picture sound may lie in the file */
    SOUND_BEFORE_US = 200000, /* sound kept before the start point: decoders need a run-up */
    PACKETS_QUIET = 256,      /* between two signs of life */
    BROKEN_MOST = 64,         /* packets on end that cannot be read: more is the end */
    HALF_DOWN = 16, /* part of a frame: a time midway between two frames always goes to the first */
};

struct reader {
    struct line *l;
    AVCodecContext *decoder;
    AVStream *video, *audio; /* audio NULL: none */
    AVPacket *packet;
    AVFrame *frame;
    int64_t start_us;    /* on the clip's clock: where the body should begin */
    int64_t shift_us;    /* added to the clip's times by jumps */
    int64_t last_us;     /* of the picture before; AV_NOPTS_VALUE: none */
    int64_t last_for_us; /* how long it is shown */
    int64_t origin_us;   /* where the body begins; AV_NOPTS_VALUE until then */
    AVFrame *held;
    int64_t held_us, held_for_us, held_index;
    int64_t next;     /* frame of the body that is handed on next */
    int64_t read_us;  /* latest time of a packet of the picture */
    int64_t sound_us; /* end of the sound handed on */
    int seeks;
    bool whole; /* the body has all its frames */
};

/* -- damage -- */

static atomic_int complaints; /* of the decoder that runs */

static void listen(void *ctx, int level, const char *fmt, va_list ap)
{
    (void)fmt, (void)ap;
    const AVClass *const *class = ctx;
    if (level > AV_LOG_ERROR || !class || *class != avcodec_get_class())
        return;
    const AVCodecContext *c = ctx;
    if (c->codec_type == AVMEDIA_TYPE_VIDEO && av_codec_is_decoder(c->codec))
        atomic_fetch_add(&complaints, 1);
}

static void ignore(void *ctx, int level, const char *fmt, va_list ap)
{
    (void)ctx, (void)level, (void)fmt, (void)ap;
}

/* Every player leaves out what a clip has before its first complete picture. */
static void on_damage(struct reader *r)
{
    atomic_fetch_add(&complaints, 1);
    if (r->origin_us != AV_NOPTS_VALUE)
        line_warn(r->l, WARNING_PICTURES_DAMAGED);
}

/* Returns 0, or -1 with the fault that starts the second pass. */
static int check_damage(struct reader *r, struct err *e)
{
    struct line *l = r->l;
    if (l->careful || atomic_load(&complaints) == 0)
        return 0;
    pthread_mutex_lock(&l->lock);
    l->damaged = true;
    pthread_mutex_unlock(&l->lock);
    return err_set(e, ERR_STOPPED, "reader: the clip is damaged");
}

/* The middle of every scale: grey. */
static int clean_buffer(AVCodecContext *c, AVFrame *f, int flags)
{
    int r = avcodec_default_get_buffer2(c, f, flags);
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    int depth = d ? d->comp[0].depth : 8;
    for (int i = 0; r >= 0 && i < AV_NUM_DATA_POINTERS && f->buf[i]; i++)
        memset(f->buf[i]->data, depth > 8 ? 1 << (FFMIN(depth, 16) - 9) : 128, f->buf[i]->size);
    return r;
}

int decode_open(const struct line *l, AVCodecContext **out, struct err *e)
{
    struct media_limits limits = l->job->order->limits;
    /* VP8 takes any bits for a picture: its decoder hardly ever complains. It is quick, too. */
    enum AVCodecID id = l->in->fmt->streams[l->in->video]->codecpar->codec_id;
    bool one = l->careful || id == AV_CODEC_ID_VP8;
    if (one)
        limits.threads = 1;
    AUTO(avcodec_free_context) AVCodecContext *c = NULL;
    if (media_input_decoder(l->in, l->in->video, &limits, &c, e) < 0)
        return -1;
    if (one && c->codec->capabilities & AV_CODEC_CAP_DR1)
        c->get_buffer2 = clean_buffer;
    *out = TAKE(c);
    return 0;
}

/* -- time -- */

static int64_t frame_us(const struct reader *r)
{
    return av_rescale(1000000, r->l->plan->fps_den, r->l->plan->fps_num);
}

static int64_t grid(const struct reader *r, int64_t us)
{
    const struct media_plan *p = r->l->plan;
    int64_t after_us = us - r->origin_us - frame_us(r) / HALF_DOWN;
    return av_rescale_q_rnd(after_us, AV_TIME_BASE_Q, (AVRational){p->fps_den, p->fps_num},
                            AV_ROUND_NEAR_INF);
}

static void set_origin(struct reader *r, int64_t us)
{
    struct line *l = r->l;
    r->origin_us = us;
    pthread_mutex_lock(&l->lock);
    l->origin_known = true;
    l->origin_us = us;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

static void tell_body(struct reader *r, bool ended)
{
    struct line *l = r->l;
    pthread_mutex_lock(&l->lock);
    l->body_frames = r->next;
    l->body_ended |= ended;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

/* Hands the held picture on for all frames before `end`. */
static int show_until(struct reader *r, int64_t end, struct err *e)
{
    const int64_t most = r->l->plan->body_frames_max;
    if (end >= most)
        end = most;
    int repeat = (int)(end - r->next);
    if (!r->held || repeat <= 0)
        return 0;
    size_t bytes = (size_t)r->held->linesize[0] * (size_t)r->held->height * 3 / 2;
    struct picture *p = picture_new(TAKE(r->held), r->next, repeat);
    r->next = end;
    r->whole = end == most;
    if (!pipe_put(&r->l->decoded, p, bytes)) {
        picture_free(p);
        return err_set(e, ERR_STOPPED, "reader: stopped");
    }
    tell_body(r, false);
    return 0;
}

static void hold(struct reader *r, int64_t us, int64_t for_us)
{
    av_frame_free(&r->held);
    r->held = av_frame_alloc();
    if (r->held)
        av_frame_move_ref(r->held, r->frame);
    r->held_us = us;
    r->held_for_us = for_us;
    r->held_index = r->origin_us == AV_NOPTS_VALUE ? 0 : grid(r, us);
}

/* The clip's time of the decoded frame, with jumps smoothed. */
static int64_t time_of(struct reader *r)
{
    int64_t ts = r->frame->best_effort_timestamp;
    int64_t step = frame_us(r);
    if (ts == AV_NOPTS_VALUE) /* no container times: each picture follows the previous one */
        return r->last_us == AV_NOPTS_VALUE ? r->l->in->first_us : r->last_us + r->last_for_us;
    int64_t us = av_rescale_q(ts, r->video->time_base, AV_TIME_BASE_Q) + r->shift_us;
    if (r->last_us != AV_NOPTS_VALUE) {
        int64_t ahead = us - r->last_us;
        if (ahead > r->l->job->order->limits.max_gap_us || ahead < -BACK_US) {
            r->shift_us += r->last_us + step - us;
            us = r->last_us + step;
        }
    }
    return us;
}

/* Looks for the start further back than the last time; false when there is no point. */
static bool seek_again(struct reader *r)
{
    if (r->seeks == 0 || r->seeks >= SEEK_TRIES)
        return false;
    int64_t back = (int64_t)SEEK_BACK_US << (2 * (r->seeks - 1));
    int64_t to = r->start_us - back;
    int64_t first = r->l->in->first_us;
    if (++r->seeks == SEEK_TRIES || to < first)
        to = first;
    int64_t ts = av_rescale_q(to, AV_TIME_BASE_Q, r->video->time_base);
    if (avformat_seek_file(r->l->in->fmt, r->video->index, INT64_MIN, ts, ts, 0) < 0)
        return false;
    avcodec_flush_buffers(r->decoder);
    r->last_us = AV_NOPTS_VALUE;
    r->shift_us = 0;
    av_frame_free(&r->held);
    return true;
}

/* Before the body: keeps the picture that may be on screen at the start point. */
static void before_body(struct reader *r, int64_t us, int64_t for_us)
{
    int64_t half = frame_us(r) / 2;
    if (r->l->plan->start_us > 0 && us < r->start_us - half) {
        hold(r, us, for_us);
        return;
    }
    bool late = r->l->plan->start_us > 0 && us > r->start_us + 3 * half;
    if (late && !r->held && seek_again(r))
        return;
    set_origin(r, late && r->held ? r->start_us : us);
    if (late && r->held)
        r->held_index = 0;
}

static int on_frame(struct reader *r, struct err *e)
{
    struct line *l = r->l;
    AVFrame *f = r->frame;
    if ((int64_t)f->width * f->height > l->job->order->limits.max_pixels)
        return err_msg(e, MSG_TOO_MANY_PIXELS, "clip: a picture of %dx%d", f->width, f->height);
    int64_t us = time_of(r);
    int64_t for_us = f->pkt_duration > 0
                         ? av_rescale_q(f->pkt_duration, r->video->time_base, AV_TIME_BASE_Q)
                         : frame_us(r);
    r->last_us = us;
    r->last_for_us = for_us;
    if (r->origin_us == AV_NOPTS_VALUE) {
        before_body(r, us, for_us);
        if (r->origin_us == AV_NOPTS_VALUE)
            return 0;
    }
    int64_t index = grid(r, us);
    if (index < r->next && r->next > 0)
        return 0; /* its place is taken */
    if (show_until(r, index, e) < 0)
        return -1;
    if (!r->whole)
        hold(r, us, for_us);
    return r->whole || r->held ? 0 : err_msg(e, MSG_MEMORY_LIMIT, "reader: no memory");
}

/* Takes all frames that the decoder has ready. Damage in the clip is no fault: what decodes is
 * shown. */
static int take_frames(struct reader *r, struct err *e)
{
    while (!r->whole) {
        int got = avcodec_receive_frame(r->decoder, r->frame);
        if (got == AVERROR(ENOMEM))
            return err_msg(e, MSG_MEMORY_LIMIT, "reader: no memory");
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF)
            return check_damage(r, e);
        bool bad =
            got < 0 || r->frame->decode_error_flags || r->frame->flags & AV_FRAME_FLAG_CORRUPT;
        if (bad)
            on_damage(r);
        int ok = check_damage(r, e);
        if (ok == 0 && got >= 0)
            ok = on_frame(r, e);
        av_frame_unref(r->frame);
        if (ok < 0)
            return -1;
    }
    return 0;
}

static int64_t packet_us(const struct reader *r, const AVStream *st)
{
    int64_t ts = r->packet->pts != AV_NOPTS_VALUE ? r->packet->pts : r->packet->dts;
    return ts == AV_NOPTS_VALUE ? ts : av_rescale_q(ts, st->time_base, AV_TIME_BASE_Q);
}

static int on_video(struct reader *r, struct err *e)
{
    int64_t us = packet_us(r, r->video);
    if (us != AV_NOPTS_VALUE && us > r->read_us)
        r->read_us = us;
    if (r->whole)
        return 0;
    for (int again = 0; again < 2; again++) {
        int sent = avcodec_send_packet(r->decoder, r->packet);
        if (sent == AVERROR(ENOMEM))
            return err_msg(e, MSG_MEMORY_LIMIT, "reader: no memory");
        if (sent < 0 && sent != AVERROR(EAGAIN))
            on_damage(r);
        if (take_frames(r, e) < 0)
            return -1;
        if (sent != AVERROR(EAGAIN))
            break;
    }
    return 0;
}

static int on_sound(struct reader *r, struct err *e)
{
    int64_t us = packet_us(r, r->audio);
    if (us != AV_NOPTS_VALUE) {
        if (us + SOUND_BEFORE_US < r->start_us && r->l->plan->start_us > 0)
            return 0;
        if (us > r->sound_us)
            r->sound_us = us;
    }
    AVPacket *p = av_packet_alloc();
    if (!p || av_packet_make_refcounted(r->packet) < 0) {
        av_packet_free(&p);
        return err_msg(e, MSG_MEMORY_LIMIT, "reader: no memory");
    }
    av_packet_move_ref(p, r->packet);
    size_t bytes = (size_t)p->size + sizeof(*p);
    /* The sound thread waits for the origin, so before that, this thread must not wait for a full
     * pipe. */
    bool took = r->origin_us == AV_NOPTS_VALUE ? pipe_try(&r->l->sound, p, bytes)
                                               : pipe_put(&r->l->sound, p, bytes);
    if (!took)
        av_packet_free(&p);
    return 0;
}

static bool sound_complete(struct reader *r)
{
    struct line *l = r->l;
    if (!r->audio)
        return true;
    pthread_mutex_lock(&l->lock);
    bool done = l->sound_done;
    pthread_mutex_unlock(&l->lock);
    const struct media_plan *p = l->plan;
    int64_t end =
        r->origin_us - r->shift_us + av_rescale(r->next * 1000000, p->fps_den, p->fps_num);
    return done || r->sound_us > end + SOUND_BEFORE_US || r->read_us > end + SOUND_LATE_US;
}

/* Reports progress while no picture has come. */
static void sign_of_life(const struct reader *r, unsigned n)
{
    int steps = n / PACKETS_QUIET < 20 ? (int)(n / PACKETS_QUIET) : 20;
    if (n % PACKETS_QUIET == 0 && r->origin_us == AV_NOPTS_VALUE)
        line_progress(r->l, PERMILLE_OPENED + steps);
}

/* Reads the next packet: 1, or 0 at the end. Skips a packet that cannot be read, because of damage
 * or because it claims to be too large, as players do. */
static int read_packet(struct reader *r, struct err *e)
{
    AVFormatContext *fmt = r->l->in->fmt;
    for (int broken = 0; broken < BROKEN_MOST && !line_failed(r->l);) {
        int got = av_read_frame(fmt, r->packet);
        if (got >= 0)
            return 1;
        if (r->l->in->io_errno)
            return err_set(e, ERR_SYSTEM, "reader: %s", strerror(r->l->in->io_errno));
        if (got == AVERROR_EOF)
            return 0;
        broken += got != AVERROR(EAGAIN);
    }
    return 0;
}

static int on_packet(struct reader *r, struct err *e)
{
    int ok = 0;
    if (r->packet->stream_index == r->video->index)
        ok = on_video(r, e);
    else if (r->audio && r->packet->stream_index == r->audio->index)
        ok = on_sound(r, e);
    av_packet_unref(r->packet);
    return ok;
}

static int read_all(struct reader *r, struct err *e)
{
    struct line *l = r->l;
    for (unsigned n = 0; !line_failed(l); n++) {
        if (r->whole) {
            if (!l->body_ended)
                tell_body(r, true);
            pipe_end(&l->decoded);
            if (sound_complete(r))
                return 0;
        }
        sign_of_life(r, n);
        int got = read_packet(r, e);
        if (got == 0 && r->origin_us == AV_NOPTS_VALUE && !r->held && seek_again(r))
            continue; /* the search ended in a stretch without a key picture */
        if (got <= 0)
            return got;
        if (on_packet(r, e) < 0)
            return -1;
    }
    return err_set(e, ERR_STOPPED, "reader: stopped");
}

/* The clip ended before the body was complete: the last picture stays for its stated duration. */
static int finish(struct reader *r, struct err *e)
{
    if (!r->whole) {
        /* A fault reported here may belong to a picture sent long before; the others come out after
         * it. */
        int sent = avcodec_send_packet(r->decoder, NULL);
        if (sent == AVERROR(ENOMEM))
            return err_msg(e, MSG_MEMORY_LIMIT, "reader: no memory");
        if (sent < 0)
            on_damage(r);
        if (take_frames(r, e) < 0)
            return -1;
    }
    if (r->origin_us == AV_NOPTS_VALUE && r->held) {
        if (r->held_us + r->held_for_us + BACK_US < r->start_us)
            return err_msg(e, MSG_START_BEYOND_END, "clip: its pictures end before the start");
        set_origin(r, r->start_us);
        r->held_us = r->start_us;
        r->held_for_us = frame_us(r);
        r->held_index = 0;
    }
    if (!r->whole && r->held) {
        int64_t most_us = r->l->job->order->limits.max_gap_us;
        int64_t end = grid(r, r->held_us + (r->held_for_us < most_us ? r->held_for_us : most_us));
        if (end <= r->held_index)
            end = r->held_index + 1;
        if (end <= r->next)
            end = r->next + 1;
        if (show_until(r, end, e) < 0)
            return -1;
    }
    if (r->next == 0)
        return err_msg(e, MSG_NO_FRAMES, "clip: no picture could be decoded");
    tell_body(r, true);
    return 0;
}

static void discard_others(struct reader *r)
{
    AVFormatContext *fmt = r->l->in->fmt;
    for (unsigned i = 0; i < fmt->nb_streams; i++)
        if (fmt->streams[i] != r->video && fmt->streams[i] != r->audio)
            fmt->streams[i]->discard = AVDISCARD_ALL;
}

static void seek_start(struct reader *r)
{
    if (r->l->plan->start_us <= 0)
        return;
    int64_t ts = av_rescale_q(r->start_us, AV_TIME_BASE_Q, r->video->time_base);
    /* A container that cannot seek is read from where it is. */
    if (avformat_seek_file(r->l->in->fmt, r->video->index, INT64_MIN, ts, ts, 0) >= 0)
        r->seeks = 1;
}

void decode_run(struct line *l, AVCodecContext *decoder)
{
    struct err e = {0};
    AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();
    AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    AVFormatContext *fmt = l->in->fmt;
    struct reader r = {
        .l = l,
        .decoder = decoder,
        .video = fmt->streams[l->in->video],
        .audio = l->plan->silent || l->in->audio < 0 ? NULL : fmt->streams[l->in->audio],
        .packet = packet,
        .frame = frame,
        .start_us = l->in->first_us + l->plan->start_us,
        .last_us = AV_NOPTS_VALUE,
        .origin_us = AV_NOPTS_VALUE,
        .read_us = INT64_MIN,
        .sound_us = INT64_MIN,
    };
    atomic_store(&complaints, 0);
    av_log_set_callback(listen);
    int ok = packet && frame ? 0 : err_msg(&e, MSG_MEMORY_LIMIT, "reader: no memory");
    if (ok == 0) {
        discard_others(&r);
        seek_start(&r);
        ok = read_all(&r, &e);
    }
    if (ok == 0)
        ok = finish(&r, &e);
    av_log_set_callback(ignore); /* the same callback as in media_warm_up */
    av_frame_free(&r.held);
    if (ok < 0)
        line_fail(l, &e);
    pipe_end(&l->decoded);
    pipe_end(&l->sound);
}
