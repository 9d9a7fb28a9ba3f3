#include "task/quota.h"

#include "store/store.h"
#include "store/user.h"
#include "task/task_impl.h"

/* own: the user's; -1: as the settings say. */
static int64_t limit(int64_t own, int64_t preset)
{
    return own >= 0 ? own : preset;
}

void task_quota_of(const struct tasks *t, const struct user_row *u, struct task_quota *out)
{
    *out = (struct task_quota){.bytes_used = u->bytes_used,
                               .bytes_limit = limit(u->bytes_limit, t->rules.quota_bytes),
                               .tasks_today = u->day_tasks,
                               .tasks_limit = limit(u->tasks_limit, t->rules.quota_tasks)};
}

int64_t task_day_ends_s(const struct tasks *t)
{
    return (DAY_MS - store_now_ms(t->store) % DAY_MS) / 1000 + 1;
}
