/* media/receipt/verify: is this file a reel of ours? Room-internal. */
#pragma once
#include "media/media.h"

struct err;

/* Looks at the reel at job->clip_fd afresh, item by item (enum receipt_item), and fills out->in and
 * out->receipt; order->body_us is how long its body is to be. ERR_SYSTEM with MSG_RECEIPT_FAILED:
 * the text names the item that fails first, and its numbers.
 *
 * It costs a few milliseconds and some pictures' decoding, whatever the reel's size: of the packets
 * the index alone is read, but for those of the bumpers and around the seams. */
int media_verify(const struct media_job *job, struct render_report *out, struct err *e);
