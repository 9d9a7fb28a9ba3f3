/* media/clip/sets: what an avc1 track says of its pictures before the first of them: the avcC
 * record (ISO/IEC 14496-15, 5.3.3) with its sequence and picture parameter sets (ITU-T
 * H.264, 7.3.2.1 and 7.3.2.2), and the NAL units of a packet. Room-internal. Pure: bytes in,
 * numbers out; every read is checked, for the bytes are a stranger's. */
#pragma once
#include "media/clip/units.h"
#include <stdbool.h>

#include <stdint.h>

/* One sequence parameter set, as far as copying asks. */
struct sps {
    int id, profile_idc, constraints, level_idc;
    int chroma_format, luma_bits, chroma_bits;
    bool frames_only;  /* no field or frame of fields can be coded */
    int width, height; /* after cropping */
    int coded_width, coded_height;
    int sar_num, sar_den; /* 0: not said */
    bool full_range;
    int primaries, transfer, matrix; /* 2: not said */
    int reorder;                     /* frames, -1: not said */
    int frame_num_bits;              /* of a slice's frame_num */
    int order_type, order_bits;      /* pic_order_cnt_type; bits of a slice's pic_order_cnt_lsb */
};
struct sets {
    const uint8_t *record; /* borrowed */
    int record_bytes;
    int length_bytes; /* of the length before each NAL unit */
    int sps_count, pps_count;
    uint32_t ids;   /* 1 << id for every id below 32 that a set of either kind has */
    struct sps sps; /* the first */
};
/* NULL, or why it cannot be read (a fixed text). */
const char *sets_read(const uint8_t *record, int len_bytes, struct sets *out);
/* Whether a track of this size hides the last rows or columns of such pictures, less than a block:
 * decoders heed that, and no other disagreement about the size. */
bool sets_hidden(const struct sps *s, int width, int height);
/* An id that no set has, or -1. */
int sets_free_id(const struct sets *s);
/* A record with the sets of both, for a track that has pictures of both; profile and level are
 * those that cover both. NULL: no memory, or it does not fit the form. Free with free(). */
uint8_t *sets_merge(const struct sets *a, const struct sets *b, int *len_bytes);
/* Walks the NAL units of a packet (lengths of 4 bytes). *idr: it is an IDR picture. NULL, or why
 * the packet cannot be copied (a fixed text). */
const char *sets_packet(const struct sets *s, const uint8_t *data, int len_bytes, bool *idr);
/* Whether a NAL unit is one of the sets. */
bool sets_known(const struct sets *s, const uint8_t *nal, int len_bytes);
/* What a picture's first slice says of its place in the showing order (7.3.3), where order_type is
 * 0. False: there is no slice, or it cannot be read. */
struct order {
    bool idr, reference;
    int low;      /* pic_order_cnt_lsb */
    unsigned set; /* pic_parameter_set_id */
};
bool sets_order(const struct sets *s, struct units u, struct order *out);
/* Whether all that the picture of a packet refers to came before it (7.4.3): frame_num, counted by
 * each picture that others refer to, has no hole. *previous: that of the last such picture, -1: not
 * known; it is moved on. For packets that sets_packet took, of pictures coded as frames.
 * NULL, or what is wrong (a fixed text). */
const char *sets_follows(const struct sets *s, const uint8_t *data, int len_bytes, int *previous);
/* Whether a packet (lengths of 4 bytes) holds an IDR picture, from which on a decoder needs nothing
 * that came before. */
bool sets_has_idr(const uint8_t *data, int len_bytes);
