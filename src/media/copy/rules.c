/* The rules for copying: one strict list. `probe` reports the first broken rule. */
#include "core/err.h"
#include "core/mem.h"
#include "media/clip/input.h"
#include "media/clip/sets.h"
#include "media/copy/copy.h"

#include <math.h>

/* What a rule looks at. */
struct subject {
    const struct media_input *in;
    const struct media_facts *facts;
    const struct media_plan *plan;
    const struct render_order *order;
    const AVStream *picture;
    struct sets sets;
};

/* A reel is for the web: above this a clip is encoded. Bits for each pixel of the reel's largest
 * size and rate; at 1920x1080 with 60 pictures a second 37 Mbit/s. */
#define BITS_PER_PIXEL 0.3

static bool family(const struct subject *s)
{
    const char *name = s->in->fmt->iformat->name;
    return strncmp(name, "mov,", 4) == 0 || strncmp(name, "matroska", 8) == 0 ||
           strcmp(name, "mpegts") == 0 || strcmp(name, "flv") == 0 || strcmp(name, "avi") == 0;
}

static bool is_h264(const struct subject *s)
{
    return s->picture->codecpar->codec_id == AV_CODEC_ID_H264;
}

static bool readable_sets(const struct subject *s)
{
    return s->sets.record != NULL;
}

static bool one_sps(const struct subject *s)
{
    return s->sets.sps_count == 1 && sets_free_id(&s->sets) >= 0;
}

static bool plain_profile(const struct subject *s)
{
    int p = s->sets.sps.profile_idc;
    return (p == 66 || p == 77 || p == 100) && s->sets.sps.level_idc <= 52;
}

static bool not_10_bit(const struct subject *s)
{
    return s->sets.sps.luma_bits != 10 && s->sets.sps.chroma_bits != 10;
}

static bool not_422(const struct subject *s)
{
    return s->sets.sps.chroma_format != 2;
}

static bool not_444(const struct subject *s)
{
    return s->sets.sps.chroma_format != 3;
}

static bool plain_samples(const struct subject *s)
{
    const struct sps *p = &s->sets.sps;
    return p->chroma_format == 1 && p->luma_bits == 8 && p->chroma_bits == 8;
}

static bool progressive(const struct subject *s)
{
    return s->sets.sps.frames_only && !s->plan->deinterlace;
}

static bool plain_colour(const struct subject *s)
{
    const struct sps *p = &s->sets.sps;
    const AVCodecParameters *c = s->picture->codecpar;
    const int said[] = {p->primaries, p->transfer, p->matrix};
    const int container[] = {c->color_primaries, c->color_trc, c->color_space};
    for (size_t i = 0; i < LEN(said); i++) {
        if (said[i] != 1 && said[i] != 2 && said[i] != 5 && said[i] != 6)
            return false; /* not BT.709, not said, BT.470 B/G, BT.601 */
        if (container[i] != said[i] && container[i] != 2)
            return false; /* a reel shows what the pictures state, not the container */
    }
    return !s->plan->tone_map && (c->color_range != AVCOL_RANGE_JPEG || p->full_range);
}

static bool not_mirrored(const struct subject *s)
{
    return !s->plan->mirrored;
}

static bool not_upside_down(const struct subject *s)
{
    return s->plan->rotation != 180;
}

static bool upright(const struct subject *s)
{
    return !s->plan->rotation;
}

/* The headers' pixel shape outweighs the container's, because decoders follow it. Only an invisible
 * difference is accepted. */
static bool one_pixel_shape(const struct subject *s)
{
    const struct sps *p = &s->sets.sps;
    const struct media_facts *f = s->facts;
    if (!p->sar_num || !p->sar_den ||
        (int64_t)p->sar_num * f->sar_den == (int64_t)p->sar_den * f->sar_num)
        return true;
    double off = (double)p->sar_num * f->sar_den / p->sar_den / f->sar_num - 1;
    double pixel = (double)p->sar_num / p->sar_den;
    return fabs(off) <= s->order->profile.shape_tolerance / 1e3 &&
           media_is_16_9(f->coded_width, f->coded_height, pixel, s->plan->tolerance);
}

static bool shaped(const struct subject *s)
{
    return s->plan->as_stored;
}

static bool one_size(const struct subject *s)
{
    const struct sps *p = &s->sets.sps;
    const AVCodecParameters *c = s->picture->codecpar;
    return (p->width == c->width && p->height == c->height) || sets_hidden(p, c->width, c->height);
}

/* A varying rate is kept; pace.h checks its times on the way. */
static bool steady(const struct subject *s)
{
    return !s->plan->resample_time || s->facts->variable_rate;
}

double copy_bits_most(const struct profile *p)
{
    return BITS_PER_PIXEL * p->max_width * p->max_height * p->max_fps;
}

static bool light(const struct subject *s)
{
    double most = copy_bits_most(&s->order->profile);
    double seconds = (double)s->facts->duration_us / 1e6;
    return seconds > 0 && 8.0 * (double)s->facts->bytes / seconds <= most;
}

/* Players show nothing of a track that is off; only the mp4 family has such. */
static bool switched_on(const struct subject *s)
{
    return strncmp(s->in->fmt->iformat->name, "mov,", 4) != 0 ||
           s->picture->disposition & AV_DISPOSITION_DEFAULT;
}

static bool one_description(const struct subject *s)
{
    return s->in->boxes.descriptions <= 1;
}

/* A transport stream that ends within one of its packets ends within a picture, too. */
static bool whole(const struct subject *s)
{
    int64_t n = s->in->bytes;
    if (strcmp(s->in->fmt->iformat->name, "mpegts") == 0)
        return n % 188 == 0 || n % 192 == 0 || n % 204 == 0;
    return !s->in->boxes.cut;
}

static const struct rule {
    bool (*holds)(const struct subject *s);
    const char *reason;
} rules[] = {
    {family, "its container is none of MP4, MOV, Matroska, MPEG-TS, FLV and AVI"},
    {whole, "the file is cut"},
    {switched_on, "its track of pictures is switched off"},
    {is_h264, "its picture is not H.264"},
    {not_mirrored, "it is mirrored"},
    {not_upside_down, "it is turned by 180 degrees"},
    {upright, "it is turned by 90 degrees"},
    {shaped, "its picture is not 16:9 inside the profile"},
    {steady, "its picture rate is above the profile's, below one a second, or not known"},
    {light, "its bit rate is above the profile's"},
    {one_description, "its track of pictures has several sample descriptions"},
    {readable_sets, "its H.264 headers cannot be read"},
    {one_sps, "it has several H.264 sequence headers"},
    {not_10_bit, "its picture is 10-bit"},
    {not_422, "its picture is 4:2:2"},
    {not_444, "its picture is 4:4:4"},
    {plain_profile, "its H.264 profile or level is not one of Baseline, Main, High up to 5.2"},
    {plain_samples, "its picture is not 8-bit 4:2:0"},
    {progressive, "its picture is, or may be, interlaced"},
    {plain_colour, "its colours are not standard range BT.709 or BT.601"},
    {one_pixel_shape, "its container and its H.264 headers disagree about the shape of a pixel"},
    {one_size, "its container and its H.264 headers disagree about the size"},
};

const char *copy_rule_broken(struct media_input *in, const struct media_plan *plan,
                             const struct render_order *order)
{
    struct subject s = {.in = in,
                        .facts = &in->facts,
                        .plan = plan,
                        .order = order,
                        .picture = in->fmt->streams[in->video]};
    const AVCodecParameters *c = s.picture->codecpar;
    if (c->codec_id == AV_CODEC_ID_H264)
        (void)sets_read(c->extradata, c->extradata_size, &s.sets);
    for (size_t i = 0; i < LEN(rules); i++)
        if (!rules[i].holds(&s))
            return rules[i].reason;
    return NULL;
}

void copy_plan(const struct media_input *in, const struct media_plan *plan, struct media_plan *out)
{
    const AVCodecParameters *c = in->fmt->streams[in->video]->codecpar;
    struct sets sets;
    *out = *plan;
    if (!plan->as_stored)
        return;
    out->width = out->pic_width = c->width;
    out->height = out->pic_height = c->height;
    out->pic_x = out->pic_y = 0;
    out->sar_num = in->facts.sar_num;
    out->sar_den = in->facts.sar_den;
    if (c->codec_id == AV_CODEC_ID_H264 && !sets_read(c->extradata, c->extradata_size, &sets) &&
        sets.sps.sar_num > 0 && sets.sps.sar_den > 0) {
        out->sar_num = sets.sps.sar_num;
        out->sar_den = sets.sps.sar_den;
    }
}
