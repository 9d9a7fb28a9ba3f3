/* media/receipt/reel_index: the index of a finished reel, read by our own eyes rather than by the
 * library that wrote it: the time and the place of every packet, without a byte of payload (ISO/IEC
 * 14496-12). Room-internal. The bytes are not to be trusted; every read is checked. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct reel_packet {
    int64_t dts, pts; /* ticks of the track, before its edit list */
    int64_t at;       /* offset in the file */
    int bytes;
    bool key;
};
struct reel_track {
    char kind[5];  /* "vide", "soun" */
    char entry[5]; /* type of its first sample description */
    int descriptions;
    bool enabled;
    int64_t ticks_per_s;
    int64_t empty_us; /* nothing is shown for so long at first */
    int64_t skipped;  /* ticks: where in the track it begins then */
    int64_t shown_us; /* by the edit list; without one, by the packets */
    bool odd_edits;   /* more than one edit besides the empty one, or one of another speed */
    struct reel_packet *packets; /* in decoding order */
    int count;
    int64_t end; /* ticks: dts of the last packet and its length */
};
enum { REEL_TRACKS_MAX = 4 };
struct reel_index {
    int64_t shown_us; /* of the movie */
    bool fragments;   /* more is to come outside the index */
    struct reel_track track[REEL_TRACKS_MAX];
    int tracks; /* may be more than are kept */
};
/* NULL, or why it cannot be read (a fixed text); then nothing is to be cleared. */
const char *reel_index_read(int fd, int64_t file_bytes, struct reel_index *out);
void reel_index_clear(struct reel_index *x);
