/* media/encode/encode: the encode path: decoder, filter, encoder and sound in concurrent threads.
 * Bumpers are encoded once and joined as packets. Room-internal. */
#pragma once
#include "media/media.h"
#include "media/plan.h"

struct err;
struct media_input;

/* Makes the reel of a clip by plan into job->reel_fd (and the poster). Fills path, reason, body_us,
 * poster_bytes, warnings and out of the report as far as it knows them. A damaged clip is opened
 * and decoded twice, the second time carefully, so that its reel does not depend on the machine. */
int media_encode(const struct media_job *job, const struct media_plan *plan,
                 struct render_report *out, struct err *e);
