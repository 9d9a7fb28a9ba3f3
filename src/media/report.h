/* media/report: fills the report about a finished reel, the same for both paths. Room-internal. */
#pragma once
#include "media/plan.h"

struct mux;

/* Fills path, reason, body_us and out of the report. audio_hz, audio_channels: of the sound track.
 */
void media_report(const struct media_plan *plan, enum path path, const char *reason,
                  const struct mux *mux, int64_t body_us, int audio_hz, int audio_channels,
                  const char *video_profile, struct render_report *out);
