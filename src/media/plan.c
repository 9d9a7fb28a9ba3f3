#include "media/plan.h"

#include "core/err.h"

int media_plan_make(const struct media_facts *f, const struct render_order *order,
                    struct media_plan *out, struct err *e)
{
    (void)f, (void)order, (void)out;
    return err_set(e, ERR_SYSTEM, "plan: not made yet");
}
