/* Rates a picture by two figures: its average brightness, and the difference between neighbouring
 * pixels, which is small in a black, white, blurred or faded picture. */
#include "media/poster.h"

#include <stdlib.h>

enum {
    ROWS = 32,
    COLUMNS = 64, /* places that are looked at, at most */
    APART = 2,    /* pixels between two neighbours */
    DARK = 48,    /* mean of 0..255 */
    LIGHT = 225,
    DETAIL = 3, /* mean difference of neighbours */
    DETAIL_MOST = 24,
};

int poster_worth(const AVFrame *f, bool *good)
{
    int64_t sum = 0, edges = 0, count = 0;
    int down = f->height / ROWS + 1, right = f->width / COLUMNS + 1;
    for (int y = down / 2; y < f->height; y += down)
        for (int x = right / 2; x + APART < f->width; x += right, count++) {
            const uint8_t *p = f->data[0] + (ptrdiff_t)y * f->linesize[0] + x;
            sum += p[0];
            edges += abs(p[0] - p[APART]);
        }
    if (!count) {
        *good = true; /* a picture of a pixel or two */
        return 0;
    }
    int luma = (int)(sum / count), detail = (int)(edges / count);
    *good = luma >= DARK && luma <= LIGHT && detail >= DETAIL;
    int away = luma < 256 - luma ? luma : 256 - luma; /* from black, or from white */
    return away + (detail < DETAIL_MOST ? detail : DETAIL_MOST);
}
