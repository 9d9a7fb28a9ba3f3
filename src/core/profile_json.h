/* core/profile_json: a profile as JSON, for the API. Part of the library core_json, like
 * core/reel_json. */
#pragma once
#include "core/reel.h"

#include <jansson.h>

struct err;

/* Both return new references; the caller calls json_decref. The first:
 * {"bumper_s":2.0,...,"fit":"pad","preset":"..."}. The second, what each value may be:
 * {"crf":{"min":0,"max":51},"fit":["pad",...],...}. */
json_t *profile_json(const struct profile *p);
json_t *profile_ranges_json(void);
/* Copies the values that o has into *p. *p changes only when the result passes profile_check.
 * MSG_FIELD_TYPE, MSG_PROFILE_BAD. */
int profile_from_json(const json_t *o, struct profile *p, struct err *e);
