/* media/picture: still pictures: the logo on its canvas, the poster. Room-internal. One thread. */
#pragma once
#include <libavutil/frame.h>
#include <stdint.h>

struct err;
struct media_limits;

/* The logo at `fd` (JPEG or PNG; -1: the built-in mark) fitted whole into width x height on its own
 * background colour, square pixels, as yuv420p BT.709 limited range. MSG_LOGO_BAD. */
int media_logo_frame(int fd, const struct media_limits *limits, int width, int height,
                     AVFrame **out, struct err *e);
/* Writes a frame (yuv420p, BT.709 limited) as a JPEG to `fd` from offset 0. */
int media_poster_write(const AVFrame *frame, int fd, int64_t *bytes, struct err *e);

/* mark.c: draws the built-in mark over the whole of an RGBA picture. */
void media_mark_draw(uint8_t *rgba, int stride_bytes, int width, int height);
