/* worker/reel: makes a reel together with its receipt. One child makes the reel; a second, fresh
 * child, which never sees the clip, checks the file. A copied reel that fails its receipt is made
 * again on the encode path. An encoded reel that fails its receipt is a fault of ours, and is made
 * once more with the encoder's plainest settings. Thread-safe, as jail_run is. */
#pragma once
#include "jail/jail.h"

/* Called for each reel that fails its receipt: its report, and the item that failed with the
 * figures. arg is the job's. */
typedef void reel_refused(void *arg, const struct render_report *made, const struct err *why);
/* job is a RENDER_MAKE. Its limits and its tick cover all children together, and its reel_fd must
 * be readable. In the report, the second child's facts about the reel replace the first child's,
 * and the receipt is added; `remade` is set when the reel is not the first one made.
 * MSG_RECEIPT_FAILED when the last try fails too; otherwise errors as of jail_run. */
int reel_make(struct jail *j, const struct jail_job *job, reel_refused *refused,
              struct render_report *out, struct err *e);
/* Opens a second, read-only descriptor on the same file; -1 when there is no /proc. */
int reel_read_only(int fd);
