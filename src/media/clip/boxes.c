#include "media/clip/boxes.h"

#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"

#include <libavutil/intreadwrite.h>

/* A file may hold this many boxes before the walk gives up; honest ones hold a handful, or one moof
 * a second when fragmented. */
enum { BOXES_MAX = 512, TRACKS_MAX = 16 };

/* A stretch of the file: the inside of a box. */
struct inside {
    int64_t at, end;
};

/* The inside of the nth box of a type, counted from 0. */
static bool box_inside(const struct media_clip *clip, struct inside in, const char *type, int nth,
                       struct inside *out)
{
    for (int i = 0; i < BOXES_MAX && in.at <= in.end - 8; i++) {
        uint8_t h[8];
        if (media_clip_read(clip, h, sizeof(h), in.at) != sizeof(h))
            return false;
        int64_t size = AV_RB32(h);
        if (size < 8 || size > in.end - in.at)
            return false;
        if (memcmp(h + 4, type, 4) == 0 && nth-- == 0) {
            *out = (struct inside){in.at + 8, in.at + size};
            return true;
        }
        in.at += size;
    }
    return false;
}

static uint32_t number_at(const struct media_clip *clip, struct inside in, int64_t offset)
{
    uint8_t n[4];
    bool there = in.at + offset + 4 <= in.end &&
                 media_clip_read(clip, n, sizeof(n), in.at + offset) == sizeof(n);
    return there ? AV_RB32(n) : 0;
}

/* Reads the sample descriptions of a picture track. */
static void look_at_descriptions(const struct media_clip *clip, struct inside stsd,
                                 struct media_boxes *out)
{
    enum { COUNT = 4, FIRST = 8 }; /* where stsd has them */
    uint32_t n = number_at(clip, stsd, COUNT);
    if (n > (uint32_t)out->descriptions)
        out->descriptions = n > INT16_MAX ? INT16_MAX : (int)n;
    struct inside all = {stsd.at + FIRST, stsd.end}, one;
    out->encrypted |=
        box_inside(clip, all, "encv", 0, &one) || box_inside(clip, all, "drmi", 0, &one);
}

static void look_at_tracks(const struct media_clip *clip, struct inside moov,
                           struct media_boxes *out)
{
    enum { KIND = 8 }; /* where hdlr has it */
    struct inside trak, mdia, box, stbl;
    for (int i = 0; i < TRACKS_MAX && box_inside(clip, moov, "trak", i, &trak); i++) {
        if (box_inside(clip, trak, "mdia", 0, &mdia) && box_inside(clip, mdia, "hdlr", 0, &box) &&
            number_at(clip, box, KIND) == AV_RB32("vide") &&
            box_inside(clip, mdia, "minf", 0, &box) && box_inside(clip, box, "stbl", 0, &stbl) &&
            box_inside(clip, stbl, "stsd", 0, &box))
            look_at_descriptions(clip, box, out);
    }
}

void media_boxes(const struct media_clip *clip, int64_t bytes, struct media_boxes *out)
{
    *out = (struct media_boxes){0};
    int64_t offset = 0;
    for (int i = 0; i < BOXES_MAX && offset < bytes; i++) {
        uint8_t h[16];
        ssize_t n = media_clip_read(clip, h, sizeof(h), offset);
        if (n < 8) {
            out->cut = true;
            return;
        }
        uint64_t size = AV_RB32(h);
        if (size == 1 && n == 16)
            size = AV_RB64(h + 8);
        else if (size == 0)
            size = (uint64_t)(bytes - offset);
        const char *type = (const char *)h + 4;
        if (memcmp(type, "moov", 4) == 0) {
            out->index = true;
            out->index_first |= !out->data;
            int64_t head = AV_RB32(h) == 1 ? 16 : 8;
            int64_t end = size > (uint64_t)(bytes - offset) ? bytes : offset + (int64_t)size;
            look_at_tracks(clip, (struct inside){offset + head, end}, out);
        } else if (memcmp(type, "mdat", 4) == 0) {
            out->data = true;
        } else if (memcmp(type, "moof", 4) == 0) {
            out->fragments = true;
        } else if (memcmp(type, "ftyp", 4) == 0 && n >= 12) {
            memcpy(out->brand, h + 8, 4);
        }
        if (size < 8)
            return;
        if (size > (uint64_t)(bytes - offset)) {
            out->cut = true;
            return;
        }
        offset += (int64_t)size;
    }
}
