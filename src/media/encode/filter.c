/* A picture that is already as it should be goes through untouched. Others go through a libavfilter
 * graph, made for the shape of the picture and made anew when a clip changes shape on the way:
 *   bwdif - crop - scale - tone-map or matrix - turn - pad or blur
 * The graph's clock is the body's frame number; a picture shown many times is filtered once.
 *
 * The poster is taken here: the first picture after a third of the body that is not dark, or else
 * the brightest seen. */
#include "media/encode/filter.h"

#include "core/mem.h"
#include "core/str.h"
#include "media/picture.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/pixdesc.h>

enum {
    CHAIN_MAX = 2048,
    WAITING_MAX = 64, /* pictures inside a graph: bwdif holds one or two */
    HD_HEIGHT = 720,  /* without a tag, smaller pictures are BT.601, as players take them */
    BLUR_SHRINK = 8,
    POSTER_DARK = 32, /* mean luma, of 16..235 */
};

/* What a graph was made for. */
struct shape {
    int width, height;
    enum AVPixelFormat format;
    enum AVColorRange range;
    enum AVColorSpace matrix;
    enum AVColorPrimaries primaries;
    enum AVColorTransferCharacteristic transfer;
};

struct filter {
    struct line *l;
    AVFilterGraph *graph; /* NULL: pictures need nothing */
    AVFilterContext *source, *sink;
    struct shape shape;
    bool shaped;
    struct show {
        int64_t index;
        int repeat;
    } waiting[WAITING_MAX]; /* of pictures inside the graph, oldest first */
    int waiting_count;

    AVFrame *poster;
    int64_t poster_from; /* frame of the body */
    int poster_luma;
    bool poster_chosen;
};

static bool same_shape(const struct shape *a, const struct shape *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format &&
           a->range == b->range && a->matrix == b->matrix && a->primaries == b->primaries &&
           a->transfer == b->transfer;
}

static struct shape shape_of(const AVFrame *f)
{
    struct shape s = {f->width,      f->height,          f->format,   f->color_range,
                      f->colorspace, f->color_primaries, f->color_trc};
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(s.format);
    bool rgb = d && (d->flags & AV_PIX_FMT_FLAG_RGB);
    if (s.format == AV_PIX_FMT_YUVJ420P || s.format == AV_PIX_FMT_YUVJ422P ||
        s.format == AV_PIX_FMT_YUVJ444P || s.format == AV_PIX_FMT_YUVJ440P || rgb)
        s.range = AVCOL_RANGE_JPEG;
    if (s.range != AVCOL_RANGE_JPEG)
        s.range = AVCOL_RANGE_MPEG;
    if (rgb)
        s.matrix = AVCOL_SPC_RGB;
    else if (s.matrix == AVCOL_SPC_UNSPECIFIED || s.matrix == AVCOL_SPC_RESERVED ||
             s.matrix == AVCOL_SPC_RGB || s.matrix >= AVCOL_SPC_NB)
        s.matrix =
            f->height >= HD_HEIGHT || f->width >= 1280 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    return s;
}

static bool is_601(enum AVColorSpace m)
{
    return m == AVCOL_SPC_SMPTE170M || m == AVCOL_SPC_BT470BG || m == AVCOL_SPC_FCC ||
           m == AVCOL_SPC_SMPTE240M;
}

static bool is_2020(enum AVColorSpace m)
{
    return m == AVCOL_SPC_BT2020_NCL || m == AVCOL_SPC_BT2020_CL;
}

/* Nothing at all has to be done to such a picture. */
static bool is_ready(const struct media_plan *p, const struct shape *s)
{
    return !p->deinterlace && !p->tone_map && !p->rotation && !p->mirrored && !p->crop_width &&
           s->format == AV_PIX_FMT_YUV420P && s->range == AVCOL_RANGE_MPEG &&
           s->matrix == AVCOL_SPC_BT709 && s->width == p->width && s->height == p->height &&
           p->pic_width == p->width && p->pic_height == p->height;
}

/* The part that FIT_CROP keeps, told in the picture as stored. The plan tells it in the picture as
 * seen; it is the middle of either. */
static void put_crop(struct buf *b, const struct line *l, const struct shape *s)
{
    const struct media_plan *p = l->plan;
    const struct media_facts *f = &l->in->facts;
    if (!p->crop_width || f->display_width <= 0 || f->display_height <= 0)
        return;
    double w = (double)p->crop_width / f->display_width;
    double h = (double)p->crop_height / f->display_height;
    if (p->rotation % 180) {
        double t = w;
        w = h;
        h = t;
    }
    int cw = (int)(w * s->width / 2 + 0.5) * 2, ch = (int)(h * s->height / 2 + 0.5) * 2;
    if (cw < 2 || ch < 2 || cw > s->width || ch > s->height)
        return;
    buf_printf(b, "crop=%d:%d:%d:%d,", cw, ch, (s->width - cw) / 4 * 2, (s->height - ch) / 4 * 2);
}

/* BT.601 or BT.2020 colours to BT.709. Between the two older ones only the matrix differs enough to
 * be seen. */
static void put_matrix(struct buf *b, const struct shape *s)
{
    const char *range = s->range == AVCOL_RANGE_JPEG ? "pc" : "tv";
    if (is_2020(s->matrix))
        buf_printf(b,
                   "format=yuv420p10,colorspace=all=bt709:iall=bt2020:irange=%s:range=tv:"
                   "format=yuv420p,",
                   range);
    else if (is_601(s->matrix))
        buf_printf(b,
                   "format=yuv420p,colorspace=space=bt709:primaries=bt709:trc=bt709:ispace=%s:"
                   "iprimaries=bt709:itrc=bt709:irange=%s:range=tv:fast=1,",
                   s->matrix == AVCOL_SPC_SMPTE240M ? "smpte240m" : "smpte170m", range);
}

/* Diffuse white of HDR (203 nits, ITU-R BT.2408) comes out at 84 % of the signal; what is darker
 * than a third of it keeps its brightness, what is brighter is pressed together. */
static void put_tone_map(struct buf *b, const struct shape *s)
{
    const char *range = s->range == AVCOL_RANGE_JPEG ? "full" : "limited";
    const char *transfer = s->transfer == AVCOL_TRC_ARIB_STD_B67 ? "arib-std-b67" : "smpte2084";
    buf_printf(b,
               "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=%s,"
               "zscale=tin=%s:min=2020_ncl:pin=2020:rin=%s:t=linear:npl=203,format=gbrpf32le,"
               "zscale=p=709,tonemap=mobius:param=0.3:desat=0,zscale=t=709:m=709:p=709:r=limited,"
               "format=yuv420p,",
               transfer, transfer, range);
}

static void put_turn(struct buf *b, const struct media_plan *p)
{
    if (p->mirrored)
        buf_puts(b, "hflip,");
    if (p->rotation == 90)
        buf_puts(b, "transpose=clock,");
    else if (p->rotation == 180)
        buf_puts(b, "hflip,vflip,");
    else if (p->rotation == 270)
        buf_puts(b, "transpose=cclock,");
}

static void put_canvas(struct buf *b, const struct media_plan *p)
{
    if (p->pic_width == p->width && p->pic_height == p->height)
        return;
    if (p->fit != FIT_BLUR) {
        buf_printf(b, "pad=%d:%d:%d:%d:black,", p->width, p->height, p->pic_x, p->pic_y);
        return;
    }
    /* The ground is the picture grown over the canvas; blurred small, where it is cheap. */
    int bw = p->width / BLUR_SHRINK / 2 * 2 + 2, bh = p->height / BLUR_SHRINK / 2 * 2 + 2;
    buf_printf(b,
               "split[a][b];[b]scale=%d:%d:force_original_aspect_ratio=increase:"
               "force_divisible_by=2:flags=bilinear,crop=%d:%d,boxblur=3:3,"
               "scale=%d:%d:flags=bilinear[c];[c][a]overlay=%d:%d:format=yuv420,",
               bw, bh, bw, bh, p->width, p->height, p->pic_x, p->pic_y);
}

/* Converts range and format where no later step does; colours keep their matrix but for RGB. */
static void put_scale(struct buf *b, const struct media_plan *p, const struct shape *s)
{
    bool lying = p->rotation % 180;
    int w = lying ? p->pic_height : p->pic_width, h = lying ? p->pic_width : p->pic_height;
    bool later = p->tone_map || is_601(s->matrix) || is_2020(s->matrix);
    buf_printf(b, "scale=%d:%d:flags=bicubic", w, h);
    if (s->matrix == AVCOL_SPC_RGB)
        buf_puts(b, ":out_color_matrix=bt709");
    if (later && s->matrix != AVCOL_SPC_RGB)
        buf_printf(b, ":in_range=%s:out_range=%s", s->range == AVCOL_RANGE_JPEG ? "pc" : "tv",
                   s->range == AVCOL_RANGE_JPEG ? "pc" : "tv");
    else
        buf_printf(b, ":in_range=%s:out_range=tv", s->range == AVCOL_RANGE_JPEG ? "pc" : "tv");
    buf_puts(b, later ? "," : ",format=yuv420p,");
}

static int describe(const struct filter *f, const struct shape *s, struct buf *b, struct err *e)
{
    const struct media_plan *p = f->l->plan;
    if (p->deinterlace)
        buf_puts(b, "bwdif=send_frame:auto:interlaced,");
    put_crop(b, f->l, s);
    put_scale(b, p, s);
    if (p->tone_map)
        put_tone_map(b, s);
    else
        put_matrix(b, s);
    put_turn(b, p);
    put_canvas(b, p);
    buf_puts(b, "format=yuv420p,setsar=1");
    return b->cut ? err_set(e, ERR_SYSTEM, "filter: description too long") : 0;
}

static int make_source(struct filter *f, const struct shape *s, struct err *e)
{
    const struct media_plan *p = f->l->plan;
    f->source = avfilter_graph_alloc_filter(f->graph, avfilter_get_by_name("buffer"), "in");
    AUTO(av_freep) AVBufferSrcParameters *par = av_buffersrc_parameters_alloc();
    if (!f->source || !par)
        return err_msg(e, MSG_MEMORY_LIMIT, "filter: no memory");
    par->format = s->format;
    par->width = s->width;
    par->height = s->height;
    par->sample_aspect_ratio = (AVRational){1, 1};
    par->time_base = (AVRational){p->fps_den, p->fps_num};
    par->frame_rate = (AVRational){p->fps_num, p->fps_den};
    int r = av_buffersrc_parameters_set(f->source, par);
    if (r >= 0)
        r = avfilter_init_dict(f->source, NULL);
    return r < 0 ? line_av_error(r, "filter: source", e) : 0;
}

static void inout_freep(AVFilterInOut **io)
{
    avfilter_inout_free(io);
}

static int make_graph(struct filter *f, const struct shape *s, struct err *e)
{
    AUTO(buf_clear) struct buf chain;
    buf_init(&chain, CHAIN_MAX);
    if (describe(f, s, &chain, e) < 0)
        return -1;
    f->graph = avfilter_graph_alloc();
    if (!f->graph)
        return err_msg(e, MSG_MEMORY_LIMIT, "filter: no memory");
    f->graph->nb_threads = f->l->job->order->limits.threads;
    if (make_source(f, s, e) < 0)
        return -1;
    int r = avfilter_graph_create_filter(&f->sink, avfilter_get_by_name("buffersink"), "out", NULL,
                                         NULL, f->graph);
    AUTO(inout_freep) AVFilterInOut *outs = avfilter_inout_alloc();
    AUTO(inout_freep) AVFilterInOut *ins = avfilter_inout_alloc();
    if (r < 0 || !outs || !ins)
        return err_msg(e, MSG_MEMORY_LIMIT, "filter: no memory");
    *outs = (AVFilterInOut){av_strdup("in"), f->source, 0, NULL};
    *ins = (AVFilterInOut){av_strdup("out"), f->sink, 0, NULL};
    r = avfilter_graph_parse_ptr(f->graph, chain.p, &ins, &outs, NULL);
    if (r >= 0)
        r = avfilter_graph_config(f->graph, NULL);
    if (r < 0)
        (void)line_av_error(r, "filter: graph", e);
    return r < 0 ? -1 : 0;
}

static int luma_of(const AVFrame *f)
{
    int64_t sum = 0, count = 0;
    for (int y = 0; y < f->height; y += 16)
        for (int x = 0; x < f->width; x += 16, count++)
            sum += f->data[0][y * f->linesize[0] + x];
    return count ? (int)(sum / count) : 0;
}

/* Looks whether this picture is a better poster than the one kept. */
static int consider(struct filter *f, const struct picture *p, struct err *e)
{
    if (f->poster_chosen || f->l->job->poster_fd < 0 || !f->l->job->order->poster)
        return 0;
    bool due = p->index + p->repeat > f->poster_from;
    if (f->poster && !due)
        return 0;
    int luma = luma_of(p->frame);
    if (!f->poster || luma > f->poster_luma || luma >= POSTER_DARK) {
        av_frame_free(&f->poster);
        f->poster = av_frame_clone(p->frame);
        if (!f->poster)
            return err_msg(e, MSG_MEMORY_LIMIT, "filter: no memory");
        f->poster_luma = luma;
    }
    f->poster_chosen = due && luma >= POSTER_DARK;
    return 0;
}

/* Hands a finished picture to the encoder; takes the frame. */
static int hand_on(struct filter *f, AVFrame *frame, struct show show, struct err *e)
{
    struct picture *p = picture_new(frame, show.index, show.repeat);
    size_t bytes = (size_t)frame->linesize[0] * (size_t)frame->height * 3 / 2;
    if (consider(f, p, e) < 0) {
        picture_free(p);
        return -1;
    }
    if (!pipe_put(&f->l->filtered, p, bytes)) {
        picture_free(p);
        return err_set(e, ERR_STOPPED, "filter: stopped");
    }
    return 0;
}

static int pull(struct filter *f, struct err *e)
{
    for (;;) {
        AUTO(av_frame_free) AVFrame *out = av_frame_alloc();
        if (!out)
            return err_msg(e, MSG_MEMORY_LIMIT, "filter: no memory");
        int r = av_buffersink_get_frame(f->sink, out);
        if (r == AVERROR(EAGAIN) || r == AVERROR_EOF)
            return 0;
        if (r < 0)
            return line_av_error(r, "filter", e);
        if (f->waiting_count == 0)
            continue;
        struct show show = f->waiting[0];
        f->waiting_count--;
        memmove(f->waiting, f->waiting + 1, (size_t)f->waiting_count * sizeof(show));
        if (hand_on(f, TAKE(out), show, e) < 0)
            return -1;
    }
}

/* Gets what a graph still holds and takes it down. */
static int drain(struct filter *f, struct err *e)
{
    if (!f->graph)
        return 0;
    int r = av_buffersrc_add_frame(f->source, NULL);
    int ok = r < 0 ? line_av_error(r, "filter", e) : pull(f, e);
    avfilter_graph_free(&f->graph);
    f->waiting_count = 0;
    return ok;
}

static void drop_side_data(AVFrame *frame)
{
    while (frame->nb_side_data)
        av_frame_remove_side_data(frame, frame->side_data[0]->type);
}

static int on_picture(struct filter *f, struct picture *p, struct err *e)
{
    struct shape s = shape_of(p->frame);
    if (!f->shaped || !same_shape(&s, &f->shape)) {
        if (drain(f, e) < 0)
            return -1;
        f->shape = s;
        f->shaped = true;
        if (!is_ready(f->l->plan, &s) && make_graph(f, &s, e) < 0)
            return -1;
    }
    drop_side_data(p->frame);
    p->frame->sample_aspect_ratio = (AVRational){1, 1};
    struct show show = {p->index, p->repeat};
    if (!f->graph)
        return hand_on(f, TAKE(p->frame), show, e);
    p->frame->pts = p->index;
    /* what shape_of settled, for filters that look at the frame */
    p->frame->color_range = s.range;
    p->frame->colorspace = s.matrix;
    if (f->waiting_count == WAITING_MAX)
        return err_set(e, ERR_SYSTEM, "filter: it keeps too many pictures");
    f->waiting[f->waiting_count++] = show;
    int r = av_buffersrc_add_frame(f->source, p->frame);
    return r < 0 ? line_av_error(r, "filter", e) : pull(f, e);
}

static int run(struct filter *f, struct err *e)
{
    struct picture *p;
    while ((p = pipe_get(&f->l->decoded))) {
        int ok = on_picture(f, p, e);
        picture_free(p);
        if (ok < 0)
            return -1;
    }
    if (line_failed(f->l))
        return err_set(e, ERR_STOPPED, "filter: stopped");
    if (drain(f, e) < 0)
        return -1;
    pipe_end(&f->l->filtered);
    if (!f->poster)
        return 0;
    int64_t bytes = 0;
    if (media_poster_write(f->poster, f->l->job->poster_fd, &bytes, e) < 0)
        return -1;
    pthread_mutex_lock(&f->l->lock);
    f->l->poster_bytes = bytes;
    pthread_mutex_unlock(&f->l->lock);
    return 0;
}

void filter_run(struct line *l)
{
    struct err e = {0};
    struct filter f = {.l = l, .poster_luma = -1};
    const struct media_plan *p = l->plan;
    int64_t us = l->in->facts.duration_us - p->start_us;
    int64_t frames = av_rescale(us > 0 ? us : 0, p->fps_num, (int64_t)p->fps_den * 1000000);
    f.poster_from = (frames && frames < p->body_frames_max ? frames : p->body_frames_max) / 3;
    if (run(&f, &e) < 0)
        line_fail(l, &e);
    av_frame_free(&f.poster);
    avfilter_graph_free(&f.graph);
    pipe_end(&l->filtered);
}
