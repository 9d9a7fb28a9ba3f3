/* Plan: signatures of the containers that people upload, as a table; the mp4 family by its boxes;
 * MPEG-TS by its rhythm; then texts that name other files, which are refused with a sentence of
 * their own because they are the ones a person may upload by mistake. */
#include "task/sniff.h"

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

static bool is_iso(const uint8_t *head, size_t len)
{
    static const char boxes[][5] = {"ftyp", "moov", "mdat", "wide", "free", "skip",
                                    "pnot", "styp", "sidx", "moof", "uuid"};
    static const char pictures[][5] = {"heic", "heix", "heim", "heis", "hevc", "hevx",
                                       "mif1", "msf1", "avif", "avis", "jpeg", "crx "};
    if (len < 8)
        return false;
    uint32_t size = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 |
                    (uint32_t)head[3];
    if (size > 1 && size < 8) /* 0: to the end of the file, 1: a long size follows */
        return false;
    for (size_t i = 0; i < LEN(pictures); i++)
        if (AT(4, "ftyp") && at(head, len, 8, pictures[i], 4))
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
    return AT(0, "\x1a\x45\xdf\xa3") /* Matroska, WebM */ ||
           (AT(0, "RIFF") && (AT(8, "AVI ") || AT(8, "AVIX"))) || AT(0, "FLV\x01") ||
           AT(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c") /* ASF, WMV */
           || AT(0, "OggS") || AT(0, "\0\0\x01\xba") /* MPEG program stream */ ||
           AT(0, "\0\0\x01\xb3") /* MPEG video alone */;
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

enum sniff task_sniff(const uint8_t *head, size_t len)
{
    /* Texts first: no signature below is one, but a text's bytes 4 to 7 may say "free". */
    if (is_playlist(head, len))
        return SNIFF_PLAYLIST;
    return is_iso(head, len) || is_container(head, len) || is_ts(head, len) ? SNIFF_CLIP
                                                                            : SNIFF_OTHER;
}
