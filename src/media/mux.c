/* Pictures are written as they come. Sound waits in a list, and every half second it is written up
 * to the picture's time, so that each track lies in chunks of about that length: few enough for a
 * small index, and close enough for a player over a network. Sound that comes later than its
 * picture is written when it comes.
 *
 * Time: the k-th packet of the reel in decode order is decoded when the (k - delay)-th picture in
 * display order is shown, where delay is the largest reordering of any part; before the first
 * picture, slots are counted backwards. So dts always rises, over every seam too, and pts >= dts
 * holds because each segment holds it by itself.
 *
 * Players search a key picture by dts and add the distance between the first picture's dts and pts,
 * which is delay slots. Behind pictures that are shown for more than a slot, that search would find
 * a key picture before its display time and skip the pictures before it. So from a key picture on,
 * dts is at least what it would be if all earlier pictures took one slot, as at the reel's
 * beginning. The two values meet once the key picture itself is shown. At a constant rate they are
 * equal. */
#include "media/mux.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/encode/line.h"

#include <errno.h>
#include <libavformat/avformat.h>
#include <pthread.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 512 << 10,
    /* of the index: what a picture takes in stsz, ctts, stss and sdtp at most, what a frame of
     * sound takes, a run (stsc, stco, stts of both tracks), and all that does not grow */
    INDEX_PER_PICTURE = 4 + 8 + 4 + 1,
    INDEX_PER_SOUND = 4,
    INDEX_PER_RUN = 64,
    INDEX_PER_STEP = 8, /* in stts, of a picture that keeps its time */
    INDEX_FIXED = 4096,
    TIMESCALE_LEAST = 10000, /* as the mov muxer has it */
    TIMESCALE_MOST = 10000000,
    TIMESCALE_USUAL = 90000,
    SHOWN_KEPT = 128, /* at least a group and a delay */
};

#define NEVER INT64_MIN

struct mux {
    AVFormatContext *fmt;
    AVIOContext *io;
    int fd;
    int64_t at, size; /* of the file, in bytes */
    int io_errno;
    AVRational tick, sample; /* time bases */
    int64_t slot;            /* ticks */
    AVRational pixel;        /* its shape */
    int delay;
    int64_t count, segment_first;       /* pictures; those before the segment */
    int64_t segment_start, segment_end; /* ticks */
    int64_t shown[SHOWN_KEPT]; /* ticks: of the n-th picture in the order of showing, at n modulo
                                  the size */
    int64_t found[SHOWN_KEPT]; /* ticks: of the n-th packet, when it is a key picture: the first
                                  that is shown from it on; else NEVER */
    int64_t next_batch, batch; /* when sound is next written; half a second, in ticks */
    AVPacket *scratch;

    pthread_mutex_t lock; /* guards the list */
    struct waiting {
        AVPacket *packet;
        struct waiting *next;
    } * first, **last;
};

static int io_write(void *opaque, uint8_t *data, int size)
{
    struct mux *m = opaque;
    for (int done = 0; done < size;) {
        ssize_t n = pwrite(m->fd, data + done, (size_t)(size - done), m->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            m->io_errno = n < 0 ? errno : EIO;
            return AVERROR(m->io_errno);
        }
        done += (int)n;
        m->at += n;
    }
    if (m->at > m->size)
        m->size = m->at;
    return size;
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
    struct mux *m = opaque;
    if (whence & AVSEEK_SIZE)
        return m->size;
    whence &= ~AVSEEK_FORCE;
    int64_t to = whence == SEEK_CUR   ? m->at + offset
                 : whence == SEEK_END ? m->size + offset
                                      : offset;
    if (to < 0)
        return AVERROR(EINVAL);
    return m->at = to;
}

/* The disk's own error outweighs libav's version of it. */
static int fault(const struct mux *m, int averror, const char *what, struct err *e)
{
    return line_av_error(m->io_errno ? AVERROR(m->io_errno) : averror, what, e);
}

struct mux_clock mux_clock_make(const struct media_plan *plan, AVRational kept)
{
    struct mux_clock c = {plan->fps_num, plan->fps_den};
    if (kept.num > 0) {
        /* the least that has both whole, or many to a picture */
        int64_t lcm = plan->fps_num / av_gcd(plan->fps_num, kept.den) * kept.den;
        int64_t times =
            lcm <= TIMESCALE_MOST ? lcm / plan->fps_num : TIMESCALE_USUAL / plan->fps_num + 1;
        c = (struct mux_clock){c.per_s * times, c.slot * times};
    }
    while (c.per_s < TIMESCALE_LEAST) {
        c.per_s *= 2;
        c.slot *= 2;
    }
    return c;
}

static int64_t index_bytes(const struct media_plan *plan, const struct mux_form *form)
{
    int64_t slots = plan->body_frames_max + 2 * plan->bumper_frames;
    int64_t sounds =
        av_rescale(slots * plan->fps_den, plan->audio_hz, (int64_t)plan->fps_num * 1024) + 4;
    int64_t seconds = slots * plan->fps_den / plan->fps_num + 1;
    return INDEX_FIXED + form->pictures_most * (INDEX_PER_PICTURE + INDEX_PER_STEP) +
           sounds * INDEX_PER_SOUND + (seconds * 2 + 8) * INDEX_PER_RUN;
}

static int add_track(struct mux *m, const AVCodecParameters *c, AVRational time_base, struct err *e)
{
    AVStream *st = avformat_new_stream(m->fmt, NULL);
    if (!st)
        return err_msg(e, MSG_MEMORY_LIMIT, "mux: no memory");
    int r = avcodec_parameters_copy(st->codecpar, c);
    if (r < 0)
        return fault(m, r, "mux", e);
    st->codecpar->codec_tag = 0; /* the muxer's to choose */
    st->time_base = time_base;
    if (c->codec_type == AVMEDIA_TYPE_VIDEO)
        st->sample_aspect_ratio = st->codecpar->sample_aspect_ratio = m->pixel;
    return 0;
}

static int start(struct mux *m, const struct media_plan *plan, const struct mux_form *form,
                 struct err *e)
{
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    if (buffer)
        m->io = avio_alloc_context(buffer, BUFFER_BYTES, 1, m, NULL, io_write, io_seek);
    if (!m->io) {
        av_free(buffer);
        return err_msg(e, MSG_MEMORY_LIMIT, "mux: no memory");
    }
    m->scratch = av_packet_alloc();
    if (!m->scratch || avformat_alloc_output_context2(&m->fmt, NULL, "mp4", NULL) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "mux: no memory");
    m->fmt->pb = m->io;
    /* bitexact: no name of the writing program, no time of writing */
    m->fmt->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    m->fmt->flush_packets = 0; /* our buffer is written when it is full */
    if (add_track(m, form->picture, m->tick, e) < 0 || add_track(m, form->sound, m->sample, e) < 0)
        return -1;
    AUTO(av_dict_free) AVDictionary *o = NULL;
    av_dict_set_int(&o, "moov_size", index_bytes(plan, form), 0);
    /* the movie's clock is the picture's: its lengths come out exact */
    av_dict_set_int(&o, "video_track_timescale", form->clock.per_s, 0);
    av_dict_set_int(&o, "movie_timescale", form->clock.per_s, 0);
    int r = avformat_write_header(m->fmt, &o);
    return r < 0 ? fault(m, r, "mux: header", e) : 0;
}

int mux_open(struct mux **out, int fd, const struct media_plan *plan, const struct mux_form *form,
             struct err *e)
{
    AUTO(mux_freep) struct mux *m = mem_new(sizeof(*m));
    m->fd = fd;
    m->tick = (AVRational){1, (int)form->clock.per_s};
    m->slot = form->clock.slot;
    m->sample = (AVRational){1, form->sound->sample_rate};
    m->pixel = (AVRational){plan->sar_num, plan->sar_den};
    m->delay = form->delay;
    m->batch = form->clock.per_s / 2;
    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    if (start(m, plan, form, e) < 0)
        return -1;
    *out = TAKE(m);
    return 0;
}

void mux_segment(struct mux *m)
{
    m->segment_first = m->count;
    m->segment_start = m->segment_end;
}

void mux_end(struct mux *m, int64_t at)
{
    m->segment_end = m->segment_start + at;
}

int64_t mux_frames(const struct mux *m)
{
    return m->count;
}

int64_t mux_ticks(const struct mux *m)
{
    return m->segment_end;
}

int64_t mux_us(const struct mux *m)
{
    return av_rescale_q(m->segment_end, m->tick, AV_TIME_BASE_Q);
}

int64_t mux_bytes(const struct mux *m)
{
    return m->size;
}

static AVPacket *sound_before(struct mux *m, int64_t ticks)
{
    AVPacket *p = NULL;
    pthread_mutex_lock(&m->lock);
    struct waiting *w = m->first;
    if (w && av_compare_ts(w->packet->pts, m->sample, ticks, m->tick) < 0) {
        p = w->packet;
        m->first = w->next;
        if (!m->first)
            m->last = &m->first;
        free(w);
    }
    pthread_mutex_unlock(&m->lock);
    return p;
}

static int write_sound(struct mux *m, int64_t before_ticks, struct err *e)
{
    for (;;) {
        AUTO(av_packet_free) AVPacket *p = sound_before(m, before_ticks);
        if (!p)
            return 0;
        p->stream_index = 1;
        p->dts = p->pts;
        av_packet_rescale_ts(p, m->sample, m->fmt->streams[1]->time_base);
        int r = av_write_frame(m->fmt, p);
        if (r < 0 || m->io_errno)
            return fault(m, r, "mux: sound", e);
    }
}

static int write_picture(struct mux *m, const AVPacket *packet, int64_t pts, int64_t dts,
                         struct err *e)
{
    if (pts < dts)
        return err_set(e, ERR_SYSTEM, "mux: picture %lld is shown before it is decoded",
                       (long long)m->count);
    if (m->segment_end >= m->next_batch) {
        if (write_sound(m, m->next_batch, e) < 0)
            return -1;
        m->next_batch += m->batch;
    }
    AVPacket *p = m->scratch;
    int r = av_packet_ref(p, packet);
    if (r < 0)
        return fault(m, r, "mux", e);
    p->stream_index = 0;
    p->pts = pts;
    p->dts = dts;
    p->duration = m->slot;
    m->count++;
    av_packet_rescale_ts(p, m->tick, m->fmt->streams[0]->time_base);
    r = av_write_frame(m->fmt, p);
    av_packet_unref(p);
    return r < 0 || m->io_errno ? fault(m, r, "mux: picture", e) : 0;
}

int mux_picture(struct mux *m, const AVPacket *packet, struct err *e)
{
    if (packet->pts == AV_NOPTS_VALUE)
        return err_set(e, ERR_SYSTEM, "mux: a picture has no time");
    if (write_picture(m, packet, m->segment_start + packet->pts * m->slot,
                      (m->count - m->delay) * m->slot, e) < 0)
        return -1;
    mux_end(m, (m->count - m->segment_first) * m->slot);
    return 0;
}

static int rising(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Decode time of the next packet: what has been shown by then, or the later time that a waiting key
 * picture requires. */
static int64_t decoded_at(const struct mux *m)
{
    int64_t nth = m->count - m->delay;
    int64_t dts = nth < 0 ? nth * m->slot : m->shown[nth % SHOWN_KEPT];
    for (int64_t n = m->count; n >= 0 && n > nth; n--) {
        int64_t found = m->found[n % SHOWN_KEPT];
        if (found != NEVER && found - (n - nth) * m->slot > dts)
            dts = found - (n - nth) * m->slot;
    }
    return dts;
}

int mux_group(struct mux *m, AVPacket *const *packets, const int64_t *at, int count, struct err *e)
{
    int64_t sorted[MUX_GROUP_MAX];
    if (count <= 0 || count > MUX_GROUP_MAX)
        return err_set(e, ERR_SYSTEM, "mux: %d pictures at once", count);
    memcpy(sorted, at, (size_t)count * sizeof(*at));
    qsort(sorted, (size_t)count, sizeof(*sorted), rising);
    int64_t first = INT64_MAX;
    for (int i = count - 1; i >= 0; i--) {
        int64_t place = (m->count + i) % SHOWN_KEPT;
        first = at[i] < first ? at[i] : first;
        m->shown[place] = m->segment_start + sorted[i];
        m->found[place] = packets[i]->flags & AV_PKT_FLAG_KEY ? m->segment_start + first : NEVER;
    }
    for (int i = 0; i < count; i++)
        if (write_picture(m, packets[i], m->segment_start + at[i], decoded_at(m), e) < 0)
            return -1;
    mux_end(m, sorted[count - 1] + m->slot);
    return 0;
}

int mux_sound(struct mux *m, AVPacket *packet, struct err *e)
{
    AVPacket *p = av_packet_alloc();
    if (!p)
        return err_msg(e, MSG_MEMORY_LIMIT, "mux: no memory");
    av_packet_move_ref(p, packet);
    struct waiting *w = mem_new(sizeof(*w));
    w->packet = p;
    pthread_mutex_lock(&m->lock);
    *m->last = w;
    m->last = &w->next;
    pthread_mutex_unlock(&m->lock);
    return 0;
}

int mux_finish(struct mux *m, struct err *e)
{
    if (write_sound(m, INT64_MAX, e) < 0)
        return -1;
    int r = av_write_trailer(m->fmt);
    avio_flush(m->io);
    if (r >= 0)
        r = m->io->error;
    return r < 0 || m->io_errno ? fault(m, r, "mux: index", e) : 0;
}

void mux_free(struct mux *m)
{
    if (!m)
        return;
    for (struct waiting *w = m->first, *next; w; w = next) {
        next = w->next;
        av_packet_free(&w->packet);
        free(w);
    }
    av_packet_free(&m->scratch);
    avformat_free_context(m->fmt);
    if (m->io)
        av_freep(&m->io->buffer);
    avio_context_free(&m->io);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

void mux_freep(struct mux **m)
{
    mux_free(*m);
    *m = NULL;
}
