/* Plan: look ahead while headers are still to be found among the packets (start codes, a record
 * without sets, ADTS) or times are still to be found out (AVI counts pictures and does not tell
 * their order); write the headers into the tracks' parameters; then give the packets that were
 * looked at, and rewrite the others one by one. A packet that already has the right form passes
 * unchanged. */
#include "media/clip/packets.h"

#include "core/mem.h"
#include "media/clip/sets.h"
#include "media/clip/units.h"

#include <libavutil/intreadwrite.h>
#include <libavutil/mathematics.h>
#include <libavutil/mem.h>

enum {
    AHEAD_MAX = 512,        /* packets */
    AHEAD_BYTES = 16 << 20, /* bytes of the packets that are looked at first */
    GROUP_LOOKED_AT = 64,   /* pictures that are read to find the step of their order */
    SETS_OF_A_KIND = 30,    /* limit of a record that is made here */
    LENGTH_BYTES = 4,
    ADTS_BYTES = 7, /* of a header; two more with a checksum */
};

struct packets {
    int length_bytes; /* of the clip's units; 0: start codes */
    bool rewrites;    /* pictures are H.264 whose headers are known */
    uint8_t *given;   /* the track's headers as they were */
    int given_bytes;
    struct sets sets; /* borrows the track's headers as they are now */

    bool adts;
    uint8_t adts_head[ADTS_BYTES]; /* of the first packet of sound */

    bool counts;            /* AVI: pts must be computed */
    int64_t step;           /* of the pictures' order count between two pictures; 0: unknown */
    int64_t base, last;     /* time of the last IDR picture; of the last picture */
    int64_t previous_order; /* order of the last reference picture (H.264 8.2.1.1) */

    AVPacket *ahead[AHEAD_MAX];
    int first, count;
};

void media_packets_free(struct packets *p)
{
    if (!p)
        return;
    for (int i = p->first; i < p->count; i++)
        av_packet_free(&p->ahead[i]);
    free(p->given);
    free(p);
}

/* -- headers -- */

struct found {
    const uint8_t *nal[2][SETS_OF_A_KIND]; /* sequence, picture */
    size_t len_bytes[2][SETS_OF_A_KIND];
    int count[2];
};

static void find_sets(struct found *f, struct units u)
{
    const uint8_t *nal;
    size_t len;
    while ((nal = units_next(&u, &len))) {
        int kind = (nal[0] & 31) - UNIT_SPS, i = 0;
        if (kind != 0 && kind != 1)
            continue;
        while (i < f->count[kind] &&
               (f->len_bytes[kind][i] != len || memcmp(f->nal[kind][i], nal, len) != 0))
            i++;
        if (i < f->count[kind] || i == SETS_OF_A_KIND || len < 4 - 2 * (size_t)kind ||
            len > UINT16_MAX)
            continue;
        f->nal[kind][i] = nal;
        f->len_bytes[kind][i] = len;
        f->count[kind]++;
    }
}

static uint8_t *put_sets(uint8_t *to, const struct found *f, int kind)
{
    for (int i = 0; i < f->count[kind]; i++) {
        size_t len = f->len_bytes[kind][i];
        AV_WB16(to, len);
        memcpy(to + 2, f->nal[kind][i], len);
        to += 2 + len;
    }
    return to;
}

/* Writes the found sets as an avcC record into the track's headers. */
static int write_record(AVCodecParameters *c, const struct found *f)
{
    size_t room = 16 + AV_INPUT_BUFFER_PADDING_SIZE;
    for (int kind = 0; kind < 2; kind++)
        for (int i = 0; i < f->count[kind]; i++)
            room += 2 + f->len_bytes[kind][i];
    uint8_t *record = av_mallocz(room), *to = record;
    if (!record)
        return -1;
    *to++ = 1;
    memcpy(to, f->nal[0][0] + 1, 3);
    to += 3;
    *to++ = 0xfc | (LENGTH_BYTES - 1);
    *to++ = (uint8_t)(0xe0 | f->count[0]);
    to = put_sets(to, f, 0);
    *to++ = (uint8_t)f->count[1];
    to = put_sets(to, f, 1);
    if (record[1] >= 100) { /* 4:2:0, 8 bits, no extended sets; any other is not copied */
        memcpy(to, (const uint8_t[]){0xfc | 1, 0xf8, 0xf8, 0}, 4);
        to += 4;
    }
    av_freep(&c->extradata);
    c->extradata = record;
    c->extradata_size = (int)(to - record);
    return 0;
}

static bool is_record(const AVCodecParameters *c)
{
    return c->extradata && c->extradata_size >= 7 && c->extradata[0] == 1;
}

/* Returns the first packet of a track among those looked at. */
static const AVPacket *first_of(const struct packets *p, int stream)
{
    for (int i = p->first; i < p->count; i++)
        if (p->ahead[i]->stream_index == stream)
            return p->ahead[i];
    return NULL;
}

/* Gives the track an avcC record (lengths of 4 bytes) with all sets of its headers, or else of its
 * first packet. */
static int open_picture(struct packets *p, const struct media_input *in)
{
    AVCodecParameters *c = in->fmt->streams[in->video]->codecpar;
    struct found f = {.count = {0, 0}};
    if (is_record(c) && !sets_read(c->extradata, c->extradata_size, &p->sets)) {
        c->extradata[4] |= LENGTH_BYTES - 1;
    } else {
        const AVPacket *first = first_of(p, in->video);
        if (!is_record(c) && c->extradata)
            find_sets(&f, (struct units){c->extradata, c->extradata + c->extradata_size, 0, false});
        if (first && (!f.count[0] || !f.count[1]))
            find_sets(
                &f, (struct units){first->data, first->data + first->size, p->length_bytes, false});
        if (!f.count[0] || !f.count[1])
            return 0;
        if (write_record(c, &f) < 0)
            return -1;
    }
    p->rewrites = !sets_read(c->extradata, c->extradata_size, &p->sets);
    return 0;
}

/* -- sound -- */

static bool is_adts(const uint8_t *d, int bytes)
{
    return bytes > ADTS_BYTES && d[0] == 0xff && (d[1] & 0xf6) == 0xf0 && (d[6] & 3) == 0 &&
           ((d[3] & 3) << 11 | d[4] << 3 | d[5] >> 5) == bytes;
}

/* Compares all ADTS fields except the length and the buffer fullness. */
static bool same_kind(const uint8_t *a, const uint8_t *b)
{
    return ((a[1] ^ b[1]) & 0xfe) == 0 && a[2] == b[2] && ((a[3] ^ b[3]) & 0xc0) == 0;
}

/* Gives the track the AudioSpecificConfig of a plain AAC-LC header, and raw packets. */
static int open_sound(struct packets *p, const struct media_input *in)
{
    enum { LC = 1, CONFIG_BYTES = 2 };
    static const int rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                22050, 16000, 12000, 11025, 8000,  7350};
    if (in->audio < 0)
        return 0;
    AVCodecParameters *c = in->fmt->streams[in->audio]->codecpar;
    const AVPacket *first = first_of(p, in->audio);
    if (c->codec_id != AV_CODEC_ID_AAC || c->extradata_size || !first ||
        !is_adts(first->data, first->size))
        return 0;
    const uint8_t *d = first->data;
    unsigned rate = d[2] >> 2 & 15, channels = (d[2] & 1U) << 2 | d[3] >> 6;
    bool plain = d[2] >> 6 == LC && rate < LEN(rates) && rates[rate] == c->sample_rate &&
                 (int)channels == c->ch_layout.nb_channels;
    if (!plain || (c->profile != FF_PROFILE_UNKNOWN && c->profile != FF_PROFILE_AAC_LOW))
        return 0;
    c->extradata = av_mallocz(CONFIG_BYTES + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!c->extradata)
        return -1;
    c->extradata_size = CONFIG_BYTES;
    AV_WB16(c->extradata, (LC + 1) << 11 | rate << 7 | channels << 3);
    memcpy(p->adts_head, d, ADTS_BYTES);
    p->adts = true;
    return 0;
}

/* Removes the ADTS header. A header of another kind is reported as a container reports a change. */
static int strip_adts(const struct packets *p, AVPacket *packet)
{
    if (!is_adts(packet->data, packet->size) || !same_kind(packet->data, p->adts_head)) {
        uint8_t *side = av_packet_new_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, 1);
        return side ? 0 : AVERROR(ENOMEM);
    }
    int head = ADTS_BYTES + (packet->data[1] & 1 ? 0 : 2);
    if (packet->size <= head) {
        av_shrink_packet(packet, 0);
        return 0;
    }
    packet->data += head;
    packet->size -= head;
    return 0;
}

/* -- pictures -- */

/* Returns whether an avc1 track lacks such a unit, or has it in its record. */
static bool is_left_out(const struct packets *p, const uint8_t *nal, size_t len_bytes)
{
    int type = nal[0] & 31;
    if (type == UNIT_SPS || type == UNIT_PPS)
        return sets_known(&p->sets, nal, (int)len_bytes);
    return type == UNIT_DELIMITER || type == UNIT_END || type == UNIT_END_STREAM ||
           type == UNIT_FILLER;
}

static struct units units_of(const struct packets *p, const AVPacket *packet)
{
    return (struct units){packet->data, packet->data + packet->size, p->length_bytes, false};
}

/* Returns the size of a packet in the new form; *as_it_is: the packet has that form already. */
static int64_t measure(const struct packets *p, const AVPacket *packet, bool *as_it_is)
{
    struct units u = units_of(p, packet);
    const uint8_t *nal;
    size_t len;
    int64_t total = 0;
    bool all = p->length_bytes == LENGTH_BYTES;
    while ((nal = units_next(&u, &len))) {
        bool out = is_left_out(p, nal, len);
        all &= !out;
        if (!out)
            total += LENGTH_BYTES + (int64_t)len;
    }
    *as_it_is = all && !u.bad;
    return u.bad ? -1 : total;
}

static int rewrite(const struct packets *p, AVPacket *packet)
{
    bool as_it_is;
    int64_t total = measure(p, packet, &as_it_is);
    if (as_it_is)
        return 0;
    if (total < 0 || total > INT32_MAX / 2) {
        av_shrink_packet(packet, 0);
        return 0;
    }
    AVBufferRef *buffer = av_buffer_alloc((size_t)total + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!buffer)
        return AVERROR(ENOMEM);
    struct units u = units_of(p, packet);
    uint8_t *to = buffer->data;
    const uint8_t *nal;
    size_t len;
    while ((nal = units_next(&u, &len))) {
        if (is_left_out(p, nal, len))
            continue;
        AV_WB32(to, len);
        memcpy(to + LENGTH_BYTES, nal, len);
        to += LENGTH_BYTES + len;
    }
    memset(to, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    av_buffer_unref(&packet->buf);
    packet->buf = buffer;
    packet->data = buffer->data;
    packet->size = (int)total;
    return 0;
}

/* Repeated equal headers are no change. */
static void drop_same_headers(const struct packets *p, AVPacket *packet)
{
    size_t size;
    const uint8_t *now = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
    if (!now || size != (size_t)p->given_bytes || memcmp(now, p->given, size) != 0)
        return;
    for (int i = 0; i < packet->side_data_elems; i++)
        if (packet->side_data[i].type == AV_PKT_DATA_NEW_EXTRADATA) {
            av_freep(&packet->side_data[i].data);
            packet->side_data[i] = packet->side_data[--packet->side_data_elems];
            break;
        }
}

/* -- times of a container that counts -- */

/* Finds the place of a picture in its group's display order (H.264 8.2.1). */
static bool order_of(struct packets *p, struct units u, int64_t *order, bool *idr)
{
    struct order o;
    if (!sets_order(&p->sets, u, &o))
        return false;
    int64_t range = INT64_C(1) << p->sets.sps.order_bits;
    if (o.idr)
        p->previous_order = 0;
    int64_t low = p->previous_order & (range - 1), high = p->previous_order - low;
    if (o.low < low && low - o.low >= range / 2)
        high += range;
    else if (o.low > low && o.low - low > range / 2)
        high -= range;
    *order = high + o.low;
    *idr = o.idr;
    if (o.reference)
        p->previous_order = *order;
    return true;
}

static void find_step(struct packets *p, const struct media_input *in)
{
    int seen = 0;
    for (int i = p->first; i < p->count && seen < GROUP_LOOKED_AT; i++) {
        int64_t order;
        bool idr;
        if (p->ahead[i]->stream_index != in->video)
            continue;
        if (!order_of(p, units_of(p, p->ahead[i]), &order, &idr) || (seen && idr))
            break;
        p->step = av_gcd(p->step, llabs(order));
        seen++;
    }
    p->previous_order = 0;
}

static void find_time(struct packets *p, AVPacket *packet)
{
    int64_t order = 0;
    bool idr = false;
    bool follows = p->last == AV_NOPTS_VALUE || (p->last < INT64_MAX && packet->dts == p->last + 1);
    packet->pts = AV_NOPTS_VALUE;
    p->last = packet->dts;
    if (packet->dts == AV_NOPTS_VALUE || !follows)
        return;
    if (p->sets.sps.order_type == 2) {
        packet->pts = packet->dts;
        return;
    }
    const struct units u = {packet->data, packet->data + packet->size, LENGTH_BYTES, false};
    if (p->sets.sps.order_type != 0 || !order_of(p, u, &order, &idr))
        return;
    if (idr)
        p->base = packet->dts;
    if (p->base != AV_NOPTS_VALUE && (order == 0 || (p->step && order % p->step == 0)))
        packet->pts = p->base + (p->step ? order / p->step : 0);
}

/* -- in and out -- */

static int look_ahead(struct packets *p, struct media_input *in, bool picture, bool sound)
{
    int64_t bytes = 0;
    int pictures = 0, most = p->counts ? GROUP_LOOKED_AT : 1;
    while ((picture || sound) && p->count < AHEAD_MAX && bytes < AHEAD_BYTES) {
        AVPacket *packet = av_packet_alloc();
        int r = packet ? av_read_frame(in->fmt, packet) : AVERROR(ENOMEM);
        if (r < 0) {
            av_packet_free(&packet);
            if (r == AVERROR(EAGAIN))
                continue;
            return r == AVERROR(ENOMEM) || in->io_errno ? -1 : 0;
        }
        bytes += packet->size;
        p->ahead[p->count++] = packet;
        if (packet->stream_index == in->video && ++pictures >= most)
            picture = false;
        if (packet->stream_index == in->audio)
            sound = false;
    }
    return 0;
}

static bool is_named(const struct media_input *in, const char *name)
{
    return strcmp(in->fmt->iformat->name, name) == 0;
}

int media_packets_open(struct media_input *in)
{
    const AVCodecParameters *c = in->fmt->streams[in->video]->codecpar;
    if (c->codec_id != AV_CODEC_ID_H264 || in->packets)
        return 0;
    struct packets *p = in->packets = mem_new(sizeof(*p));
    p->counts = is_named(in, "avi");
    p->base = p->last = AV_NOPTS_VALUE;
    p->length_bytes = is_record(c) ? (c->extradata[4] & 3) + 1 : 0;
    if (c->extradata_size > 0) {
        p->given = mem_new((size_t)c->extradata_size);
        p->given_bytes = c->extradata_size;
        memcpy(p->given, c->extradata, (size_t)c->extradata_size);
    }
    bool bare = !is_record(c) || sets_read(c->extradata, c->extradata_size, &p->sets);
    const AVCodecParameters *s = in->audio >= 0 ? in->fmt->streams[in->audio]->codecpar : NULL;
    bool adts = s && s->codec_id == AV_CODEC_ID_AAC && !s->extradata_size;
    if (look_ahead(p, in, bare || p->counts, adts) < 0 || open_picture(p, in) < 0 ||
        open_sound(p, in) < 0)
        return -1;
    if (p->counts && p->rewrites)
        find_step(p, in);
    return 0;
}

static int next(struct packets *p, struct media_input *in, AVPacket *out)
{
    if (p->first == p->count)
        return av_read_frame(in->fmt, out);
    av_packet_move_ref(out, p->ahead[p->first]);
    av_packet_free(&p->ahead[p->first++]);
    return 0;
}

int media_packets_read(struct media_input *in, AVPacket *out)
{
    struct packets *p = in->packets;
    if (!p)
        return av_read_frame(in->fmt, out);
    int r = next(p, in, out);
    if (r < 0)
        return r;
    if (p->adts && out->stream_index == in->audio)
        r = strip_adts(p, out);
    if (p->rewrites && out->stream_index == in->video) {
        drop_same_headers(p, out);
        r = rewrite(p, out);
        if (r >= 0 && p->counts)
            find_time(p, out);
    }
    if (r < 0)
        av_packet_unref(out);
    return r;
}

int media_packets_seek(struct media_input *in, int64_t at)
{
    struct packets *p = in->packets;
    int r = avformat_seek_file(in->fmt, in->video, INT64_MIN, at, at, 0);
    if (r < 0 || !p)
        return r;
    while (p->first < p->count)
        av_packet_free(&p->ahead[p->first++]);
    p->base = p->last = AV_NOPTS_VALUE;
    return 0;
}
