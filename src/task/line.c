/* Plan: the process has one snapshot of the line. It is read again when it is a second old and
 * somebody asks; callers in the meantime get the old snapshot. A place is then a look-up in an
 * array sorted by id. */
#include "store/line.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "task/task_impl.h"

enum { LINE_MAX_ROWS = 10000, FRESH_MS = 1000, UNKNOWN_MS = 100 };

struct line {
    atomic_int users; /* who look at it, and the room itself */
    int64_t made_ms;  /* of clock_mono_ms */
    struct line_pace pace;
    int count;
    struct spot {
        int64_t id;
        int place;
    } spots[];
};

static void line_freep(struct line **l)
{
    if (*l && atomic_fetch_sub(&(*l)->users, 1) == 1)
        free(*l);
    *l = NULL;
}

void task_line_free(struct line *l)
{
    line_freep(&l);
}

static int by_id(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int make(struct tasks *t, struct line **out, struct err *e)
{
    AUTO(freep) struct line_row *rows = mem_new(LINE_MAX_ROWS * sizeof(*rows));
    struct line_pace pace;
    int count = 0;
    if (store_line_read(t->store, LINE_MAX_ROWS, rows, &count, e) < 0 ||
        store_line_pace(t->store, &pace, e) < 0)
        return -1;
    struct line *l = mem_new(sizeof(*l) + (size_t)count * sizeof(l->spots[0]));
    atomic_init(&l->users, 1);
    l->made_ms = clock_mono_ms();
    l->pace = pace;
    l->count = count;
    for (int i = 0; i < count; i++)
        l->spots[i] = (struct spot){rows[i].id, i + 1};
    qsort(l->spots, (size_t)count, sizeof(l->spots[0]), by_id);
    *out = l;
    return 0;
}

/* The line, not older than old_ms unless somebody is making it anew; the caller's to let go. */
static int look(struct tasks *t, int64_t old_ms, struct line **out, struct err *e)
{
    AUTO(line_freep) struct line *fresh = NULL;
    pthread_mutex_lock(&t->lock);
    struct line *now = t->line;
    bool good = now && (t->line_making || clock_mono_ms() - now->made_ms < old_ms);
    if (good)
        atomic_fetch_add(&now->users, 1);
    else
        t->line_making = true;
    pthread_mutex_unlock(&t->lock);
    if (good) {
        *out = now;
        return 0;
    }
    int made = make(t, &fresh, e);
    pthread_mutex_lock(&t->lock);
    t->line_making = false;
    if (made == 0) {
        struct line *last = t->line;
        atomic_fetch_add(&fresh->users, 1);
        t->line = *out = fresh;
        fresh = last;
    }
    pthread_mutex_unlock(&t->lock);
    return made == 0 ? 0 : -1;
}

static const struct spot *find(const struct line *l, int64_t id)
{
    const struct spot key = {.id = id};
    return bsearch(&key, l->spots, (size_t)l->count, sizeof(key), by_id);
}

/* A place becomes free each time one of those that are made ends: with as many at work as can be,
 * one every `took / places`. */
int64_t task_line_seconds(const struct line_pace *p, int place, int progress)
{
    if (!p->took_ms || !p->places)
        return -1;
    int64_t ms = p->took_ms * (100 - progress) / 100;
    int behind = place - (p->places > p->busy ? p->places - p->busy : 0);
    if (behind > 0)
        ms += p->took_ms * behind / p->places;
    return (ms + 999) / 1000;
}

int task_place(struct tasks *t, const struct task_row *row, struct task_place *out, struct err *e)
{
    bool waits = row->state == TASK_UPLOADED;
    AUTO(line_freep) struct line *l = NULL;
    if (!waits && row->state != TASK_PROCESSING) {
        *out = (struct task_place){false, 0, -1};
        return 0;
    }
    if (look(t, FRESH_MS, &l, e) < 0)
        return -1;
    const struct spot *spot = waits ? find(l, row->id) : NULL;
    /* it may be younger than the picture of the line; one that waits for a time may not be in it */
    if (waits && !spot && !row->not_before_ms && l->count < LINE_MAX_ROWS) {
        line_freep(&l);
        if (look(t, UNKNOWN_MS, &l, e) < 0)
            return -1;
        spot = find(l, row->id);
    }
    int place = spot ? spot->place : 0;
    *out = (struct task_place){spot || !waits, place,
                               task_line_seconds(&l->pace, place, row->progress)};
    return 0;
}
