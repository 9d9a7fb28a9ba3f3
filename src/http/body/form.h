/* http/body/form: the multipart/form-data body of an upload. The bytes of its file go to the
 * storage as they come; its fields are kept in memory. */
#pragma once
#include "http/server/route.h"

struct task_upload;

extern const struct body_ops body_form;

/* For the handler, after the end of the body. Texts live as long as the request. */
enum form_field { FIELD_FIT, FIELD_START, FIELD_TITLE, FORM_FIELDS };
/* The text of a field; NULL: not sent. */
const char *form_field(const struct request *r, enum form_field i);
/* The client's name for the file; NULL: no file. */
const char *form_file_name(const struct request *r);
/* The Idempotency-Key header; NULL: none. */
const char *form_key(const struct request *r);
/* Gives the upload to the caller. */
struct task_upload *form_take(const struct request *r);
