/* core/reel_json: facts and reports as JSON, in one form for the API, `--json` and the task row. It
 * is a library of its own (core_json), so that the media helper does not load jansson. */
#pragma once
#include "core/reel.h"

#include <jansson.h>

/* Flags for json_dumps. They write 5.8 as 5.8 and not as 5.7999999999999998. */
#define JSON_FORM (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* All functions return new references; the caller calls json_decref. */
json_t *media_facts_json(const struct media_facts *f);
/* [{"code": "sound_unreadable", "message": "..."}, ...]; warnings: 1 << enum reel_warning. */
json_t *reel_warnings_json(unsigned warnings, enum lang lang);
/* The warnings of a report are in English. A caller that shows them in another language uses their
 * codes. */
json_t *render_report_json(const struct render_report *r);
