/* Still pictures. The logo: file -> decoder -> RGBA -> onto its background colour -> scaled to fit
 * -> centred on a canvas of that colour -> yuv420p. The background of an opaque logo is the median
 * colour of its border; that of a transparent logo is white, or the dark ground when the logo
 * itself is light. The poster: yuv420p BT.709 -> RGB -> full-range BT.601, as JPEG requires ->
 * MJPEG. */
#include "media/bumper/picture.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/reel.h"
#include "media/bumper/logo.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FIT_PERCENT = 80, /* of each side of the canvas, at most */
    POSTER_Q = 3,     /* MJPEG's scale: 2 best, 31 worst */
    OPAQUE = 250,
    LIGHT = 190,
};

static void sws_freep(struct SwsContext **c)
{
    sws_freeContext(*c);
    *c = NULL;
}

static AVFrame *frame_new(enum AVPixelFormat format, int width, int height)
{
    AVFrame *f = av_frame_alloc();
    if (!f)
        return NULL;
    f->format = format;
    f->width = width;
    f->height = height;
    if (av_frame_get_buffer(f, 0) < 0)
        av_frame_free(&f);
    return f;
}

/* The meaning of a side's colour numbers. RGB ignores both fields. */
struct meaning {
    int matrix; /* SWS_CS_* */
    bool full;
};

/* Scales and converts from into to. */
static int convert(const AVFrame *from, struct meaning a, AVFrame *to, struct meaning b)
{
    AUTO(sws_freep)
    struct SwsContext *c = sws_getContext(
        from->width, from->height, from->format, to->width, to->height, to->format,
        SWS_LANCZOS | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_BITEXACT,
        NULL, NULL, NULL);
    if (!c)
        return -1;
    (void)sws_setColorspaceDetails(c, sws_getCoefficients(a.matrix), a.full,
                                   sws_getCoefficients(b.matrix), b.full, 0, 1 << 16, 1 << 16);
    int rows = sws_scale(c, (const uint8_t *const *)from->data, from->linesize, 0, from->height,
                         to->data, to->linesize);
    return rows == to->height ? 0 : -1;
}

static const struct meaning rgb = {SWS_CS_DEFAULT, true};
static const struct meaning jpeg = {SWS_CS_ITU601, true};
static const struct meaning reel = {SWS_CS_ITU709, false};

static int bad_logo(struct err *e, const char *why)
{
    return err_msg(e, MSG_LOGO_BAD, "logo: %s", why);
}

static int read_packet(int fd, AVPacket *p, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_set(e, ERR_SYSTEM, "logo: %s", strerror(errno));
    if (st.st_size < 16 || st.st_size > LOGO_FILE_BYTES_MAX)
        return bad_logo(e, "its size is no logo's");
    if (av_new_packet(p, (int)st.st_size) < 0)
        return err_set(e, ERR_SYSTEM, "logo: no memory");
    ssize_t n = fd_pread_full(fd, p->data, (size_t)p->size, 0, e);
    if (n < 0)
        return -1;
    return n == p->size ? 0 : err_set(e, ERR_SYSTEM, "logo: it changed while it was read");
}

static int decode(int fd, const struct media_limits *limits, AVFrame *out, struct err *e)
{
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    if (!p || read_packet(fd, p, e) < 0)
        return p ? -1 : err_set(e, ERR_SYSTEM, "logo: no memory");
    bool png;
    if (media_logo_form(p->data, (size_t)p->size, &png, e) < 0)
        return -1;
    if (png)
        media_logo_plain(p->data, (size_t)p->size);
    const AVCodec *codec = avcodec_find_decoder_by_name(png ? "png" : "mjpeg");
    AUTO(avcodec_free_context) AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return err_set(e, ERR_SYSTEM, "logo: no decoder");
    /* the sizes were checked; a decoder counts its rounded-up sizes */
    c->max_pixels = FFMIN(limits->max_pixels, LOGO_PIXELS_MAX + LOGO_PIXELS_MAX / 8);
    c->thread_count = 1;
    if (avcodec_open2(c, codec, NULL) < 0 || avcodec_send_packet(c, p) < 0)
        return bad_logo(e, "it cannot be decoded");
    (void)avcodec_send_packet(c, NULL);
    if (avcodec_receive_frame(c, out) < 0 || out->width < 1 || out->height < 1)
        return bad_logo(e, "it holds no picture");
    if (out->flags & AV_FRAME_FLAG_CORRUPT || out->decode_error_flags)
        return bad_logo(e, "it is damaged");
    return 0;
}

static const uint8_t *pixel(const AVFrame *f, int x, int y)
{
    return f->data[0] + (ptrdiff_t)y * f->linesize[0] + 4 * (ptrdiff_t)x;
}

struct rgb {
    uint8_t c[3];
};

/* The value that splits `total` counted ones in half. */
static uint8_t median(const uint32_t count[256], uint32_t total)
{
    uint32_t seen = 0;
    for (int i = 0; i < 255; i++) {
        seen += count[i];
        if (2 * seen >= total)
            return (uint8_t)i;
    }
    return 255;
}

/* Background of a logo: see the top. */
static struct rgb background(const AVFrame *f)
{
    uint32_t count[3][256] = {0}, border = 0, clear = 0;
    uint64_t light = 0, weight = 0;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            const uint8_t *p = pixel(f, x, y);
            light += (uint64_t)p[3] * (p[0] * 3u + p[1] * 6u + p[2]) / 10;
            weight += p[3];
            if (x > 0 && y > 0 && x < f->width - 1 && y < f->height - 1)
                continue;
            border++;
            clear += p[3] < OPAQUE;
            for (int k = 0; k < 3; k++)
                count[k][p[k]]++;
        }
    if (2 * clear < border)
        return (struct rgb){
            {median(count[0], border), median(count[1], border), median(count[2], border)}};
    bool pale = weight > 0 && light / weight > LIGHT;
    return pale ? (struct rgb){{16, 20, 28}} : (struct rgb){{255, 255, 255}};
}

/* Blends the picture with the colour; the result is opaque. */
static void flatten(AVFrame *f, struct rgb ground)
{
    for (int y = 0; y < f->height; y++) {
        uint8_t *p = f->data[0] + (ptrdiff_t)y * f->linesize[0];
        for (int x = 0; x < f->width; x++, p += 4) {
            for (int k = 0; k < 3; k++)
                p[k] = (uint8_t)((p[k] * p[3] + ground.c[k] * (255 - p[3]) + 127) / 255);
            p[3] = 255;
        }
    }
}

static void fill(AVFrame *f, struct rgb colour)
{
    for (int y = 0; y < f->height; y++) {
        uint8_t *p = f->data[0] + (ptrdiff_t)y * f->linesize[0];
        for (int x = 0; x < f->width; x++, p += 4) {
            memcpy(p, colour.c, 3);
            p[3] = 255;
        }
    }
}

/* Converts a logo's picture to RGBA, from any stored form. */
static int to_rgba(const AVFrame *from, AVFrame **out, struct err *e)
{
    AUTO(av_frame_free) AVFrame *f = frame_new(AV_PIX_FMT_RGBA, from->width, from->height);
    if (!f)
        return err_set(e, ERR_SYSTEM, "logo: no memory");
    if (convert(from, jpeg, f, rgb) < 0)
        return bad_logo(e, "its pixels cannot be converted");
    *out = TAKE(f);
    return 0;
}

/* Puts the logo, scaled to fit and keep its shape, into the middle of the canvas. */
static int place(const AVFrame *logo, AVFrame *canvas, struct err *e)
{
    int64_t box_w = (int64_t)canvas->width * FIT_PERCENT / 100;
    int64_t box_h = (int64_t)canvas->height * FIT_PERCENT / 100;
    int64_t w = box_w, h = av_rescale(box_w, logo->height, logo->width);
    if (h > box_h) {
        h = box_h;
        w = av_rescale(box_h, logo->width, logo->height);
    }
    AUTO(av_frame_free)
    AVFrame *fitted = frame_new(AV_PIX_FMT_RGBA, (int)FFMAX(w, 1), (int)FFMAX(h, 1));
    if (!fitted)
        return err_set(e, ERR_SYSTEM, "logo: no memory");
    if (convert(logo, rgb, fitted, rgb) < 0)
        return bad_logo(e, "it cannot be scaled");
    int x = (canvas->width - fitted->width) / 2, y = (canvas->height - fitted->height) / 2;
    for (int row = 0; row < fitted->height; row++)
        memcpy(canvas->data[0] + (ptrdiff_t)(y + row) * canvas->linesize[0] + 4 * (ptrdiff_t)x,
               pixel(fitted, 0, row), (size_t)fitted->width * 4);
    return 0;
}

static int draw_logo(int fd, const struct media_limits *limits, AVFrame *canvas, struct err *e)
{
    AUTO(av_frame_free) AVFrame *coded = av_frame_alloc();
    AUTO(av_frame_free) AVFrame *logo = NULL;
    if (!coded)
        return err_set(e, ERR_SYSTEM, "logo: no memory");
    if (decode(fd, limits, coded, e) < 0 || to_rgba(coded, &logo, e) < 0)
        return -1;
    struct rgb ground = background(logo);
    flatten(logo, ground);
    fill(canvas, ground);
    return place(logo, canvas, e);
}

/* swscale numbers colour matrices as H.273 does. */
static int matrix_known(int matrix, int height)
{
    enum { HD_LINES = 720 };
    switch (matrix) {
    case SWS_CS_ITU709:
    case SWS_CS_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case SWS_CS_SMPTE240M:
    case SWS_CS_BT2020:
        return matrix;
    default:
        return height < HD_LINES ? SWS_CS_ITU601 : SWS_CS_ITU709;
    }
}

/* How wide a picture is in square pixels. */
static int square_width(int width, AVRational pixel)
{
    enum { SIDE_MOST = 16384 };
    if (pixel.num <= 0 || pixel.den <= 0)
        return width;
    return (int)av_clip64(av_rescale(width, pixel.num, pixel.den), 1, SIDE_MOST);
}

int media_logo_frame_as(int fd, const struct media_limits *limits, const struct picture_form *form,
                        AVFrame **out, struct err *e)
{
    /* drawn with square pixels, then squeezed like everything in the track */
    int seen = square_width(form->width, form->pixel);
    AUTO(av_frame_free) AVFrame *canvas = frame_new(AV_PIX_FMT_RGBA, seen, form->height);
    AUTO(av_frame_free) AVFrame *f = frame_new(AV_PIX_FMT_YUV420P, form->width, form->height);
    if (!canvas || !f)
        return err_set(e, ERR_SYSTEM, "logo: no memory");
    if (fd < 0)
        media_mark_draw(canvas->data[0], canvas->linesize[0], seen, form->height);
    else if (draw_logo(fd, limits, canvas, e) < 0)
        return -1;
    struct meaning to = {matrix_known(form->matrix, form->height), form->full};
    if (convert(canvas, rgb, f, to) < 0)
        return err_set(e, ERR_SYSTEM, "logo: conversion to yuv420p failed");
    f->sample_aspect_ratio = form->pixel;
    f->color_range = form->full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    f->colorspace = (enum AVColorSpace)form->matrix;
    *out = TAKE(f);
    return 0;
}

int media_picture_extend(const AVFrame *from, int width, int height, AVFrame **out, struct err *e)
{
    AUTO(av_frame_free) AVFrame *f = frame_new(AV_PIX_FMT_YUV420P, width, height);
    if (!f || av_frame_copy_props(f, from) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "picture: no memory");
    for (int plane = 0; plane < 3; plane++) {
        int half = plane > 0, w = (from->width + half) >> half, h = (from->height + half) >> half;
        int to_w = (width + half) >> half, to_h = (height + half) >> half;
        for (int y = 0; y < to_h; y++) {
            const uint8_t *row =
                from->data[plane] + (ptrdiff_t)FFMIN(y, h - 1) * from->linesize[plane];
            uint8_t *to = f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
            memcpy(to, row, (size_t)w);
            memset(to + w, row[w - 1], (size_t)(to_w - w));
        }
    }
    *out = TAKE(f);
    return 0;
}

int media_logo_frame(int fd, const struct media_limits *limits, int width, int height,
                     AVFrame **out, struct err *e)
{
    const struct picture_form form = {width, height, {1, 1}, AVCOL_SPC_BT709, false};
    if (media_logo_frame_as(fd, limits, &form, out, e) < 0)
        return -1;
    (*out)->color_primaries = AVCOL_PRI_BT709;
    (*out)->color_trc = AVCOL_TRC_BT709;
    (*out)->chroma_location = AVCHROMA_LOC_LEFT;
    return 0;
}

static int encode_jpeg(AVFrame *f, AVPacket *out, struct err *e)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AUTO(avcodec_free_context) AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return err_set(e, ERR_SYSTEM, "poster: no encoder");
    c->width = f->width;
    c->height = f->height;
    c->pix_fmt = f->format;
    c->color_range = AVCOL_RANGE_JPEG;
    c->time_base = (AVRational){1, 25};
    c->sample_aspect_ratio = (AVRational){1, 1};
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT; /* no comment with a version */
    c->global_quality = f->quality = POSTER_Q * FF_QP2LAMBDA;
    f->pts = 0;
    if (avcodec_open2(c, codec, NULL) < 0 || avcodec_send_frame(c, f) < 0 ||
        avcodec_send_frame(c, NULL) < 0 || avcodec_receive_packet(c, out) < 0)
        return err_set(e, ERR_SYSTEM, "poster: encoding failed");
    return 0;
}

int media_poster_write(const AVFrame *frame, int fd, int64_t *bytes, struct err *e)
{
    int width = square_width(frame->width, frame->sample_aspect_ratio);
    AUTO(av_frame_free)
    AVFrame *plain = frame_new(AV_PIX_FMT_RGB24, width, frame->height);
    AUTO(av_frame_free) AVFrame *full = frame_new(AV_PIX_FMT_YUVJ420P, width, frame->height);
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    if (!plain || !full || !p)
        return err_set(e, ERR_SYSTEM, "poster: no memory");
    if (convert(frame, reel, plain, rgb) < 0 || convert(plain, rgb, full, jpeg) < 0)
        return err_set(e, ERR_SYSTEM, "poster: conversion failed");
    full->color_range = AVCOL_RANGE_JPEG;
    if (encode_jpeg(full, p, e) < 0)
        return -1;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_set(e, ERR_SYSTEM, "poster: %s", strerror(errno));
    if (fd_write_all(fd, p->data, (size_t)p->size, e) < 0)
        return -1;
    *bytes = p->size;
    return 0;
}
