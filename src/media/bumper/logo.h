/* media/bumper/logo: what a logo's file says of itself before a decoder sees it, and how the logo
 * part of a reel will look. Room-internal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct media_job;
struct render_report;

enum { LOGO_PIXELS_MAX = 24 * 1000 * 1000 };
/* *png: PNG, else JPEG. MSG_LOGO_TYPE: neither; MSG_LOGO_PIXELS: over LOGO_PIXELS_MAX by its own
 * word; MSG_LOGO_BAD: cut off, or not as such a file is built. Reads beyond no end. */
int media_logo_form(const uint8_t *data, size_t len_bytes, bool *png, struct err *e);
/* For a PNG that has such a form: has the decoder pass over what only describes the picture. It may
 * be compressed, and the picture's size then says nothing about how large it becomes. */
void media_logo_plain(uint8_t *data, size_t len_bytes);
/* RENDER_LOGO. */
int media_logo_show(const struct media_job *job, struct render_report *out, struct err *e);
