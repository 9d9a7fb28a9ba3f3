/* media/encode/shape: the form of a decoded picture, and the filters that convert it to the form
 * that the encoder takes. Room-internal. */
#pragma once
#include "core/str.h"
#include "media/colour.h"
#include "media/encode/line.h"

#include <libavutil/frame.h>

/* The properties that may change from one picture of a clip to the next. */
struct shape {
    int width, height; /* stored size */
    enum AVPixelFormat format;
    AVRational sar;
    int rotation; /* as in the facts */
    bool mirrored;
    bool interlaced;
    struct colour colour; /* after colour_settle */
    enum colour_way way;
};
/* State from the pictures so far; starts as zeros. */
struct shape_seen {
    AVRational sar;  /* of the first picture itself; the container may overrule it */
    bool interlaced; /* an interlaced picture has come; from then on a filter examines each one */
    bool turned;     /* the stream itself rotates its pictures, until its next key picture */
    int rotation;
    bool mirrored;
};
/* Returns the shape of the clip's next picture. The picture's own values take precedence over those
 * of its track. */
struct shape shape_of(const AVFrame *frame, const struct media_input *in, struct shape_seen *seen);
bool shape_same(const struct shape *a, const struct shape *b);
/* Writes the description of a filter graph that converts such pictures for the reel, or "" when
 * nothing has to be done. MSG_COLOUR_UNSUPPORTED. */
int shape_filters(const struct shape *s, const struct line *l, struct buf *b, struct err *e);
