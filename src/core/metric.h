/* core/metric: the counters and measurements for operators. core/metric.def is the table of all
 * metrics. A process has one struct metrics, and every part that counts receives it. Thread-safe.
 * Counting costs one table look-up and one atomic addition; only the first use of a series takes a
 * lock.
 *
 *     METRIC_ADD(m, METRIC_ATTEMPTS, 1, "processed", "copy");
 * Labels stand in the order of the table. Their values come from our own lists (routes, states,
 * codes), never from a client. If a metric still gets more than METRIC_SERIES_MAX series, the rest
 * count together under "other". m may be NULL: nothing is counted. */
#pragma once
#include <stdint.h>

struct buf;
struct metrics;

enum metric_id {
#define METRIC(kind, id, name, labels, bounds, help) METRIC_##id,
#include "core/metric.def"
#undef METRIC
    METRIC_COUNT_
};
enum { METRIC_LABELS_MAX = 3, METRIC_SERIES_MAX = 384 };

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* A `by` of 0 creates the series with the value 0, so that its rate is known from the start. */
#define METRIC_ADD(m, id, by, ...)                                                                 \
    metric_add((m), (id), (by), (const char *const[METRIC_LABELS_MAX]){__VA_ARGS__})
#define METRIC_SET(m, id, value, ...)                                                              \
    metric_set((m), (id), (value), (const char *const[METRIC_LABELS_MAX]){__VA_ARGS__})
#define METRIC_SEE(m, id, value, ...)                                                              \
    metric_see((m), (id), (value), (const char *const[METRIC_LABELS_MAX]){__VA_ARGS__})
/* Adds to a counter or a gauge. `by` is negative for gauges alone. */
void metric_add(struct metrics *m, enum metric_id id, int64_t by,
                const char *const labels[METRIC_LABELS_MAX]);
/* Sets a gauge, or a counter whose count another part keeps. */
void metric_set(struct metrics *m, enum metric_id id, double value,
                const char *const labels[METRIC_LABELS_MAX]);
/* Adds one observation to a histogram. */
void metric_see(struct metrics *m, enum metric_id id, double value,
                const char *const labels[METRIC_LABELS_MAX]);

/* Reads the kernel's data on this process into the metrics process_*. */
void metrics_process(struct metrics *m);
/* Writes all metrics in the Prometheus text format 0.0.4. */
void metrics_text(struct metrics *m, struct buf *out);
/* The media type of that text. */
extern const char metrics_type[];
