/* media/encode/track: a sound track on its way to the mux: packets of AAC one after another, each
 * 1024 samples long, and silence. Room-internal.
 *
 * Fed nothing but zeros, the encoder gives the same packet over and over. That packet stands for
 * any stretch of silence, and need not be encoded again. */
#pragma once
#include <libavcodec/avcodec.h>

struct err;
struct mux;

enum {
    TRACK_PACKET = 1024, /* samples */
    TRACK_SETTLED = 4, /* so many frames of zeros on end, and the encoder has forgotten the rest */
};

struct track {
    struct mux *mux;   /* borrowed */
    AVPacket *silence; /* one packet; owned */
    int64_t next;      /* pts of the next packet, in samples */
    int64_t end;       /* the last packet is cut here; INT64_MAX while that is not known */
    AVPacket *scratch; /* owned */
};
/* The encoder is fresh, and may be used on. *owed (NULL: who cares): the next packet that it gives
 * lies so many packets before the next frame that it is fed. Clear it after a failure too. */
int track_init(struct track *t, struct mux *mux, AVCodecContext *c, int *owed, struct err *e);
void track_clear(struct track *t);
/* The next packet, whose reference is taken. */
int track_put(struct track *t, AVPacket *packet, struct err *e);
/* Whole packets of silence while the track ends before `until`. */
int track_silence(struct track *t, int64_t until, struct err *e);
/* A frame of silence for the encoder; NULL: no memory. */
AVFrame *track_frame(const AVCodecContext *c);
