/* The chain of filters; a filter that is not needed is left out:
 *   bwdif - crop - scale - matrix, or linear light and tone-map - turn - pad or blur
 * The plan is for the clip's first shape. A later shape gets a new layout on the same canvas, so
 * that the picture of a phone that was turned during the recording stays upright. */
#include "media/encode/shape.h"

#include "core/mem.h"

#include <libavutil/pixdesc.h>
#include <math.h>

enum {
    BLUR_SHRINK = 8,
    BLUR_LEAST = 16, /* of a side: the blur is wider than what would be left of a tiny picture */
    SIDE_LEAST = 8,  /* of a picture with fields, ... */
    PLANE_LEAST = 4, /* ... and of each of its planes: bwdif takes no less */
    SAR_MAX = 16,    /* and its inverse, as for the facts */
};

bool shape_same(const struct shape *a, const struct shape *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format &&
           !av_cmp_q(a->sar, b->sar) && a->rotation == b->rotation && a->mirrored == b->mirrored &&
           a->interlaced == b->interlaced && a->way == b->way &&
           a->colour.primaries == b->colour.primaries && a->colour.transfer == b->colour.transfer &&
           a->colour.matrix == b->colour.matrix && a->colour.full == b->colour.full;
}

static bool is_rgb(enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);
    return d && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) ||
                 format == AV_PIX_FMT_MONOBLACK || format == AV_PIX_FMT_MONOWHITE);
}

static bool is_full(const AVFrame *f)
{
    return f->format == AV_PIX_FMT_YUVJ420P || f->format == AV_PIX_FMT_YUVJ422P ||
           f->format == AV_PIX_FMT_YUVJ444P || f->format == AV_PIX_FMT_YUVJ440P ||
           f->format == AV_PIX_FMT_YUVJ411P || f->color_range == AVCOL_RANGE_JPEG ||
           is_rgb(f->format);
}

/* 2 is "not said" in all three lists. */
static int said_by(int picture, int track)
{
    return picture != AVCOL_PRI_UNSPECIFIED ? picture : track;
}

static void fill_colour(struct shape *s, const AVFrame *f, const AVCodecParameters *track)
{
    s->colour = (struct colour){
        .primaries = said_by(f->color_primaries, track->color_primaries),
        .transfer = said_by(f->color_trc, track->color_trc),
        .matrix = said_by(f->colorspace, track->color_space),
        .full = is_full(f),
    };
    if (is_rgb(s->format))
        s->colour.matrix = AVCOL_SPC_RGB;
    else if (s->colour.matrix == AVCOL_SPC_RGB)
        s->colour.matrix = AVCOL_SPC_UNSPECIFIED;
    s->way = colour_settle(&s->colour, s->width, s->height);
}

static AVRational sane_sar(AVRational sar)
{
    bool sane =
        sar.num > 0 && sar.den > 0 && av_q2d(sar) <= SAR_MAX && av_q2d(sar) >= 1.0 / SAR_MAX;
    return sane ? sar : (AVRational){1, 1};
}

/* The container's value counts until the stream's value changes. */
static AVRational sar_of(const AVFrame *f, const struct media_input *in, struct shape_seen *seen)
{
    AVRational own = f->sample_aspect_ratio;
    if (own.num <= 0 || own.den <= 0)
        own = (AVRational){1, 1};
    AVRational probed = in->fmt->streams[in->video]->codecpar->sample_aspect_ratio;
    if (!seen->sar.num)
        seen->sar = probed.num > 0 && probed.den > 0 ? probed : own;
    if (av_cmp_q(own, seen->sar))
        return sane_sar(own);
    return sane_sar((AVRational){in->facts.sar_num, in->facts.sar_den});
}

/* In a smaller picture nobody could see any. */
static bool has_fields(const struct shape *s)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(s->format);
    return d && s->width >= SIDE_LEAST && s->height >= SIDE_LEAST &&
           AV_CEIL_RSHIFT(s->width, d->log2_chroma_w) >= PLANE_LEAST &&
           AV_CEIL_RSHIFT(s->height, d->log2_chroma_h) >= PLANE_LEAST;
}

/* A stream states its own rotation at a key picture, for all pictures until the next key picture.
 */
static void fill_turn(struct shape *s, const AVFrame *f, const struct media_facts *facts,
                      struct shape_seen *seen)
{
    const AVFrameSideData *turn = av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX);
    seen->turned = turn || (seen->turned && !f->key_frame);
    if (turn)
        media_turn_read((const int32_t *)(const void *)turn->data, turn->size, &seen->rotation,
                        &seen->mirrored);
    s->rotation = seen->turned ? seen->rotation : facts->rotation;
    s->mirrored = seen->turned ? seen->mirrored : facts->mirrored;
}

struct shape shape_of(const AVFrame *f, const struct media_input *in, struct shape_seen *seen)
{
    struct shape s = {.width = f->width, .height = f->height, .format = f->format};
    s.sar = sar_of(f, in, seen);
    fill_turn(&s, f, &in->facts, seen);
    seen->interlaced |= in->facts.interlaced || f->interlaced_frame;
    s.interlaced = seen->interlaced && has_fields(&s);
    fill_colour(&s, f, in->fmt->streams[in->video]->codecpar);
    return s;
}

/* As a viewer sees it. */
static void seen_as(const struct shape *s, double *w, double *h)
{
    *w = fmax(round(s->width * av_q2d(s->sar)), 1);
    *h = s->height;
    if (s->rotation % 180) {
        double t = *w;
        *w = *h;
        *h = t;
    }
}

/* Nothing at all has to be done to such a picture. */
static bool is_ready(const struct media_plan *p, const struct shape *s)
{
    return !s->interlaced && !s->rotation && !s->mirrored && !p->crop_width &&
           s->format == AV_PIX_FMT_YUV420P && s->way == COLOUR_NEAR && !s->colour.full &&
           s->colour.matrix == AVCOL_SPC_BT709 && s->width == p->width && s->height == p->height &&
           p->pic_width == p->width && p->pic_height == p->height;
}

/* The part that FIT_CROP keeps, in stored coordinates. The plan has it in viewer's coordinates; in
 * both it is the middle. */
static void put_crop(struct buf *b, const struct media_plan *p, const struct shape *s)
{
    if (!p->crop_width)
        return;
    double seen_w, seen_h;
    seen_as(s, &seen_w, &seen_h);
    double w = p->crop_width / seen_w, h = p->crop_height / seen_h;
    if (s->rotation % 180) {
        double t = w;
        w = h;
        h = t;
    }
    int cw = (int)(w * s->width / 2 + 0.5) * 2, ch = (int)(h * s->height / 2 + 0.5) * 2;
    if (cw < 2 || ch < 2 || cw > s->width || ch > s->height)
        return;
    buf_printf(b, "crop=%d:%d:%d:%d,", cw, ch, (s->width - cw) / 4 * 2, (s->height - ch) / 4 * 2);
}

static bool is_601(int matrix)
{
    return matrix == AVCOL_SPC_SMPTE170M || matrix == AVCOL_SPC_BT470BG ||
           matrix == AVCOL_SPC_FCC || matrix == AVCOL_SPC_SMPTE240M;
}

/* Converts range and format where no later step does; colours keep their matrix but for RGB. */
static void put_scale(struct buf *b, const struct media_plan *p, const struct shape *s)
{
    bool lying = s->rotation % 180;
    int w = lying ? p->pic_height : p->pic_width, h = lying ? p->pic_width : p->pic_height;
    const char *range = s->colour.full ? "pc" : "tv";
    bool later = s->way != COLOUR_NEAR || is_601(s->colour.matrix);
    buf_printf(b, "scale=%d:%d:flags=bicubic", w, h);
    if (s->colour.matrix == AVCOL_SPC_RGB && later)
        buf_puts(b, ",format=gbrp16le,");
    else if (s->colour.matrix == AVCOL_SPC_RGB)
        buf_puts(b, ":out_color_matrix=bt709:in_range=pc:out_range=tv,format=yuv420p,");
    else
        buf_printf(b, ":in_range=%s:out_range=%s%s", range, later ? range : "tv",
                   later ? "," : ",format=yuv420p,");
}

/* Converts BT.601 colours to BT.709: only the matrix differs visibly. */
static void put_matrix(struct buf *b, const struct shape *s)
{
    if (is_601(s->colour.matrix))
        buf_printf(b,
                   "format=yuv420p,colorspace=space=bt709:primaries=bt709:trc=bt709:ispace=%s:"
                   "iprimaries=bt709:itrc=bt709:irange=%s:range=tv:fast=1,",
                   s->colour.matrix == AVCOL_SPC_SMPTE240M ? "smpte240m"
                   : s->colour.matrix == AVCOL_SPC_FCC     ? "fcc"
                                                           : "smpte170m",
                   s->colour.full ? "pc" : "tv");
}

/* Diffuse white of HDR (203 nits, ITU-R BT.2408) maps to 84 % of the signal. Values below a third
 * of it keep their brightness; values above are compressed. */
static void put_linear(struct buf *b, const struct shape *s)
{
    const struct colour *c = &s->colour;
    bool hdr = s->way == COLOUR_HDR;
    if (!hdr && c->matrix == AVCOL_SPC_BT2020_NCL && c->primaries == AVCOL_PRI_BT2020 &&
        c->transfer == AVCOL_TRC_BT709) { /* the commonest, by a way that is quicker */
        buf_printf(b,
                   "format=yuv420p10,colorspace=all=bt709:iall=bt2020:irange=%s:range=tv:"
                   "format=yuv420p,",
                   c->full ? "pc" : "tv");
        return;
    }
    buf_printf(b,
               "setparams=colorspace=%s:color_primaries=%s:color_trc=%s,"
               "zscale=tin=%d:min=%d:pin=%d:rin=%s:t=linear:npl=%d,format=gbrpf32le,zscale=p=709,",
               av_color_space_name(c->matrix), av_color_primaries_name(c->primaries),
               av_color_transfer_name(c->transfer), c->transfer, c->matrix, c->primaries,
               c->full ? "full" : "limited", hdr ? 203 : 100);
    if (hdr)
        buf_puts(b, "tonemap=mobius:param=0.3:desat=0,");
    buf_puts(b, "zscale=t=709:m=709:p=709:r=limited,format=yuv420p,");
}

static void put_turn(struct buf *b, const struct shape *s)
{
    if (s->mirrored)
        buf_puts(b, "hflip,");
    if (s->rotation == 90)
        buf_puts(b, "transpose=clock,");
    else if (s->rotation == 180)
        buf_puts(b, "hflip,vflip,");
    else if (s->rotation == 270)
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
    int bw = FFMAX(p->width / BLUR_SHRINK / 2 * 2 + 2, BLUR_LEAST);
    int bh = FFMAX(p->height / BLUR_SHRINK / 2 * 2 + 2, BLUR_LEAST);
    buf_printf(b,
               "split[a][b];[b]scale=%d:%d:force_original_aspect_ratio=increase:"
               "force_divisible_by=2:flags=bilinear,crop=%d:%d,boxblur=3:3,"
               "scale=%d:%d:flags=bilinear[c];[c][a]overlay=%d:%d:format=yuv420,",
               bw, bh, bw, bh, p->width, p->height, p->pic_x, p->pic_y);
}

static struct media_plan plan_for(const struct shape *s, const struct line *l)
{
    const struct media_facts *f = &l->in->facts;
    struct media_plan p = *l->plan;
    double w, h;
    seen_as(s, &w, &h);
    if (w != f->display_width || h != f->display_height)
        media_plan_refit(l->plan, (int)w, (int)h, l->job->order->fit, &p);
    return p;
}

int shape_filters(const struct shape *s, const struct line *l, struct buf *b, struct err *e)
{
    if (s->way == COLOUR_UNKNOWN)
        return err_msg(e, MSG_COLOUR_UNSUPPORTED, "clip: colours %d, %d, %d on the way",
                       s->colour.primaries, s->colour.transfer, s->colour.matrix);
    struct media_plan p = plan_for(s, l);
    if (is_ready(&p, s))
        return 0;
    if (s->interlaced) /* bwdif takes RGB in planes alone */
        buf_printf(b, "%sbwdif=send_frame:auto:interlaced,",
                   is_rgb(s->format) ? "format=gbrp," : "");
    put_crop(b, &p, s);
    put_scale(b, &p, s);
    if (s->way == COLOUR_NEAR)
        put_matrix(b, s);
    else
        put_linear(b, s);
    put_turn(b, s);
    put_canvas(b, &p);
    buf_puts(b, "format=yuv420p,setsar=1");
    return b->cut ? err_set(e, ERR_SYSTEM, "filter: description too long") : 0;
}
