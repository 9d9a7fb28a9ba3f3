/* core/profile_json: a profile as people send and see it; in core_json, as core/reel_json. */
#pragma once
#include "core/reel.h"

#include <jansson.h>

struct err;

/* New references, the caller's to json_decref: {"bumper_s":2.0,...,"fit":"pad","preset":"..."}; and
 * what each value may be: {"crf":{"min":0,"max":51},"fit":["pad",...],...}. */
json_t *profile_json(const struct profile *p);
json_t *profile_ranges_json(void);
/* Takes over those values that o has; *p is changed only when all of it then passes profile_check.
 * MSG_FIELD_TYPE, MSG_PROFILE_BAD. */
int profile_from_json(const json_t *o, struct profile *p, struct err *e);
