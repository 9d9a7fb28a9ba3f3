/* Plan: tables of signatures for images, containers and bare video streams; the mp4 family by its
 * boxes; MPEG-TS by its sync bytes; texts that name other files. Such texts get a sentence of their
 * own, because people upload them by mistake. */
#include "core/sniff.h"

#include "core/mem.h"

#include <stdbool.h>
#include <strings.h>

/* In MPEG-TS the byte 0x47 comes every 188 bytes (192 with a time stamp before each packet, 204
 * with a checksum after it). A cut recording may begin in the middle of a packet. */
enum { TS_SYNC = 0x47, TS_BEATS = 4 };

static bool at(const uint8_t *head, size_t len, size_t offset, const char *sign, size_t n)
{
    return len >= offset + n && memcmp(head + offset, sign, n) == 0;
}
#define AT(offset, sign) at(head, len, offset, sign, sizeof(sign) - 1)

static uint32_t number(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

struct sign {
    size_t offset;
    const char *bytes;
    size_t len;
};
#define SIGN(offset, bytes)                                                                        \
    {                                                                                              \
        offset, bytes, sizeof(bytes) - 1                                                           \
    }

static bool is_one_of(const uint8_t *head, size_t len, const struct sign *signs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at(head, len, signs[i].offset, signs[i].bytes, signs[i].len))
            return true;
    return false;
}

/* -- pictures -- */

/* A PNG moves when it says so before its first picture. */
static enum sniff which_png(const uint8_t *head, size_t len)
{
    enum { SIGNATURE = 8, AROUND = 12 }; /* length, type and checksum of a chunk */
    size_t next = SIGNATURE;
    while (next + 8 <= len) {
        if (at(head, len, next + 4, "acTL", 4))
            return SNIFF_PICTURE;
        if (at(head, len, next + 4, "IDAT", 4))
            return SNIFF_IMAGE;
        next += AROUND + (size_t)number(head + next);
    }
    return len < SNIFF_WINDOW ? SNIFF_IMAGE : SNIFF_PICTURE; /* it was not told yet */
}

static enum sniff which_webp(const uint8_t *head, size_t len)
{
    enum { FLAGS = 20, MOVES = 2 };
    return AT(12, "VP8X") && len > FLAGS && head[FLAGS] & MOVES ? SNIFF_WEBP : SNIFF_IMAGE;
}

/* SNIFF_OTHER: none. HEIF and AVIF wear the coat of the mp4 family. */
static enum sniff which_picture(const uint8_t *head, size_t len)
{
    static const char heif[][5] = {"heic", "heix", "heim", "heis", "hevc",
                                   "hevx", "mif1", "msf1", "avif", "avis"};
    static const struct sign still[] = {
        SIGN(0, "II*\0"),
        SIGN(0, "MM\0*"),
        SIGN(0, "8BPS"),
        SIGN(0, "\0\0\1\0\1\0"),
        SIGN(0, "\xff\x0a"),
        SIGN(0, "\0\0\0\x0cJXL "),
        SIGN(4, "ftypcrx "),
        SIGN(4, "ftypjpeg"),
        SIGN(0, "\xff\x4f\xff\x51"),
        SIGN(0, "\x76\x2f\x31\x01"),
    };
    for (size_t i = 0; i < LEN(heif); i++)
        if (AT(4, "ftyp") && at(head, len, 8, heif[i], 4))
            return SNIFF_PICTURE;
    if (AT(0, "\xff\xd8\xff") || AT(0, "GIF87a") || AT(0, "GIF89a"))
        return SNIFF_PICTURE;
    if (AT(0, "\x89PNG\r\n\x1a\n"))
        return which_png(head, len);
    if (AT(0, "RIFF") && AT(8, "WEBP"))
        return which_webp(head, len);
    if (AT(0, "\0\0\0\x0cjP  ")) /* JPEG 2000 */
        return AT(16, "ftypmjp2") ? SNIFF_ISO : SNIFF_IMAGE;
    bool is_still = is_one_of(head, len, still, LEN(still)) || (AT(0, "BM") && AT(6, "\0\0\0\0"));
    return is_still ? SNIFF_IMAGE : SNIFF_OTHER;
}

/* -- containers -- */

static bool is_iso(const uint8_t *head, size_t len)
{
    static const char boxes[][5] = {"ftyp", "moov", "mdat", "wide", "free", "skip",
                                    "pnot", "styp", "sidx", "moof", "uuid"};
    if (len < 8)
        return false;
    uint32_t size = number(head);
    if (size > 1 && size < 8) /* 0: to the end of the file, 1: a long size follows */
        return false;
    for (size_t i = 0; i < LEN(boxes); i++)
        if (at(head, len, 4, boxes[i], 4))
            return true;
    return false;
}

static bool is_ts(const uint8_t *head, size_t len)
{
    static const size_t packets[] = {188, 192, 204};
    for (size_t p = 0; p < LEN(packets); p++)
        for (size_t start = 0; start < packets[p]; start++) {
            size_t beats = 0;
            while (beats < TS_BEATS && start + beats * packets[p] < len &&
                   head[start + beats * packets[p]] == TS_SYNC)
                beats++;
            if (beats == TS_BEATS)
                return true;
        }
    return false;
}

static bool is_container(const uint8_t *head, size_t len)
{
    static const struct sign signs[] = {
        SIGN(0, "\x1a\x45\xdf\xa3"), /* Matroska, WebM */
        SIGN(0, "FLV\x01"),
        SIGN(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"), /* ASF */
        SIGN(0, "OggS"),
        SIGN(0, ".RMF"),                             /* RealMedia */
        SIGN(0, "\x06\x0e\x2b\x34\x02\x05\x01\x01"), /* MXF */
        SIGN(0, "DKIF"),                             /* IVF */
        SIGN(0, "\0\0\x01\xba"),                     /* MPEG program stream */
        SIGN(0, "\0\0\x01\xb3"),                     /* MPEG video alone */
        SIGN(0, "\0\0\x01\xb0"),                     /* MPEG-4 video alone, */
        SIGN(0, "\0\0\1\0\0\0\1\x20"),               /* or without its first header */
        SIGN(0, "\x12\0\x0a"),                       /* AV1 alone */
    };
    bool is_dv = len >= 4 && AT(0, "\x1f\x07\0") && (head[3] & 0x7f) == 0x3f;
    return is_dv || is_one_of(head, len, signs, LEN(signs)) ||
           (AT(0, "RIFF") && (AT(8, "AVI ") || AT(8, "AVIX")));
}

/* H.264 and HEVC without a container begin with a start code and a unit of headers. */
static bool is_bare(const uint8_t *head, size_t len)
{
    enum { AVC_SEI = 6, AVC_SPS = 7, AVC_AUD = 9, HEVC_VPS = 32, HEVC_AUD = 35, HEVC_SEI = 39 };
    size_t start = AT(0, "\0\0\0\1") ? 4 : AT(0, "\0\0\1") ? 3 : 0;
    if (!start || len < start + 2)
        return false;
    uint8_t first = head[start], avc = first & 0x1f, hevc = first >> 1;
    if (first & 0x80)
        return false;
    return (first >> 5 && avc == AVC_SPS) ||
           (!(first >> 5) && (avc == AVC_SEI || avc == AVC_AUD) && first < 0x20) ||
           (!(first & 1) && head[start + 1] == 1 &&
            ((hevc >= HEVC_VPS && hevc <= HEVC_AUD) || hevc == HEVC_SEI));
}

static bool is_sound(const uint8_t *head, size_t len)
{
    static const struct sign signs[] = {
        SIGN(0, "ID3"),  SIGN(0, "fLaC"), SIGN(0, "#!AMR"),    SIGN(8, "AIFF"),
        SIGN(8, "AIFC"), SIGN(0, ".snd"), SIGN(0, "caff\0"),   SIGN(0, "MThd"),
        SIGN(0, "MAC "), SIGN(0, "wvpk"), SIGN(0, "\x0b\x77"), SIGN(0, "\x7f\xfe\x80\x01"),
    };
    bool is_mpeg = len >= 4 && head[0] == 0xff && (head[1] & 0xe0) == 0xe0 && head[1] != 0xff &&
                   (head[1] & 0x18) != 0x08 && (head[2] & 0xf0) != 0xf0;
    return is_mpeg || is_one_of(head, len, signs, LEN(signs)) || (AT(0, "RIFF") && AT(8, "WAVE"));
}

/* -- texts that name other files -- */

static bool starts(const uint8_t *head, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len >= n && strncasecmp((const char *)head, word, n) == 0;
}

static bool holds(const uint8_t *head, size_t len, const char *word)
{
    for (size_t i = 0; i < len; i++)
        if (starts(head + i, len - i, word))
            return true;
    return false;
}

static bool is_playlist(const uint8_t *head, size_t len)
{
    static const char *const begins[] = {
        "#EXTM3U", "ffconcat",  "[playlist]", "[reference]", "RTSPtext", "<smil",   "<asx",
        "file '",  "file \"",   "file:",      "http://",     "https://", "rtsp://", "rtmp://",
        "<MPD",    "<playlist", "concat:",    "subfile,",    "crypto:",  "#EXTINF:"};
    static const char *const inside[] = {"<MPD", "<playlist", "<SmoothStreamingMedia", "<smil",
                                         "<asx"};
    if (AT(0, "\xef\xbb\xbf")) { /* a byte order mark */
        head += 3;
        len -= 3;
    }
    while (len && (*head == ' ' || *head == '\t' || *head == '\r' || *head == '\n')) {
        head++;
        len--;
    }
    for (size_t i = 0; i < LEN(begins); i++)
        if (starts(head, len, begins[i]))
            return true;
    if (starts(head, len, "v=0") && holds(head, len, "\nm=")) /* SDP */
        return true;
    for (size_t i = 0; starts(head, len, "<") && i < LEN(inside); i++)
        if (holds(head, len, inside[i]))
            return true;
    return false;
}

enum sniff sniff(const uint8_t *head, size_t len)
{
    /* Texts first: no signature below is one, but a text's bytes 4 to 7 may say "free". */
    if (is_playlist(head, len))
        return SNIFF_PLAYLIST;
    enum sniff picture = which_picture(head, len);
    if (picture != SNIFF_OTHER)
        return picture;
    if (is_iso(head, len))
        return SNIFF_ISO;
    if (is_container(head, len) || is_bare(head, len) || is_ts(head, len))
        return SNIFF_CLIP;
    return is_sound(head, len) ? SNIFF_SOUND : SNIFF_OTHER;
}

enum msg sniff_fault(enum sniff s)
{
    static const enum msg faults[] = {
        [SNIFF_CLIP] = MSG_OK,           [SNIFF_ISO] = MSG_OK,
        [SNIFF_PICTURE] = MSG_OK,        [SNIFF_IMAGE] = MSG_IMAGE_ONLY,
        [SNIFF_WEBP] = MSG_WEBP_MOVING,  [SNIFF_SOUND] = MSG_NO_VIDEO,
        [SNIFF_PLAYLIST] = MSG_PLAYLIST, [SNIFF_OTHER] = MSG_NOT_A_VIDEO,
    };
    return faults[s];
}

const char *const *sniff_offers(void)
{
    static const char *const offers[] = {
        "video/*", "image/gif", "image/apng", ".mp4",  ".m4v", ".mov",  ".3gp",  ".3g2",
        ".mkv",    ".webm",     ".avi",       ".divx", ".ts",  ".m2ts", ".mts",  ".mpg",
        ".mpeg",   ".m2v",      ".vob",       ".flv",  ".f4v", ".wmv",  ".asf",  ".ogv",
        ".mxf",    ".dv",       ".rm",        ".rmvb", ".mj2", ".gif",  ".apng", ".264",
        ".265",    ".h264",     ".hevc",      ".ivf",  ".obu", NULL,
    };
    return offers;
}
