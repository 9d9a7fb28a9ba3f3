/* core/reel_json: facts and reports as JSON, for the API, `--json` and the task row; one shape
 * everywhere. A library of its own (core_json), so that the media helper does not load jansson. */
#pragma once
#include "core/reel.h"

#include <jansson.h>

/* New references, the caller's to json_decref. */
json_t *media_facts_json(const struct media_facts *f);
json_t *render_report_json(const struct render_report *r);
