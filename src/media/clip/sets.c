/* Plan: the fields of a sequence parameter set in their order; the avcC record; merging; the walk
 * over a packet. */
#include "media/clip/sets.h"

#include "core/mem.h"
#include "media/clip/bits.h"

#include <libavutil/common.h>
#include <libavutil/intreadwrite.h>
#include <stdlib.h>
#include <string.h>

enum { SET_BYTES_MAX = 1024, RECORD_HEAD = 6, FRAMES_MAX = 16 };

/* -- the sequence parameter set -- */

/* Elements that copying does not ask about; any value will do. */
static void skip_ue(struct bits *b, uint32_t count)
{
    for (uint32_t i = 0; i < count && !b->over; i++)
        (void)bits_ue(b, BITS_UE_MAX);
}

static void skip_bits(struct bits *b, int count)
{
    (void)bits_u(b, count);
}

static void skip_scaling_list(struct bits *b, int size)
{
    int last = 8, next = 8;
    for (int i = 0; i < size && !b->over; i++) {
        if (next)
            next = (last + bits_se(b, -128, 127) + 256) & 255;
        if (next)
            last = next;
    }
}

static bool has_chroma_format(int profile_idc)
{
    static const int profiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    for (size_t i = 0; i < LEN(profiles); i++)
        if (profiles[i] == profile_idc)
            return true;
    return false;
}

static void read_chroma(struct bits *b, struct sps *s)
{
    s->chroma_format = (int)bits_ue(b, 3);
    if (s->chroma_format == 3)
        skip_bits(b, 1);
    s->luma_bits = (int)bits_ue(b, 6) + 8;
    s->chroma_bits = (int)bits_ue(b, 6) + 8;
    skip_bits(b, 1); /* lossless transform bypass */
    if (!bits_flag(b))
        return;
    int lists = s->chroma_format == 3 ? 12 : 8;
    for (int i = 0; i < lists; i++)
        if (bits_flag(b))
            skip_scaling_list(b, i < 6 ? 16 : 64);
}

static void read_order_count(struct bits *b, struct sps *s)
{
    s->order_type = (int)bits_ue(b, 2);
    if (s->order_type == 0) {
        s->order_bits = (int)bits_ue(b, 12) + 4;
    } else if (s->order_type == 1) {
        skip_bits(b, 1);
        skip_ue(b, 2); /* se(v) has the codes of ue(v) */
        skip_ue(b, bits_ue(b, 255));
    }
}

static void skip_hrd(struct bits *b)
{
    uint32_t count = bits_ue(b, 31) + 1;
    skip_bits(b, 8);
    for (uint32_t i = 0; i < count; i++) {
        skip_ue(b, 2);
        skip_bits(b, 1);
    }
    skip_bits(b, 20);
}

static void read_aspect(struct bits *b, struct sps *s)
{
    /* table E-1 */
    static const uint8_t known[][2] = {{0, 0},   {1, 1},    {12, 11}, {10, 11}, {16, 11}, {40, 33},
                                       {24, 11}, {20, 11},  {32, 11}, {80, 33}, {18, 11}, {15, 11},
                                       {64, 33}, {160, 99}, {4, 3},   {3, 2},   {2, 1}};
    unsigned idc = bits_u(b, 8);
    if (idc == 255) {
        s->sar_num = (int)bits_u(b, 16);
        s->sar_den = (int)bits_u(b, 16);
    } else if (idc < LEN(known)) {
        s->sar_num = known[idc][0];
        s->sar_den = known[idc][1];
    }
    if (!s->sar_num || !s->sar_den)
        s->sar_num = s->sar_den = 0;
}

/* E.1.1 */
static void read_vui(struct bits *b, struct sps *s)
{
    if (bits_flag(b))
        read_aspect(b, s);
    if (bits_flag(b))
        skip_bits(b, 1); /* overscan */
    if (bits_flag(b)) {
        skip_bits(b, 3);
        s->full_range = bits_flag(b);
        if (bits_flag(b)) {
            s->primaries = (int)bits_u(b, 8);
            s->transfer = (int)bits_u(b, 8);
            s->matrix = (int)bits_u(b, 8);
        }
    }
    if (bits_flag(b)) /* places of chroma samples */
        skip_ue(b, 2);
    if (bits_flag(b)) { /* timing: 2 x 32 bits and a flag */
        skip_bits(b, 32);
        skip_bits(b, 32);
        skip_bits(b, 1);
    }
    bool nal = bits_flag(b);
    if (nal)
        skip_hrd(b);
    bool vcl = bits_flag(b);
    if (vcl)
        skip_hrd(b);
    if (nal || vcl)
        skip_bits(b, 1);
    skip_bits(b, 1); /* pic_struct */
    if (bits_flag(b)) {
        skip_bits(b, 1);
        skip_ue(b, 4);
        s->reorder = (int)bits_ue(b, FRAMES_MAX); /* libav trusts it */
        skip_ue(b, 1);
    }
}

static bool read_size(struct bits *b, struct sps *s)
{
    uint32_t columns = bits_ue(b, 1023) + 1, rows = bits_ue(b, 1023) + 1;
    s->frames_only = bits_flag(b);
    if (!s->frames_only)
        skip_bits(b, 1);
    skip_bits(b, 1);
    int width = (int)columns * 16, height = (int)rows * (s->frames_only ? 16 : 32);
    if (bits_flag(b)) {
        uint32_t crop[4];
        for (int i = 0; i < 4; i++)
            crop[i] = bits_ue(b, 4096);
        int x = s->chroma_format == 1 || s->chroma_format == 2 ? 2 : 1;
        int y = (s->chroma_format == 1 ? 2 : 1) * (s->frames_only ? 1 : 2);
        if (crop[0] || crop[2]) /* players differ on what lies left and above */
            return false;
        width -= x * (int)(crop[0] + crop[1]);
        height -= y * (int)(crop[2] + crop[3]);
    }
    s->coded_width = (int)columns * 16;
    s->coded_height = (int)rows * (s->frames_only ? 16 : 32);
    s->width = width;
    s->height = height;
    return width > 0 && height > 0;
}

static bool read_sps(const uint8_t *nal, int len_bytes, struct sps *out)
{
    struct sps s = {.chroma_format = 1,
                    .luma_bits = 8,
                    .chroma_bits = 8,
                    .primaries = 2,
                    .transfer = 2,
                    .matrix = 2,
                    .reorder = -1};
    if (len_bytes < 4 || len_bytes > SET_BYTES_MAX || (nal[0] & 31) != UNIT_SPS)
        return false;
    struct bits b = bits_of_nal(nal, (size_t)len_bytes);
    s.profile_idc = (int)bits_u(&b, 8);
    s.constraints = (int)bits_u(&b, 8);
    s.level_idc = (int)bits_u(&b, 8);
    s.id = (int)bits_ue(&b, 31);
    if (has_chroma_format(s.profile_idc))
        read_chroma(&b, &s);
    s.frame_num_bits = (int)bits_ue(&b, 12) + 4;
    read_order_count(&b, &s);
    skip_ue(&b, 1);   /* reference frames */
    skip_bits(&b, 1); /* gaps in frame_num */
    if (!read_size(&b, &s))
        return false;
    if (bits_flag(&b))
        read_vui(&b, &s);
    if (b.over)
        return false;
    *out = s;
    return true;
}

static bool read_pps_id(const uint8_t *nal, int len_bytes, unsigned *id, unsigned *of)
{
    if (len_bytes < 2 || len_bytes > SET_BYTES_MAX || (nal[0] & 31) != UNIT_PPS)
        return false;
    struct bits b = bits_of_nal(nal, (size_t)len_bytes);
    *id = bits_ue(&b, 255);
    *of = bits_ue(&b, 31);
    return !b.over;
}

/* -- the record -- */

/* Calls each() for the sets of one kind, which begin at *at. */
static bool each_set(const uint8_t *r, int len_bytes, int *at, int count,
                     bool (*each)(void *arg, const uint8_t *nal, int len_bytes), void *arg)
{
    for (int i = 0; i < count; i++) {
        if (*at + 2 > len_bytes)
            return false;
        int n = AV_RB16(r + *at);
        *at += 2;
        if (n == 0 || n > len_bytes - *at || !each(arg, r + *at, n))
            return false;
        *at += n;
    }
    return true;
}

static bool note_sps(void *arg, const uint8_t *nal, int len_bytes)
{
    struct sets *s = arg;
    struct sps sps;
    if (!read_sps(nal, len_bytes, &sps))
        return false;
    if (s->sps_count++ == 0)
        s->sps = sps;
    s->ids |= 1u << sps.id;
    return true;
}

static bool note_pps(void *arg, const uint8_t *nal, int len_bytes)
{
    struct sets *s = arg;
    unsigned id, of;
    if (!read_pps_id(nal, len_bytes, &id, &of) || !(s->ids & 1u << of))
        return false;
    if (id < 32)
        s->ids |= 1u << id;
    s->pps_count++;
    return true;
}

/* Whether each() is true for every set. */
static bool walk(const uint8_t *r, int len_bytes,
                 bool (*sps)(void *arg, const uint8_t *nal, int len_bytes),
                 bool (*pps)(void *arg, const uint8_t *nal, int len_bytes), void *arg)
{
    int at = RECORD_HEAD;
    if (!each_set(r, len_bytes, &at, r[5] & 31, sps, arg) || at >= len_bytes)
        return false;
    int count = r[at++];
    return each_set(r, len_bytes, &at, count, pps, arg);
}

const char *sets_read(const uint8_t *record, int len_bytes, struct sets *out)
{
    struct sets s = {.record = record, .record_bytes = len_bytes};
    if (!record || len_bytes < RECORD_HEAD + 1 || record[0] != 1)
        return "its headers are not in an avcC record";
    s.length_bytes = (record[4] & 3) + 1;
    if (!walk(record, len_bytes, note_sps, note_pps, &s) || !s.sps_count || !s.pps_count)
        return "its parameter sets cannot be read";
    *out = s;
    return NULL;
}

static bool last_block_hidden(int shown, int stored)
{
    return shown <= stored && (shown + 15) / 16 == (stored + 15) / 16;
}

bool sets_hidden(const struct sps *s, int width, int height)
{
    return (width != s->width || height != s->height) && width > 0 && height > 0 &&
           last_block_hidden(width, s->width) && last_block_hidden(height, s->height);
}

int sets_free_id(const struct sets *s)
{
    for (int id = 31; id >= 0; id--)
        if (!(s->ids & 1u << id))
            return id;
    return -1;
}

/* -- merging -- */

struct writer {
    uint8_t *to;
    int at, room;
};

static bool copy_set(void *arg, const uint8_t *nal, int len_bytes)
{
    struct writer *w = arg;
    if (len_bytes + 2 > w->room - w->at)
        return false;
    AV_WB16(w->to + w->at, (unsigned)len_bytes);
    memcpy(w->to + w->at + 2, nal, (size_t)len_bytes);
    w->at += 2 + len_bytes;
    return true;
}

static bool pass_over(void *arg, const uint8_t *nal, int len_bytes)
{
    (void)arg, (void)nal, (void)len_bytes;
    return true;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

uint8_t *sets_merge(const struct sets *a, const struct sets *b, int *len_bytes)
{
    int sps = a->sps_count + b->sps_count, pps = a->pps_count + b->pps_count;
    if (sps > 31 || pps > 255)
        return NULL;
    struct writer w = {.room = a->record_bytes + b->record_bytes + 8};
    w.to = calloc(1, (size_t)w.room);
    if (!w.to)
        return NULL;
    const struct sps *first = &a->sps, *second = &b->sps;
    w.to[0] = 1;
    w.to[1] = (uint8_t)larger(first->profile_idc, second->profile_idc);
    w.to[2] = (uint8_t)(first->constraints & second->constraints);
    w.to[3] = (uint8_t)larger(first->level_idc, second->level_idc);
    w.to[4] = 0xfc | 3;
    w.to[5] = (uint8_t)(0xe0 | sps);
    w.at = RECORD_HEAD;
    bool fits = walk(a->record, a->record_bytes, copy_set, pass_over, &w) &&
                walk(b->record, b->record_bytes, copy_set, pass_over, &w) && w.at < w.room;
    if (fits)
        w.to[w.at++] = (uint8_t)pps;
    fits = fits && walk(a->record, a->record_bytes, pass_over, copy_set, &w) &&
           walk(b->record, b->record_bytes, pass_over, copy_set, &w) && w.at + 4 <= w.room;
    if (!fits) {
        free(w.to);
        return NULL;
    }
    if (w.to[1] >= 100) { /* 4:2:0, 8 bits, no extended sets */
        const uint8_t tail[] = {0xfc | 1, 0xf8, 0xf8, 0};
        memcpy(w.to + w.at, tail, sizeof(tail));
        w.at += (int)sizeof(tail);
    }
    *len_bytes = w.at;
    return w.to;
}

/* -- packets -- */

struct wanted {
    const uint8_t *nal;
    int len_bytes;
};

/* False, which ends the walk, when it is the wanted one. */
static bool differs(void *arg, const uint8_t *nal, int len_bytes)
{
    const struct wanted *w = arg;
    return len_bytes != w->len_bytes || memcmp(nal, w->nal, (size_t)len_bytes) != 0;
}

bool sets_known(const struct sets *s, const uint8_t *nal, int len_bytes)
{
    struct wanted w = {nal, len_bytes};
    return !walk(s->record, s->record_bytes, differs, differs, &w);
}

/* A type or a size: 255 as often as it fits, and the rest (7.3.2.3.1). */
static uint32_t sei_number(struct bits *b)
{
    uint32_t sum = 0, byte;
    do {
        byte = bits_u(b, 8);
        sum += byte;
    } while (byte == 255);
    return sum;
}

/* Whether a message changes how pictures are to be shown: those of the bumper have none. */
static bool changes_show(const uint8_t *nal, int len_bytes)
{
    enum { FRAME_PACKING = 45, ORIENTATION = 47, OTHER_TRANSFER = 147 };
    struct bits b = bits_of_nal(nal, (size_t)len_bytes);
    for (;;) {
        uint32_t type = sei_number(&b), size = sei_number(&b);
        if (b.over)
            return false;
        if (type == FRAME_PACKING || type == ORIENTATION || type == OTHER_TRANSFER)
            return true;
        for (; size > 0 && !b.over; size--)
            (void)bits_u(&b, 8);
    }
}

const char *sets_packet(const struct sets *s, const uint8_t *data, int len_bytes, bool *idr)
{
    bool slices = false;
    *idr = false;
    for (int at = 0; at < len_bytes;) {
        if (len_bytes - at < 5)
            return "a picture's parts do not add up";
        uint32_t n = AV_RB32(data + at);
        at += 4;
        if (n == 0 || n > (uint32_t)(len_bytes - at))
            return "a picture's parts do not add up";
        switch (data[at] & 31) {
        case UNIT_IDR:
            *idr = slices = true;
            break;
        case UNIT_SLICE:
            slices = true;
            break;
        case UNIT_SEI:
            if (changes_show(data + at, (int)n))
                return "messages among its pictures change how they are shown";
            break;
        case UNIT_DELIMITER:
        case UNIT_FILLER:
            break;
        case UNIT_SPS:
        case UNIT_PPS:
            if (!sets_known(s, data + at, (int)n))
                return "other headers come among its pictures";
            break;
        case UNIT_END:
        case UNIT_END_STREAM:
        default:
            return "a picture has parts of a kind that is not copied";
        }
        at += (int)n;
    }
    return slices ? NULL : "a packet without a picture";
}

/* What the beginning of a slice says (7.3.3). */
struct slice {
    unsigned first_block, set, frame_num, order;
    bool reference;
};

static bool read_slice(const struct sets *s, const uint8_t *nal, int len_bytes, struct slice *out)
{
    struct bits b = bits_of_nal(nal, (size_t)len_bytes);
    out->first_block = bits_ue(&b, BITS_UE_MAX);
    skip_ue(&b, 1); /* type */
    out->set = bits_ue(&b, 255);
    out->frame_num = bits_u(&b, s->sps.frame_num_bits);
    out->reference = nal[0] & 0x60;
    if ((nal[0] & 31) == UNIT_IDR)
        skip_ue(&b, 1); /* idr_pic_id */
    out->order = s->sps.order_type == 0 ? bits_u(&b, s->sps.order_bits) : 0;
    return !b.over;
}

bool sets_order(const struct sets *s, struct units u, struct order *out)
{
    struct slice slice;
    const uint8_t *nal;
    size_t len;
    while ((nal = units_next(&u, &len))) {
        int type = nal[0] & 31;
        if (type != UNIT_SLICE && type != UNIT_IDR)
            continue;
        if (!read_slice(s, nal, (int)len, &slice))
            return false;
        *out = (struct order){type == UNIT_IDR, slice.reference, (int)slice.order, slice.set};
        return true;
    }
    return false;
}

const char *sets_follows(const struct sets *s, const uint8_t *data, int len_bytes, int *previous)
{
    struct slice first = {0}, now;
    int slices = 0;
    bool idr = false;
    for (int at = 0; at < len_bytes;) {
        int n = (int)AV_RB32(data + at), type = data[at + 4] & 31;
        const uint8_t *nal = data + at + 4;
        at += 4 + n;
        if (type != UNIT_SLICE && type != UNIT_IDR)
            continue;
        if (!read_slice(s, nal, n, &now))
            return "a picture's parts cannot be read";
        idr = type == UNIT_IDR;
        if (slices++ == 0)
            first = now;
        else if (now.first_block == 0 || now.frame_num != first.frame_num)
            return "a packet holds parts of several pictures";
    }
    int next = (*previous + 1) & ((1 << s->sps.frame_num_bits) - 1);
    bool known = *previous >= 0;
    if (!idr && known && (int)first.frame_num != *previous && (int)first.frame_num != next)
        return "a picture that others refer to is missing";
    if (idr || first.reference || !known)
        *previous = (int)first.frame_num;
    return NULL;
}

bool sets_has_idr(const uint8_t *data, int len_bytes)
{
    for (int at = 0; len_bytes - at >= 5;) {
        uint32_t n = AV_RB32(data + at);
        if ((data[at + 4] & 31) == UNIT_IDR)
            return true;
        if (n > (uint32_t)(len_bytes - at - 4))
            return false;
        at += 4 + (int)n;
    }
    return false;
}
