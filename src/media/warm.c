#include "core/mem.h"
#include "media/bumper/bumper.h"
#include "media/clip/lists.h"
#include "media/media.h"

#include <iconv.h>
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavutil/cpu.h>
#include <libavutil/log.h>
#include <libswscale/swscale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <x264.h>

/* libav's messages about a stranger's file hold the stranger's text, so none gets into a log. */
static void quiet(void *ctx, int level, const char *fmt, va_list ap)
{
    (void)ctx, (void)level, (void)fmt, (void)ap;
}

static int same(const void *a, const void *b)
{
    (void)a, (void)b;
    return 0;
}

static void *nothing(void *arg)
{
    return arg;
}

/* A decoder or encoder opened once builds its static tables, which forked children then share. */
static void open_once(const AVCodec *c)
{
    AUTO(avcodec_free_context) AVCodecContext *ctx = c ? avcodec_alloc_context3(c) : NULL;
    if (!ctx)
        return;
    ctx->thread_count = 1;
    ctx->time_base = (AVRational){1, 25};
    if (c->type == AVMEDIA_TYPE_VIDEO) {
        ctx->width = ctx->height = 64;
        ctx->pix_fmt = c->pix_fmts ? c->pix_fmts[0] : AV_PIX_FMT_YUV420P;
    } else {
        ctx->sample_rate = 48000;
        ctx->sample_fmt = c->sample_fmts ? c->sample_fmts[0] : AV_SAMPLE_FMT_FLTP;
        av_channel_layout_default(&ctx->ch_layout, 2);
    }
    (void)avcodec_open2(ctx, c,
                        NULL); /* some fail without extradata; their tables are built later */
}

const char *media_version(void)
{
    static char text[120];
    if (!*text)
        snprintf(text, sizeof(text), "bumper %d, ffmpeg %s, x264 %s", BUMPER_FORM,
                 av_version_info(), X264_POINTVER);
    return text;
}

void media_warm_up(void)
{
    static const char *const decoders[] = {"h264",     "hevc",       "vp9", "vp8",
                                           "mpeg4",    "mpeg2video", "aac", "mjpeg",
                                           "mp3float", "opus",       "ac3", "png"};
    static const char *const encoders[] = {"libx264", "aac", "mjpeg"};
    static const char *const filters[] = {"buffer", "buffersink", "scale", "fps", "format"};
    av_log_set_callback(quiet);
    av_log_set_level(AV_LOG_QUIET);

    /* glibc opens /etc/localtime and the gconv cache at first use, which the filter would refuse
     * later: have it happen now. */
    setenv("TZ", "UTC0", 1);
    tzset();
    iconv_t cd = iconv_open("UTF-8", "ISO-8859-1");
    if (cd != (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr): as iconv(3) has it */
        iconv_close(cd);
    static __attribute__((used))
    iconv_t broadcast; /* names in transport streams; stays open, so stays loaded */
    broadcast = iconv_open("UTF-8", "ISO6937");
    (void)broadcast;
    /* qsort asks once how much memory there is, at its first array beyond 1 KiB */
    int many[512] = {0};
    qsort(many, LEN(many), sizeof(many[0]), same);
    (void)av_cpu_count();
    (void)av_get_cpu_flags();
    pthread_t t;
    if (pthread_create(&t, NULL, nothing, NULL) == 0)
        pthread_join(t, NULL);

    media_input_warm_up();
    for (size_t i = 0; i < LEN(decoders); i++)
        open_once(avcodec_find_decoder_by_name(decoders[i]));
    for (size_t i = 0; i < LEN(encoders); i++)
        open_once(avcodec_find_encoder_by_name(encoders[i]));
    for (size_t i = 0; i < LEN(filters); i++)
        (void)avfilter_get_by_name(filters[i]);
    (void)sws_getCoefficients(SWS_CS_ITU709);
}
