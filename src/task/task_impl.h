/* task_impl: what the files of this room share. Room-internal.
 *
 *   state.c     the table of allowed changes    verdict.c   what a failed attempt means
 *   upload.c    from clip to row                task.c      calls of owners and workers
 *   settle.c    ends of attempts                sweep.c     housekeeping, check
 *   relay.c     from outbox to queue            adopt.c     tasks of the old service
 *   resume.c    clips in pieces                 profile.c   versions of the profile, logos
 *   line.c      places in the line              amend.c     changes of title, fit and start
 *   event.c     the history of tasks            quota.c     a user's limits
 *   overview.c  the state of the service        intake.c    checks of every clip */
#pragma once
#include "store/line.h"
#include "task/state.h"
#include "task/task.h"
#include "task/verdict.h"

#include <pthread.h>
#include <stdatomic.h>

struct task_new;
struct task_wish;

struct tasks {
    struct store *store;
    struct queue *queue;
    struct blob *blob;
    struct log *log;
    struct task_rules rules;
    int64_t begun_ms;     /* of clock_mono_ms */
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t stop;
    bool relay_stopped;
    int64_t announced; /* the last task that a sweep checked for a lost announcement */
    struct line *line; /* line.c; NULL: nobody has asked yet */
    bool line_making;
};

void task_line_free(struct line *l);
/* Seconds until the reel is ready, rounded up; -1: unknown. */
int64_t task_line_seconds(const struct line_pace *p, int place, int progress);

/* The folder of logos. */
#define LOGO_FOLDER "logos/"

/* Settles a failed attempt. *done false: the attempt no longer holds the task. */
int task_settle(struct tasks *t, const struct task_row *claim, const struct verdict *v,
                const char *why, bool *done, struct err *e);
/* Cleans up after a failed change that named a new blob; *why is the failure. Removes the bytes
 * when certainly no row names them. When the outcome is unknown (the commit itself failed), leaves
 * them to the sweep. */
void task_undo_blob(struct tasks *t, const char *name, const struct err *why);
/* Removes bytes that no row names. A failure is only logged; the sweep removes them later. */
void task_drop_blob(struct tasks *t, const char *name);
/* Check a title, and a start; MSG_PARAMETER_BAD. */
int task_check_title(const char *title, struct err *e);
int task_check_start(double start_s, struct err *e);
/* Checks the options in *w and copies them into *n; texts live in the arena. */
int task_check_wish(const struct task_wish *w, struct arena *a, struct task_new *n, struct err *e);
/* Makes a task of the bytes under n->clip_blob, or finds the earlier task with the same idempotency
 * key. The bytes stay in any case: out->clip_blob tells whether the task uses them. */
int task_add_row(struct tasks *t, struct arena *a, const struct task_new *n, struct task_row *out,
                 bool *existed, struct err *e);
