/* http/body/tus: a piece of an upload, by tus 1.0.0 (tus.io/protocols/resumable-upload). */
#pragma once
#include "http/server/route.h"

struct upload_row;

/* After the head is read, POST makes the upload and PATCH opens it; the body is a piece of it. */
extern const struct body_ops body_tus;

/* MSG_TUS_VERSION unless the request speaks tus 1.0.0. */
int tus_check_version(const struct request *r, struct err *e);
/* The upload's id from the path, in the arena. */
const char *tus_id(struct request *r);
/* For the handler, after the end of the body: ends the piece; *out tells the upload's new offset.
 * On failure, removes an upload that this request made. Slow. */
int tus_end(struct request *r, struct upload_row *out, struct err *e);
