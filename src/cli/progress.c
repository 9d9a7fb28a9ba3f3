#include "cli/progress.h"

#include "core/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { BAR_CELLS = 30, REDRAW_MS = 100 };

struct progress progress_begin(void)
{
    return (struct progress){
        .terminal = isatty(STDERR_FILENO), .shown = -1, .begun_ms = clock_mono_ms()};
}

static void draw(struct progress *p, int permille, int64_t now_ms)
{
    int full = permille * BAR_CELLS / 1000;
    char bar[BAR_CELLS + 1];
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR_CELLS] = 0;
    int64_t spent_ms = now_ms - p->begun_ms;
    fprintf(stderr, "\r[%s] %3d %%", bar, permille / 10);
    /* the first per cent says little about the rest */
    if (permille >= 20 && permille < 1000) {
        int64_t left_s = (spent_ms * (1000 - permille) / permille + 999) / 1000;
        fprintf(stderr, "  %" PRId64 ":%02d left", left_s / 60, (int)(left_s % 60));
    }
    fputs("\x1b[K", stderr);
    fflush(stderr);
    p->drawn = true;
}

void progress_show(struct progress *p, int permille)
{
    if (permille < 0 || permille > 1000)
        return;
    int64_t now_ms = clock_mono_ms();
    int percent = permille / 10;
    if (p->terminal) {
        if (percent == p->shown && now_ms - p->shown_ms < REDRAW_MS)
            return;
        draw(p, permille, now_ms);
    } else {
        percent -= percent % 10;
        if (percent <= p->shown)
            return;
        fprintf(stderr, "rendering: %d %%\n", percent);
    }
    p->shown = percent;
    p->shown_ms = now_ms;
}

void progress_end(struct progress *p)
{
    if (p->drawn)
        fputs("\r\x1b[K", stderr);
    p->drawn = false;
}
