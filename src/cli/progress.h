/* cli/progress: how far a render is, on standard error: a bar on a terminal, a line each tenth
 * otherwise. Room-internal. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool terminal;
    bool drawn; /* a bar stands in the last line */
    int shown;  /* percent last shown, -1 none */
    int64_t begun_ms, shown_ms;
};
struct progress progress_begin(void);
void progress_show(struct progress *p, int permille);
/* Ends the bar's line: erased, so that what follows stands alone. */
void progress_end(struct progress *p);
