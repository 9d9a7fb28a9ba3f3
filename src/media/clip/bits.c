#include "media/clip/bits.h"

#include <assert.h>

enum { PLAIN = -1, EMULATION_PREVENTION = 3, UE_ZEROS_MAX = 31 };

struct bits bits_of_nal(const uint8_t *nal, size_t len_bytes)
{
    if (len_bytes == 0)
        return bits_of_bytes(nal, 0);
    return (struct bits){.at = nal + 1, .end = nal + len_bytes};
}

struct bits bits_of_bytes(const uint8_t *data, size_t len_bytes)
{
    return (struct bits){.at = data, .end = len_bytes ? data + len_bytes : data, .zeros = PLAIN};
}

static uint32_t give_up(struct bits *b)
{
    b->at = b->end;
    b->left = 0;
    b->over = true;
    return 0;
}

static bool next_byte(struct bits *b)
{
    if (b->zeros == 2 && b->at < b->end && *b->at == EMULATION_PREVENTION) {
        b->at++;
        b->zeros = 0;
    }
    if (b->at == b->end)
        return false;
    b->byte = *b->at++;
    b->left = 8;
    if (b->zeros != PLAIN)
        b->zeros = b->byte ? 0 : b->zeros < 2 ? b->zeros + 1 : 2;
    return true;
}

uint32_t bits_u(struct bits *b, int count)
{
    assert(count >= 0 && count <= 32);
    uint64_t v = 0;
    while (count > 0) {
        if (b->left == 0 && !next_byte(b))
            return give_up(b);
        int n = count < b->left ? count : b->left;
        b->left -= n;
        count -= n;
        v = v << n | (b->byte >> b->left & ((1U << n) - 1));
    }
    return (uint32_t)v;
}

bool bits_flag(struct bits *b)
{
    return bits_u(b, 1) != 0;
}

uint32_t bits_ue(struct bits *b, uint32_t most)
{
    int zeros = 0;
    while (!b->over && !bits_flag(b))
        if (++zeros > UE_ZEROS_MAX)
            return give_up(b);
    uint32_t rest = bits_u(b, zeros);
    if (b->over)
        return 0;
    uint32_t v = (UINT32_C(1) << zeros) - 1 + rest;
    return v <= most ? v : give_up(b);
}

int32_t bits_se(struct bits *b, int32_t least, int32_t most)
{
    uint32_t k = bits_ue(b, BITS_UE_MAX);
    int32_t v = k & 1 ? (int32_t)(k / 2 + 1) : -(int32_t)(k / 2);
    return v >= least && v <= most ? v : (int32_t)give_up(b);
}

static void put_byte(struct bits_writer *w, uint8_t byte)
{
    bool guard = w->zeros == 2 && byte <= EMULATION_PREVENTION;
    if (w->room - w->len_bytes < 1U + guard) {
        w->over = true;
        return;
    }
    if (guard) {
        w->to[w->len_bytes++] = EMULATION_PREVENTION;
        w->zeros = 0;
    }
    w->to[w->len_bytes++] = byte;
    w->zeros = byte ? 0 : w->zeros + 1;
}

struct bits_writer bits_write(uint8_t *to, size_t room, uint8_t header)
{
    struct bits_writer w = {.to = to, .room = room};
    put_byte(&w, header);
    return w;
}

void bits_put_u(struct bits_writer *w, uint32_t value, int count)
{
    assert(count >= 0 && count <= 32);
    for (int i = count - 1; i >= 0 && !w->over; i--) {
        w->byte = (uint8_t)(w->byte << 1 | (value >> i & 1));
        if (++w->used == 8) {
            put_byte(w, w->byte);
            w->used = 0;
        }
    }
}

void bits_put_ue(struct bits_writer *w, uint32_t value)
{
    if (value > BITS_UE_MAX) {
        w->over = true;
        return;
    }
    int zeros = 0;
    while ((value + 1) >> zeros > 1)
        zeros++;
    bits_put_u(w, 0, zeros);
    bits_put_u(w, value + 1, zeros + 1);
}

void bits_put_se(struct bits_writer *w, int32_t value)
{
    uint32_t size = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
    bits_put_ue(w, value == INT32_MIN ? UINT32_MAX : value > 0 ? 2 * size - 1 : 2 * size);
}

size_t bits_write_end(struct bits_writer *w)
{
    bits_put_u(w, 1, 1);
    if (w->used > 0)
        bits_put_u(w, 0, 8 - w->used);
    return w->over ? 0 : w->len_bytes;
}
