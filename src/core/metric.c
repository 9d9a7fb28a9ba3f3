/* Plan: a metric is a hash table of series. A series is never removed, so a thread that has found
 * one can count in it without a lock; only creating a series takes the lock. A reader sees values
 * of slightly different moments, but each value was true at its moment. */
#include "core/metric.h"

#include "core/mem.h"
#include "core/str.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { SLOTS = 512, BOUNDS_MAX = 16, VALUE_MAX = 64 };
/* A histogram's sum is kept in these parts of its unit, so that adding is one atomic step. */
#define PARTS 1e6

enum kind { COUNTER, GAUGE, HISTOGRAM };
enum bounds { NONE, LATENCY, WORK, RATIO };
static const struct {
    int count;
    double at[BOUNDS_MAX];
} bounds[] = {
    [NONE] = {0, {0}},
    [LATENCY] = {14, {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}},
    [WORK] = {15, {.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900}},
    [RATIO] = {13, {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 5, 10}},
};
static const struct family {
    enum kind kind;
    enum bounds bounds;
    const char *name, *labels, *help;
} families[] = {
#define METRIC(kind, id, name, labels, bounds, help) {kind, bounds, name, labels, help},
#include "core/metric.def"
#undef METRIC
};

struct series {
    char labels[METRIC_LABELS_MAX][VALUE_MAX];
    atomic_int_fast64_t count;                 /* of a counter; of a histogram: its sum in PARTS */
    atomic_uint_fast64_t gauge;                /* the bits of a double */
    atomic_uint_fast64_t seen[BOUNDS_MAX + 1]; /* of a histogram: in each bucket alone */
};
struct metrics {
    pthread_mutex_t lock; /* to make a series */
    int made[METRIC_COUNT_];
    _Atomic(struct series *) series[METRIC_COUNT_][SLOTS];
};

const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_new(sizeof(*m));
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (int id = 0; id < METRIC_COUNT_; id++)
        for (int i = 0; i < SLOTS; i++)
            free(atomic_load(&m->series[id][i]));
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* -- series -- */

/* FNV-1a over the values, each with its end. */
static unsigned hash_of(const char *const labels[METRIC_LABELS_MAX])
{
    uint32_t h = 2166136261u;
    for (int i = 0; i < METRIC_LABELS_MAX; i++) {
        for (const char *p = labels[i] ? labels[i] : ""; *p; p++)
            h = (h ^ (unsigned char)*p) * 16777619u;
        h = (h ^ 0xffu) * 16777619u;
    }
    return h;
}

static bool is_of(const struct series *s, const char *const labels[METRIC_LABELS_MAX])
{
    for (int i = 0; i < METRIC_LABELS_MAX; i++)
        if (strncmp(s->labels[i], labels[i] ? labels[i] : "", VALUE_MAX - 1) != 0)
            return false;
    return true;
}

/* The series, or the slot where it belongs. There is always a free one: SERIES_MAX + 1 < SLOTS. */
static struct series *look(struct metrics *m, enum metric_id id,
                           const char *const labels[METRIC_LABELS_MAX], int *slot)
{
    for (unsigned i = hash_of(labels) % SLOTS;; i = (i + 1) % SLOTS) {
        struct series *s = atomic_load_explicit(&m->series[id][i], memory_order_acquire);
        *slot = (int)i;
        if (!s || is_of(s, labels))
            return s;
    }
}

static struct series *find(struct metrics *m, enum metric_id id,
                           const char *const labels[METRIC_LABELS_MAX])
{
    static const char *const other[METRIC_LABELS_MAX] = {"other", "other", "other"};
    int slot;
    struct series *s = look(m, id, labels, &slot);
    if (s)
        return s;
    pthread_mutex_lock(&m->lock);
    const char *const *named = m->made[id] < METRIC_SERIES_MAX ? labels : other;
    s = look(m, id, named, &slot);
    if (!s) {
        s = mem_new(sizeof(*s));
        for (int i = 0; i < METRIC_LABELS_MAX; i++)
            str_copy(s->labels[i], VALUE_MAX, named[i] ? named[i] : "");
        m->made[id]++;
        atomic_store_explicit(&m->series[id][slot], s, memory_order_release);
    }
    pthread_mutex_unlock(&m->lock);
    return s;
}

void metric_add(struct metrics *m, enum metric_id id, int64_t by,
                const char *const labels[METRIC_LABELS_MAX])
{
    if (m)
        atomic_fetch_add_explicit(&find(m, id, labels)->count, by, memory_order_relaxed);
}

void metric_set(struct metrics *m, enum metric_id id, double value,
                const char *const labels[METRIC_LABELS_MAX])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    if (m)
        atomic_store_explicit(&find(m, id, labels)->gauge, bits, memory_order_relaxed);
}

void metric_see(struct metrics *m, enum metric_id id, double value,
                const char *const labels[METRIC_LABELS_MAX])
{
    if (!m || !(value >= 0) || value > 1e9) /* no time is that; and a sum of such would overflow */
        return;
    const double *at = bounds[families[id].bounds].at;
    int n = bounds[families[id].bounds].count, i = 0;
    while (i < n && value > at[i])
        i++;
    struct series *s = find(m, id, labels);
    atomic_fetch_add_explicit(&s->seen[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->count, llround(value * PARTS), memory_order_relaxed);
}

/* -- the text -- */

/* A label's value: backslash, quote and line end are escaped. */
static void put_value(struct buf *b, const char *value)
{
    buf_puts(b, "\"");
    for (; *value; value++) {
        if (*value == '\n')
            buf_puts(b, "\\n");
        else if (*value == '"' || *value == '\\')
            buf_printf(b, "\\%c", *value);
        else
            buf_put(b, value, 1);
    }
    buf_puts(b, "\"");
}

/* {a="b",le="0.1"}; le NULL: none. */
static void put_labels(struct buf *b, const struct family *f, const struct series *s,
                       const char *le)
{
    const char *name = f->labels;
    bool any = false;
    for (int i = 0; *name; i++) {
        size_t n = strcspn(name, ",");
        buf_printf(b, "%s%.*s=", any ? "," : "{", (int)n, name);
        put_value(b, s->labels[i]);
        name += n + (name[n] == ',');
        any = true;
    }
    if (le)
        buf_printf(b, "%sle=\"%s\"", any ? "," : "{", le);
    if (any || le)
        buf_puts(b, "}");
}

static void put_histogram(struct buf *b, const struct family *f, struct series *s)
{
    int n = bounds[f->bounds].count;
    uint64_t sum = 0;
    for (int i = 0; i <= n; i++) {
        char le[32] = "+Inf";
        if (i < n)
            snprintf(le, sizeof(le), "%g", bounds[f->bounds].at[i]);
        sum += atomic_load_explicit(&s->seen[i], memory_order_relaxed);
        buf_printf(b, "%s_bucket", f->name);
        put_labels(b, f, s, le);
        buf_printf(b, " %" PRIu64 "\n", sum);
    }
    buf_printf(b, "%s_sum", f->name);
    put_labels(b, f, s, NULL);
    buf_printf(b, " %.6f\n%s_count",
               (double)atomic_load_explicit(&s->count, memory_order_relaxed) / PARTS, f->name);
    put_labels(b, f, s, NULL);
    buf_printf(b, " %" PRIu64 "\n", sum);
}

static void put_series(struct buf *b, const struct family *f, struct series *s)
{
    double value;
    uint64_t bits = atomic_load_explicit(&s->gauge, memory_order_relaxed);
    int64_t count = atomic_load_explicit(&s->count, memory_order_relaxed);
    if (f->kind == HISTOGRAM) {
        put_histogram(b, f, s);
        return;
    }
    memcpy(&value, &bits, sizeof(value));
    buf_puts(b, f->name);
    put_labels(b, f, s, NULL);
    if (value == 0)
        buf_printf(b, " %" PRId64 "\n", count);
    else
        buf_printf(b, " %.15g\n", value + (double)count);
}

void metrics_text(struct metrics *m, struct buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const struct family *f = &families[id];
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, kinds[f->kind]);
        for (int i = 0; i < SLOTS; i++) {
            struct series *s = atomic_load_explicit(&m->series[id][i], memory_order_acquire);
            if (s)
                put_series(out, f, s);
        }
    }
}
