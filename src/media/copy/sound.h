/* media/copy/sound: the sound of a copied reel: silence, the clip's own AAC packets, silence; or,
 * where those may not be copied, the clip's sound encoded anew on the picture's clock.
 * Room-internal. All calls from one thread; where
 * sound is encoded there is a second one inside, which writes to the mux until the sound has ended
 * or is freed.
 *
 * Copied packets keep their place against the picture to the sample: an edit list skips what the
 * whole packets of silence before them are too long. At their end, and where a track has a hole,
 * silence comes in whole packets, so sound is at most half a packet (12 ms) off there. A packet
 * that belongs before the body's first picture (the encoder's priming) plays under the bumper's
 * end. */
#pragma once
#include "media/mux.h"

struct copy_sound;
struct err;
struct media_input;
struct media_job;

/* Why the clip's own packets cannot be used: "" when they can. They can be AAC-LC, mono or stereo,
 * 44.1 or 48 kHz, told so by a plain AudioSpecificConfig. No sound at all is "no sound". */
const char *copy_sound_reason(const struct media_input *in);
/* clock: of the pictures. origin_us: on the clip's clock, where the body begins. encode: encode
 * even what may be copied. job, in and plan are borrowed for as long as the sound lives. */
int copy_sound_open(struct copy_sound **out, const struct media_job *job, struct media_input *in,
                    const struct media_plan *plan, struct mux_clock clock, int64_t origin_us,
                    bool encode, struct err *e);
/* What the mux is opened with; lives as long as the sound. */
const AVCodecParameters *copy_sound_parameters(const struct copy_sound *s);
/* Before the first packet is taken: where the track goes. m is borrowed until the sound is freed.
 * The first samples of the track may be before 0: what a player skips. */
int copy_sound_begin(struct copy_sound *s, struct mux *m, struct err *e);
/* A packet of the clip's sound track, in reading order; takes its reference. The mux gets sound as
 * far as it has pictures, so those must be certain to stay. ERR_UNSUPPORTED: the track changes its
 * kind on the way, and the copy is to be refused. */
int copy_sound_take(struct copy_sound *s, AVPacket *packet, struct err *e);
/* Whether a body of so many ticks has all the sound that it needs. Never so for a track that ends
 * early: who reads for it minds the pictures' time too. */
bool copy_sound_enough(const struct copy_sound *s, int64_t body_ticks);
/* The body has ended: the rest of its sound and silence to the end of the reel. */
int copy_sound_end(struct copy_sound *s, int64_t body_ticks, struct err *e);
/* Gives the rest up and joins the thread that encodes: before the mux is freed. */
void copy_sound_free(struct copy_sound *s);
void copy_sound_freep(struct copy_sound **s);
