/* A picture that already has the right form passes unchanged. Other pictures go through a
 * libavfilter graph (shape.c). The graph is made for the shape of the picture, and made anew when
 * the clip changes shape on the way. Its clock is the body's frame number; a repeated picture is
 * filtered once.
 *
 * This thread also takes the poster: the first good picture (media/poster.h) after a third of the
 * body, or else the best one seen. */
#include "media/encode/filter.h"

#include "core/mem.h"
#include "core/str.h"
#include "media/bumper/picture.h"
#include "media/encode/shape.h"
#include "media/poster.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>

enum {
    CHAIN_MAX = 2048,
    WAITING_MAX = 64, /* pictures inside a graph: bwdif holds one or two */
};

struct filter {
    struct line *l;
    AVFilterGraph *graph; /* NULL: pictures need nothing */
    AVFilterContext *source, *sink;
    struct shape shape; /* that the graph was made for */
    bool shaped;
    struct shape_seen seen;
    struct show {
        int64_t index;
        int repeat;
    } waiting[WAITING_MAX]; /* of pictures inside the graph, oldest first */
    int waiting_count;

    AVFrame *poster;
    int64_t poster_from; /* frame of the body */
    int poster_worth, last_worth;
    bool poster_chosen;
};

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
    if (shape_filters(s, f->l, &chain, e) < 0)
        return -1;
    if (!chain.len)
        return 0;
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

/* Looks whether this picture is a better poster than the one kept. */
static int consider(struct filter *f, const struct picture *p, struct err *e)
{
    if (f->poster_chosen || f->l->job->poster_fd < 0 || !f->l->job->order->poster)
        return 0;
    bool due = p->index + p->repeat > f->poster_from;
    bool good;
    int worth = poster_worth(p->frame, &good);
    good = good && due && worth <= f->last_worth; /* it does not get better now */
    f->last_worth = worth;
    if (!f->poster || worth > f->poster_worth || good) {
        av_frame_free(&f->poster);
        f->poster = av_frame_clone(p->frame);
        if (!f->poster)
            return err_msg(e, MSG_MEMORY_LIMIT, "filter: no memory");
        f->poster_worth = worth;
    }
    f->poster_chosen = good;
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
    struct shape s = shape_of(p->frame, f->l->in, &f->seen);
    if (!f->shaped || !shape_same(&s, &f->shape)) {
        if (drain(f, e) < 0)
            return -1;
        f->shape = s;
        f->shaped = true;
        if (make_graph(f, &s, e) < 0)
            return -1;
    }
    drop_side_data(p->frame);
    p->frame->sample_aspect_ratio = (AVRational){1, 1};
    struct show show = {p->index, p->repeat};
    if (!f->graph)
        return hand_on(f, TAKE(p->frame), show, e);
    p->frame->pts = p->index;
    /* what was settled, for filters that look at the frame */
    p->frame->color_range = s.colour.full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    p->frame->colorspace = (enum AVColorSpace)s.colour.matrix;
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
    struct filter f = {.l = l};
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
