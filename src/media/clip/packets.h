/* media/clip/packets: gives a clip's packets in one form, whatever the container, for the copy
 * path: pictures as in an avc1 track (units behind lengths of 4 bytes, parameter sets in the record
 * alone, no delimiters and no filler), with times; AAC as in an mp4a track. Only parses; decodes
 * nothing. Room-internal. */
#pragma once
#include "media/clip/input.h"

/* From this call on, the parameters of the input's tracks, and of decoders opened for them,
 * describe the packets of media_packets_read. A track that does not fit the form (another codec,
 * headers that cannot be found) stays unchanged. -1: no memory, or reading failed (in->io_errno).
 */
int media_packets_open(struct media_input *in);
/* Like av_read_frame. A packet that changes its track's headers keeps AV_PKT_DATA_NEW_EXTRADATA. A
 * packet whose units cannot be parsed comes out without bytes. */
int media_packets_read(struct media_input *in, AVPacket *out);
/* Seeks to the key picture at or before a time of the picture's track. Returns a libav error code
 * or 0. */
int media_packets_seek(struct media_input *in, int64_t at);
/* For media_input_close; NULL is allowed. */
void media_packets_free(struct packets *p);
