/* media/encode/track: writes a sound track to the mux: consecutive AAC packets, each 1024 samples
 * long, and silence. Room-internal.
 *
 * An encoder that is fed only zeros gives the same packet again and again. That packet stands for
 * any stretch of silence, so silence need not be encoded again. */
#pragma once
#include <libavcodec/avcodec.h>

struct err;
struct mux;

enum {
    TRACK_PACKET = 1024, /* samples */
    TRACK_SETTLED = 4,   /* after so many frames of zeros the encoder has forgotten earlier sound */
};

struct track {
    struct mux *mux;   /* borrowed */
    AVPacket *silence; /* one packet; owned */
    int64_t next;      /* pts of the next packet, in samples */
    int64_t end;       /* cut the last packet here; INT64_MAX: not known yet */
    AVPacket *scratch; /* owned */
};
/* c is a fresh encoder, and the caller may use it afterwards. *owed (NULL allowed): by how many
 * packets its next packet lies before the next frame that it is fed. Call track_clear after a
 * failure too. */
int track_init(struct track *t, struct mux *mux, AVCodecContext *c, int *owed, struct err *e);
void track_clear(struct track *t);
/* Writes the next packet; takes its reference. */
int track_put(struct track *t, AVPacket *packet, struct err *e);
/* Writes whole packets of silence while the track ends before `until`. */
int track_silence(struct track *t, int64_t until, struct err *e);
/* Makes a frame of silence for the encoder; NULL: no memory. */
AVFrame *track_frame(const AVCodecContext *c);
