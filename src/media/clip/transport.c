#include "media/clip/transport.h"

#include "core/mem.h"

enum { WINDOW = 64 * 1024, SYNC = 0x47, PACKET = 188, IN_A_ROW = 5 };

/* Returns the distance between packets: plain ones, those with an arrival time before them (M2TS),
 * or those with a checksum behind them. 0: this is no transport stream. */
static size_t distance(const uint8_t *data, size_t len, size_t *first)
{
    static const size_t known[] = {PACKET, 192, 204};
    for (*first = 0; *first < 204; ++*first)
        for (size_t k = 0; k < LEN(known); k++) {
            size_t n = 0;
            while (n < IN_A_ROW && *first + n * known[k] < len &&
                   data[*first + n * known[k]] == SYNC)
                n++;
            if (n == IN_A_ROW)
                return known[k];
        }
    return 0;
}

bool transport_scrambled(const struct media_clip *clip)
{
    AUTO(freep) uint8_t *data = mem_new(WINDOW);
    ssize_t n = media_clip_read(clip, data, WINDOW, 0);
    size_t at, step = n > 0 ? distance(data, (size_t)n, &at) : 0;
    int all = 0, scrambled = 0;
    for (; step && at + 4 <= (size_t)n && data[at] == SYNC; at += step) {
        bool nothing = (data[at + 1] & 0x1f) == 0x1f && data[at + 2] == 0xff;
        if (nothing || !(data[at + 3] & 0x10)) /* no payload */
            continue;
        all++;
        scrambled += (data[at + 3] & 0xc0) != 0;
    }
    return scrambled > all / 2;
}
