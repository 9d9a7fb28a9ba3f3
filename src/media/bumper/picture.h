/* media/bumper/picture: still pictures: the logo on its canvas, the poster. Room-internal. One
 * thread. */
#pragma once
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct media_limits;

/* Draws the logo at `fd` (JPEG or PNG; -1: the built-in mark) whole and centred on width x height,
 * on its own background colour, with square pixels, as yuv420p BT.709 limited range. Errors as of
 * media_logo_form; also MSG_LOGO_BAD for a logo that exceeds another limit or cannot be decoded. */
int media_logo_frame(int fd, const struct media_limits *limits, int width, int height,
                     AVFrame **out, struct err *e);
/* The same for a track with pixels that are not square, or with another colour matrix or range. */
struct picture_form {
    int width, height;
    AVRational pixel; /* shape of a pixel; 0: square */
    int matrix; /* as H.273 counts them; 2, not said: BT.601 below 720 lines and BT.709 from there
                   on, as players guess */
    bool full;  /* full range; else limited */
};
int media_logo_frame_as(int fd, const struct media_limits *limits, const struct picture_form *form,
                        AVFrame **out, struct err *e);
/* Copies a yuv420p picture to a larger size and repeats its last column and row. */
int media_picture_extend(const AVFrame *from, int width, int height, AVFrame **out, struct err *e);
/* Writes a frame (yuv420p, BT.709 limited) as a JPEG to `fd` from offset 0. Pixels that are not
 * square are scaled to square ones. */
int media_poster_write(const AVFrame *frame, int fd, int64_t *bytes, struct err *e);

/* mark.c: draws the built-in mark over an entire RGBA picture. */
void media_mark_draw(uint8_t *rgba, int stride_bytes, int width, int height);
