/* A whole world for the tests of this room: real store, queue and blob in a folder of its own, and
 * faults at the borders to them (the test programs are linked with --wrap). */
#pragma once
#include "core/test/test.h"

#include "blob/blob.h"
#include "core/err.h"
#include "queue/queue.h"
#include "store/task.h"
#include "task/task.h"

struct world {
    char dir[64];
    struct store *store;
    struct queue *queue;
    struct blob *blob;
    struct tasks *tasks;
    struct task_rules rules;
    struct arena *a;
    int64_t user;
};

/* What the next call of a wrapped function does; back to FAULT_NONE after that many calls. */
enum fault {
    FAULT_NONE,
    FAULT_BEFORE, /* fails with code, nothing was done */
    FAULT_AFTER,  /* was done, but the answer is a failure with code */
    FAULT_EXIT,   /* the process ends before it is done */
};
struct faults {
    enum fault kind;
    enum err_code code;
    int calls;
};
extern struct faults fault_add, fault_change, fault_publish, fault_finish;

int world_set_up(void **state);
/* Every byte belongs to a row, every row has its bytes, quotas are true: after each test. */
int world_tear_down(void **state);
/* A new struct tasks with other rules, over the same store, queue and blobs. */
void world_rules(struct world *w, struct task_rules rules);
/* Closes and opens everything, as a new process would; floor_bytes as in blob_open. */
void world_reopen(struct world *w, int64_t floor_bytes);

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err *e = &(struct err){0};                                                          \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, e->text);                                                    \
    } while (0)
#define FAILS(code_, msg_, call)                                                                   \
    do {                                                                                           \
        struct err *e = &(struct err){0};                                                          \
        if ((call) == 0)                                                                           \
            fail_msg("%s: did not fail", #call);                                                   \
        if (e->code != (code_) || e->msg != (msg_))                                                \
            fail_msg("%s: %s, %s: %s", #call, err_code_name(e->code), msg_slug(e->msg), e->text);  \
    } while (0)

/* A clip of that many bytes: an mp4 by its head, filled from the seed. In the arena. */
void *clip_make(struct world *w, size_t len_bytes, int seed);
/* Uploads in pieces; as task_upload_commit. */
int upload(struct world *w, const void *data, size_t len_bytes, const struct task_wish *wish,
           struct task_row *out, bool *existed, struct err *e);
/* Uploads a small clip that nobody minds. */
struct task_row upload_any(struct world *w);
bool claim(struct world *w, const char *worker, struct task_row *out);
/* Finishes with a small reel and, if poster, a poster; *published as task_finish says. */
int finish(struct world *w, const struct task_row *claim, bool poster, bool *published,
           struct err *fault);
enum task_state fail_with(struct world *w, const struct task_row *claim, enum err_code code,
                          enum msg msg);
struct task_row row_of(struct world *w, int64_t id);
int64_t bytes_used(struct world *w);
int blob_count(struct world *w);
int64_t rows_in(struct world *w, enum task_state state);
struct task_swept sweep(struct world *w, bool orphans_too);
/* What task_check complains of, one a line. */
const char *problems(struct world *w);
