/* media/verify: is this file a reel of ours? Room-internal. */
#pragma once
#include "media/media.h"

struct err;

/* Reads the reel at job->clip_fd afresh: one avc1 and one mp4a track, index first, 16:9 within a
 * pixel, square pixels, yuv420p, length within a frame of body + bumpers and within the profile,
 * rising timestamps, sound within 20 ms of picture at its end. Fills out->in. ERR_SYSTEM,
 * MSG_RECEIPT_FAILED. */
int media_verify(const struct media_job *job, struct render_report *out, struct err *e);
