/* media/copy/head: the packets of pictures from a clip's beginning up to the first IDR picture,
 * which are encoded, not copied: of a clip that begins on a recovery point, with pictures whose
 * references are missing, or in the middle of a group that an edit list skips into. Room-internal.
 * Pure but for the packets' references. One thread. */
#pragma once
#include "media/clip/sets.h"

#include <libavcodec/packet.h>

struct head {
    AVPacket **packets; /* in decoding order */
    int count;
    int64_t bytes;
    int64_t first_pts; /* of those that are to be shown; AV_NOPTS_VALUE: none is here */
    int frame_num;     /* of the last that others refer to; -1: none is here */
};
void head_init(struct head *h);
/* One more picture that sets_packet took; takes the packet's reference. idr: an IDR
 * picture; what came before it and is not to be shown is dropped, for nothing refers to it.
 * longest: the body, in the track's time base. NULL, or why the clip is not copied (a fixed
 * text). */
const char *head_take(struct head *h, const struct sets *s, AVPacket *packet, bool idr,
                      int64_t longest);
void head_clear(struct head *h);
