/* http/body/tus: a piece of an upload, by tus 1.0.0 (tus.io/protocols/resumable-upload). */
#pragma once
#include "http/server/route.h"

struct upload_row;

/* POST makes the upload when the head is read, PATCH opens it; bytes are its piece. */
extern const struct body_ops body_tus;

/* MSG_TUS_VERSION unless the request speaks tus 1.0.0. */
int tus_check_version(const struct request *r, struct err *e);
/* The id in the path, in the arena. */
const char *tus_id(struct request *r);
/* For the handler: ends the piece, whose bytes have come; *out says how far the upload is. When it
 * fails, an upload that this request made is gone. Slow. */
int tus_end(struct request *r, struct upload_row *out, struct err *e);
