/* The sound of a copied reel: copied, encoded, or silent.
 *
 * Copying: the timestamps of a packet, relative to the body's origin, give its place in the reel.
 * The first packet's place fixes the phase of the track's 1024-sample grid. Whole packets of
 * silence come before it, and the first of them starts before 0 by the phase (the mov muxer writes
 * an edit list for that). From then on packets follow each other. Silence fills gaps, and a packet
 * that overlaps another by more than half is left out.
 *
 * AAC overlaps its packets: the first packet after silence fades in over its whole length, and the
 * silence after the last packet fades it out. So the packet with the body's first sample is the
 * first, and the packet that ends with the body is the last; the middles of the fades are within
 * half a packet of the picture's seams.
 *
 * A packet waits until the mux has the pictures over it, because only then the packet is certain to
 * be a part of the body.
 *
 * Encoding: the sound thread of the encode path (encode/audio.c) does everything; each packet tells
 * it how far the pictures are. */
#include "media/copy/sound.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/bits.h"
#include "media/clip/input.h"
#include "media/coder.h"
#include "media/encode/audio.h"
#include "media/encode/line.h"
#include "media/encode/track.h"
#include "media/media.h"

#include <libavutil/intreadwrite.h>
#include <libavutil/mathematics.h>

enum {
    RUN_UP_US = 200000,   /* sound before the body that a decoder is given */
    ROUNDING_US = 1000,   /* of a container that counts milliseconds */
    PHASE_PACKETS = 12,   /* that are asked for the phase */
    WAITING_MAX = 8192,   /* packets */
    BEHIND_MAX = 16,      /* packets that the sound thread may be behind */
    SILENCE_BITS = 64000, /* of the encoder that makes silence alone */
};

/* No clip has so many samples; larger times are false and must not overflow. */
static const int64_t FAR = INT64_C(1) << 48;

struct waiting {
    AVPacket *packet;
    int64_t at; /* in samples of the reel */
};

enum mode { MODE_COPY, MODE_ENCODE, MODE_SILENT };

struct copy_sound {
    enum mode mode;
    const struct media_job *job;
    const struct media_plan *plan;
    struct media_input *in;
    struct mux *mux;
    AVCodecParameters *parameters;
    AVRational time_base;
    int hz;
    int64_t origin_us;
    AVRational tick;                   /* of the pictures */
    int64_t bumper, longest;           /* in ticks: length of a bumper; of the longest body */
    AVCodecContext *decoder, *encoder; /* encoder: of the sound or of silence alone */

    int64_t heard; /* end of the copied or encoded sound so far, in samples of the reel */

    struct line line; /* where sound is encoded: once `running` */
    struct audio_task task;
    pthread_t thread;
    bool running;

    /* copied, or silent */
    struct track track;
    bool began; /* the phase is known */
    struct waiting primer;
    struct waiting *waiting; /* a ring of WAITING_MAX */
    size_t first, count;
    int64_t origin;   /* in samples of the clip's clock */
    int64_t lead;     /* samples of the bumper */
    int64_t expected; /* where the next packet would be that has no time */
};

/* An AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) that says AAC-LC, this rate and these channels,
 * frames of 1024 samples, and nothing else but that there is no SBR. */
static bool plain_config(const uint8_t *p, int bytes, int hz, int channels)
{
    enum { AOT_LC = 2, SYNC_BITS = 11, SYNC = 0x2b7, AOT_SBR = 5 };
    static const int rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                22050, 16000, 12000, 11025, 8000,  7350};
    struct bits b = bits_of_bytes(p, bytes > 0 ? (size_t)bytes : 0);
    if (bits_u(&b, 5) != AOT_LC)
        return false;
    uint32_t rate = bits_u(&b, 4), layout = bits_u(&b, 4);
    if (rate >= LEN(rates) || rates[rate] != hz || layout != (uint32_t)channels)
        return false;
    if (bits_u(&b, 3) != 0 || b.over) /* frames of 960; a core coder; an extension */
        return false;
    struct bits extension = b;
    if (bits_u(&extension, SYNC_BITS) == SYNC) {
        if (bits_u(&extension, 5) != AOT_SBR || bits_flag(&extension) || extension.over)
            return false;
        b = extension;
    }
    bool more = false;
    while (!b.over)
        more |= bits_flag(&b);
    return !more;
}

const char *copy_sound_reason(const struct media_input *in)
{
    if (in->audio < 0)
        return "no sound";
    const AVCodecParameters *c = in->fmt->streams[in->audio]->codecpar;
    int channels = c->ch_layout.nb_channels;
    if (c->codec_id != AV_CODEC_ID_AAC)
        return "sound is not AAC";
    if (c->profile != FF_PROFILE_UNKNOWN && c->profile != FF_PROFILE_AAC_LOW)
        return "sound is not AAC-LC";
    if (channels != 1 && channels != 2)
        return "sound is neither mono nor stereo";
    if (c->sample_rate != 44100 && c->sample_rate != 48000)
        return "sound is neither of 44.1 nor of 48 kHz";
    if (!plain_config(c->extradata, c->extradata_size, c->sample_rate, channels))
        return "sound does not have a plain AAC-LC header";
    return "";
}

static int64_t samples_at(const struct copy_sound *s, int64_t ticks)
{
    return av_rescale_q(ticks, s->tick, (AVRational){1, s->hz});
}

static int open_copy(struct copy_sound *s, struct err *e)
{
    const AVCodecParameters *c = s->in->fmt->streams[s->in->audio]->codecpar;
    s->hz = c->sample_rate;
    s->mode = MODE_COPY;
    s->waiting = mem_new(WAITING_MAX * sizeof(*s->waiting));
    if (avcodec_parameters_copy(s->parameters, c) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    s->parameters->codec_tag = 0;
    s->parameters->profile = FF_PROFILE_AAC_LOW;
    s->parameters->frame_size = TRACK_PACKET;
    s->parameters->initial_padding = s->parameters->trailing_padding = 0;
    return coder_sound_as(s->hz, c->ch_layout.nb_channels, SILENCE_BITS, &s->encoder, e);
}

static int open_encode(struct copy_sound *s, struct err *e)
{
    s->hz = s->plan->audio_hz;
    struct err ignored; /* sound that no decoder takes is silence */
    if (!s->plan->silent && s->in->audio >= 0 &&
        media_input_decoder(s->in, s->in->audio, &s->job->order->limits, &s->decoder, &ignored) < 0)
        s->in->warnings |= 1u << WARNING_SOUND_UNREADABLE;
    if (coder_sound(s->plan, &s->job->order->profile, &s->encoder, e) < 0)
        return -1;
    if (avcodec_parameters_from_context(s->parameters, s->encoder) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    s->parameters->initial_padding = 0; /* it lies in the bumper */
    s->mode = s->decoder ? MODE_ENCODE : MODE_SILENT;
    return 0;
}

int copy_sound_open(struct copy_sound **out, const struct media_job *job, struct media_input *in,
                    const struct media_plan *plan, struct mux_clock clock, int64_t origin_us,
                    bool encode, struct err *e)
{
    AUTO(copy_sound_freep) struct copy_sound *s = mem_new(sizeof(*s));
    s->job = job;
    s->in = in;
    s->plan = plan;
    s->origin_us = origin_us;
    s->tick = (AVRational){1, (int)clock.per_s};
    s->bumper = plan->bumper_frames * clock.slot;
    s->longest = plan->body_frames_max * clock.slot;
    s->time_base = in->audio >= 0 ? in->fmt->streams[in->audio]->time_base : AV_TIME_BASE_Q;
    s->parameters = avcodec_parameters_alloc();
    if (!s->parameters)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    bool copy = !encode && !copy_sound_reason(in)[0];
    if ((copy ? open_copy(s, e) : open_encode(s, e)) < 0)
        return -1;
    s->origin = av_clip64(av_rescale(s->origin_us, s->hz, 1000000), -FAR, FAR);
    s->lead = s->expected = samples_at(s, s->bumper);
    *out = TAKE(s);
    return 0;
}

const AVCodecParameters *copy_sound_parameters(const struct copy_sound *s)
{
    return s->parameters;
}

static void *run_audio(void *arg)
{
    audio_run(&((struct copy_sound *)arg)->task);
    return NULL;
}

static int start_encoding(struct copy_sound *s, struct err *e)
{
    line_init(&s->line, s->job, s->plan, s->in);
    s->line.origin_us = s->origin_us;
    s->line.origin_known = true;
    s->line.frame = s->tick;
    s->line.bumper_frames = s->bumper;
    s->line.body_frames_max = s->longest;
    s->task = (struct audio_task){
        .line = &s->line,
        .decoder = s->decoder,
        .time_base = s->time_base,
        .encoder = s->encoder,
        .mux = s->mux,
    };
    int r = pthread_create(&s->thread, NULL, run_audio, s);
    if (r) {
        line_clear(&s->line);
        return err_set(e, ERR_SYSTEM, "sound: a thread: %s", strerror(r));
    }
    s->running = true;
    return 0;
}

/* The track begins at 0 or less, so that its steps hit a packet's place. */
static void begin_track(struct copy_sound *s, int64_t at)
{
    int64_t phase = ((at % TRACK_PACKET) + TRACK_PACKET) % TRACK_PACKET;
    s->track.next = phase ? phase - TRACK_PACKET : 0;
    if (at < s->track.next)
        s->track.next = at;
    s->began = true;
}

int copy_sound_begin(struct copy_sound *s, struct mux *m, struct err *e)
{
    s->mux = m;
    if (s->mode == MODE_ENCODE)
        return start_encoding(s, e);
    if (track_init(&s->track, m, s->encoder, NULL, e) < 0)
        return -1;
    if (s->mode == MODE_COPY)
        return 0; /* the first packet decides the phase of the grid */
    begin_track(s, 0);
    return track_silence(&s->track, s->lead, e);
}

/* How much of the body the mux has pictures for. */
static int64_t certain(const struct copy_sound *s)
{
    int64_t ticks = mux_ticks(s->mux) - s->bumper;
    return ticks > 0 ? ticks : 0;
}

/* Tells the sound thread the body's length, or a lower bound of it. */
static void tell_body(struct copy_sound *s, int64_t ticks, bool ended)
{
    pthread_mutex_lock(&s->line.lock);
    s->line.body_frames = ticks;
    s->line.body_ended = ended;
    pthread_cond_broadcast(&s->line.changed);
    pthread_mutex_unlock(&s->line.lock);
}

/* Waits for the sound thread; its fault is ours. */
static int join(struct copy_sound *s, struct err *e)
{
    pthread_join(s->thread, NULL);
    s->running = false;
    int r = 0;
    if (s->line.failed) {
        *e = s->line.fault;
        r = -1;
    }
    s->in->warnings |= s->line.warnings;
    line_clear(&s->line);
    return r;
}

/* The packet's first sample, on the reel's clock. */
static int64_t place_of(const struct copy_sound *s, const AVPacket *p)
{
    int64_t ts = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
    if (ts == AV_NOPTS_VALUE)
        return s->expected;
    int64_t at = av_rescale_q(ts, s->time_base, (AVRational){1, s->hz});
    return s->lead + av_clip64(at, -FAR, FAR) - s->origin;
}

static int encode_packet(struct copy_sound *s, AVPacket *packet, struct err *e)
{
    int64_t at = place_of(s, packet);
    int64_t run_up = av_rescale(RUN_UP_US, s->hz, 1000000);
    if (at + run_up < s->lead)
        return 0;
    if (at > s->heard)
        s->heard = at;
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    if (!p || av_packet_make_refcounted(packet) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    av_packet_move_ref(p, packet);
    tell_body(s, certain(s), false);
    if (pipe_put(&s->line.sound, p, (size_t)p->size + sizeof(*p)))
        (void)TAKE(p);
    else if (line_failed(&s->line))
        return join(s, e);
    /* otherwise copied pictures would run far ahead of their sound in the file */
    pipe_drain(&s->line.sound, BEHIND_MAX);
    return 0;
}

/* Returns whether a player skips the whole packet: an encoder's run-up, or a part that an edit list
 * cuts off. */
static bool is_priming(const AVPacket *p)
{
    size_t size;
    const uint8_t *skip = av_packet_get_side_data(p, AV_PKT_DATA_SKIP_SAMPLES, &size);
    return (p->flags & AV_PKT_FLAG_DISCARD) || (skip && size >= 4 && AV_RL32(skip) >= TRACK_PACKET);
}

static bool changes_kind(const struct copy_sound *s, const AVPacket *p)
{
    size_t size;
    const uint8_t *now = av_packet_get_side_data(p, AV_PKT_DATA_NEW_EXTRADATA, &size);
    return now && (size != (size_t)s->parameters->extradata_size ||
                   memcmp(now, s->parameters->extradata, size) != 0);
}

/* The place of the first packet, more exact than its own rounded time: the average of what the next
 * packets' times imply. */
static int64_t first_place(const struct copy_sound *s)
{
    int64_t first = s->waiting[s->first].at, sum = 0;
    size_t n = 0;
    for (; n < s->count && n < PHASE_PACKETS; n++) {
        int64_t off =
            s->waiting[(s->first + n) % WAITING_MAX].at - (int64_t)n * TRACK_PACKET - first;
        if (llabs(off) > av_rescale(ROUNDING_US, s->hz, 1000000))
            break;
        sum += off;
    }
    return first + (n ? sum / (int64_t)n : 0);
}

/* Writes the oldest waiting packet at its place in the track. */
static int lay(struct copy_sound *s, struct err *e)
{
    struct waiting *w = &s->waiting[s->first];
    if (!s->began) {
        int64_t at = first_place(s);
        bool primed =
            s->primer.packet && llabs(s->primer.at + TRACK_PACKET - at) <= TRACK_PACKET / 2;
        if (primed)
            at -= TRACK_PACKET;
        begin_track(s, at);
        if (track_silence(&s->track, at, e) < 0 ||
            (primed && track_put(&s->track, s->primer.packet, e) < 0))
            return -1;
    }
    AUTO(av_packet_free) AVPacket *p = w->packet;
    int64_t ahead = w->at - s->track.next;
    s->first = (s->first + 1) % WAITING_MAX;
    s->count--;
    if (ahead < -TRACK_PACKET / 2)
        return 0;
    if (track_silence(&s->track, w->at - TRACK_PACKET / 2, e) < 0)
        return -1;
    return track_put(&s->track, p, e);
}

/* Writes the packets that end before `end`. */
static int lay_until(struct copy_sound *s, int64_t end, struct err *e)
{
    int64_t rounding = av_rescale(ROUNDING_US, s->hz, 1000000);
    while (s->count && s->waiting[s->first].at + TRACK_PACKET <= end + rounding)
        if (lay(s, e) < 0)
            return -1;
    return 0;
}

static int copy_packet(struct copy_sound *s, AVPacket *packet, struct err *e)
{
    if (changes_kind(s, packet))
        return err_set(e, ERR_UNSUPPORTED, "sound: its header changes on the way");
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    if (!p || av_packet_make_refcounted(packet) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    av_packet_move_ref(p, packet);
    int64_t rounding = av_rescale(ROUNDING_US, s->hz, 1000000);
    int64_t at = place_of(s, p), end = at + TRACK_PACKET;
    int64_t most = samples_at(s, s->bumper + s->longest);
    s->expected = end;
    if (end > s->heard)
        s->heard = end;
    if (is_priming(p)) {
        if (!s->began && !s->count) {
            av_packet_free(&s->primer.packet);
            s->primer = (struct waiting){TAKE(p), at};
        }
        return 0;
    }
    if (p->size <= 0 || end < s->lead - rounding || end > most + rounding ||
        s->count == WAITING_MAX)
        return 0;
    s->waiting[(s->first + s->count++) % WAITING_MAX] = (struct waiting){TAKE(p), at};
    return lay_until(s, samples_at(s, s->bumper + certain(s)), e);
}

int copy_sound_take(struct copy_sound *s, AVPacket *packet, struct err *e)
{
    int r = 0;
    if (s->mode == MODE_COPY)
        r = copy_packet(s, packet, e);
    else if (s->mode == MODE_ENCODE)
        r = encode_packet(s, packet, e);
    av_packet_unref(packet);
    return r;
}

bool copy_sound_enough(const struct copy_sound *s, int64_t body_ticks)
{
    /* a decoder gives less than it got at first, and the last of it is the next packet's business
     */
    int64_t more = s->mode == MODE_COPY ? 0 : av_rescale(RUN_UP_US, s->hz, 1000000);
    return s->mode == MODE_SILENT || s->heard >= samples_at(s, s->bumper + body_ticks) + more;
}

int copy_sound_end(struct copy_sound *s, int64_t body_ticks, struct err *e)
{
    if (s->mode == MODE_ENCODE) {
        tell_body(s, body_ticks, true);
        pipe_end(&s->line.sound);
        return join(s, e);
    }
    s->track.end = samples_at(s, 2 * s->bumper + body_ticks);
    if (lay_until(s, samples_at(s, s->bumper + body_ticks), e) < 0)
        return -1;
    if (!s->began)
        begin_track(s, 0);
    return track_silence(&s->track, s->track.end, e);
}

void copy_sound_free(struct copy_sound *s)
{
    if (!s)
        return;
    if (s->running) {
        struct err e = {0}; /* the work is given up */
        err_set(&e, ERR_STOPPED, "sound: stopped");
        line_fail(&s->line, &e);
        (void)join(s, &e);
    }
    track_clear(&s->track);
    for (; s->count; s->count--, s->first = (s->first + 1) % WAITING_MAX)
        av_packet_free(&s->waiting[s->first].packet);
    freep(&s->waiting);
    av_packet_free(&s->primer.packet);
    avcodec_parameters_free(&s->parameters);
    avcodec_free_context(&s->decoder);
    avcodec_free_context(&s->encoder);
    free(s);
}

void copy_sound_freep(struct copy_sound **s)
{
    copy_sound_free(*s);
    *s = NULL;
}
