/* media/copy/recode: pictures of a copied body that are encoded: those before the first that can be
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
    struct bumper_shape shape; /* of the coded pictures; its frames are not looked at */
    int first_id;              /* of the first one's IDR picture */
    int64_t from, until;       /* in the track's time base: shown from `from` on, before `until` */
    /* NULL, or: packets of pictures that were read already; these and no others are decoded. What
     * cannot be shown whole before the first that can is left out */
    AVPacket *const *ready;
    int ready_count;
    /* decoding begins at the picture that is shown at `key`; else at the key picture before `from`
     */
    bool by_key;
    int64_t key;
    /* NULL, or: packets of the sound track that are met on the way; it takes their references */
    int (*sound)(void *arg, AVPacket *packet, struct err *e);
    /* NULL: no packet ends it. Or: whether a packet of pictures is an IDR picture that could be
     * copied; *wrong: why it cannot */
    bool (*is_idr)(void *arg, const AVPacket *packet, const char **wrong);
    /* NULL, or: one more is encoded, which is shown so long after the first, in the track's time
     * base */
    void (*each)(void *arg, int64_t since);
    void *arg;
};
struct recoded {
    struct bumper coded; /* in the order of showing, which is that of decoding; may be none */
    int64_t *pts;        /* when each is shown, in the track's time base */
    AVPacket *idr;       /* the packet that ended it, if there is one; it comes next */
    const char *refused; /* why there is nothing to be had; fixed text */
};
/* Seeks to the key picture before `from`, and decodes on from there, or what is ready. 0, with
 * out->refused set when the clip does not fit; -1 with *e. */
int recode(const struct recode_order *order, struct recoded *out, struct err *e);
void recoded_clear(struct recoded *r);
