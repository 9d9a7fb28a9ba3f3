/* media/input: a stranger's file, opened under every limit: an AVIO over a descriptor, allow-lists
 * for containers and codecs, bounded probing. Room-internal. One thread. */
#pragma once
#include "core/reel.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct err;

struct media_input {
    AVFormatContext *fmt;
    AVIOContext *io;
    int fd; /* borrowed */
    int64_t bytes;
    int video, audio; /* stream index of the tracks that count; audio -1: none usable */
    struct media_facts facts;
    /* on the clip's own clock, in AV_TIME_BASE units: where its picture starts (not 0 in many
     * files) */
    int64_t first_us;
};
/* Opens, probes and fills the facts. Faults of the clip: EMPTY_FILE, NOT_A_VIDEO, PLAYLIST,
 * NO_VIDEO, IMAGE_ONLY, CODEC_UNSUPPORTED, TOO_MANY_PIXELS, ENCRYPTED, SHAPE_ABSURD, TRUNCATED. */
int media_input_open(struct media_input *in, int fd, const struct media_limits *limits,
                     struct err *e);
void media_input_close(struct media_input *in);
/* An opened decoder for a stream under the same lists and limits (max_pixels, threads); free with
 * avcodec_free_context. */
int media_input_decoder(struct media_input *in, int stream, const struct media_limits *limits,
                        AVCodecContext **out, struct err *e);
