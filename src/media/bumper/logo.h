/* media/bumper/logo: checks the file of a logo before a decoder reads it, and draws the logo part
 * of a reel. Room-internal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct media_job;
struct render_report;

enum { LOGO_PIXELS_MAX = 24 * 1000 * 1000 };
/* Checks the form of the file. *png: true for PNG, false for JPEG. MSG_LOGO_TYPE: neither;
 * MSG_LOGO_PIXELS: the header claims more than LOGO_PIXELS_MAX; MSG_LOGO_BAD: truncated or
 * malformed. Never reads past the end of data. */
int media_logo_form(const uint8_t *data, size_t len_bytes, bool *png, struct err *e);
/* For a PNG that passed media_logo_form: makes the decoder skip chunks that only describe the
 * picture. Such chunks may be compressed, so the size of the picture would not limit their size. */
void media_logo_plain(uint8_t *data, size_t len_bytes);
/* RENDER_LOGO. */
int media_logo_show(const struct media_job *job, struct render_report *out, struct err *e);
