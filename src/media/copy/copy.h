/* media/copy: the copy path: bumper, the clip's own packets, bumper, in one avc1 track; nothing is
 * decoded. Room-internal. Sources: ITU-T H.264 for every rule about pictures, ISO/IEC 14496-12 and
 * -15 for the rules about the file. */
#pragma once
#include "media/media.h"
#include "media/plan.h"

struct err;
struct media_input;

/* Returns the first rule that the clip breaks, as a sentence for `probe` and the report; NULL when
 * the packets may be copied. Strict: doubt is a reason. Reads the head of the clip alone; a fault
 * further on (a gap in the times, other headers in band) ends media_copy with COPY_REFUSED. */
const char *copy_rule_broken(struct media_input *in, const struct media_plan *plan,
                             const struct render_order *order);

/* Makes the plan of a copy: the canvas has the size of the clip's stored picture and the clip's
 * pixel shape. */
void copy_plan(const struct media_input *in, const struct media_plan *plan, struct media_plan *out);

/* Limit of a copied picture track in bits per second, both for the whole clip on average and for
 * the part that gets into the reel. */
double copy_bits_most(const struct profile *p);

enum copied { COPY_DONE, COPY_REFUSED, COPY_FAILED };
/* Copies an opened clip into job->reel_fd, by a plan of copy_plan. write false: only checks every
 * packet that would be copied. COPY_REFUSED: the clip broke a rule on the way; why (REASON_SIZE)
 * names it, the reel's file is empty again, and the caller must take the encode path. COPY_FAILED:
 * *e. */
enum copied media_copy(const struct media_job *job, struct media_input *in,
                       const struct media_plan *plan, bool write, struct render_report *out,
                       char why[REASON_SIZE], struct err *e);
