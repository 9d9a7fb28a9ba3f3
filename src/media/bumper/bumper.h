/* media/bumper/bumper: the logo as H.264 packets, encoded once, used at both ends of a reel.
 * Room-internal.
 *
 * Packets are as an avc1 track has them: NAL units behind lengths of 4 bytes, no parameter sets
 * among them (ISO/IEC 14496-15). So a bumper can be kept in a file and stand beside any packets
 * whose track has its parameter sets too. */
#pragma once
#include "core/reel.h"

#include <libavcodec/avcodec.h>

struct err;
struct media_job;

/* The most that a file of packets may have. */
enum { BUMPER_FILE_BYTES_MAX = 32 * 1024 * 1024 };
/* Counts up whenever the same logo, shape and libraries give another file: that is what keeps the
 * service from handing out old ones. */
enum { BUMPER_FORM = 2 };

struct bumper {
    AVPacket **packets; /* in decode order; pts in frames from 0; without reordering */
    int count;
    int first_id;  /* idr_pic_id of its first picture: 0 or 1 */
    uint8_t *sets; /* its SPS and PPS as an avcC record */
    int sets_bytes;
};
/* The packets for a shape: those that the service keeps (job->bumper), else made here from the logo
 * at job->logo_fd. */
int bumper_get(const struct media_job *job, const struct bumper_shape *shape, struct bumper *out,
               struct err *e);
/* The same, made here in any case. */
int bumper_encode(const struct media_job *job, const struct bumper_shape *shape, struct bumper *out,
                  struct err *e);
/* RENDER_BUMPER: makes them and writes the file; its last 32 bytes are the SHA-256 of the others.
 */
int bumper_file(const struct media_job *job, struct err *e);
/* Reads such a file. ERR_SYSTEM when it is damaged or of another shape. */
int bumper_read(int fd, const struct bumper_shape *shape, struct bumper *out, struct err *e);
void bumper_clear(struct bumper *b);

/* The same kind of packets for pictures that move, with the shape's own parameter sets: each frame
 * that next() gives (borrowed until it is called again; NULL: the end) becomes one. shape->frames
 * is not looked at. first_id: as of bumper_make. `failed` is asked after the end. */
int bumper_moving(const struct bumper_shape *shape, int first_id, const AVFrame *(*next)(void *arg),
                  bool (*failed)(void *arg, struct err *e), void *arg, struct bumper *out,
                  struct err *e);

/* For the encode path: packets of `frame` shown `frames` times, made with a fresh encoder, as it
 * gives them. first_id: two neighbouring IDR pictures must differ in their idr_pic_id (H.264
 * 7.4.3), or a decoder may take them for one. */
int bumper_make(AVCodecContext *fresh, AVFrame *frame, int64_t frames, int first_id,
                struct bumper *out, struct err *e);
