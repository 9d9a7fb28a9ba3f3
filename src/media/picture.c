#include "media/picture.h"

#include "core/err.h"
int media_logo_frame(int fd, const struct media_limits *limits, int width, int height,
                     AVFrame **out, struct err *e)
{
    (void)fd, (void)limits, (void)width, (void)height, (void)out;
    return err_set(e, ERR_SYSTEM, "logo: not made yet");
}
int media_poster_write(const AVFrame *frame, int fd, int64_t *bytes, struct err *e)
{
    (void)frame, (void)fd, (void)bytes;
    return err_set(e, ERR_SYSTEM, "poster: not made yet");
}
