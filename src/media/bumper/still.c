/* A skipped macroblock of a P slice is the macroblock at the same place in the previous picture,
 * moved as its neighbours are. When all macroblocks are skipped, nothing moves, and the deblocking
 * filter has nothing to do. So such a picture equals the previous one exactly, in about ten bytes.
 */
#include "media/bumper/still.h"

#include "core/err.h"
#include "core/mem.h"

struct bits {
    uint8_t data[256]; /* without emulation prevention */
    size_t count, at;  /* bits; beyond the end are zeros */
};

static int bits_of(const uint8_t *nal, size_t bytes, struct bits *b)
{
    size_t n = 0, zeros = 0;
    if (bytes < 2 || bytes > sizeof(b->data))
        return -1;
    for (size_t i = 1; i < bytes; i++) {
        if (zeros >= 2 && nal[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal[i] ? 0 : zeros + 1;
        b->data[n++] = nal[i];
    }
    b->count = 8 * n;
    b->at = 0;
    return 0;
}

static unsigned get(struct bits *b, int count)
{
    unsigned v = 0;
    for (; count > 0; count--, b->at++)
        v = v << 1 | (b->at < b->count ? b->data[b->at / 8] >> (7 - b->at % 8) & 1U : 0);
    return v;
}

static unsigned get_ue(struct bits *b)
{
    int zeros = 0;
    while (zeros < 31 && b->at < b->count && !get(b, 1))
        zeros++;
    return (1U << zeros) - 1 + get(b, zeros);
}

static int not_ours(struct err *e, const char *what)
{
    return err_set(e, ERR_SYSTEM, "bumper: the encoder's parameter sets have %s", what);
}

static int sps_read(struct bits *b, struct still *s, struct err *e)
{
    unsigned profile = get(b, 8);
    (void)get(b, 16); /* constraints, level */
    (void)get_ue(b);  /* its id: the PPS's is the same */
    if (profile == 100) {
        if (get_ue(b) != 1)
            return not_ours(e, "another format than 4:2:0");
        (void)get_ue(b), (void)get_ue(b), (void)get(b, 1); /* bits, bits, bypass */
        if (get(b, 1))
            return not_ours(e, "scaling lists");
    }
    s->frame_num_bits = (int)get_ue(b) + 4;
    if (s->frame_num_bits > 16 || get_ue(b) != 2)
        return not_ours(e, "another order of pictures");
    (void)get_ue(b), (void)get(b, 1); /* reference frames, gaps */
    unsigned width = get_ue(b) + 1, height = get_ue(b) + 1;
    if (width > 1024 || height > 1024 || !get(b, 1))
        return not_ours(e, "fields, or no size");
    s->macroblocks = width * height;
    return 0;
}

static int pps_read(struct bits *b, struct still *s, struct err *e)
{
    s->set_id = get_ue(b);
    (void)get_ue(b);
    if (get(b, 1))
        return not_ours(e, "CABAC");
    (void)get(b, 1);
    if (get_ue(b))
        return not_ours(e, "slice groups");
    s->references = (int)get_ue(b) + 1;
    (void)get_ue(b);
    if (get(b, 1))
        return not_ours(e, "weights");
    (void)get(b, 2);
    (void)get_ue(b), (void)get_ue(b), (void)get_ue(b); /* QP, SP's QP, chroma's */
    s->deblocking_told = (int)get(b, 1);
    (void)get(b, 1);
    return get(b, 1) ? not_ours(e, "redundant pictures") : 0;
}

int still_open(const uint8_t *sps, size_t sps_bytes, const uint8_t *pps, size_t pps_bytes,
               struct still *out, struct err *e)
{
    struct bits s, p;
    struct still t = {0};
    if (bits_of(sps, sps_bytes, &s) < 0 || bits_of(pps, pps_bytes, &p) < 0)
        return not_ours(e, "no such length");
    if (sps_read(&s, &t, e) < 0 || pps_read(&p, &t, e) < 0)
        return -1;
    if (s.at > s.count || p.at > p.count)
        return not_ours(e, "no end");
    *out = t;
    return 0;
}

static void put(struct bits *b, unsigned value, int count)
{
    for (int i = count - 1; i >= 0; i--, b->count++)
        if (value >> i & 1)
            b->data[b->count / 8] |= (uint8_t)(0x80 >> b->count % 8);
}

static void put_ue(struct bits *b, unsigned value)
{
    int bits = 0;
    while ((value + 1) >> (bits + 1))
        bits++;
    put(b, 0, bits);
    put(b, value + 1, bits + 1);
}

size_t still_write(const struct still *s, int64_t number, uint8_t out[STILL_BYTES_MAX])
{
    enum { P_ALL = 5, REFERENCE_SLICE = 2 << 5 | 1 };
    struct bits b = {.count = 0};
    put_ue(&b, 0); /* first macroblock */
    put_ue(&b, P_ALL);
    put_ue(&b, s->set_id);
    put(&b, (unsigned)(number & ((1 << s->frame_num_bits) - 1)), s->frame_num_bits);
    put(&b, s->references != 1, 1); /* one reference, the picture before */
    if (s->references != 1)
        put_ue(&b, 0);
    put(&b, 0, 1); /* references in their order */
    put(&b, 0, 1); /* the oldest makes room */
    put_ue(&b, 0); /* QP of the set */
    if (s->deblocking_told)
        put_ue(&b, 1); /* off */
    put_ue(&b, s->macroblocks);
    put(&b, 1, 1);
    size_t n = 0, zeros = 0;
    out[n++] = REFERENCE_SLICE;
    for (size_t i = 0; i < (b.count + 7) / 8; i++) {
        if (zeros == 2 && b.data[i] <= 3) {
            out[n++] = 3;
            zeros = 0;
        }
        zeros = b.data[i] ? 0 : zeros + 1;
        out[n++] = b.data[i];
    }
    return n;
}
