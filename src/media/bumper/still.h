/* media/bumper/still: H.264 pictures that show the one before them again, written without an
 * encoder: each is one P slice in which every macroblock is skipped (ITU-T H.264 7.3.4).
 * Room-internal. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct err;

enum { STILL_BYTES_MAX = 64 };
/* What such slices need to know of their parameter sets. */
struct still {
    int frame_num_bits;
    unsigned set_id;
    int references; /* that the set makes a slice begin with */
    int deblocking_told;
    unsigned macroblocks;
};
/* Reads the NAL units of an SPS and a PPS. ERR_SYSTEM: they are not of frames only, coded by
 * exp-Golomb codes (CAVLC), in output order (pic_order_cnt_type 2), without weights. */
int still_open(const uint8_t *sps, size_t sps_bytes, const uint8_t *pps, size_t pps_bytes,
               struct still *out, struct err *e);
/* Writes the NAL unit of the picture that comes `number` pictures after its IDR picture; its bytes.
 */
size_t still_write(const struct still *s, int64_t number, uint8_t out[STILL_BYTES_MAX]);
