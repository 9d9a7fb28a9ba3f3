/* media/clip/packets: a clip's packets in the one form that a copy knows, whatever its container:
 * pictures as in an avc1 track (units behind lengths of 4 bytes, parameter sets in the record
 * alone, no delimiters and no filling), with times; AAC as in an mp4a track. Parsing only: nothing
 * is decoded. Room-internal. */
#pragma once
#include "media/clip/input.h"

/* From now on the parameters of the input's tracks, and of decoders opened for them, are those of
 * what media_packets_read gives. What does not fit the form (another codec, headers that cannot be
 * found) is left as it is. -1: no memory, or reading failed (in->io_errno). */
int media_packets_open(struct media_input *in);
/* As av_read_frame. A packet that changes its track's headers keeps AV_PKT_DATA_NEW_EXTRADATA;
 * units that cannot be read become a packet without bytes. */
int media_packets_read(struct media_input *in, AVPacket *out);
/* To the key picture at or before a time of the picture's track; a libav error code or 0. */
int media_packets_seek(struct media_input *in, int64_t at);
/* Of media_input_close; NULL is fine. */
void media_packets_free(struct packets *p);
