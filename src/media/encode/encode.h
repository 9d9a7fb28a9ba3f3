/* media/encode/encode: the encode path: decoder, filter and encoder in overlapping threads, sound
 * beside them, bumpers encoded once and joined as packets. Room-internal. */
#pragma once
#include "media/media.h"
#include "media/plan.h"

struct err;
struct media_input;

/* Makes the reel of an opened clip by plan into job->reel_fd (and the poster). Fills path, reason,
 * body_us, poster_bytes and out of the report as far as it knows them. */
int media_encode(const struct media_job *job, struct media_input *in, const struct media_plan *plan,
                 struct render_report *out, struct err *e);
