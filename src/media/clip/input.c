/* Opening goes from cheap and safe steps to expensive and risky ones, and stops at the first fault:
 *   1. size and signature, by our own code (sniff.c)
 *   2. libav's probing names a demuxer; only demuxers of the allow-list go on
 *   3. the container's header: the tracks to use, and the sizes that they claim
 *   4. avformat_find_stream_info, which decodes: every stream known by then gets max_pixels, and no
 *      stream may appear while it runs, because a late one would have no limit. Plain H.264 with
 * its headers in the track alone needs no decoding: sets.c reads those
 *   5. the facts (facts.c)
 * Nothing here ever opens a second file: AVIO reads one descriptor, no protocol is allowed, and
 * io_open refuses. */
#include "media/clip/input.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/sniff.h"
#include "media/clip/lists.h"
#include "media/clip/motion.h"
#include "media/clip/packets.h"
#include "media/clip/sets.h"
#include "media/clip/tracks.h"
#include "media/clip/transport.h"
#include "media/colour.h"

#include <errno.h>
#include <libavutil/mem.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    IO_BUFFER = 64 * 1024,
    SCORE_SURE = 25,    /* lower probe scores are guesses: text and noise reach them */
    PRESCAN_MIN = 64,   /* by then every stream has appeared */
    PRESCAN_MAX = 4096, /* packets */
    ANALYZE_US = 5000000,
    TRACKS_COUNTED = 256, /* enough to tell what is wrong with a clip with too many */
};

/* A reader of the file; two containers of one clip have separate positions. */
struct reader {
    struct media_input *in;
    int64_t at;
};

ssize_t media_clip_read(const struct media_clip *c, void *data, size_t size, int64_t at)
{
    ssize_t n;
    at += c->base;
    if (c->fetch && c->fetch(c->arg, at, (int64_t)size, NULL) < 0) {
        errno = EIO;
        return -1;
    }
    do
        n = pread(c->fd, data, size, at);
    while (n < 0 && errno == EINTR);
    return n;
}

static ssize_t read_at(struct media_input *in, uint8_t *buf, size_t size, int64_t at)
{
    ssize_t n = media_clip_read(&in->clip, buf, size, at);
    if (n < 0)
        in->io_errno = errno;
    return n;
}

static int io_read(void *opaque, uint8_t *buf, int size)
{
    struct reader *r = opaque;
    ssize_t n = size > 0 ? read_at(r->in, buf, (size_t)size, r->at) : -1;
    if (n < 0)
        return AVERROR(EIO);
    r->at += n;
    return n ? (int)n : AVERROR_EOF;
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
    struct reader *r = opaque;
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE)
        return r->in->bytes;
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? r->at : r->in->bytes;
    int64_t to;
    if (__builtin_add_overflow(base, offset, &to) || to < 0)
        return AVERROR(EINVAL);
    r->at = to;
    return to;
}

static int refuse_open(AVFormatContext *s, AVIOContext **pb, const char *url, int flags,
                       AVDictionary **options)
{
    (void)s, (void)pb, (void)url, (void)flags, (void)options;
    return AVERROR(EACCES);
}

void media_container_close(AVFormatContext **fmt, AVIOContext **io)
{
    if (*fmt)
        avformat_close_input(fmt); /* leaves a custom io alone */
    if (*io) {
        free((*io)->opaque);
        av_freep(&(*io)->buffer);
    }
    avio_context_free(io);
}

static AVIOContext *io_new(struct media_input *in)
{
    AUTO(freep) struct reader *r = mem_new(sizeof(*r));
    r->in = in;
    uint8_t *buffer = av_malloc(IO_BUFFER);
    AVIOContext *io =
        buffer ? avio_alloc_context(buffer, IO_BUFFER, 0, r, io_read, NULL, io_seek) : NULL;
    if (io)
        (void)TAKE(r);
    else
        av_free(buffer);
    return io;
}

int media_input_container(struct media_input *in, const AVInputFormat *format,
                          const struct media_limits *limits, AVFormatContext **fmt,
                          AVIOContext **io)
{
    *io = io_new(in);
    *fmt = *io ? avformat_alloc_context() : NULL;
    if (!*fmt)
        return AVERROR(ENOMEM);
    AVFormatContext *f = *fmt;
    f->pb = *io;
    f->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_DISCARD_CORRUPT;
    f->io_open = refuse_open;
    f->max_streams = limits->max_streams;
    f->probesize = limits->probe_bytes;
    f->format_probesize = 1 << 20;
    f->max_analyze_duration = ANALYZE_US;
    f->protocol_whitelist = av_strdup("");
    f->format_whitelist = av_strdup(media_formats_allowed);
    f->codec_whitelist = av_strdup(media_codecs_allowed);
    if (!f->protocol_whitelist || !f->format_whitelist || !f->codec_whitelist)
        return AVERROR(ENOMEM);
    return avformat_open_input(fmt, "", format, NULL); /* frees *fmt when it fails */
}

static int fault_of_code(const struct media_input *in, int code, enum msg otherwise, struct err *e)
{
    if (in->io_errno)
        return err_set(e, ERR_SYSTEM, "clip: reading failed: %s", strerror(in->io_errno));
    if (code == AVERROR(ENOMEM))
        return err_msg(e, MSG_MEMORY_LIMIT, "clip: an allocation was refused");
    return err_msg(e, otherwise, "clip: %s", av_err2str(code));
}

/* Returns whether a container was refused for its tracks alone; libav reports that as no memory. */
static bool has_more_tracks(struct media_input *in, const AVInputFormat *format,
                            const struct media_limits *limits)
{
    struct media_limits wide = *limits;
    AVFormatContext *fmt = NULL;
    AVIOContext *io = NULL;
    wide.max_streams = TRACKS_COUNTED;
    bool more = media_input_container(in, format, &wide, &fmt, &io) == 0 &&
                fmt->nb_streams > (unsigned)limits->max_streams;
    media_container_close(&fmt, &io);
    return more;
}

/* Finds the demuxer for the file if it is on the allow-list; else reports what the file is. */
static int which_format(struct media_input *in, const struct media_limits *limits,
                        const AVInputFormat **out, struct err *e)
{
    AVFormatContext *none = NULL;
    AVIOContext *io = io_new(in);
    if (!io)
        return err_set(e, ERR_SYSTEM, "clip: no memory to read it");
    const AVInputFormat *f = NULL;
    unsigned most = limits->probe_bytes < 1 << 20 ? (unsigned)limits->probe_bytes : 1u << 20;
    int score = av_probe_input_buffer2(io, &f, "", NULL, 0, most);
    media_container_close(&none, &io);
    if (in->io_errno)
        return fault_of_code(in, AVERROR(EIO), MSG_INTERNAL, e);
    if (score < 0 || !f)
        return err_msg(e, MSG_NOT_A_VIDEO, "clip: no known container");
    enum format_kind kind = media_format_kind(f->name);
    if (kind == FORMAT_LIST)
        return err_msg(e, MSG_PLAYLIST, "clip: it is a list (%s)", f->name);
    if (kind == FORMAT_CLIP) {
        *out = f;
        return 0;
    }
    if (score >= SCORE_SURE && kind == FORMAT_IMAGE)
        return err_msg(e, MSG_IMAGE_ONLY, "clip: it is a picture (%s)", f->name);
    if (score >= SCORE_SURE && kind == FORMAT_SOUND)
        return err_msg(e, MSG_NO_VIDEO, "clip: it is sound (%s)", f->name);
    if (score >= SCORE_SURE && kind == FORMAT_REFUSED) {
        (void)err_msg(e, MSG_CODEC_UNSUPPORTED, "clip: %s is not on the list", f->name);
        err_format(e, f->long_name);
        return -1;
    }
    return err_msg(e, MSG_NOT_A_VIDEO, "clip: no container of ours (%s, %d)", f->name, score);
}

/* For containers whose streams appear as packets come: reads until all have appeared, then goes
 * back, so that each stream is known before anything is decoded. */
static void meet_streams(AVFormatContext *fmt, const struct media_limits *limits)
{
    if (!(fmt->ctx_flags & AVFMTCTX_NOHEADER) || (fmt->iformat->flags & AVFMT_NO_BYTE_SEEK))
        return;
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    bool picture = false, sound = false;
    for (int n = 0; p && n < PRESCAN_MAX; n++) {
        if (n >= PRESCAN_MIN && picture && sound)
            break;
        if (avio_tell(fmt->pb) > limits->probe_bytes || av_read_frame(fmt, p) < 0)
            break;
        enum AVMediaType type = fmt->streams[p->stream_index]->codecpar->codec_type;
        picture |= type == AVMEDIA_TYPE_VIDEO;
        sound |= type == AVMEDIA_TYPE_AUDIO;
        av_packet_unref(p);
    }
    (void)av_seek_frame(fmt, -1, 0, AVSEEK_FLAG_BYTE);
}

static void free_options(AVDictionary ***options, unsigned n)
{
    for (unsigned i = 0; *options && i < n; i++)
        av_dict_free(&(*options)[i]);
    free(*options);
    *options = NULL;
}

/* What mp4-family packets tell and tracks do not: about the first picture packet. */
struct first {
    bool encrypted;
    bool plain; /* H.264 with no headers but those of its track */
};

/* Through a container of its own, so that the caller's stays at its beginning. */
static struct first look_at_first(struct media_input *in, const AVInputFormat *format,
                                  const struct media_limits *limits)
{
    AVFormatContext *fmt = NULL;
    AVIOContext *io = NULL;
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    struct first first = {0};
    bool met = false;
    int r = p ? media_input_container(in, format, limits, &fmt, &io) : -1;
    for (int n = 0; r >= 0 && !met && n < PRESCAN_MAX; n++) {
        r = av_read_frame(fmt, p);
        met = r >= 0 && p->stream_index == in->video;
        const AVCodecParameters *c = met ? fmt->streams[in->video]->codecpar : NULL;
        struct sets sets;
        bool idr;
        if (met) {
            first.encrypted = av_packet_get_side_data(p, AV_PKT_DATA_ENCRYPTION_INFO, NULL);
            first.plain = c->codec_id == AV_CODEC_ID_H264 &&
                          !sets_read(c->extradata, c->extradata_size, &sets) &&
                          sets.length_bytes == 4 && !sets_packet(&sets, p->data, p->size, &idr);
        }
        av_packet_unref(p);
    }
    media_container_close(&fmt, &io);
    return first;
}

/* Returns whether a track is of the kind that most cameras make, whose parameter sets tell what
 * libav would decode the first picture for: decoding a picture of 20 Mbit/s takes longer than the
 * rest of a copy. Only for packets with both times; without them libav computes times from decoded
 * pictures. */
static bool is_plain(const AVStream *st, struct sps *out)
{
    const AVCodecParameters *p = st->codecpar;
    struct sets sets;
    if (p->codec_id != AV_CODEC_ID_H264 || sets_read(p->extradata, p->extradata_size, &sets))
        return false;
    const struct sps *s = &sets.sps;
    bool plain = sets.sps_count == 1 && s->frames_only && s->chroma_format == 1 &&
                 s->luma_bits == 8 && s->chroma_bits == 8 && s->reorder >= 0 && !s->full_range &&
                 p->color_range != AVCOL_RANGE_JPEG;
    if (plain)
        *out = *s;
    return plain;
}

/* Fills in what a decoder would report. A colour that the sets do not name stays the container's,
 * and so does the cropping of the last blocks. */
static void describe(AVCodecParameters *p, const struct sps *sps)
{
    const int unspecified = AVCOL_PRI_UNSPECIFIED; /* the same number in all three lists */
    p->format = AV_PIX_FMT_YUV420P;
    if (!sets_hidden(sps, p->width, p->height)) {
        p->width = sps->width;
        p->height = sps->height;
    }
    p->bits_per_raw_sample = sps->luma_bits;
    p->video_delay = sps->reorder;
    if (sps->sar_num > 0 && sps->sar_den > 0)
        p->sample_aspect_ratio = (AVRational){sps->sar_num, sps->sar_den};
    if (sps->primaries != unspecified)
        p->color_primaries = (enum AVColorPrimaries)sps->primaries;
    if (sps->transfer != unspecified)
        p->color_trc = (enum AVColorTransferCharacteristic)sps->transfer;
    if (sps->matrix != unspecified)
        p->color_space = (enum AVColorSpace)sps->matrix;
}

static struct colour said_colour(const AVCodecParameters *p)
{
    return (struct colour){p->color_primaries, p->color_trc, p->color_space, false};
}

/* Colours of the container count where the stream has none; some decoders overwrite them with
 * "unspecified". */
static void keep_colour(AVCodecParameters *p, const struct colour *container)
{
    if (p->color_primaries == AVCOL_PRI_UNSPECIFIED)
        p->color_primaries = (enum AVColorPrimaries)container->primaries;
    if (p->color_trc == AVCOL_TRC_UNSPECIFIED)
        p->color_trc = (enum AVColorTransferCharacteristic)container->transfer;
    if (p->color_space == AVCOL_SPC_UNSPECIFIED)
        p->color_space = (enum AVColorSpace)container->matrix;
}

/* plain: the track whose first packet is plain, -1: none. Bytes before a track begins do not count:
 * a picture far behind its sound is fine. */
static int find_stream_info(AVFormatContext *fmt, const struct media_limits *limits,
                            int plain_track, const struct tracks_seen *seen)
{
    fmt->probesize = limits->probe_bytes + seen->late_bytes;
    fmt->max_analyze_duration = ANALYZE_US + seen->late_us;
    unsigned n = fmt->nb_streams;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is what is wanted */
    AVDictionary **options = mem_new((n + 1) * sizeof(*options));
    struct sps *plain = mem_new((n + 1) * sizeof(*plain)); /* of no width: not plain */
    AUTO(freep) struct colour *said = mem_new((n + 1) * sizeof(*said));
    for (unsigned i = 0; i < n; i++) {
        said[i] = said_colour(fmt->streams[i]->codecpar);
        av_dict_set_int(&options[i], "max_pixels", limits->max_pixels, 0);
        av_dict_set(&options[i], "codec_whitelist", media_codecs_allowed, 0);
        if ((int)i == plain_track && is_plain(fmt->streams[i], &plain[i]))
            av_dict_set(&options[i], "skip_frame", "all", 0);
    }
    fmt->max_streams = (int)n;
    int r = avformat_find_stream_info(fmt, options);
    fmt->max_streams = limits->max_streams;
    free_options(&options, n);
    for (unsigned i = 0; i < n; i++) {
        if (plain[i].width)
            describe(fmt->streams[i]->codecpar, &plain[i]);
        keep_colour(fmt->streams[i]->codecpar, &said[i]);
    }
    free(plain);
    return r;
}

static int open_container(struct media_input *in, const AVInputFormat *format,
                          const struct media_limits *limits, struct err *e)
{
    if (strcmp(format->name, "mpegts") == 0 && transport_scrambled(&in->clip))
        return err_msg(e, MSG_ENCRYPTED, "clip: its transport packets are scrambled");
    int r = media_input_container(in, format, limits, &in->fmt, &in->io);
    if (r == AVERROR(ENOMEM) && has_more_tracks(in, format, limits))
        return err_msg(e, MSG_TOO_MANY_TRACKS, "clip: over %d tracks", limits->max_streams);
    if (r < 0)
        return fault_of_code(in, r, MSG_TRUNCATED, e);
    meet_streams(in->fmt, limits);
    struct tracks_seen seen;
    tracks_look(in, format, limits, &seen);
    if (in->fmt->nb_streams && tracks_choose(in, &seen, limits, e) < 0 &&
        !(in->fmt->ctx_flags & AVFMTCTX_NOHEADER))
        return -1;
    struct first first = {0};
    if (in->video >= 0 && strncmp(format->name, "mov", 3) == 0)
        first = look_at_first(in, format, limits);
    if (first.encrypted)
        return err_msg(e, MSG_ENCRYPTED, "clip: its packets are encrypted");
    r = find_stream_info(in->fmt, limits, first.plain ? in->video : -1, &seen);
    if (r < 0)
        return fault_of_code(in, r, MSG_TRUNCATED, e);
    if (in->fmt->nb_streams == 0)
        return err_msg(e, MSG_TRUNCATED, "clip: a container without tracks");
    return tracks_choose(in, &seen, limits, e);
}

static int look_at_boxes(struct media_input *in, struct err *e)
{
    media_boxes(&in->clip, in->bytes, &in->boxes);
    if (!in->boxes.index && in->boxes.data)
        return err_msg(e, MSG_TRUNCATED, "clip: it has data and no index");
    if (in->boxes.encrypted)
        return err_msg(e, MSG_ENCRYPTED, "clip: its description says so");
    return 0;
}

/* A picture that may move or hold a film. GIF and PNG stills are found when pictures are counted.
 */
static int look_behind(struct media_input *in, const uint8_t *head, size_t len, struct err *e)
{
    int64_t at, film;
    bool is_jpeg = len && head[0] == 0xff, is_heif = len >= 8 && memcmp(head + 4, "ftyp", 4) == 0;
    if ((is_jpeg || is_heif) && motion_film(&in->clip, in->bytes, &at, &film)) {
        in->clip.base = at;
        in->bytes = film;
        return look_at_boxes(in, e);
    }
    if (is_heif)
        media_boxes(&in->clip, in->bytes, &in->boxes);
    if (is_jpeg || (is_heif && !in->boxes.index))
        return err_msg(e, MSG_IMAGE_ONLY, "clip: a picture without a film in it");
    return 0;
}

static int look(struct media_input *in, struct err *e)
{
    struct stat st;
    if (fstat(in->clip.fd, &st) < 0)
        return err_set(e, ERR_SYSTEM, "clip: %s", strerror(errno));
    in->bytes = in->file_bytes = st.st_size;
    if (in->bytes == 0)
        return err_msg(e, MSG_EMPTY_FILE, "clip: 0 bytes");
    uint8_t head[SNIFF_WINDOW];
    ssize_t n = read_at(in, head, sizeof(head), 0);
    if (n < 0)
        return fault_of_code(in, AVERROR(EIO), MSG_TRUNCATED, e);
    enum sniff kind = sniff(head, (size_t)n);
    enum msg fault = sniff_fault(kind);
    if (fault != MSG_OK)
        return err_msg(e, fault, "clip: its first bytes are no clip's");
    if (kind == SNIFF_PICTURE)
        return look_behind(in, head, (size_t)n, e);
    return kind == SNIFF_ISO ? look_at_boxes(in, e) : 0;
}

int media_input_open(struct media_input *in, const struct media_clip *clip,
                     const struct media_limits *limits, struct err *e)
{
    *in = (struct media_input){.clip = *clip, .video = -1, .audio = -1};
    const AVInputFormat *format = NULL;
    av_max_alloc((size_t)limits->max_alloc);
    if (look(in, e) < 0 || which_format(in, limits, &format, e) < 0 ||
        open_container(in, format, limits, e) < 0 || media_facts_fill(in, limits, e) < 0) {
        media_input_close(in);
        return -1;
    }
    return 0;
}

void media_input_close(struct media_input *in)
{
    media_packets_free(in->packets);
    in->packets = NULL;
    media_container_close(&in->fmt, &in->io);
    in->video = in->audio = -1;
}

int media_input_decoder(struct media_input *in, int stream, const struct media_limits *limits,
                        AVCodecContext **out, struct err *e)
{
    const AVStream *st = in->fmt->streams[stream];
    const AVCodec *codec = media_decoder_of(st);
    if (!codec)
        return media_codec_refused(st, e);
    AUTO(avcodec_free_context) AVCodecContext *c = avcodec_alloc_context3(codec);
    if (!c || avcodec_parameters_to_context(c, st->codecpar) < 0)
        return err_set(e, ERR_SYSTEM, "clip: no memory for a decoder");
    c->pkt_timebase = st->time_base;
    c->max_pixels = limits->max_pixels;
    c->thread_count = limits->threads;
    c->codec_whitelist = av_strdup(media_codecs_allowed);
    int r = c->codec_whitelist ? avcodec_open2(c, codec, NULL) : AVERROR(ENOMEM);
    if (r < 0)
        return fault_of_code(in, r, MSG_TRUNCATED, e);
    *out = TAKE(c);
    return 0;
}
