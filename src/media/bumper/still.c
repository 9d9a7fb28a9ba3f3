/* A skipped macroblock of a P slice is the macroblock at the same place in the previous picture,
 * moved as its neighbours are. When all macroblocks are skipped, nothing moves, and the deblocking
 * filter has nothing to do. So such a picture equals the previous one exactly, in about ten bytes.
 */
#include "media/bumper/still.h"

#include "core/err.h"
#include "media/clip/bits.h"

#include <assert.h>

enum { SPS_ID_MAX = 31 };

static int not_ours(struct err *e, const char *what)
{
    return err_set(e, ERR_SYSTEM, "bumper: the encoder's parameter sets have %s", what);
}

static int sps_read(struct bits *b, struct still *s, struct err *e)
{
    uint32_t profile = bits_u(b, 8);
    (void)bits_u(b, 16);          /* constraints, level */
    (void)bits_ue(b, SPS_ID_MAX); /* the PPS's is the same */
    if (profile == 100) {
        if (bits_ue(b, 3) != 1)
            return not_ours(e, "another format than 4:2:0");
        (void)bits_ue(b, 6), (void)bits_ue(b, 6), (void)bits_flag(b); /* bits, bits, bypass */
        if (bits_flag(b))
            return not_ours(e, "scaling lists");
    }
    s->frame_num_bits = (int)bits_ue(b, 12) + 4;
    if (bits_ue(b, 2) != 2)
        return not_ours(e, "another order of pictures");
    (void)bits_ue(b, BITS_UE_MAX), (void)bits_flag(b); /* reference frames, gaps */
    uint32_t width = bits_ue(b, 1023) + 1, height = bits_ue(b, 1023) + 1;
    if (!bits_flag(b))
        return not_ours(e, "fields, or no size");
    s->macroblocks = width * height;
    return 0;
}

static int pps_read(struct bits *b, struct still *s, struct err *e)
{
    s->set_id = bits_ue(b, 255);
    (void)bits_ue(b, SPS_ID_MAX);
    if (bits_flag(b))
        return not_ours(e, "CABAC");
    (void)bits_flag(b);
    if (bits_ue(b, BITS_UE_MAX))
        return not_ours(e, "slice groups");
    s->references = (int)bits_ue(b, 31) + 1;
    (void)bits_ue(b, 31);
    if (bits_flag(b))
        return not_ours(e, "weights");
    (void)bits_u(b, 2);
    for (int i = 0; i < 3; i++) /* QP, SP's QP, chroma's */
        (void)bits_se(b, -INT32_MAX, INT32_MAX);
    s->deblocking_told = bits_flag(b);
    (void)bits_flag(b);
    return bits_flag(b) ? not_ours(e, "redundant pictures") : 0;
}

int still_open(const uint8_t *sps, size_t sps_bytes, const uint8_t *pps, size_t pps_bytes,
               struct still *out, struct err *e)
{
    struct bits s = bits_of_nal(sps, sps_bytes), p = bits_of_nal(pps, pps_bytes);
    struct still t = {0};
    if (sps_read(&s, &t, e) < 0 || pps_read(&p, &t, e) < 0)
        return -1;
    if (s.over || p.over)
        return not_ours(e, "no end, or numbers out of range");
    *out = t;
    return 0;
}

size_t still_write(const struct still *s, int64_t number, uint8_t out[STILL_BYTES_MAX])
{
    enum { P_ALL = 5, REFERENCE_SLICE = 2 << 5 | 1 };
    struct bits_writer w = bits_write(out, STILL_BYTES_MAX, REFERENCE_SLICE);
    bits_put_ue(&w, 0); /* first macroblock */
    bits_put_ue(&w, P_ALL);
    bits_put_ue(&w, s->set_id);
    bits_put_u(&w, (uint32_t)(number & ((1 << s->frame_num_bits) - 1)), s->frame_num_bits);
    bits_put_u(&w, s->references != 1, 1); /* one reference, the picture before */
    if (s->references != 1)
        bits_put_ue(&w, 0);
    bits_put_u(&w, 0, 1); /* references in their order */
    bits_put_u(&w, 0, 1); /* the oldest makes room */
    bits_put_se(&w, 0);   /* QP of the set */
    if (s->deblocking_told)
        bits_put_ue(&w, 1); /* off */
    bits_put_ue(&w, s->macroblocks);
    size_t len_bytes = bits_write_end(&w);
    assert(len_bytes > 0); /* all of these together have less than 40 bytes */
    return len_bytes;
}
