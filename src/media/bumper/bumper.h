/* media/bumper/bumper: the logo as H.264 packets, encoded once, used at both ends of a reel.
 * Room-internal.
 *
 * Packets have the form of an avc1 track: each NAL unit follows a length of 4 bytes, and parameter
 * sets are stored apart (ISO/IEC 14496-15). So a bumper can be kept in a file, and can stand beside
 * any packets whose track also has the bumper's parameter sets. */
#pragma once
#include "core/reel.h"

#include <libavcodec/avcodec.h>

struct err;
struct media_job;

/* Raise this whenever the same logo, shape and libraries would give another file. Then the service
 * no longer hands out kept bumpers of the old form. */
enum { BUMPER_FORM = 2 };

struct bumper {
    AVPacket **packets; /* in decode order, without reordering; pts counts frames from 0 */
    int count;
    int first_id;  /* idr_pic_id of its first picture: 0 or 1 */
    uint8_t *sets; /* its SPS and PPS, as an avcC record */
    int sets_bytes;
};
/* Gets the packets for a shape: the service's kept ones (job->bumper), else makes them from the
 * logo at job->logo_fd. */
int bumper_get(const struct media_job *job, const struct bumper_shape *shape, struct bumper *out,
               struct err *e);
/* Like bumper_get, but always makes the packets here. */
int bumper_encode(const struct media_job *job, const struct bumper_shape *shape, struct bumper *out,
                  struct err *e);
/* RENDER_BUMPER: makes the packets and writes the file. The last 32 bytes of the file are the
 * SHA-256 of the bytes before them. */
int bumper_file(const struct media_job *job, struct err *e);
/* Reads such a file. ERR_SYSTEM: the file is damaged, or of another shape. */
int bumper_read(int fd, const struct bumper_shape *shape, struct bumper *out, struct err *e);
void bumper_clear(struct bumper *b);

/* Encodes moving pictures in the same form, with the shape's own parameter sets: each frame that
 * next() returns becomes a packet. The frame is borrowed until the next call; NULL is the end.
 * Ignores shape->frames. first_id: see bumper_make. Calls `failed` after the end to learn whether
 * next() failed. */
int bumper_moving(const struct bumper_shape *shape, int first_id, const AVFrame *(*next)(void *arg),
                  bool (*failed)(void *arg, struct err *e), void *arg, struct bumper *out,
                  struct err *e);

/* For the encode path: encodes `frame`, shown `frames` times, with a fresh encoder. Packets have
 * the form that the encoder gives. first_id: the idr_pic_id of the first picture; two neighbouring
 * IDR pictures must differ in it (H.264 7.4.3), or a decoder may take them for one picture. */
int bumper_make(AVCodecContext *fresh, AVFrame *frame, int64_t frames, int first_id,
                struct bumper *out, struct err *e);
