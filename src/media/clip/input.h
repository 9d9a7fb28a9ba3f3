/* media/clip/input: opens a stranger's file under every limit: an AVIO over a descriptor,
 * allow-lists for containers and codecs, bounded probing. Room-internal. One thread. */
#pragma once
#include "core/reel.h"
#include "media/clip/boxes.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct err;
struct packets;

/* Do not move this struct between open and close: the AVIO points at it. */
struct media_input {
    AVFormatContext *fmt;
    AVIOContext *io;
    struct media_clip clip;
    int64_t bytes, file_bytes; /* of the clip; of its file, with the still picture before it */
    int video, audio;          /* index of the stream to use; audio -1: no usable sound */
    struct media_facts facts;
    /* start of the clip's picture on the clip's own clock, in AV_TIME_BASE units (not 0 in many
     * files) */
    int64_t first_us;
    int io_errno;             /* of a failed pread: our fault, not the clip's */
    struct media_boxes boxes; /* mp4 family only */
    struct packets *packets;  /* see packets.h; NULL: packets come from libav unchanged */
    unsigned warnings;        /* 1 << enum reel_warning: parts of the clip that no reel will have */
};
/* Opens and probes the clip and fills the facts. The format stays at its first packets. Faults of
 * the clip: EMPTY_FILE, NOT_A_VIDEO, PLAYLIST, NO_VIDEO, IMAGE_ONLY, NO_FRAMES, CODEC_UNSUPPORTED,
 * TOO_MANY_PIXELS, MEMORY_LIMIT, ENCRYPTED, SHAPE_ABSURD, TRUNCATED. A truncated file whose index
 * comes first is accepted; its facts then describe the part that is present. */
int media_input_open(struct media_input *in, const struct media_clip *clip,
                     const struct media_limits *limits, struct err *e);
void media_input_close(struct media_input *in);
/* Opens a decoder for a stream under the same allow-lists and limits (max_pixels, threads); free it
 * with avcodec_free_context. */
int media_input_decoder(struct media_input *in, int stream, const struct media_limits *limits,
                        AVCodecContext **out, struct err *e);

/* -- for the files of this room -- */

/* Opens the container alone, without probing codecs. The caller owns *fmt and *io; reads go through
 * `in`. Returns a libav error code or 0. */
int media_input_container(struct media_input *in, const AVInputFormat *format,
                          const struct media_limits *limits, AVFormatContext **fmt,
                          AVIOContext **io);
/* Frees what media_input_container opened; NULLs are allowed. */
void media_container_close(AVFormatContext **fmt, AVIOContext **io);
/* facts.c: fills in->facts and in->first_us from an opened, probed input. */
int media_facts_fill(struct media_input *in, const struct media_limits *limits, struct err *e);
/* Reads a display matrix. {a b u; c d v; x y w} maps (x, y) to (ax + cy, bx + dy), y pointing down.
 * The result means: first mirror left and right if *mirrored, then rotate clockwise by *rotation.
 * Any other matrix leaves the outputs unchanged. */
void media_turn_read(const int32_t *matrix, size_t size_bytes, int *rotation, bool *mirrored);
