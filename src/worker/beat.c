/* Plan: tell the store who works here, so that admins see which workers are alive: at once when the
 * number of attempts changes, otherwise only now and then, because each report is a commit. */
#include "core/clock.h"
#include "core/mem.h"
#include "core/wait.h"
#include "task/task.h"
#include "worker/worker_impl.h"

enum {
    LOOK_MS = 1000,
    SAY_MS = WORKER_KEPT_MS / 2, /* one may fail */
};

/* Waits for the next report; false: all takers have ended. Attempts that end after a stop count. */
static bool look_again(struct workers *w, int *busy)
{
    int64_t until_ms = clock_mono_ms() + LOOK_MS;
    pthread_mutex_lock(&w->lock);
    while (!(w->stopping && !w->takers) && wait_until(&w->change, &w->lock, until_ms)) {
    }
    bool more = !(w->stopping && !w->takers);
    *busy = w->busy;
    pthread_mutex_unlock(&w->lock);
    return more;
}

void workers_beat(struct workers *w)
{
    struct worker_row row = {.name = w->name, .version = REELGATE_VERSION, .jobs = w->conf.jobs};
    int64_t said_ms = 0;
    bool said = false; /* what row says */
    int busy = 0;
    do {
        if (said && busy == row.busy && clock_mono_ms() - said_ms < SAY_MS)
            continue;
        row.busy = busy;
        said = task_beat(w->tasks, &row, NULL) == 0; /* else the takers have said what is wrong */
        said_ms = clock_mono_ms();
    } while (look_again(w, &busy));
    row.gone = true;
    (void)task_beat(w->tasks, &row, NULL);
}
