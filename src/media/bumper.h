/* media/bumper: the logo as packets, encoded once, used at both ends. Room-internal. */
#pragma once
#include <libavcodec/avcodec.h>
#include <stdint.h>

struct err;

struct bumper {
    AVPacket **packets; /* in decode order; pts in frames from 0 */
    int count;
    int first_id; /* idr_pic_id of its first picture: 0 or 1 */
};
/* Encodes `frame` shown `frames` times with a fresh encoder. first_id: two neighbouring IDR
 * pictures must differ in their idr_pic_id (H.264 7.4.3), or a decoder may take them for one. */
int bumper_make(AVCodecContext *fresh, AVFrame *frame, int64_t frames, int first_id,
                struct bumper *out, struct err *e);
void bumper_clear(struct bumper *b);
