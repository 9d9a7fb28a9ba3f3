/* media/report: what is said of a reel once it is made; the same for both paths. Room-internal. */
#pragma once
#include "media/plan.h"

struct mux;

/* Fills path, reason, body_us and out of the report. sound: what the track holds. */
void media_report(const struct media_plan *plan, enum path path, const char *reason,
                  const struct mux *mux, int64_t body_us, int audio_hz, int audio_channels,
                  const char *video_profile, struct render_report *out);
