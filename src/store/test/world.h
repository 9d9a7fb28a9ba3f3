/* What the contract's test programs share: a row of `back_ends` is a back end; each test runs on an
 * empty, migrated store of its own, and the store's own check follows it. */
#pragma once
#include "core/test/test.h"

#include "core/err.h"
#include "store/task.h"

struct world {
    char dir[64], url[160];
    struct store *s;
    struct arena *a;
    int clips; /* names given out */
};
struct fact {
    const char *name;
    CMUnitTestFunction run;
};
#define FACT(f)                                                                                    \
    {                                                                                              \
#f, f                                                                                      \
    }
/* Runs each fact against every back end; the exit status. */
int run_facts(const struct fact *facts, size_t count);

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err *e = &(struct err){0};                                                          \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, e->text);                                                    \
    } while (0)
#define FAILS(code_, msg_, call)                                                                   \
    do {                                                                                           \
        struct err *e = &(struct err){0};                                                          \
        if ((call) == 0 || e->code != (code_) || e->msg != (msg_))                                 \
            fail_msg("%s: %s, %s: %s", #call, err_code_name(e->code), msg_slug(e->msg), e->text);  \
    } while (0)

#define UPLOADED   (1u << TASK_UPLOADED)
#define PROCESSING (1u << TASK_PROCESSING)
#define PROCESSED  (1u << TASK_PROCESSED)
#define FAILED     (1u << TASK_FAILED)
#define DELETED    (1u << TASK_DELETED)
#define ANY        31u

void open_store(struct world *w);
int64_t add_user(struct world *w, const char *name);
/* 1000 bytes, "gol.mp4", under a name of its own. */
struct task_new new_task(struct world *w, int64_t user);
int64_t add_task(struct world *w, int64_t user);
struct task_row get(struct world *w, int64_t id);
/* As worker-1, for 10 s. */
bool claim(struct world *w, struct task_row *t);
bool change(struct world *w, struct task_change c);
/* To PROCESSED: with a reel of 500 and a poster of 30 bytes. */
bool change_to(struct world *w, int64_t id, unsigned from, enum task_state to);
int64_t bytes_used(struct world *w, int64_t user);
/* For store_task_list: adds "<id> " to the text at arg, 64 bytes. */
int note_task(void *arg, const struct task_row *t);
