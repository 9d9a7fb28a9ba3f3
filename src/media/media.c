#include "media/media.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "media/bumper.h"
#include "media/clip/input.h"
#include "media/encode/encode.h"
#include "media/plan.h"
#include "media/verify.h"

#include <sys/resource.h>

/* The clip opened and the plan made; RENDER_PROBE ends here. */
static int make(const struct media_job *job, bool write, struct render_report *out, struct err *e)
{
    AUTO(media_input_close) struct media_input in = {0};
    if (media_input_open(&in, job->clip_fd, &job->order->limits, e) < 0)
        return -1;
    struct media_plan plan;
    if (media_plan_make(&in.facts, job->order, &plan, e) < 0)
        return -1;
    out->in = in.facts;
    out->path = plan.path;
    str_copy(out->reason, sizeof(out->reason), plan.reason);
    return write ? media_encode(job, &in, &plan, out, e) : 0;
}

static int run(const struct media_job *job, struct render_report *out, struct err *e)
{
    switch (job->order->op) {
    case RENDER_PROBE:
        return make(job, false, out, e);
    case RENDER_MAKE:
        return make(job, true, out, e);
    case RENDER_VERIFY:
        return media_verify(job, out, e);
    case RENDER_BUMPER:
        return bumper_file(job, e);
    }
    return err_set(e, ERR_SYSTEM, "media: unknown order %d", (int)job->order->op);
}

int media_run(const struct media_job *job, struct render_report *out, struct err *e)
{
    int64_t began_ms = clock_mono_ms();
    struct render_report r = {0};
    if (run(job, &r, e) < 0)
        return -1;
    struct rusage use;
    if (getrusage(RUSAGE_SELF, &use) == 0)
        r.peak_memory_bytes = (int64_t)use.ru_maxrss * 1024;
    r.wall_us = (clock_mono_ms() - began_ms) * 1000;
    *out = r;
    return 0;
}
