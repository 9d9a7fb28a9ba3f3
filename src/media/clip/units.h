/* media/clip/units: the NAL units of a piece of H.264, behind start codes (ITU-T H.264, annex B) or
 * behind lengths (ISO/IEC 14496-15, 5.3.2). Room-internal. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unit_type {
    UNIT_SLICE = 1,
    UNIT_IDR = 5,
    UNIT_SEI = 6,
    UNIT_SPS = 7,
    UNIT_PPS = 8,
    UNIT_DELIMITER = 9,
    UNIT_END = 10,
    UNIT_END_STREAM = 11,
    UNIT_FILLER = 12,
};
struct units {
    const uint8_t *at, *end; /* the piece, what of it is left; borrowed */
    int length_bytes;        /* 1 to 4; 0: start codes */
    bool bad;                /* set at the end: a length does not fit */
};
/* The next unit, at least a byte of it, without the zeros that may follow before a start code; NULL
 * at the end. */
const uint8_t *units_next(struct units *u, size_t *len_bytes);
