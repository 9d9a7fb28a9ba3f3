/* media/clip/lists: which demuxers and decoders a stranger's file may meet. Room-internal, pure. */
#pragma once
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct err;

/* Names between commas, as libav's white lists have them; decoders.def says why each. */
extern const char media_formats_allowed[], media_codecs_allowed[];

enum format_kind {
    FORMAT_CLIP,    /* allowed */
    FORMAT_LIST,    /* of other files */
    FORMAT_IMAGE,   /* that stands still */
    FORMAT_SOUND,   /* alone */
    FORMAT_REFUSED, /* holds moving pictures, and is not taken */
    FORMAT_OTHER,
};
/* name: of a demuxer. */
enum format_kind media_format_kind(const char *name);
/* The decoder that a track would get; NULL: none that is allowed. */
const AVCodec *media_decoder_of(const AVStream *st);
/* Says that there is none, by the name that people know the track's coding by. Returns -1. */
int media_codec_refused(const AVStream *st, struct err *e);
/* Looks the allow-lists up once. */
void media_input_warm_up(void);
