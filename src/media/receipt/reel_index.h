/* media/receipt/reel_index: reads the index of a finished reel with our own code, not with the
 * library that wrote it: the time and place of every packet, and none of the packets' bytes
 * (ISO/IEC 14496-12). Room-internal. The file is not trusted; every read is checked. */
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
    int64_t empty_us; /* initial time for which nothing is shown */
    int64_t skipped;  /* ticks: media time at which the track then begins */
    int64_t shown_us; /* by the edit list; without a list, by the packets */
    bool odd_edits;   /* more than one edit besides the empty one, or an edit with another speed */
    struct reel_packet *packets; /* in decode order */
    int count;
    int64_t end; /* ticks: dts of the last packet plus its duration */
};
enum { REEL_TRACKS_MAX = 4 };
struct reel_index {
    int64_t shown_us; /* of the movie */
    bool fragments;   /* there may be media outside this index */
    struct reel_track track[REEL_TRACKS_MAX];
    int tracks; /* number in the file; may exceed REEL_TRACKS_MAX */
};
/* Returns NULL, or why the index cannot be read (a fixed text); then out needs no clearing. */
const char *reel_index_read(int fd, int64_t file_bytes, struct reel_index *out);
void reel_index_clear(struct reel_index *x);
