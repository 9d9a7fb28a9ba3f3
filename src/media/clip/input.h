/* media/clip/input: a stranger's file, opened under every limit: an AVIO over a descriptor,
 * allow-lists for containers and codecs, bounded probing. Room-internal. One thread. */
#pragma once
#include "core/reel.h"
#include "media/clip/boxes.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct err;
struct packets;

/* Must not be moved between open and close: the AVIO points at it. */
struct media_input {
    AVFormatContext *fmt;
    AVIOContext *io;
    struct media_clip clip;
    int64_t bytes, file_bytes; /* of the clip; with the picture that it lies behind */
    int video, audio;          /* stream index of the tracks that count; audio -1: none usable */
    struct media_facts facts;
    /* on the clip's own clock, in AV_TIME_BASE units: where its picture starts (not 0 in many
     * files) */
    int64_t first_us;
    int io_errno;             /* of a pread that failed: our fault, not the clip's */
    struct media_boxes boxes; /* mp4 family only */
    struct packets *packets;  /* packets.h; NULL: packets are libav's */
    unsigned warnings;        /* 1 << enum reel_warning: what no reel will have of the clip */
};
/* Opens, probes and fills the facts. The format is left where its packets begin. Faults of the
 * clip: EMPTY_FILE, NOT_A_VIDEO, PLAYLIST, NO_VIDEO, IMAGE_ONLY, NO_FRAMES, CODEC_UNSUPPORTED,
 * TOO_MANY_PIXELS, MEMORY_LIMIT, ENCRYPTED, SHAPE_ABSURD, TRUNCATED. A file whose index comes first
 * and whose data is cut is taken; its facts then speak of what is there. */
int media_input_open(struct media_input *in, const struct media_clip *clip,
                     const struct media_limits *limits, struct err *e);
void media_input_close(struct media_input *in);
/* An opened decoder for a stream under the same lists and limits (max_pixels, threads); free with
 * avcodec_free_context. */
int media_input_decoder(struct media_input *in, int stream, const struct media_limits *limits,
                        AVCodecContext **out, struct err *e);

/* The parts below are for this room's own files. */

/* Opens the container alone, without a look at codecs: *fmt and *io belong to the caller, reads go
 * through `in`. A libav error code or 0. */
int media_input_container(struct media_input *in, const AVInputFormat *format,
                          const struct media_limits *limits, AVFormatContext **fmt,
                          AVIOContext **io);
/* Frees what media_input_container gave; NULLs are fine. */
void media_container_close(AVFormatContext **fmt, AVIOContext **io);
/* facts.c: fills in->facts and in->first_us from an opened, probed input. */
int media_facts_fill(struct media_input *in, const struct media_limits *limits, struct err *e);
/* The display matrix {a b u; c d v; x y w} takes (x, y) to (ax + cy, bx + dy), y pointing down. It
 * is read as: mirror left and right if *mirrored, then turn clockwise. What is no such matrix
 * changes nothing. */
void media_turn_read(const int32_t *matrix, size_t size_bytes, int *rotation, bool *mirrored);
