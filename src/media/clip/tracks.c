/* What a track says about itself is often wrong, so its packets are counted. The mp4 family has
 * them in its index. In other containers the first packets are read, until each possible picture
 * track has appeared and one of several is certain to move, or until a limit is reached. */
#include "media/clip/tracks.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/lists.h"

enum {
    MOVES = 3,         /* pictures: a still beside a film has one or two */
    SURE = 64,         /* pictures that make a track a film and distinguish it from the others */
    PICTURES_PART = 4, /* within this part of the most pictures counts as equal, because pictures
                          are counted in part */
    LENGTH_PART = 2,
    LOOK_BYTES = 32 << 20, /* read at most, while pictures have not come */
};
static const int64_t LATE_MOST_US = INT64_C(3600) * 1000000;

static bool is_picture(const AVStream *st)
{
    const int stills = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;
    return st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !(st->disposition & stills);
}

static bool is_sound(const AVStream *st)
{
    return st->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
}

static bool is_encrypted(const AVStream *st)
{
    uint32_t tag = st->codecpar->codec_tag;
    return tag == MKTAG('e', 'n', 'c', 'v') || tag == MKTAG('e', 'n', 'c', 'a') ||
           tag == MKTAG('d', 'r', 'm', 'i') ||
           av_stream_get_side_data(st, AV_PKT_DATA_ENCRYPTION_INIT_INFO, NULL);
}

static unsigned count(const AVFormatContext *fmt, bool (*is)(const AVStream *st))
{
    unsigned n = 0;
    for (unsigned i = 0; i < fmt->nb_streams; i++)
        n += is(fmt->streams[i]);
    return n;
}

/* -- looking -- */

static void look_at_index(struct media_input *in, struct tracks_seen *seen)
{
    for (unsigned i = 0; i < in->fmt->nb_streams && i < TRACKS_SEEN; i++)
        seen->of[i].pictures = avformat_index_get_entries_count(in->fmt->streams[i]);
}

static void meet(const AVFormatContext *fmt, const AVPacket *p, struct tracks_seen *seen)
{
    int i = p->stream_index;
    int64_t ts = p->dts != AV_NOPTS_VALUE ? p->dts : p->pts;
    if (i >= TRACKS_SEEN)
        return;
    int64_t us = ts == AV_NOPTS_VALUE
                     ? seen->of[i].last_us
                     : av_rescale_q(ts, fmt->streams[i]->time_base, AV_TIME_BASE_Q);
    if (seen->of[i].pictures++ == 0)
        seen->of[i].first_us = us;
    seen->of[i].last_us = us;
}

struct goal {
    unsigned pictures, sounds; /* tracks of each */
    int64_t sound_bytes;       /* after the first pictures, sound is awaited for this many bytes */
};

/* Returns whether everything awaited has come. */
static bool is_enough(const AVFormatContext *fmt, const struct goal *g,
                      const struct tracks_seen *seen)
{
    int64_t most = 0, sounds = 0;
    for (unsigned i = 0; i < fmt->nb_streams && i < TRACKS_SEEN; i++) {
        if (is_picture(fmt->streams[i]))
            most = FFMAX(most, seen->of[i].pictures);
        else if (is_sound(fmt->streams[i]))
            sounds += seen->of[i].pictures;
    }
    return most >= (g->pictures > 1 ? SURE : 1) &&
           (sounds || !g->sounds || avio_tell(fmt->pb) > g->sound_bytes);
}

/* How late the last of the tracks began that were met. */
static int64_t lateness(const AVFormatContext *fmt, const struct tracks_seen *seen)
{
    int64_t begin = INT64_MAX, last = INT64_MIN;
    for (unsigned i = 0; i < fmt->nb_streams && i < TRACKS_SEEN; i++) {
        bool counts = is_picture(fmt->streams[i]) || is_sound(fmt->streams[i]);
        if (!counts || !seen->of[i].pictures)
            continue;
        begin = FFMIN(begin, seen->of[i].first_us);
        last = FFMAX(last, seen->of[i].first_us);
    }
    return last > begin ? FFMIN(av_sat_sub64(last, begin), LATE_MOST_US) : 0;
}

static void look_at_packets(struct media_input *in, const AVInputFormat *format,
                            const struct media_limits *limits, struct tracks_seen *seen)
{
    AVFormatContext *fmt = NULL;
    AVIOContext *io = NULL;
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    const struct goal goal = {count(in->fmt, is_picture), count(in->fmt, is_sound),
                              limits->probe_bytes};
    int r = p ? media_input_container(in, format, limits, &fmt, &io) : -1;
    while (r >= 0 && goal.pictures && !is_enough(fmt, &goal, seen) && avio_tell(io) < LOOK_BYTES) {
        r = av_read_frame(fmt, p);
        if (r >= 0) {
            meet(fmt, p, seen);
            seen->late_bytes = avio_tell(io);
        }
        av_packet_unref(p);
    }
    if (fmt)
        seen->late_us = lateness(fmt, seen);
    media_container_close(&fmt, &io);
}

void tracks_look(struct media_input *in, const AVInputFormat *format,
                 const struct media_limits *limits, struct tracks_seen *out)
{
    *out = (struct tracks_seen){0};
    if (strncmp(format->name, "mov", 3) == 0)
        look_at_index(in, out);
    else
        look_at_packets(in, format, limits, out);
}

/* -- choosing -- */

struct choice {
    const AVFormatContext *fmt;
    const struct tracks_seen *seen;
};

static int64_t moves(const struct choice *c, unsigned i)
{
    return c->seen->of[i].pictures >= MOVES;
}

static int64_t is_readable(const struct choice *c, unsigned i)
{
    const AVStream *st = c->fmt->streams[i];
    return media_decoder_of(st) && !is_encrypted(st);
}

static int64_t pictures(const struct choice *c, unsigned i)
{
    return FFMIN(c->seen->of[i].pictures, INT32_MAX);
}

static int64_t length_us(const struct choice *c, unsigned i)
{
    const AVStream *st = c->fmt->streams[i];
    int64_t us = av_sat_sub64(c->seen->of[i].last_us, c->seen->of[i].first_us);
    if (st->duration > 0)
        us = av_rescale_q(st->duration, st->time_base, AV_TIME_BASE_Q);
    return av_clip64(us, 0, INT64_MAX / LENGTH_PART);
}

static int64_t is_default(const struct choice *c, unsigned i)
{
    return c->fmt->streams[i]->disposition & AV_DISPOSITION_DEFAULT ? 1 : 0;
}

static int64_t pixels(const struct choice *c, unsigned i)
{
    const AVCodecParameters *p = c->fmt->streams[i]->codecpar;
    return (int64_t)p->width * p->height;
}

static int64_t channels(const struct choice *c, unsigned i)
{
    return c->fmt->streams[i]->codecpar->ch_layout.nb_channels;
}

/* Returns whether libav knows the sample format, which is so once a decoder was opened. */
static int64_t is_heard(const struct choice *c, unsigned i)
{
    const AVCodecParameters *p = c->fmt->streams[i]->codecpar;
    return is_readable(c, i) && p->sample_rate > 0 && p->format != AV_SAMPLE_FMT_NONE;
}

struct step {
    int64_t (*value)(const struct choice *c, unsigned i);
    int part; /* within this part of the best counts as equal */
};

/* Narrows the tracks step by step to the best ones; returns the first that is left, or -1: none. */
static int narrow(const struct choice *c, bool (*is)(const AVStream *st), const struct step *steps,
                  size_t n)
{
    bool left[TRACKS_SEEN] = {0};
    unsigned tracks = FFMIN(c->fmt->nb_streams, (unsigned)TRACKS_SEEN);
    for (unsigned i = 0; i < tracks; i++)
        left[i] = is(c->fmt->streams[i]);
    for (size_t s = 0; s < n; s++) {
        int64_t best = 0;
        for (unsigned i = 0; i < tracks; i++)
            if (left[i])
                best = FFMAX(best, steps[s].value(c, i));
        for (unsigned i = 0; i < tracks; i++)
            left[i] = left[i] && steps[s].value(c, i) * steps[s].part >= best;
    }
    for (unsigned i = 0; i < tracks; i++)
        if (left[i])
            return (int)i;
    return -1;
}

static void choose_sound(struct media_input *in, const struct choice *c)
{
    static const struct step steps[] = {{is_heard, 1}, {is_default, 1}, {channels, 1}};
    int wanted = narrow(c, is_sound, steps + 1, LEN(steps) - 1);
    in->audio = narrow(c, is_sound, steps, LEN(steps));
    if (in->audio >= 0 && !is_heard(c, (unsigned)in->audio))
        in->audio = -1;
    in->warnings &= ~(1u << WARNING_SOUND_UNREADABLE | 1u << WARNING_SOUND_OTHER);
    if (wanted != in->audio)
        in->warnings |= 1u << (in->audio < 0 ? WARNING_SOUND_UNREADABLE : WARNING_SOUND_OTHER);
}

int tracks_choose(struct media_input *in, const struct tracks_seen *seen,
                  const struct media_limits *limits, struct err *e)
{
    static const struct step steps[] = {
        {moves, 1},      {is_readable, 1}, {pictures, PICTURES_PART}, {length_us, LENGTH_PART},
        {is_default, 1}, {pixels, 1}};
    const struct choice c = {in->fmt, seen};
    in->video = narrow(&c, is_picture, steps, LEN(steps));
    choose_sound(in, &c);
    if (in->video < 0)
        return err_msg(e, MSG_NO_VIDEO, "clip: %u tracks, none with a picture",
                       in->fmt->nb_streams);
    const AVStream *st = in->fmt->streams[in->video];
    if (is_encrypted(st))
        return err_msg(e, MSG_ENCRYPTED, "clip: the picture track is encrypted");
    if (!media_decoder_of(st))
        return media_codec_refused(st, e);
    if (pixels(&c, (unsigned)in->video) > limits->max_pixels)
        return err_msg(e, MSG_TOO_MANY_PIXELS, "clip: it claims %dx%d", st->codecpar->width,
                       st->codecpar->height);
    return 0;
}
