/* media/copy/sound: the sound of a copied reel: silence, the clip's own AAC packets, silence. When
 * those packets may not be copied, the clip's sound is encoded anew on the picture's clock.
 * Room-internal. Make all calls from one thread. An encoded sound has a second thread inside, which
 * writes to the mux until the sound has ended or is freed.
 *
 * Copied packets keep their place relative to the picture to the sample: an edit list skips the
 * excess of the silence packets before them. At their end, and at a hole in the track, silence
 * comes in whole packets, so sound is at most half a packet (12 ms) off there. A packet before the
 * body's first picture (the encoder's priming) plays under the bumper's end. */
#pragma once
#include "media/mux.h"

struct copy_sound;
struct err;
struct media_input;
struct media_job;

/* Returns why the clip's own packets cannot be copied; "" when they can. They must be AAC-LC, mono
 * or stereo, 44.1 or 48 kHz, with a plain AudioSpecificConfig. A clip without sound gives "no
 * sound". */
const char *copy_sound_reason(const struct media_input *in);
/* clock: of the pictures. origin_us: start of the body on the clip's clock. encode: encode even
 * packets that may be copied. Borrows job, in and plan until copy_sound_free. */
int copy_sound_open(struct copy_sound **out, const struct media_job *job, struct media_input *in,
                    const struct media_plan *plan, struct mux_clock clock, int64_t origin_us,
                    bool encode, struct err *e);
/* The parameters to open the mux with; they live as long as the sound. */
const AVCodecParameters *copy_sound_parameters(const struct copy_sound *s);
/* Starts the track in m, before the first packet is taken. m is borrowed until the sound is freed.
 * The first samples of the track may lie before 0: a player skips them. */
int copy_sound_begin(struct copy_sound *s, struct mux *m, struct err *e);
/* Takes a packet of the clip's sound track, in reading order, with its reference. The mux gets
 * sound as far as it has pictures, so those pictures must be certain to stay. ERR_UNSUPPORTED: the
 * track changes its format on the way, and the copy must be refused. */
int copy_sound_take(struct copy_sound *s, AVPacket *packet, struct err *e);
/* Returns whether a body of this many ticks has all the sound that it needs. Never true for a track
 * that ends early, so a reader must also stop by the pictures' time. */
bool copy_sound_enough(const struct copy_sound *s, int64_t body_ticks);
/* Ends the body: writes the rest of its sound, and silence to the end of the reel. */
int copy_sound_end(struct copy_sound *s, int64_t body_ticks, struct err *e);
/* Drops the rest and joins the encoding thread. Call before the mux is freed. */
void copy_sound_free(struct copy_sound *s);
void copy_sound_freep(struct copy_sound **s);
