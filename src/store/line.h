/* store/line: what waits, as claims will take it, and how fast it moves. Thread-safe. */
#pragma once

#include <stdint.h>

struct err;
struct store;

struct line_row {
    int64_t id, user_id;
};
/* At most max of the due tasks, in that order. Of each of many users only so many are looked at
 * that the cost stays that of max rows. */
int store_line_read(struct store *s, int max, struct line_row *rows, int *count, struct err *e);
/* How fast the line moves: what one of the last attempts that made a reel took (0: none has yet),
 * how many can be made at once (0: nobody works), how many are being made. */
struct line_pace {
    int64_t took_ms;
    int places, busy;
};
int store_line_pace(struct store *s, struct line_pace *out, struct err *e);
