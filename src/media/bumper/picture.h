/* media/bumper/picture: still pictures: the logo on its canvas, the poster. Room-internal. One
 * thread. */
#pragma once
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct media_limits;

/* The logo at `fd` (JPEG or PNG; -1: the built-in mark) fitted whole into width x height on its own
 * background colour, square pixels, as yuv420p BT.709 limited range. Errors as media_logo_form;
 * what is over a limit in another way, or cannot be decoded, is MSG_LOGO_BAD. */
int media_logo_frame(int fd, const struct media_limits *limits, int width, int height,
                     AVFrame **out, struct err *e);
/* The same for a track whose pixels are not square or whose numbers mean something else. */
struct picture_form {
    int width, height;
    AVRational pixel; /* its shape; 0: square */
    int matrix; /* as H.273 counts them; 2, not said: BT.601 below 720 lines and BT.709 from there
                   on, as players guess */
    bool full;  /* range, or limited */
};
int media_logo_frame_as(int fd, const struct media_limits *limits, const struct picture_form *form,
                        AVFrame **out, struct err *e);
/* Makes a yuv420p picture larger, by repeating its last column and row. */
int media_picture_extend(const AVFrame *from, int width, int height, AVFrame **out, struct err *e);
/* Writes a frame (yuv420p, BT.709 limited) as a JPEG to `fd` from offset 0; pixels that are not
 * square become so. */
int media_poster_write(const AVFrame *frame, int fd, int64_t *bytes, struct err *e);

/* mark.c: draws the built-in mark over the whole of an RGBA picture. */
void media_mark_draw(uint8_t *rgba, int stride_bytes, int width, int height);
