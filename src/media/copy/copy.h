/* media/copy: the copy path: bumper, the clip's own packets, bumper, in one avc1 track, nothing
 * decoded. Room-internal. ITU-T H.264 is the source of every rule about pictures, ISO/IEC 14496-12
 * and -15 of those about the file. */
#pragma once
#include "media/media.h"
#include "media/plan.h"

struct err;
struct media_input;

/* The first rule that the clip breaks, as a sentence for `probe` and for the report; NULL when its
 * packets may be copied. Strict: when in doubt, a reason. Looks at the head alone: what only shows
 * on the way (a gap in the times, other headers in band) ends media_copy with COPY_REFUSED. */
const char *copy_rule_broken(struct media_input *in, const struct media_plan *plan,
                             const struct render_order *order);

/* The plan of a copy: the canvas is the clip's picture as it is stored, its pixels are the clip's.
 */
void copy_plan(const struct media_input *in, const struct media_plan *plan, struct media_plan *out);

/* Bits a second that a copied picture track has at most: on average over the clip, and over what of
 * it comes into the reel. */
double copy_bits_most(const struct profile *p);

enum copied { COPY_DONE, COPY_REFUSED, COPY_FAILED };
/* Makes the reel of an opened clip by a plan of copy_plan into job->reel_fd (with write false: only
 * looks at every packet that would be copied). COPY_REFUSED: the clip broke a rule on the way; why
 * (REASON_SIZE) says which, the reel descriptor is empty again and the encode path is to be taken.
 * COPY_FAILED: *e. */
enum copied media_copy(const struct media_job *job, struct media_input *in,
                       const struct media_plan *plan, bool write, struct render_report *out,
                       char why[REASON_SIZE], struct err *e);
