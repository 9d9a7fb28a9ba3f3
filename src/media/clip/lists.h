/* media/clip/lists: the demuxers and decoders that may read a stranger's file. Room-internal, pure.
 */
#pragma once
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct err;

/* Comma-separated names, in the form of libav's allow-lists; decoders.def gives the reasons. */
extern const char media_formats_allowed[], media_codecs_allowed[];

enum format_kind {
    FORMAT_CLIP,    /* allowed */
    FORMAT_LIST,    /* a list of other files */
    FORMAT_IMAGE,   /* a still picture */
    FORMAT_SOUND,   /* sound alone */
    FORMAT_REFUSED, /* moving pictures in a format that is not allowed */
    FORMAT_OTHER,
};
/* Classifies a demuxer by its name. */
enum format_kind media_format_kind(const char *name);
/* The allowed decoder for a track; NULL: there is none. */
const AVCodec *media_decoder_of(const AVStream *st);
/* Sets the error for a track without an allowed decoder; the text uses the coding's common name.
 * Returns -1. */
int media_codec_refused(const AVStream *st, struct err *e);
/* Looks up the allow-lists once. */
void media_input_warm_up(void);
