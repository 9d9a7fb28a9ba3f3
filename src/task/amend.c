#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "task/task_impl.h"

#include <math.h>

/* All that can be said before anything is changed. */
static int check(const struct task_row *row, const struct task_amend *how, bool remake,
                 int64_t start_us, struct err *e)
{
    if ((how->title && task_check_title(how->title, e) < 0) ||
        (how->start_s >= 0 && task_check_start(how->start_s, e) < 0))
        return -1;
    if ((unsigned)how->fit > FIT_UNSAID)
        return task_fit_bad(e);
    if (!remake)
        return 0;
    if (strcmp(row->error_slug, msg_slug(MSG_FILE_LOST)) == 0)
        return err_msg(e, MSG_REMAKE_STATE, "the clip of task %lld is gone", (long long)row->id);
    if (row->length_us && start_us >= row->length_us)
        return err_parameter(e, "start", "0 to under %.6g (seconds), where the clip ends",
                             (double)row->length_us / 1e6);
    return 0;
}

static int remake_it(struct tasks *t, const struct task_row *row, enum fit fit, int64_t start_us,
                     struct err *e)
{
    struct task_change c = {.id = row->id,
                            .user_id = row->user_id,
                            .reset_attempts = true,
                            .remake = true,
                            .fit = fit,
                            .start_us = start_us};
    bool done = false;
    if (task_happen(t->store, TASK_EVENT_REMAKE, &c, &done, e) < 0)
        return -1;
    if (!done) /* deleted in this moment */
        return err_msg(e, MSG_TASK_NOT_FOUND, "task %lld is deleted", (long long)row->id);
    log_info(t->log, "task is made anew", "task", row->id, "was", task_state_name(row->state),
             "request", row->request);
    return 0;
}

int task_amend(struct tasks *t, struct arena *a, int64_t id, int64_t user_id,
               const struct task_amend *how, struct task_row *out, struct err *e)
{
    struct task_row row;
    if (store_task_get(t->store, a, id, user_id, &row, e) < 0)
        return -1;
    enum fit fit = how->fit == (enum fit)FIT_UNSAID ? row.fit : how->fit;
    int64_t start_us = how->start_s >= 0 ? llround(how->start_s * 1e6) : row.start_us;
    bool remake = fit != row.fit || start_us != row.start_us;
    if (check(&row, how, remake, start_us, e) < 0 ||
        (remake && remake_it(t, &row, fit, start_us, e) < 0) ||
        (how->title && strcmp(how->title, row.title) != 0 &&
         store_task_rename(t->store, id, user_id, how->title, e) < 0))
        return -1;
    return store_task_get(t->store, a, id, user_id, out, e);
}
