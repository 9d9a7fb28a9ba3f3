/* Plan: one reader for each list of columns; checks for impossible values. */
#include "core/err.h"
#include "store/event.h"
#include "store/hook.h"
#include "store/key.h"
#include "store/sql_impl.h"
#include "store/task.h"
#include "store/upload.h"
#include "store/user.h"
#include "store/worker.h"

#include <inttypes.h>

#define NUMBER(type, name)         out->name = (type)sql_number(r, at++);
#define TEXT(name)                 out->name = sql_string(r, at++, a);
#define NUMBER_AS(type, name, sql) NUMBER(type, name)
#define TEXT_AS(name, sql)         TEXT(name)

void user_row_read(const struct sql_row *r, struct arena *a, struct user_row *out)
{
    int at = 0;
#include "store/user_row.def"
    out->tasks = at < r->columns ? sql_number(r, at) : 0;
}

void key_row_read(const struct sql_row *r, struct arena *a, struct key_row *out)
{
    int at = 0;
#include "store/key_row.def"
}

void worker_row_read(const struct sql_row *r, struct arena *a, struct worker_row *out)
{
    int at = 0;
    out->gone = false;
#include "store/worker_row.def"
}

static int refuse_task(int64_t id, struct err *e)
{
    return err_set(e, ERR_SYSTEM, "store: task %" PRId64 " holds what cannot be", id);
}

int task_row_read(const struct sql_row *r, struct arena *a, struct task_row *out, struct err *e)
{
    int at = 0;
#include "store/task_row.def"
    out->username = at < r->columns ? sql_string(r, at, a) : NULL;
    if ((unsigned)out->state >= TASK_STATE_COUNT || (unsigned)out->fit >= FIT_COUNT_)
        return refuse_task(out->id, e);
    return 0;
}

void event_row_read(const struct sql_row *r, struct arena *a, struct event_row *out)
{
    int at = 0;
#include "store/event_row.def"
}

void upload_row_read(const struct sql_row *r, struct arena *a, struct upload_row *out)
{
    int at = 0;
#include "store/upload_row.def"
}

void hook_row_read(const struct sql_row *r, struct arena *a, struct hook_row *out)
{
    int at = 0;
#include "store/hook_row.def"
}

void delivery_row_read(const struct sql_row *r, struct arena *a, struct delivery_row *out)
{
    int at = 0;
#include "store/delivery_row.def"
}

#undef NUMBER
#undef TEXT
#define NUMBER(type, name)
#define TEXT(name) .name = "",

int task_brief_read(const struct sql_row *r, struct task_row *out, struct err *e)
{
    *out = (struct task_row){
#include "store/task_row.def"
    };
    out->id = sql_number(r, 0);
    out->user_id = sql_number(r, 1);
    out->state = (enum task_state)sql_number(r, 2);
    out->file_name = sql_string(r, 3, NULL);
    out->title = sql_string(r, 4, NULL);
    out->progress = (int)sql_number(r, 5);
    return (unsigned)out->state >= TASK_STATE_COUNT ? refuse_task(out->id, e) : 0;
}
