#include "task/overview.h"

#include "blob/blob.h"
#include "store/store.h"
#include "task/task_impl.h"

int task_overview(struct tasks *t, struct task_overview *out,
                  int (*each)(void *arg, const struct worker_row *w), void *arg, struct err *e)
{
    struct task_overview o = {.sized = !blob_is_far(t->blob)};
    struct store_totals sums;
    if (store_task_counts(t->store, o.counts, e) < 0 ||
        store_task_oldest(t->store, &o.oldest_waiting_ms, e) < 0 ||
        store_totals(t->store, &sums, e) < 0 || store_worker_list(t->store, each, arg, e) < 0 ||
        (o.sized && blob_space(t->blob, &o.free_bytes, &o.total_bytes, e) < 0))
        return -1;
    o.used_bytes = sums.bytes_used;
    o.deliveries_waiting = sums.deliveries_waiting;
    o.deliveries_dead = sums.deliveries_dead;
    *out = o;
    return 0;
}
