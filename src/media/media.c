#include "media/media.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "media/bumper/bumper.h"
#include "media/bumper/logo.h"
#include "media/clip/packets.h"
#include "media/copy/copy.h"
#include "media/encode/encode.h"
#include "media/plan.h"
#include "media/receipt/verify.h"

#include <sys/resource.h>

static int open_clip(const struct media_job *job, struct media_input *in, struct media_plan *plan,
                     struct err *e)
{
    const struct media_clip clip = {.fd = job->clip_fd, .fetch = job->fetch, .arg = job->arg};
    if (media_input_open(in, &clip, &job->order->limits, e) < 0)
        return -1;
    return media_plan_make(&in->facts, job->order, plan, e);
}

/* Returns why the clip is not copied, or NULL when it was (write) or would be. failed: see *e. */
static const char *try_copy(const struct media_job *job, struct media_input *in,
                            struct media_plan *plan, bool write, struct render_report *out,
                            char why[REASON_SIZE], bool *failed, struct err *e)
{
    if (job->order->force_encode)
        return "encoding was asked for";
    if (media_packets_open(in) < 0) {
        *failed = true;
        err_set(e, ERR_SYSTEM, "clip: reading failed, or no memory");
        return NULL;
    }
    const char *rule = copy_rule_broken(in, plan, job->order);
    if (rule)
        return rule;
    struct media_plan as_stored;
    copy_plan(in, plan, &as_stored);
    switch (media_copy(job, in, &as_stored, write, out, why, e)) {
    case COPY_DONE:
        return NULL;
    case COPY_REFUSED:
        return why;
    case COPY_FAILED:
        break;
    }
    *failed = true;
    return NULL;
}

/* Puts why it is not copied before what is done to it. */
static void explain(struct media_plan *plan, const char *why)
{
    char done[REASON_SIZE];
    str_copy(done, sizeof(done), plan->reason);
    if (strncmp(done, why, strlen(why)) != 0)
        snprintf(plan->reason, sizeof(plan->reason), "%.77s%s%.120s", why, *done ? "; " : "", done);
}

/* The clip opened and the plan made, then the cheaper path that will do. */
static int make(const struct media_job *job, bool write, struct render_report *out, struct err *e)
{
    struct media_plan plan;
    char why[REASON_SIZE];
    bool failed = false;
    {
        AUTO(media_input_close) struct media_input in = {0};
        if (open_clip(job, &in, &plan, e) < 0)
            return -1;
        out->in = in.facts;
        const char *reason = try_copy(job, &in, &plan, write, out, why, &failed, e);
        out->warnings = in.warnings;
        if (!reason)
            return failed ? -1 : 0;
        str_copy(why, sizeof(why), reason);
    }
    explain(&plan, why);
    out->path = PATH_ENCODE;
    str_copy(out->reason, sizeof(out->reason), plan.reason);
    if (!write)
        return 0;
    return media_encode(job, &plan, out, e);
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
    case RENDER_LOGO:
        return media_logo_show(job, out, e);
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
