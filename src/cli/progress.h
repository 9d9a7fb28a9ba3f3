/* cli/progress: shows the progress of a render on standard error: a bar on a terminal, elsewhere a
 * line for each tenth. Room-internal. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool terminal;
    bool drawn; /* the last line shows a bar */
    int shown;  /* percent shown last; -1: none */
    int64_t begun_ms, shown_ms;
};
struct progress progress_begin(void);
void progress_show(struct progress *p, int permille);
/* Erases the bar, so that the next output starts on an empty line. */
void progress_end(struct progress *p);
