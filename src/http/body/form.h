/* http/body/form: the multipart/form-data of an upload: its file goes on to the storage as it
 * comes, its fields are kept. */
#pragma once
#include "http/server/route.h"

struct task_upload;

extern const struct body_ops body_form;

/* For the handler, when the body has ended. Texts live as long as the request. */
enum form_field { FIELD_FIT, FIELD_START, FIELD_TITLE, FORM_FIELDS };
/* A field's text; NULL: not sent. */
const char *form_field(const struct request *r, enum form_field i);
/* What the client calls the file; NULL: no file. */
const char *form_file_name(const struct request *r);
/* The Idempotency-Key; NULL: none. */
const char *form_key(const struct request *r);
/* Gives the upload to the caller. */
struct task_upload *form_take(const struct request *r);
