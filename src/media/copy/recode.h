/* media/copy/recode: encodes pictures of a copied body: those before the first picture that can be
 * copied, up to an IDR picture, and those behind the last safe point. Room-internal. */
#pragma once
#include "media/bumper/bumper.h"

struct err;
struct media_input;
struct media_plan;

struct recode_order {
    struct media_input *in;
    const struct media_plan *plan;
    const struct media_limits *limits;
    struct bumper_shape shape; /* of the coded pictures; its frames are ignored */
    int first_id;              /* idr_pic_id of the first IDR picture */
    int64_t from,
        until; /* in the track's time base: pictures shown from `from` on, before `until` */
    /* Packets of pictures that were read already; then only these are decoded. Pictures before the
     * first that decodes completely are left out. NULL: read the clip */
    AVPacket *const *ready;
    int ready_count;
    /* decode from the picture that is shown at `key`; else from the key picture before `from` */
    bool by_key;
    int64_t key;
    /* Receives packets of the sound track that are read on the way; takes their references. NULL:
     * none */
    int (*sound)(void *arg, AVPacket *packet, struct err *e);
    /* Returns whether a packet of pictures is an IDR picture that could be copied, which ends the
     * part; *wrong: why it cannot. NULL: no packet ends the part */
    bool (*is_idr)(void *arg, const AVPacket *packet, const char **wrong);
    /* Called for each encoded picture with its display time after the first one, in the track's
     * time base. NULL: not called */
    void (*each)(void *arg, int64_t since);
    void *arg;
};
struct recoded {
    struct bumper coded; /* in display order, which is also decode order; may be empty */
    int64_t *pts;        /* display time of each, in the track's time base */
    AVPacket *idr;       /* the packet that ended the part; NULL: none. The copy goes on with it */
    const char *refused; /* why the pictures cannot be encoded (a fixed text) */
};
/* Seeks to the key picture before `from` and decodes from there, or decodes `ready`. Returns 0,
 * with out->refused set when the clip does not fit, or -1 with *e. */
int recode(const struct recode_order *order, struct recoded *out, struct err *e);
void recoded_clear(struct recoded *r);
