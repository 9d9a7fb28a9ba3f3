/* core/metric: what operators count. One table (core/metric.def) has every metric; a process has
 * one struct metrics, which is handed to whoever counts. Thread-safe; to count is a look into a
 * table and an atomic addition, without a lock once a series is there.
 *
 *     METRIC_ADD(m, METRIC_ATTEMPTS, 1, "processed", "copy");
 * Labels are given in the order of the table. Their values come from lists of ours (routes, states,
 * codes), never from a client; should they be too many all the same, those beyond METRIC_SERIES_MAX
 * of a metric are counted together under "other". m may be NULL: nothing is counted. */
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

/* by 0 makes a series that has not counted yet, so that its rate is known from the start. */
#define METRIC_ADD(m, id, by, ...)                                                                 \
    metric_add((m), (id), (by), (const char *const[METRIC_LABELS_MAX]){__VA_ARGS__})
#define METRIC_SET(m, id, value, ...)                                                              \
    metric_set((m), (id), (value), (const char *const[METRIC_LABELS_MAX]){__VA_ARGS__})
#define METRIC_SEE(m, id, value, ...)                                                              \
    metric_see((m), (id), (value), (const char *const[METRIC_LABELS_MAX]){__VA_ARGS__})
/* A counter goes up; a gauge may also be moved so, by more or less than nothing. */
void metric_add(struct metrics *m, enum metric_id id, int64_t by,
                const char *const labels[METRIC_LABELS_MAX]);
/* A gauge, or a counter that somebody else counts, is now this. */
void metric_set(struct metrics *m, enum metric_id id, double value,
                const char *const labels[METRIC_LABELS_MAX]);
/* A histogram has seen one more. */
void metric_see(struct metrics *m, enum metric_id id, double value,
                const char *const labels[METRIC_LABELS_MAX]);

/* Reads what the kernel says of this process into the metrics process_*. */
void metrics_process(struct metrics *m);
/* All of them, in the text format 0.0.4 of Prometheus. */
void metrics_text(struct metrics *m, struct buf *out);
/* The text's media type. */
extern const char metrics_type[];
