#include "media/clip/sniff.h"

#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"

#include <libavutil/intreadwrite.h>
#include <strings.h>

/* A file may hold this many boxes before the walk gives up; honest ones hold a handful, or one moof
 * a second when fragmented. */
enum { BOXES_MAX = 512, TRACKS_MAX = 16 };

static bool at(const uint8_t *head, size_t len, size_t offset, const char *sign, size_t n)
{
    return len >= offset + n && memcmp(head + offset, sign, n) == 0;
}
#define AT(offset, sign) at(head, len, offset, sign, sizeof(sign) - 1)

/* HEIF and AVIF pictures wear the coat of the mp4 family. */
static bool is_heif(const uint8_t *head, size_t len)
{
    static const char *const brands[] = {"heic", "heix", "heim", "heis", "mif1",
                                         "msf1", "avif", "avis", "hevc", "hevx"};
    if (!AT(4, "ftyp"))
        return false;
    for (size_t i = 0; i < LEN(brands); i++)
        if (at(head, len, 8, brands[i], 4))
            return true;
    return false;
}

static bool is_image(const uint8_t *head, size_t len)
{
    return AT(0, "\xff\xd8\xff") || AT(0, "\x89PNG\r\n\x1a\n") || AT(0, "GIF87a") ||
           AT(0, "GIF89a") || (AT(0, "RIFF") && AT(8, "WEBP")) || AT(0, "II*\0") ||
           AT(0, "MM\0*") || AT(0, "8BPS") || AT(0, "\0\0\1\0\1\0") ||
           (AT(0, "BM") && AT(6, "\0\0\0\0")) || AT(0, "\xff\x0a") || AT(0, "\0\0\0\x0cJXL ") ||
           AT(0, "\0\0\0\x0cjP  ") || is_heif(head, len);
}

static bool has(const uint8_t *head, size_t len, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp((const char *)head + i, word, n) == 0)
            return true;
    return false;
}

static bool starts(const uint8_t *head, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len >= n && strncasecmp((const char *)head, word, n) == 0;
}

static bool is_playlist(const uint8_t *head, size_t len)
{
    if (AT(0, "\xef\xbb\xbf")) {
        head += 3;
        len -= 3;
    }
    while (len && (*head == ' ' || *head == '\t' || *head == '\r' || *head == '\n')) {
        head++;
        len--;
    }
    if (starts(head, len, "#EXTM3U") || starts(head, len, "ffconcat") ||
        starts(head, len, "[playlist]") || starts(head, len, "[reference]") ||
        starts(head, len, "RTSPtext") || starts(head, len, "<smil") || starts(head, len, "<asx"))
        return true;
    if (starts(head, len, "file ") || starts(head, len, "file:") || starts(head, len, "http://") ||
        starts(head, len, "https://") || starts(head, len, "rtsp://"))
        return true;
    if (starts(head, len, "v=0") && has(head, len, "\nm="))
        return true;
    return *head == '<' && len &&
           (has(head, len, "<MPD") || has(head, len, "<playlist") ||
            has(head, len, "<SmoothStreamingMedia") || has(head, len, "<smil"));
}

enum sniff media_sniff(const uint8_t *head, size_t len)
{
    if (is_image(head, len))
        return SNIFF_IMAGE;
    if (len && is_playlist(head, len))
        return SNIFF_PLAYLIST;
    if (AT(4, "ftyp") || AT(4, "moov") || AT(4, "mdat") || AT(4, "wide") || AT(4, "free") ||
        AT(4, "skip"))
        return SNIFF_ISO;
    return SNIFF_OTHER;
}

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

static int most_descriptions(const struct media_clip *clip, struct inside moov)
{
    enum { KIND = 8, COUNT = 4 }; /* where hdlr and stsd have them */
    uint32_t most = 0;
    struct inside trak, mdia, box, stbl;
    for (int i = 0; i < TRACKS_MAX && box_inside(clip, moov, "trak", i, &trak); i++) {
        if (!box_inside(clip, trak, "mdia", 0, &mdia) || !box_inside(clip, mdia, "hdlr", 0, &box) ||
            number_at(clip, box, KIND) != AV_RB32("vide"))
            continue;
        if (!box_inside(clip, mdia, "minf", 0, &box) || !box_inside(clip, box, "stbl", 0, &stbl) ||
            !box_inside(clip, stbl, "stsd", 0, &box))
            continue;
        uint32_t n = number_at(clip, box, COUNT);
        most = n > most ? n : most;
    }
    return most > INT16_MAX ? INT16_MAX : (int)most;
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
            out->descriptions = most_descriptions(clip, (struct inside){offset + head, end});
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
