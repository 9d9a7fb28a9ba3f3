/* Makes the packets of a bumper in one of two ways. For the encode path (bumper_make): an encoder
 * with the body's settings, so that the body's headers fit the bumper too. For a track of any shape
 * (bumper_encode): x264 encodes one IDR picture with its own parameter sets, and still.c repeats it
 * without an encoder. The packets have the form of an avc1 track: start codes of Annex B become
 * lengths, and everything except slices is left out. */
#include "media/bumper/bumper.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "media/bumper/picture.h"
#include "media/bumper/still.h"
#include "media/clip/units.h"
#include "media/coder.h"
#include "media/encode/line.h"
#include "media/media.h"

#include <libavutil/intreadwrite.h>

enum { LENGTH_BYTES = 4, SETS_MOST = 1024, BLOCK = 16 };

struct taking {
    struct bumper *bumper;
    int places;
    int64_t skip; /* pictures of the lead-in */
};

static int take(void *arg, AVPacket *packet, struct err *e)
{
    struct taking *t = arg;
    packet->pts -= t->skip;
    if (packet->pts < 0) {
        av_packet_unref(packet);
        return 0;
    }
    if (t->bumper->count == t->places)
        return err_set(e, ERR_SYSTEM, "bumper: more packets than pictures");
    AVPacket *p = av_packet_alloc();
    if (!p)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    av_packet_move_ref(p, packet);
    t->bumper->packets[t->bumper->count++] = p;
    return 0;
}

int bumper_make(AVCodecContext *fresh, AVFrame *frame, int64_t frames, int first_id,
                struct bumper *out, struct err *e)
{
    AUTO(bumper_clear) struct bumper b = {.first_id = first_id};
    b.packets = mem_new(((size_t)frames + 1) * sizeof(AVPacket *));
    AUTO(av_packet_free) AVPacket *scratch = av_packet_alloc();
    AUTO(av_frame_free) AVFrame *f = av_frame_clone(frame);
    if (!scratch || !f)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    /* x264 numbers its IDR pictures 0, 1, 0, ...: dropping one picture changes the number */
    struct taking t = {.bumper = &b, .places = (int)frames, .skip = first_id};
    for (int64_t i = 0; i < frames + t.skip; i++) {
        f->pts = i;
        f->pict_type = i <= t.skip ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
        if (coder_run(fresh, f, scratch, take, &t, e) < 0)
            return -1;
    }
    if (coder_run(fresh, NULL, scratch, take, &t, e) < 0)
        return -1;
    if (b.count != frames)
        return err_set(e, ERR_SYSTEM, "bumper: %d packets for %lld pictures", b.count,
                       (long long)frames);
    *out = b;
    b = (struct bumper){0};
    return 0;
}

static struct units units_coded(const uint8_t *data, int bytes)
{
    return (struct units){data, data + bytes, 0, false};
}

/* Keeps the slices alone, each behind its length: x264's SEI about itself is no part of a reel. */
static int packet_convert(AVPacket *packet, struct err *e)
{
    const uint8_t *unit;
    struct units u = units_coded(packet->data, packet->size);
    size_t len, total = 0;
    while ((unit = units_next(&u, &len)))
        if ((unit[0] & 31) == UNIT_SLICE || (unit[0] & 31) == UNIT_IDR)
            total += LENGTH_BYTES + len;
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    if (!p || total == 0 || total > BUMPER_FILE_BYTES_MAX || av_new_packet(p, (int)total) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory, or no picture in a packet");
    uint8_t *to = p->data;
    u = units_coded(packet->data, packet->size);
    while ((unit = units_next(&u, &len)))
        if ((unit[0] & 31) == UNIT_SLICE || (unit[0] & 31) == UNIT_IDR) {
            AV_WB32(to, len);
            memcpy(to + LENGTH_BYTES, unit, len);
            to += LENGTH_BYTES + len;
        }
    if (av_packet_copy_props(p, packet) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    av_packet_unref(packet);
    av_packet_move_ref(packet, p);
    return 0;
}

struct unit {
    const uint8_t *data;
    size_t len_bytes;
};

static int sets_find(const AVCodecContext *c, struct unit *sps, struct unit *pps, struct err *e)
{
    enum { SPS_LEAST = 5 };
    const uint8_t *unit;
    struct units u = units_coded(c->extradata, c->extradata_size);
    size_t len;
    while ((unit = units_next(&u, &len))) {
        if ((unit[0] & 31) == UNIT_SPS)
            *sps = (struct unit){unit, len};
        if ((unit[0] & 31) == UNIT_PPS)
            *pps = (struct unit){unit, len};
    }
    if (sps->len_bytes < SPS_LEAST || !pps->data || sps->len_bytes + pps->len_bytes > SETS_MOST / 2)
        return err_set(e, ERR_SYSTEM, "bumper: the encoder gave no parameter sets");
    return 0;
}

/* Makes an avcC record of SPS and PPS. Profile and level are the clip's, whatever the encoder
 * chose: its Main streams are Baseline streams that every Main decoder accepts. Of the constraint
 * flags, only set4 (frames only) and set5 (no B) may be added, as the clip's sets have them;
 * without those flags a player might see two different profiles. */
static int sets_convert(struct unit sps, struct unit pps, const struct bumper_shape *shape,
                        struct bumper *b, struct err *e)
{
    enum { FRAMES_AND_NO_B = 0x0c };
    bool high = shape->profile_idc == FF_PROFILE_H264_HIGH;
    if (sps.data[1] != (high ? FF_PROFILE_H264_HIGH : FF_PROFILE_H264_BASELINE))
        return err_set(e, ERR_SYSTEM, "bumper: profile %d was asked for, the encoder made %d",
                       shape->profile_idc, sps.data[1]);
    uint8_t *r = b->sets = mem_new(SETS_MOST);
    *r++ = 1;
    uint8_t *claims = r;
    r += 3;
    *r++ = 0xfc | (LENGTH_BYTES - 1);
    *r++ = 0xe0 | 1;
    AV_WB16(r, sps.len_bytes);
    r += 2;
    memcpy(r, sps.data, sps.len_bytes);
    r[1] = (uint8_t)shape->profile_idc;
    r[2] |= shape->constraints & FRAMES_AND_NO_B;
    if (shape->level_idc)
        r[3] = (uint8_t)shape->level_idc;
    memcpy(claims, r + 1, 3);
    r += sps.len_bytes;
    *r++ = 1;
    AV_WB16(r, pps.len_bytes);
    memcpy(r + 2, pps.data, pps.len_bytes);
    r += 2 + pps.len_bytes;
    if (high) {
        memcpy(r, (const uint8_t[]){0xfc | 1, 0xf8, 0xf8, 0}, 4); /* 4:2:0, 8 bits, 8 bits, none */
        r += 4;
    }
    b->sets_bytes = (int)(r - b->sets);
    return 0;
}

/* Repeats the one picture until the bumper has all its frames. */
static int repeat(struct bumper *b, const struct still *s, int64_t frames, struct err *e)
{
    AVPacket **packets = mem_new(((size_t)frames + 1) * sizeof(AVPacket *));
    packets[0] = b->packets[0];
    free(b->packets);
    b->packets = packets;
    for (int64_t i = 1; i < frames; i++) {
        uint8_t unit[STILL_BYTES_MAX];
        size_t len = still_write(s, i, unit);
        AVPacket *p = av_packet_alloc();
        b->packets[i] = p;
        if (!p || av_new_packet(p, (int)(LENGTH_BYTES + len)) < 0) {
            av_packet_free(&b->packets[i]);
            return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
        }
        AV_WB32(p->data, len);
        memcpy(p->data + LENGTH_BYTES, unit, len);
        p->pts = p->dts = i;
        p->duration = 1;
        b->count++;
    }
    return 0;
}

/* The size for the encoder: the shown size, or, when whole blocks are cut off at the right and
 * below, the coded size. The encoder itself fills the last block only. */
static int given(int shown, int coded)
{
    return coded - shown < BLOCK ? shown : coded;
}

/* Opens an encoder for one IDR picture. Always CAVLC: skipped pictures in CAVLC need no encoder,
 * and the single encoded picture grows by only a tenth. */
static int coder_open(const struct bumper_shape *shape, AVCodecContext **out, struct err *e)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AUTO(avcodec_free_context) AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return err_set(e, ERR_SYSTEM, "bumper: libavcodec has no libx264");
    c->width = given(shape->width, shape->coded_width);
    c->height = given(shape->height, shape->coded_height);
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->sample_aspect_ratio = (AVRational){shape->sar_num, shape->sar_den};
    c->color_range = shape->full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    c->color_primaries = (enum AVColorPrimaries)shape->primaries;
    c->color_trc = (enum AVColorTransferCharacteristic)shape->transfer;
    c->colorspace = (enum AVColorSpace)shape->matrix;
    c->time_base = (AVRational){shape->fps_den, shape->fps_num};
    c->framerate = (AVRational){shape->fps_num, shape->fps_den};
    c->gop_size = 250; /* with 1 the sets would promise that all pictures are IDR */
    c->max_b_frames = 0;
    c->refs = 1;
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
    bool high = shape->profile_idc == FF_PROFILE_H264_HIGH;
    char params[240];
    snprintf(params, sizeof(params),
             "sps-id=%d:cabac=0:8x8dct=%d:bframes=0:weightp=0:scenecut=0:mbtree=0:rc-lookahead=0:"
             "force-cfr=1:sar=%d/%d:crop-rect=0,0,%d,%d",
             shape->set_id, high, shape->sar_num, shape->sar_den, c->width - shape->width,
             c->height - shape->height);
    AUTO(av_dict_free) AVDictionary *o = NULL;
    av_dict_set(&o, "preset", shape->preset, 0);
    av_dict_set(&o, "profile", high ? "high" : "baseline", 0);
    av_dict_set_int(&o, "crf", shape->crf, 0);
    av_dict_set(&o, "a53cc", "0", 0);
    av_dict_set(&o, "x264-params", params, 0);
    int r = avcodec_open2(c, codec, &o);
    if (r < 0) {
        line_av_error(r, "bumper: x264", e);
        return -1;
    }
    *out = TAKE(c);
    return 0;
}

/* The picture as the encoder wants it. */
static int as_given(const AVCodecContext *c, const AVFrame *from, AVFrame **out, struct err *e)
{
    if (from->width != c->width || from->height != c->height)
        return media_picture_extend(from, c->width, c->height, out, e);
    *out = av_frame_clone(from);
    return *out ? 0 : err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
}

int bumper_encode(const struct media_job *job, const struct bumper_shape *shape, struct bumper *out,
                  struct err *e)
{
    AUTO(avcodec_free_context) AVCodecContext *c = NULL;
    AUTO(av_frame_free) AVFrame *drawn = NULL;
    AUTO(av_frame_free) AVFrame *logo = NULL;
    const struct picture_form form = {shape->width,
                                      shape->height,
                                      {shape->sar_num, shape->sar_den},
                                      shape->matrix,
                                      shape->full_range};
    AUTO(bumper_clear) struct bumper b = {0};
    if (bumper_shape_check(shape, e) < 0 ||
        media_logo_frame_as(job->logo_fd, &job->order->limits, &form, &drawn, e) < 0 ||
        coder_open(shape, &c, e) < 0 || as_given(c, drawn, &logo, e) < 0)
        return -1;
    struct unit sps = {0}, pps = {0};
    struct still still;
    if (sets_find(c, &sps, &pps, e) < 0 || sets_convert(sps, pps, shape, &b, e) < 0 ||
        still_open(sps.data, sps.len_bytes, pps.data, pps.len_bytes, &still, e) < 0)
        return -1;
    struct bumper one = {0};
    if (bumper_make(c, logo, 1, 0, &one, e) < 0)
        return -1;
    b.packets = one.packets;
    b.count = one.count;
    if (packet_convert(b.packets[0], e) < 0 || repeat(&b, &still, shape->frames, e) < 0)
        return -1;
    *out = b;
    b = (struct bumper){0};
    return 0;
}

struct growing {
    struct bumper *bumper;
    int places;
    int64_t skip; /* pictures of the lead-in */
};

static int take_moving(void *arg, AVPacket *packet, struct err *e)
{
    struct growing *g = arg;
    struct bumper *b = g->bumper;
    packet->pts -= g->skip;
    if (packet->pts < 0) {
        av_packet_unref(packet);
        return 0;
    }
    if (b->count == g->places) {
        int places = g->places ? 2 * g->places : 64;
        AVPacket **more = realloc(b->packets, (size_t)places * sizeof(AVPacket *));
        if (!more)
            return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
        b->packets = more;
        g->places = places;
    }
    AVPacket *p = av_packet_alloc();
    if (!p)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    av_packet_move_ref(p, packet);
    b->packets[b->count++] = p;
    return packet_convert(p, e);
}

int bumper_moving(const struct bumper_shape *shape, int first_id, const AVFrame *(*next)(void *arg),
                  bool (*failed)(void *arg, struct err *e), void *arg, struct bumper *out,
                  struct err *e)
{
    AUTO(avcodec_free_context) AVCodecContext *c = NULL;
    AUTO(av_packet_free) AVPacket *scratch = av_packet_alloc();
    AUTO(bumper_clear) struct bumper b = {.first_id = first_id};
    struct growing g = {.bumper = &b, .skip = first_id};
    struct unit sps = {0}, pps = {0};
    if (!scratch)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    if (coder_open(shape, &c, e) < 0 || sets_find(c, &sps, &pps, e) < 0 ||
        sets_convert(sps, pps, shape, &b, e) < 0)
        return -1;
    const AVFrame *from = next(arg);
    for (int64_t i = 0; from; i++) {
        AUTO(av_frame_free) AVFrame *f = NULL;
        if (as_given(c, from, &f, e) < 0)
            return -1;
        f->pts = i;
        f->pict_type = i <= g.skip ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
        f->key_frame = 0;
        if (coder_run(c, f, scratch, take_moving, &g, e) < 0)
            return -1;
        if (i >= g.skip) /* the lead-in is the first picture */
            from = next(arg);
    }
    if (failed(arg, e) || coder_run(c, NULL, scratch, take_moving, &g, e) < 0)
        return -1;
    *out = b;
    b = (struct bumper){0};
    return 0;
}

/* An unusable kept bumper is no fault: making a new one takes milliseconds. */
int bumper_get(const struct media_job *job, const struct bumper_shape *shape, struct bumper *out,
               struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    struct err ignored;
    if (job->bumper && job->bumper(job->arg, shape, &fd, &ignored) == 0 && fd >= 0 &&
        bumper_read(fd, shape, out, &ignored) == 0)
        return 0;
    return bumper_encode(job, shape, out, e);
}

void bumper_clear(struct bumper *b)
{
    for (int i = 0; i < b->count; i++)
        av_packet_free(&b->packets[i]);
    freep(&b->packets);
    freep(&b->sets);
    b->count = b->sets_bytes = 0;
}
