/* worker/reel: a reel together with its receipt. One child makes it; a second, fresh one, which
 * never sees the clip, looks at what was written. A copied reel that fails its receipt is made
 * again on the encode path; an encoded one that does is our fault, and is made once more with the
 * plainest settings of the encoder. Thread-safe, as jail_run is. */
#pragma once
#include "jail/jail.h"

/* Told of each reel that fails its receipt: what it was, and which item failed with what figures.
 * arg is the job's. */
typedef void reel_refused(void *arg, const struct render_report *made, const struct err *why);
/* job is a RENDER_MAKE; its limits and its tick are for all the children together, and the reel's
 * descriptor can be read. The report takes the second child's word on the reel, and holds its
 * receipt; `remade` when it is not the first. MSG_RECEIPT_FAILED when the last try fails too; else
 * as jail_run. */
int reel_make(struct jail *j, const struct jail_job *job, reel_refused *refused,
              struct render_report *out, struct err *e);
/* A second descriptor on the same file, that cannot write; -1 when there is no /proc. */
int reel_read_only(int fd);
