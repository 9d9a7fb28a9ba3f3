/* core/reel_json: facts and reports as JSON, for the API, `--json` and the task row; one shape
 * everywhere. A library of its own (core_json), so that the media helper does not load jansson. */
#pragma once
#include "core/reel.h"

#include <jansson.h>

/* Flags of json_dumps: 5.8 is written 5.8 and not 5.7999999999999998. */
#define JSON_FORM (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* New references, the caller's to json_decref. */
json_t *media_facts_json(const struct media_facts *f);
/* [{"code": "sound_unreadable", "message": "..."}, ...]; warnings: 1 << enum reel_warning. */
json_t *reel_warnings_json(unsigned warnings, enum lang lang);
/* Its warnings are in English; who shows them to others says them anew by their codes. */
json_t *render_report_json(const struct render_report *r);
