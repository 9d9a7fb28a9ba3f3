/* media/clip/bits: the bits of an H.264 NAL unit, read and written in the order of a syntax table
 * (ITU-T H.264, 7.2 and 7.3) with the exp-Golomb codes of 9.1. A reader of plain bytes serves other
 * records that are written most significant bit first, such as AudioSpecificConfig. Room-internal.
 * Pure: the bytes are borrowed, nothing is allocated.
 *
 * Reading: the bytes are a stranger's, so every read is checked. A read that goes beyond the end,
 * or meets a number that its syntax element may not have, sets `over` and gives 0; so does every
 * later read. A parser therefore reads all elements of a structure and looks at `over` once, before
 * it believes any of them; a loop over a count that was read also ends when `over` is set.
 *
 *     struct bits b = bits_of_nal(nal, len_bytes);
 *     uint32_t id = bits_ue(&b, 255);
 *     uint32_t of = bits_ue(&b, 31);
 *     if (b.over)
 *         return false;
 *
 * The end is that of the bytes: the stop bit and the zeros behind it (7.3.2.11) count as bits. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest number of ue(v): its code has 31 zeros before the first one (9.1, table 9-2). */
#define BITS_UE_MAX (UINT32_MAX - 1)

/* Read only `over`; the functions below own the rest. */
struct bits {
    const uint8_t *at, *end;
    uint8_t byte; /* the one being read */
    int left;     /* bits of it that are not read yet */
    int zeros;    /* bytes of zero just read, 2 at most; -1: the bytes are plain */
    bool over;
};
/* The bits behind the one byte of a NAL unit's header, without its emulation prevention bytes: a 3
 * behind two zeros (7.3.1, 7.4.1). A unit without a byte reads as one that has ended. */
struct bits bits_of_nal(const uint8_t *nal, size_t len_bytes);
/* All bits of plain bytes. */
struct bits bits_of_bytes(const uint8_t *data, size_t len_bytes);
/* u(n), 0 to 32 bits, the most significant first. */
uint32_t bits_u(struct bits *b, int count);
/* u(1) as a flag. */
bool bits_flag(struct bits *b);
/* ue(v), 0 to `most`, which is BITS_UE_MAX at most. */
uint32_t bits_ue(struct bits *b, uint32_t most);
/* se(v), `least` to `most`, a range that holds 0 (9.1.1). The widest is -INT32_MAX to INT32_MAX. */
int32_t bits_se(struct bits *b, int32_t least, int32_t most);

/* Writing a NAL unit. What does not fit sets `over`, and nothing more is written. */
struct bits_writer {
    uint8_t *to;
    size_t room, len_bytes; /* of `to`, which is borrowed */
    uint8_t byte;           /* the one being written */
    int used;               /* bits of it that are written */
    int zeros;              /* bytes of zero just written, 2 at most */
    bool over;
};
/* Begins with the header of a NAL unit, a byte that is not 0. */
struct bits_writer bits_write(uint8_t *to, size_t room, uint8_t header);
/* u(n), 0 to 32 bits. */
void bits_put_u(struct bits_writer *w, uint32_t value, int count);
/* ue(v); a value above BITS_UE_MAX has no code and sets `over`. */
void bits_put_ue(struct bits_writer *w, uint32_t value);
/* se(v); INT32_MIN has no code and sets `over`. */
void bits_put_se(struct bits_writer *w, int32_t value);
/* The stop bit and zeros up to a whole byte (7.3.2.11). The bytes of the unit; 0: `over`. */
size_t bits_write_end(struct bits_writer *w);
