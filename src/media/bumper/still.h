/* media/bumper/still: H.264 pictures that repeat the previous picture, written without an encoder:
 * each is one P slice in which every macroblock is skipped (ITU-T H.264 7.3.4). Room-internal. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct err;

enum { STILL_BYTES_MAX = 64 };
/* The values of the parameter sets that such slices need. */
struct still {
    int frame_num_bits;
    unsigned set_id;
    int references; /* the set's default number of references of a slice */
    int deblocking_told;
    unsigned macroblocks;
};
/* Reads the NAL units of an SPS and a PPS. ERR_SYSTEM: the sets are not frames only, CAVLC, output
 * order (pic_order_cnt_type 2), and without weighted prediction. */
int still_open(const uint8_t *sps, size_t sps_bytes, const uint8_t *pps, size_t pps_bytes,
               struct still *out, struct err *e);
/* Writes the NAL unit of the picture `number` pictures after its IDR picture; returns its bytes. */
size_t still_write(const struct still *s, int64_t number, uint8_t out[STILL_BYTES_MAX]);
