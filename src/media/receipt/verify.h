/* media/receipt/verify: checks whether a file is a reel of ours. Room-internal. */
#pragma once
#include "media/media.h"

struct err;

/* Checks the reel at job->clip_fd afresh, item by item (enum receipt_item), and fills out->in and
 * out->receipt. order->body_us is the expected length of the body. ERR_SYSTEM with
 * MSG_RECEIPT_FAILED: the text names the first item that fails, with its figures.
 *
 * The cost is a few milliseconds and the decoding of some pictures, whatever the reel's size: the
 * packets of the bumpers and around the seams are read, and of all others only the index. */
int media_verify(const struct media_job *job, struct render_report *out, struct err *e);
