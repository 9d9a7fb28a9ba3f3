#include "media/bumper/picture.h"

#include <math.h>
#include <string.h>

/* The mark: a gate (an arch open at its foot) with a play triangle in it, on a dark ground. Each
 * shape is a distance function, negative inside; one pixel along its edge is blended, so the edge
 * is smooth at any size. The unit of length is a third of the picture's height; y points down. */
struct colour {
    float r, g, b;
};
static const struct colour ground_top = {24, 31, 46}, ground_foot = {12, 15, 24};
static const struct colour gate = {236, 240, 247}, play = {255, 176, 59};

static float round_box(float x, float y, float half_w, float half_h, float radius)
{
    float qx = fabsf(x) - half_w + radius, qy = fabsf(y) - half_h + radius;
    float ox = fmaxf(qx, 0), oy = fmaxf(qy, 0); /* not hypotf: the values cannot overflow here */
    return sqrtf(ox * ox + oy * oy) + fminf(fmaxf(qx, qy), 0) - radius;
}

static float arch(float x, float y)
{
    const float foot = 0.82f, thick = 0.105f;
    float ring = fabsf(round_box(x, y - 0.35f, 0.78f, 1.2f, 0.74f)) - thick;
    return fmaxf(ring, y - foot);
}

/* An equilateral triangle that points right, its corners rounded. */
static float triangle(float x, float y)
{
    const float size = 0.27f, round = 0.075f, cx = 0.045f, cy = 0.1f;
    x -= cx;
    y -= cy;
    float side = 0.5f * x + 0.8660254f * fabsf(y); /* the two slanted edges */
    float d = fmaxf(side, -x) - size * 0.62f;
    return d - round;
}

static struct colour over(struct colour below, struct colour above, float cover)
{
    return (struct colour){below.r + (above.r - below.r) * cover,
                           below.g + (above.g - below.g) * cover,
                           below.b + (above.b - below.b) * cover};
}

static float coverage(float distance, float pixels_per_unit)
{
    return fminf(fmaxf(0.5f - distance * pixels_per_unit, 0), 1);
}

static void put(uint8_t rgba[4], struct colour c)
{
    rgba[0] = (uint8_t)lrintf(c.r);
    rgba[1] = (uint8_t)lrintf(c.g);
    rgba[2] = (uint8_t)lrintf(c.b);
    rgba[3] = 255;
}

void media_mark_draw(uint8_t *rgba, int stride_bytes, int width, int height)
{
    float unit = (float)height / 3;
    float reach =
        1 + 1 / unit; /* all shapes and their soft edges lie within this distance of the middle */
    for (int row = 0; row < height; row++) {
        uint8_t *p = rgba + (ptrdiff_t)row * stride_bytes;
        float y = ((float)row + 0.5f - (float)height / 2) / unit;
        struct colour ground = over(ground_top, ground_foot, ((float)row + 0.5f) / (float)height);
        bool empty = fabsf(y) > reach;
        uint8_t plain[4];
        put(plain, ground);
        for (int column = 0; column < width; column++, p += 4) {
            float x = ((float)column + 0.5f - (float)width / 2) / unit;
            if (empty || fabsf(x) > reach) {
                memcpy(p, plain, sizeof(plain));
                continue;
            }
            struct colour c = over(ground, gate, coverage(arch(x, y), unit));
            put(p, over(c, play, coverage(triangle(x, y), unit)));
        }
    }
}
