/* store/line: the line of due tasks in the order of the claims, and its pace. Thread-safe. */
#pragma once

#include <stdint.h>

struct err;
struct store;

struct line_row {
    int64_t id, user_id;
};
/* Reads at most max due tasks in that order. With many users it reads only the first tasks of each,
 * so the cost stays that of max rows. */
int store_line_read(struct store *s, int max, struct line_row *rows, int *count, struct err *e);
/* The pace of the line. took_ms: average duration of the latest attempts that made a reel (0: none
 * yet). places: how many attempts all workers can make at once (0: there is no worker). busy:
 * attempts under way. */
struct line_pace {
    int64_t took_ms;
    int places, busy;
};
int store_line_pace(struct store *s, struct line_pace *out, struct err *e);
