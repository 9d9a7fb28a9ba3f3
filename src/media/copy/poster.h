/* media/copy/poster: the poster of a copied reel. The number of decoded pictures is bounded. First
 * comes the key picture that the copy kept; when it is black, blurred or a flash, some other key
 * pictures; when those are too, as in a clip that fades in with long groups, the pictures from the
 * beginning on. Room-internal. */
#pragma once
#include <libavcodec/avcodec.h>

struct media_input;
struct media_limits;

/* Returns the picture for the poster, or NULL: the reel is made without one. key: a key picture of
 * the body, perhaps without data. The body lies from `from` to `to` in the track's time base. Reads
 * the clip's packets anew; read nothing else from the clip afterwards. */
AVFrame *copy_poster(struct media_input *in, const struct media_limits *limits, const AVPacket *key,
                     int64_t from, int64_t to);
