/* media/clip/tracks: chooses the tracks of a clip that become the reel, and finds their first
 * packets. Room-internal. */
#pragma once
#include "media/clip/input.h"

enum { TRACKS_SEEN = 32 }; /* a clip with more streams is refused, whatever the limits */

/* Facts from a look at packets, before anything is decoded. */
struct tracks_seen {
    struct {
        int64_t pictures; /* or packets of sound; counted only as far as needed */
        int64_t first_us, last_us;
    } of[TRACKS_SEEN];
    /* distance from the clip's beginning to the first packet of the last awaited track */
    int64_t late_us, late_bytes;
};

/* Counts packets, where needed through a separate container; in->fmt has its streams and keeps its
 * position. A damaged clip is no fault here: the packets before the damage count. */
void tracks_look(struct media_input *in, const AVInputFormat *format,
                 const struct media_limits *limits, struct tracks_seen *out);
/* Sets in->video, in->audio and the warnings about sound. Picture tracks are compared in this
 * order: one that moves (a phone's still beside its film has a picture or two); one that can be
 * decoded; one with far more pictures; one that is far longer; the file's default; the largest.
 * Attached pictures do not count. Faults of the clip: NO_VIDEO, ENCRYPTED, CODEC_UNSUPPORTED,
 * TOO_MANY_PIXELS. */
int tracks_choose(struct media_input *in, const struct tracks_seen *seen,
                  const struct media_limits *limits, struct err *e);
