/* media/copy/poster: the poster of a copied reel. What is decoded for it is bounded: first the key
 * picture that the copy kept; when that is black, blurred or a flash, some other key pictures; when
 * those are too, as in a clip that fades in with long groups, the pictures from the beginning on.
 * Room-internal. */
#pragma once
#include <libavcodec/avcodec.h>

struct media_input;
struct media_limits;

/* The picture for it, or NULL: one that cannot be had costs no reel. key: of the body, may be
 * without data. The body lies from `from` to `to` in the time base of the track. The packets of the
 * clip are read anew: nothing else is read from it afterwards. */
AVFrame *copy_poster(struct media_input *in, const struct media_limits *limits, const AVPacket *key,
                     int64_t from, int64_t to);
