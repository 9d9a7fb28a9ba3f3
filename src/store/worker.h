/* store/worker: the worker processes, as each reports itself (worker/beat). Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

enum { WORKER_KEPT_MS = 20000 }; /* forget a worker that has not reported for this long */
struct worker_row {              /* its columns: worker_row.def */
#define NUMBER(type, name) type name;
#define TEXT(name)         const char *name;
#include "store/worker_row.def"
#undef NUMBER
#undef TEXT
    bool gone; /* for store_worker_beat: the worker ends */
};
int store_worker_beat(struct store *s, const struct worker_row *w, struct err *e);
int store_worker_list(struct store *s, int (*each)(void *arg, const struct worker_row *w),
                      void *arg, struct err *e);
