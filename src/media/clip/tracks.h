/* media/clip/tracks: which of a clip's tracks become the reel, and where the first packets of each
 * lie. Room-internal. */
#pragma once
#include "media/clip/input.h"

enum { TRACKS_SEEN = 32 }; /* a clip with more is refused, whatever the limits */

/* What a look at packets told, before anything is decoded. */
struct tracks_seen {
    struct {
        int64_t pictures; /* or packets of sound; counted only as far as needed */
        int64_t first_us, last_us;
    } of[TRACKS_SEEN];
    /* how far after the clip's beginning the last of the tracks that are waited for begins */
    int64_t late_us, late_bytes;
};

/* Looks, through a container of its own where one is needed; in->fmt has its streams and stays
 * where it is. Damage is no fault: what was seen until then counts. */
void tracks_look(struct media_input *in, const AVInputFormat *format,
                 const struct media_limits *limits, struct tracks_seen *out);
/* Sets in->video, in->audio and the warnings about sound. Of the tracks of pictures the one that
 * moves (a phone's still beside its film has a picture or two), then one that can be decoded, then
 * the one of far more pictures, of far more length, the one that the file calls default, the
 * largest. Attached pictures are none. Faults of the clip: NO_VIDEO, ENCRYPTED, CODEC_UNSUPPORTED,
 * TOO_MANY_PIXELS. */
int tracks_choose(struct media_input *in, const struct tracks_seen *seen,
                  const struct media_limits *limits, struct err *e);
