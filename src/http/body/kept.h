/* http/body/kept: bodies that are kept in memory unparsed, up to a limit. */
#pragma once
#include "core/str.h"
#include "http/server/route.h"

#include <jansson.h>

extern const struct body_ops body_json; /* 64 KiB */
extern const struct body_ops body_logo; /* LOGO_BYTES_MAX */

/* The bytes of the body; they live until the request ends. */
struct str body_bytes(const struct request *r);
/* Parses the body as a JSON object, which the caller frees. NULL with MSG_JSON_BAD: it is not one.
 */
json_t *body_object(const struct request *r, struct err *e);
