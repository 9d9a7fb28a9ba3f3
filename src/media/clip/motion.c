/* There are four known ways to store a film behind a still picture:
 *   XMP   GCamera:MicroVideoOffset="N": the last N bytes of the file
 *   XMP   a Container:Item of the semantic MotionPhoto with a Length: the last Length bytes
 *   SEF   Samsung's trailer: a directory of pieces, one of which is called MotionPhoto_Data
 *   mpvd  a box of a HEIF file
 * All of them are a stranger's claims: a film counts only where an mp4-family file begins. */
#include "media/clip/motion.h"

#include "core/mem.h"

#include <libavutil/intreadwrite.h>
#include <limits.h>
#include <stdlib.h>

enum {
    XMP_BYTES = 256 * 1024, /* XMP lies near the beginning, behind at most 64 KB of EXIF */
    BOXES_MAX = 64,
    SEF_ENTRIES_MAX = 64,
    SEF_ENTRY = 12,
    SEF_NAME = 8, /* of a piece: two words, then its name */
};

static bool is_film(const struct media_clip *clip, int64_t bytes, int64_t at)
{
    uint8_t h[8];
    return at > 0 && at < bytes && media_clip_read(clip, h, sizeof(h), at) == sizeof(h) &&
           memcmp(h + 4, "ftyp", 4) == 0;
}

/* The number in name="123", or in <name>123<; -1: there is none in the text. */
static long long number_of(const char *text, size_t len, const char *name)
{
    const char *at = memmem(text, len, name, strlen(name));
    if (!at)
        return -1;
    const char *end = text + len;
    at += strlen(name);
    while (at < end && (*at == '=' || *at == '"' || *at == '\'' || *at == '>' || *at == ' '))
        at++;
    if (at == end || *at < '0' || *at > '9')
        return -1;
    return strtoll(at, NULL, 10); /* a zero byte follows the text */
}

/* The Length of the element that names the semantic MotionPhoto. */
static long long item_length(const char *text, size_t len)
{
    static const char semantic[] = "MotionPhoto\"";
    const char *end = text + len, *at = text;
    while ((at = memmem(at, (size_t)(end - at), semantic, sizeof(semantic) - 1))) {
        const char *from = at, *to = at;
        while (from > text && *from != '<')
            from--;
        while (to < end && *to != '>')
            to++;
        long long n = number_of(from, (size_t)(to - from), "Length");
        if (n > 0)
            return n;
        at = to;
    }
    return -1;
}

static bool by_xmp(const struct media_clip *clip, int64_t bytes, int64_t *at, int64_t *len)
{
    AUTO(freep) char *text = mem_new(XMP_BYTES + 1);
    ssize_t n = media_clip_read(clip, text, XMP_BYTES, 0);
    if (n <= 0)
        return false;
    text[n] = '\0';
    const long long says[] = {item_length(text, (size_t)n),
                              number_of(text, (size_t)n, "MicroVideoOffset")};
    for (size_t i = 0; i < LEN(says); i++)
        if (says[i] > 0 && says[i] < bytes && is_film(clip, bytes, bytes - says[i])) {
            *at = bytes - says[i];
            *len = says[i];
            return true;
        }
    return false;
}

/* Checks one piece; the directory gives its distance backwards from the directory. */
static bool is_sef_film(const struct media_clip *clip, int64_t bytes, int64_t at, int64_t size,
                        int64_t *film, int64_t *len)
{
    static const char name[] = "MotionPhoto_Data";
    char head[SEF_NAME + sizeof(name) - 1];
    if (at < 0 || size <= (int64_t)sizeof(head) || at + size > bytes ||
        media_clip_read(clip, head, sizeof(head), at) != (ssize_t)sizeof(head) ||
        memcmp(head + SEF_NAME, name, sizeof(name) - 1) != 0)
        return false;
    *film = at + (int64_t)sizeof(head);
    *len = size - (int64_t)sizeof(head);
    return is_film(clip, bytes, *film);
}

static bool by_trailer(const struct media_clip *clip, int64_t bytes, int64_t *at, int64_t *len)
{
    uint8_t tail[8], head[12], entry[SEF_ENTRY];
    if (bytes < (int64_t)sizeof(tail) ||
        media_clip_read(clip, tail, sizeof(tail), bytes - 8) != sizeof(tail) ||
        memcmp(tail + 4, "SEFT", 4) != 0)
        return false;
    int64_t directory = bytes - 8 - (int64_t)AV_RL32(tail);
    if (directory < 0 || media_clip_read(clip, head, sizeof(head), directory) != sizeof(head) ||
        memcmp(head, "SEFH", 4) != 0)
        return false;
    for (unsigned i = 0; i < AV_RL32(head + 8) && i < SEF_ENTRIES_MAX; i++) {
        int64_t place = directory + (int64_t)sizeof(head) + (int64_t)i * SEF_ENTRY;
        if (media_clip_read(clip, entry, sizeof(entry), place) != sizeof(entry))
            return false;
        if (is_sef_film(clip, bytes, directory - (int64_t)AV_RL32(entry + 4), AV_RL32(entry + 8),
                        at, len))
            return true;
    }
    return false;
}

static bool by_box(const struct media_clip *clip, int64_t bytes, int64_t *at, int64_t *len)
{
    int64_t place = 0;
    for (int i = 0; i < BOXES_MAX && place < bytes; i++) {
        uint8_t h[16] = {0};
        ssize_t n = media_clip_read(clip, h, sizeof(h), place);
        int64_t size = AV_RB32(h), head = 8;
        if (size == 1 && n == sizeof(h)) {
            size = (int64_t)(AV_RB64(h + 8) & INT64_MAX);
            head = sizeof(h);
        } else if (size == 0) {
            size = bytes - place;
        }
        if (n < 8 || size < head || size > bytes - place)
            return false;
        if (memcmp(h + 4, "mpvd", 4) == 0) {
            *at = place + head;
            *len = size - head;
            return is_film(clip, bytes, *at);
        }
        place += size;
    }
    return false;
}

bool motion_film(const struct media_clip *clip, int64_t bytes, int64_t *at, int64_t *len)
{
    return by_trailer(clip, bytes, at, len) || by_xmp(clip, bytes, at, len) ||
           by_box(clip, bytes, at, len);
}
