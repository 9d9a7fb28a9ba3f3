/* media/encode/shape: what a decoded picture is, and the filters that make it what the encoder
 * takes. Room-internal. */
#pragma once
#include "core/str.h"
#include "media/colour.h"
#include "media/encode/line.h"

#include <libavutil/frame.h>

/* All that may change from one picture of a clip to the next. */
struct shape {
    int width, height; /* as stored */
    enum AVPixelFormat format;
    AVRational sar;
    int rotation; /* as in the facts */
    bool mirrored;
    bool interlaced;
    struct colour colour; /* settled */
    enum colour_way way;
};
/* What the pictures so far have said; starts as zeros. */
struct shape_seen {
    AVRational sar;  /* of the first picture in its own words; the container may overrule it */
    bool interlaced; /* one was; from then on each is looked at by the filter that knows */
    bool turned;     /* by the stream itself, until its next key picture */
    int rotation;
    bool mirrored;
};
/* The shape of the clip's next picture. Its own words come before those of its track. */
struct shape shape_of(const AVFrame *frame, const struct media_input *in, struct shape_seen *seen);
bool shape_same(const struct shape *a, const struct shape *b);
/* The description of a filter graph that makes such pictures the reel's, or "" when nothing has to
 * be done. MSG_COLOUR_UNSUPPORTED. */
int shape_filters(const struct shape *s, const struct line *l, struct buf *b, struct err *e);
