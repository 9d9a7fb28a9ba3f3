/* The body's sound lies in memory sample by sample (16 s are 6 MB), at the place of its timestamps,
 * counted from the picture's origin. Samples that were never written are silence: gaps, a late
 * start, an early end. Small differences between timestamps and the sample count are rounding of
 * clocks and are ignored; larger ones count as real.
 *
 * The track is encoded as one run of frames over bumper, body and bumper, as far as the body is
 * certain. Long silence is not encoded: the encoder's one packet of silence is repeated. The
 * encoder's delay lies in the first bumper, so the track begins at 0. At both seams and around
 * every gap the sound fades for a few milliseconds, so that there is no click. */
#include "media/encode/audio.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/coder.h"
#include "media/encode/line.h"
#include "media/encode/track.h"

#include <libavutil/opt.h>
#include <libswresample/swresample.h>

enum {
    CHANNELS = 2,
    FADE_MS = 5,
    TOLERANCE_MS = 15,
    RATE_MAX = 768000,
    DECODER_CHANNELS_MAX = 64,
};

struct audio {
    struct audio_task t;
    int hz;
    AVPacket *packet; /* of the encoder */
    AVFrame *decoded, *frame;
    struct track track;
    float *body[CHANNELS];
    int64_t room;   /* samples of the body at most */
    int64_t origin; /* of the body on the clip's clock, in samples */
    int64_t next;   /* place after the last sample laid out; may be negative */
    bool began;
    bool given_up;         /* the decoder cannot go on: silence from here */
    int64_t packets, lost; /* given to the decoder; that it had complaints about */
    int risen;             /* samples since sound began or began anew */
    SwrContext *swr;       /* for sound of this kind: */
    int swr_rate, swr_format;
    AVChannelLayout swr_layout;
    float *out[CHANNELS]; /* of swr */
    int out_room;

    int64_t lead;    /* samples of the first bumper */
    int64_t encoded; /* samples of the track given to the encoder, or known to be silent */
    int quiet;       /* frames of nothing but zeros that the encoder was given last */
};

static int64_t samples_at(const struct audio *a, int64_t frames)
{
    return av_rescale_q(frames, a->t.line->frame, (AVRational){1, a->hz});
}

static int fade_samples(const struct audio *a)
{
    return a->hz * FADE_MS / 1000;
}

/* Puts n samples after the ones before; what lies outside the body is left out. */
static void lay(struct audio *a, int n)
{
    const int fade = fade_samples(a);
    int64_t from = a->next < 0 ? -a->next : 0;
    int64_t to = n;
    if (a->next + to > a->room)
        to = a->room - a->next;
    for (int c = 0; c < CHANNELS && from < to; c++) {
        for (int i = 0; i < n && a->risen + i < fade; i++)
            a->out[c][i] *= (float)(a->risen + i) / (float)fade;
        memcpy(a->body[c] + a->next + from, a->out[c] + from, (size_t)(to - from) * sizeof(float));
    }
    a->next += n;
    if (a->risen < fade)
        a->risen += n < fade ? n : fade;
}

/* Nothing follows the last sample: it ends softly. What fades is not encoded yet. */
static void soften_end(struct audio *a)
{
    const int fade = fade_samples(a);
    for (int c = 0; c < CHANNELS; c++)
        for (int i = 0; i < fade; i++) {
            int64_t at = a->next - 1 - i;
            if (a->body[c] && at >= 0 && at < a->room)
                a->body[c][at] *= (float)i / (float)fade;
        }
}

/* Runs samples (NULL: the tail) through the resampler. */
static int convert(struct audio *a, const AVFrame *in, struct err *e)
{
    int most = swr_get_out_samples(a->swr, in ? in->nb_samples : 0);
    if (most < 0 || most > RATE_MAX * 8)
        return err_set(e, ERR_SYSTEM, "sound: %d samples at once", most);
    if (most > a->out_room) {
        for (int c = 0; c < CHANNELS; c++) {
            freep(&a->out[c]);
            a->out[c] = mem_new((size_t)most * sizeof(float));
        }
        a->out_room = most;
    }
    int n = swr_convert(a->swr, (uint8_t **)a->out, a->out_room,
                        in ? (const uint8_t **)in->extended_data : NULL, in ? in->nb_samples : 0);
    if (n < 0)
        return 0; /* this piece is lost, the next is placed by its time */
    lay(a, n);
    return 0;
}

static void swr_drop(struct audio *a)
{
    swr_free(&a->swr);
    av_channel_layout_uninit(&a->swr_layout);
}

static bool swr_fits(const struct audio *a, const AVFrame *f)
{
    return a->swr && a->swr_rate == f->sample_rate && a->swr_format == f->format &&
           av_channel_layout_compare(&a->swr_layout, &f->ch_layout) == 0;
}

/* A resampler for sound like f's; 1: none can be had, such sound is left out. */
static int swr_make(struct audio *a, const AVFrame *f, struct err *e)
{
    if (f->sample_rate <= 0 || f->sample_rate > RATE_MAX || f->ch_layout.nb_channels <= 0 ||
        f->ch_layout.nb_channels > DECODER_CHANNELS_MAX)
        return 1;
    AVChannelLayout from = {0};
    AVChannelLayout to = AV_CHANNEL_LAYOUT_STEREO;
    if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&from, f->ch_layout.nb_channels);
    else if (av_channel_layout_copy(&from, &f->ch_layout) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    int r = swr_alloc_set_opts2(&a->swr, &to, AV_SAMPLE_FMT_FLTP, a->hz, &from, f->format,
                                f->sample_rate, 0, NULL);
    av_channel_layout_uninit(&from);
    if (r >= 0) {
        /* mixing down may not be louder than full scale */
        av_opt_set_double(a->swr, "rematrix_maxval", 1.0, 0);
        r = swr_init(a->swr);
    }
    if (r >= 0)
        r = av_channel_layout_copy(&a->swr_layout, &f->ch_layout);
    if (r == AVERROR(ENOMEM))
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    if (r < 0) {
        swr_drop(a);
        return 1;
    }
    a->swr_rate = f->sample_rate;
    a->swr_format = f->format;
    return 0;
}

/* Where the frame belongs in the body, in samples. */
static int64_t place_of(const struct audio *a, const AVFrame *f)
{
    if (f->best_effort_timestamp == AV_NOPTS_VALUE)
        return a->began ? a->next : 0;
    int64_t at =
        av_rescale_q(f->best_effort_timestamp, a->t.time_base, (AVRational){1, a->hz}) - a->origin;
    int64_t most = av_rescale(a->t.line->job->order->limits.max_gap_us, a->hz, 1000000);
    if (a->began && (at - a->next > most || a->next - at > most))
        return a->next; /* a new clock */
    return at;
}

static int on_frame(struct audio *a, struct err *e)
{
    const AVFrame *f = a->decoded;
    int64_t at = place_of(a, f);
    if (a->swr && !swr_fits(a, f)) {
        if (convert(a, NULL, e) < 0)
            return -1;
        swr_drop(a);
    }
    /* what the resampler holds back comes before f */
    int64_t held = a->swr ? swr_get_delay(a->swr, a->hz) : 0;
    int64_t off = at - (a->next + held);
    bool far = !a->began || off > (int64_t)a->hz * TOLERANCE_MS / 1000 ||
               off < -(int64_t)a->hz * TOLERANCE_MS / 1000;
    if (far && a->swr) {
        if (convert(a, NULL, e) < 0)
            return -1;
        swr_drop(a);
    }
    if (!a->swr) {
        int r = swr_make(a, f, e);
        if (r)
            return r < 0 ? -1 : 0;
    }
    if (far) {
        soften_end(a);
        a->next = at;
        a->risen = 0;
    }
    a->began = true;
    return convert(a, f, e);
}

/* Sound is never worth the picture: what a decoder refuses, for want of memory too, is silent. */
static int decode(struct audio *a, const AVPacket *p, struct err *e)
{
    if (a->given_up)
        return 0;
    int r = avcodec_send_packet(a->t.decoder, p);
    bool lost = p && r < 0;
    a->packets += p != NULL;
    while (r != AVERROR(ENOMEM)) {
        r = avcodec_receive_frame(a->t.decoder, a->decoded);
        if (r == AVERROR(EAGAIN) || r == AVERROR_EOF)
            break;
        lost |= r < 0;
        if (r < 0)
            continue;
        int ok = on_frame(a, e);
        av_frame_unref(a->decoded);
        if (ok < 0)
            return -1;
    }
    a->lost += lost;
    a->given_up = r == AVERROR(ENOMEM);
    return 0;
}

/* Decoders complain of the odd packet at both ends of good sound. */
static void warn(struct audio *a)
{
    enum { LOST_FEW = 3, LOST_PART = 20 };
    if (a->packets > 0 && !a->began)
        line_warn(a->t.line, WARNING_SOUND_UNREADABLE);
    else if (a->given_up || (a->lost > LOST_FEW && a->lost > a->packets / LOST_PART))
        line_warn(a->t.line, WARNING_SOUND_DAMAGED);
}

static int take(void *arg, AVPacket *packet, struct err *e)
{
    return track_put(&((struct audio *)arg)->track, packet, e);
}

/* Fills the frame with the next samples of the track; body_len -1: it goes on beyond them. False:
 * all of them are 0. */
static bool fill(struct audio *a, int64_t body_len)
{
    const int fade = fade_samples(a);
    bool heard = false;
    for (int c = 0; c < CHANNELS; c++) {
        float *to = (float *)(void *)a->frame->extended_data[c];
        for (int i = 0; i < TRACK_PACKET; i++) {
            int64_t at = a->encoded + i - a->lead;
            bool inside = at >= 0 && at < a->room && (body_len < 0 || at < body_len);
            float v = inside && a->body[c] ? a->body[c][at] : 0;
            if (inside && at < fade)
                v *= (float)(at + 1) / (float)fade;
            if (inside && body_len >= 0 && body_len - at < fade)
                v *= (float)(body_len - at) / (float)fade;
            to[i] = v;
            heard |= v != 0;
        }
    }
    return heard;
}

/* Encodes whole frames of the track before `end`, or all of it when body_len tells its length. */
static int encode_until(struct audio *a, int64_t end, int64_t body_len, struct err *e)
{
    while (a->encoded + (body_len < 0 ? TRACK_PACKET : 1) <= end) {
        if (av_frame_make_writable(a->frame) < 0)
            return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
        bool heard = fill(a, body_len);
        int ok;
        if (!heard && a->quiet >= TRACK_SETTLED) {
            ok = track_silence(&a->track, a->track.next + TRACK_PACKET, e);
        } else {
            a->quiet = heard ? 0 : a->quiet + 1;
            ok = coder_run(a->t.encoder, a->frame, a->packet, take, a, e);
        }
        if (ok < 0)
            return -1;
        a->encoded += TRACK_PACKET;
    }
    return 0;
}

/* Encodes what can no longer change: laid out, and well before the end of the pictures so far. */
static int encode_certain(struct audio *a, int64_t frames, struct err *e)
{
    int64_t certain = samples_at(a, a->t.line->bumper_frames + frames) - a->lead;
    if (certain > a->next)
        certain = a->next;
    certain -= fade_samples(a);
    return encode_until(a, a->lead + (certain > 0 ? certain : 0), -1, e);
}

static int start(struct audio *a, struct err *e)
{
    const struct line *l = a->t.line;
    int owed;
    a->packet = av_packet_alloc();
    a->decoded = av_frame_alloc();
    a->frame = track_frame(a->t.encoder);
    if (!a->packet || !a->decoded || !a->frame)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    if (track_init(&a->track, a->t.mux, a->t.encoder, &owed, e) < 0)
        return -1;
    a->quiet = TRACK_SETTLED;
    a->lead = samples_at(a, l->bumper_frames);
    a->room = samples_at(a, l->bumper_frames + l->body_frames_max) - a->lead;
    /* what the encoder owes is silence, and lies in the bumper as far as that reaches */
    int64_t inside = a->lead / TRACK_PACKET < owed ? a->lead / TRACK_PACKET : owed;
    a->encoded = inside * TRACK_PACKET;
    a->track.next = (inside - owed) * TRACK_PACKET;
    return encode_until(a, a->lead, -1, e);
}

static int take_packet(struct audio *a, const AVPacket *packet, struct err *e)
{
    if ((!a->began || a->next < a->room) && decode(a, packet, e) < 0)
        return -1;
    int64_t frames = line_body(a->t.line, false);
    if (frames < 0)
        return err_set(e, ERR_STOPPED, "sound: stopped");
    return encode_certain(a, frames, e);
}

static void tell_done(struct line *l)
{
    pthread_mutex_lock(&l->lock);
    l->sound_done = true;
    pthread_mutex_unlock(&l->lock);
}

static int read_body(struct audio *a, struct err *e)
{
    int64_t origin_us;
    if (!line_origin(a->t.line, &origin_us))
        return 0;
    a->origin = av_rescale(origin_us, a->hz, 1000000);
    for (int c = 0; c < CHANNELS; c++)
        a->body[c] = mem_new((size_t)a->room * sizeof(float));
    AVPacket *p;
    while ((p = pipe_get(&a->t.line->sound))) {
        int ok = take_packet(a, p, e);
        av_packet_free(&p);
        if (ok < 0)
            return -1;
        if (a->began && a->next >= a->room)
            tell_done(a->t.line);
    }
    if (decode(a, NULL, e) < 0 || (a->swr && convert(a, NULL, e) < 0))
        return -1;
    soften_end(a);
    warn(a);
    return 0;
}

/* The body's end and the last bumper. */
static int finish(struct audio *a, struct err *e)
{
    const struct line *l = a->t.line;
    int64_t frames = line_body(a->t.line, true);
    if (frames < 0)
        return err_set(e, ERR_STOPPED, "sound: stopped");
    int64_t body = samples_at(a, l->bumper_frames + frames) - a->lead;
    a->track.end = samples_at(a, 2 * l->bumper_frames + frames);
    if (encode_until(a, a->track.end, body, e) < 0)
        return -1;
    if (a->quiet < TRACK_SETTLED && coder_run(a->t.encoder, NULL, a->packet, take, a, e) < 0)
        return -1;
    return track_silence(&a->track, a->track.end, e);
}

void audio_run(const struct audio_task *task)
{
    struct err e = {0};
    struct audio a = {.t = *task, .hz = task->line->plan->audio_hz};
    if (start(&a, &e) < 0 || (task->decoder && read_body(&a, &e) < 0) || finish(&a, &e) < 0)
        line_fail(task->line, &e);
    swr_drop(&a);
    for (int c = 0; c < CHANNELS; c++) {
        freep(&a.body[c]);
        freep(&a.out[c]);
    }
    av_packet_free(&a.packet);
    av_frame_free(&a.decoded);
    av_frame_free(&a.frame);
    track_clear(&a.track);
}
