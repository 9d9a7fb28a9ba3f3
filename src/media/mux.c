/* Pictures are written as they come; sound waits in a list and is written up to the picture's time
 * at every half second, so that each track lies in pieces of about that length: few of them, which
 * keeps the index small, and close enough for a player over a network. Sound that comes later than
 * its picture is written when it comes.
 *
 * Time: the k-th packet of a segment in decode order has dts = start + k - delay, where delay is
 * the encoder's reordering. So dts rises by one frame for ever, over every seam, and pts >= dts
 * holds because each segment alone keeps it. */
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
    INDEX_FIXED = 4096,
    TIMESCALE_LEAST = 10000, /* as the mov muxer has it */
};

struct mux {
    AVFormatContext *fmt;
    AVIOContext *io;
    int fd;
    int64_t at, size; /* of the file, in bytes */
    int io_errno;
    AVRational frame, sample; /* time bases of what comes in */
    AVRational pixel;         /* its shape */
    int delay;
    int64_t segment_start, segment_count; /* frames */
    int64_t next_batch, batch;            /* when sound is next written; half a second, in frames */
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

/* The disk's word weighs more than what libav makes of it. */
static int fault(const struct mux *m, int averror, const char *what, struct err *e)
{
    return line_av_error(m->io_errno ? AVERROR(m->io_errno) : averror, what, e);
}

static int64_t index_bytes(const struct media_plan *plan)
{
    int64_t frames = plan->body_frames_max + 2 * plan->bumper_frames;
    int64_t sounds =
        av_rescale(frames * plan->fps_den, plan->audio_hz, (int64_t)plan->fps_num * 1024) + 4;
    int64_t seconds = frames * plan->fps_den / plan->fps_num + 1;
    return INDEX_FIXED + frames * INDEX_PER_PICTURE + sounds * INDEX_PER_SOUND +
           (seconds * 2 + 8) * INDEX_PER_RUN;
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
    if (c->codec_type == AVMEDIA_TYPE_VIDEO) {
        st->avg_frame_rate = st->r_frame_rate = av_inv_q(time_base);
        st->sample_aspect_ratio = st->codecpar->sample_aspect_ratio = m->pixel;
    }
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
    if (add_track(m, form->picture, m->frame, e) < 0 || add_track(m, form->sound, m->sample, e) < 0)
        return -1;
    /* the movie's clock is the picture's: its lengths come out exact */
    int64_t scale = plan->fps_num;
    while (scale < TIMESCALE_LEAST)
        scale *= 2;
    AUTO(av_dict_free) AVDictionary *o = NULL;
    av_dict_set_int(&o, "moov_size", index_bytes(plan), 0);
    av_dict_set_int(&o, "video_track_timescale", scale, 0);
    av_dict_set_int(&o, "movie_timescale", scale, 0);
    int r = avformat_write_header(m->fmt, &o);
    return r < 0 ? fault(m, r, "mux: header", e) : 0;
}

int mux_open(struct mux **out, int fd, const struct media_plan *plan, const struct mux_form *form,
             struct err *e)
{
    AUTO(mux_freep) struct mux *m = mem_new(sizeof(*m));
    m->fd = fd;
    m->frame = (AVRational){plan->fps_den, plan->fps_num};
    m->sample = (AVRational){1, form->sound->sample_rate};
    m->pixel = (AVRational){plan->sar_num, plan->sar_den};
    m->delay = form->delay;
    m->batch = plan->fps_num / plan->fps_den / 2 + 1;
    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    if (start(m, plan, form, e) < 0)
        return -1;
    *out = TAKE(m);
    return 0;
}

void mux_segment(struct mux *m)
{
    m->segment_start += m->segment_count;
    m->segment_count = 0;
}

int64_t mux_frames(const struct mux *m)
{
    return m->segment_start + m->segment_count;
}

int64_t mux_bytes(const struct mux *m)
{
    return m->size;
}

static AVPacket *sound_before(struct mux *m, int64_t frame)
{
    AVPacket *p = NULL;
    pthread_mutex_lock(&m->lock);
    struct waiting *w = m->first;
    if (w && av_compare_ts(w->packet->pts, m->sample, frame, m->frame) < 0) {
        p = w->packet;
        m->first = w->next;
        if (!m->first)
            m->last = &m->first;
        free(w);
    }
    pthread_mutex_unlock(&m->lock);
    return p;
}

static int write_sound(struct mux *m, int64_t before_frame, struct err *e)
{
    for (;;) {
        AUTO(av_packet_free) AVPacket *p = sound_before(m, before_frame);
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

int mux_picture(struct mux *m, const AVPacket *packet, struct err *e)
{
    int64_t dts = m->segment_count - m->delay;
    if (packet->pts == AV_NOPTS_VALUE || packet->pts < dts)
        return err_set(e, ERR_SYSTEM, "mux: picture %lld is shown before it is decoded",
                       (long long)packet->pts);
    if (mux_frames(m) >= m->next_batch) {
        if (write_sound(m, m->next_batch, e) < 0)
            return -1;
        m->next_batch += m->batch;
    }
    AVPacket *p = m->scratch;
    int r = av_packet_ref(p, packet);
    if (r < 0)
        return fault(m, r, "mux", e);
    p->stream_index = 0;
    p->pts = m->segment_start + packet->pts;
    p->dts = m->segment_start + dts;
    p->duration = 1;
    m->segment_count++;
    av_packet_rescale_ts(p, m->frame, m->fmt->streams[0]->time_base);
    r = av_write_frame(m->fmt, p);
    av_packet_unref(p);
    return r < 0 || m->io_errno ? fault(m, r, "mux: picture", e) : 0;
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
    if (write_sound(m, INT32_MAX, e) < 0)
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
