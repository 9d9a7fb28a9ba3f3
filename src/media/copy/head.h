/* media/copy/head: the pictures from a clip's beginning up to its first IDR picture, which are
 * encoded, not copied. A clip has them when it begins at a recovery point, with pictures whose
 * references are missing, or in the middle of a group that an edit list skips into. Room-internal.
 * Pure but for the packets' references. One thread. */
#pragma once
#include "media/clip/sets.h"

#include <libavcodec/packet.h>

struct head {
    AVPacket **packets; /* in decoding order */
    int count;
    int64_t bytes;
    int64_t first_pts; /* smallest pts of the pictures to show; AV_NOPTS_VALUE: none yet */
    int frame_num;     /* of the last reference picture; -1: none yet */
};
void head_init(struct head *h);
/* Adds one more picture that sets_packet accepted; takes the packet's reference. idr: the picture
 * is an IDR picture; earlier pictures that are not shown are then dropped, because nothing refers
 * to them. longest: length of the body in the track's time base. Returns NULL, or why the clip is
 * not copied (a fixed text). */
const char *head_take(struct head *h, const struct sets *s, AVPacket *packet, bool idr,
                      int64_t longest);
void head_clear(struct head *h);
