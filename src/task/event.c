#include "task/event.h"

#include "task/task_impl.h"

int task_event_list(struct tasks *t, int64_t user_id, int64_t after, int max,
                    int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e)
{
    return store_event_list(t->store, user_id, 0, after, max, each, arg, e);
}

int task_event_users(struct tasks *t, int64_t after,
                     int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                     struct err *e)
{
    return store_event_users(t->store, after, each, arg, e);
}

int task_event_span(struct tasks *t, int64_t user_id, int64_t *newest, int64_t *forgotten,
                    struct err *e)
{
    return store_event_span(t->store, user_id, newest, forgotten, e);
}

void task_event_wait(struct tasks *t, int64_t timeout_ms)
{
    store_event_wait(t->store, timeout_ms);
}

void task_event_wake(struct tasks *t)
{
    store_event_wake(t->store);
}
