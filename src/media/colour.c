#include "media/colour.h"

#include <libavutil/pixfmt.h>

enum {
    HD_WIDTH = 1280, /* without a tag, smaller pictures are BT.601, as players take them */
    HD_HEIGHT = 720,
};

static bool is_hdr(int transfer)
{
    return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
}

/* Transfer curves that look like BT.709's count as BT.709, and so does "unspecified". Old encoders
 * wrote the gammas of NTSC and PAL without meaning them. */
static int settled_transfer(int transfer)
{
    switch (transfer) {
    case AVCOL_TRC_LINEAR:
    case AVCOL_TRC_LOG:
    case AVCOL_TRC_LOG_SQRT:
    case AVCOL_TRC_SMPTE2084:
    case AVCOL_TRC_SMPTE428:
    case AVCOL_TRC_ARIB_STD_B67:
        return transfer;
    default:
        return AVCOL_TRC_BT709;
    }
}

static int settled_matrix(int matrix, bool hdr, int width, int height)
{
    if (matrix != AVCOL_SPC_UNSPECIFIED && matrix != AVCOL_SPC_RESERVED && matrix >= 0 &&
        matrix < AVCOL_SPC_NB)
        return matrix;
    if (hdr)
        return AVCOL_SPC_BT2020_NCL;
    return height >= HD_HEIGHT || width >= HD_WIDTH ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

static int settled_primaries(int primaries, bool hdr, int matrix)
{
    switch (primaries) {
    case AVCOL_PRI_FILM:
    case AVCOL_PRI_BT2020:
    case AVCOL_PRI_SMPTE428:
    case AVCOL_PRI_SMPTE431:
    case AVCOL_PRI_SMPTE432:
        return primaries;
    case AVCOL_PRI_BT709:
    case AVCOL_PRI_BT470M:
    case AVCOL_PRI_BT470BG:
    case AVCOL_PRI_SMPTE170M:
    case AVCOL_PRI_SMPTE240M:
    case AVCOL_PRI_EBU3213:
        return AVCOL_PRI_BT709;
    default:
        return hdr || matrix == AVCOL_SPC_BT2020_NCL || matrix == AVCOL_SPC_BT2020_CL
                   ? AVCOL_PRI_BT2020
                   : AVCOL_PRI_BT709;
    }
}

static bool is_near(const struct colour *c)
{
    switch (c->matrix) {
    case AVCOL_SPC_RGB:
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_SMPTE240M:
        return c->primaries == AVCOL_PRI_BT709 && c->transfer == AVCOL_TRC_BT709;
    default:
        return false;
    }
}

enum colour_way colour_settle(struct colour *c, int width, int height)
{
    bool hdr = is_hdr(c->transfer);
    c->matrix = settled_matrix(c->matrix, hdr, width, height);
    c->primaries = c->matrix == AVCOL_SPC_ICTCP ? AVCOL_PRI_BT2020 /* it has no others */
                                                : settled_primaries(c->primaries, hdr, c->matrix);
    c->transfer = settled_transfer(c->transfer);
    /* of constant luminance: made from linear light by the curve of the standard alone */
    bool constant = c->matrix == AVCOL_SPC_BT2020_CL || c->matrix == AVCOL_SPC_CHROMA_DERIVED_CL;
    bool derived =
        c->matrix == AVCOL_SPC_CHROMA_DERIVED_NCL || c->matrix == AVCOL_SPC_CHROMA_DERIVED_CL;
    if (derived && c->primaries == AVCOL_PRI_SMPTE428)
        return COLOUR_UNKNOWN; /* no luma matrix can be derived from XYZ primaries */
    if (c->transfer == AVCOL_TRC_SMPTE428 || c->matrix == AVCOL_SPC_SMPTE2085 ||
        (c->matrix == AVCOL_SPC_ICTCP && !hdr) || (constant && c->transfer != AVCOL_TRC_BT709))
        return COLOUR_UNKNOWN;
    return hdr ? COLOUR_HDR : is_near(c) ? COLOUR_NEAR : COLOUR_WIDE;
}
