/* Decoders turn half a file into a picture with a grey rest. Nobody wants that at both ends of each
 * reel, so a logo must be complete: the chunks of a PNG (PNG, 5.3) must lead to IEND, and the
 * segments of a JPEG (ITU-T T.81, B.1) to a scan that ends with EOI. */
#include "media/bumper/logo.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/bumper/picture.h"
#include "media/media.h"

#include <libavutil/intreadwrite.h>

static int bad(struct err *e, const char *why)
{
    return err_msg(e, MSG_LOGO_BAD, "logo: %s", why);
}

static int size_check(uint32_t width, uint32_t height, struct err *e)
{
    if (width == 0 || height == 0)
        return bad(e, "it has no size");
    if ((uint64_t)width * height > LOGO_PIXELS_MAX)
        return err_msg(e, MSG_LOGO_PIXELS, "logo: %ux%u pixels", width, height);
    return 0;
}

static int png_check(const uint8_t *data, size_t len, struct err *e)
{
    enum { SIGNATURE = 8, AROUND = 12, HEADER = 13 };
    for (size_t at = SIGNATURE; len - at >= AROUND;) {
        uint32_t bytes = AV_RB32(data + at);
        const uint8_t *type = data + at + 4;
        bool first = at == SIGNATURE, header = memcmp(type, "IHDR", 4) == 0;
        if (bytes > len - at - AROUND)
            break;
        if (first != header || (header && bytes != HEADER))
            return bad(e, "its header is not in its place");
        if (header && size_check(AV_RB32(type + 4), AV_RB32(type + 8), e) < 0)
            return -1;
        if (memcmp(type, "IEND", 4) == 0)
            return 0;
        at += AROUND + bytes;
    }
    return bad(e, "it is cut off");
}

void media_logo_plain(uint8_t *data, size_t len_bytes)
{
    static const char *const wordy[] = {"zTXt", "iTXt", "tEXt", "iCCP", "eXIf"};
    enum { SIGNATURE = 8, AROUND = 12 };
    for (size_t at = SIGNATURE; len_bytes - at >= AROUND;) {
        uint32_t bytes = AV_RB32(data + at);
        if (bytes > len_bytes - at - AROUND)
            return;
        for (size_t i = 0; i < LEN(wordy); i++)
            if (memcmp(data + at + 4, wordy[i], 4) == 0)
                memcpy(data + at + 4, "prIv", 4); /* an unknown ancillary chunk */
        at += AROUND + bytes;
    }
}

/* Starts behind the first scan's header: tables may follow between two scans. */
static bool ends(const uint8_t *data, size_t len)
{
    for (size_t at = 0; at + 1 < len; at++)
        if (data[at] == 0xff && data[at + 1] == 0xd9)
            return true;
    return false;
}

static int jpeg_check(const uint8_t *data, size_t len, struct err *e)
{
    enum { SOF_FIRST = 0xc0, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc, SOF_LAST = 0xcf, SOS = 0xda };
    bool sized = false;
    for (size_t at = 2; len - at >= 4;) {
        if (data[at] != 0xff)
            return bad(e, "a segment is not where it should be");
        uint8_t marker = data[at + 1];
        if (marker == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        size_t bytes = AV_RB16(data + at + 2);
        if (bytes < 2 || bytes > len - at - 2)
            break;
        bool frame = marker >= SOF_FIRST && marker <= SOF_LAST && marker != DHT && marker != JPG &&
                     marker != DAC;
        if (frame && bytes < 8)
            return bad(e, "its frame has no size");
        if (frame && size_check(AV_RB16(data + at + 7), AV_RB16(data + at + 5), e) < 0)
            return -1;
        sized |= frame;
        at += 2 + bytes;
        if (marker != SOS)
            continue;
        if (!sized)
            return bad(e, "its frame has no size");
        return ends(data + at, len - at) ? 0 : bad(e, "it is cut off");
    }
    return bad(e, "it is cut off");
}

int media_logo_form(const uint8_t *data, size_t len_bytes, bool *png, struct err *e)
{
    *png = len_bytes >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
    if (*png)
        return png_check(data, len_bytes, e);
    if (len_bytes >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
        return jpeg_check(data, len_bytes, e);
    return err_msg(e, MSG_LOGO_TYPE, "logo: neither JPEG nor PNG");
}

int media_logo_show(const struct media_job *job, struct render_report *out, struct err *e)
{
    AUTO(av_frame_free) AVFrame *f = NULL;
    if (media_logo_frame(job->logo_fd, &job->order->limits, LOGO_SHOWN_WIDTH, LOGO_SHOWN_HEIGHT, &f,
                         e) < 0)
        return -1;
    return job->poster_fd < 0 ? 0 : media_poster_write(f, job->poster_fd, &out->poster_bytes, e);
}
