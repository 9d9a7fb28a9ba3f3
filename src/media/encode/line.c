#include "media/encode/line.h"

#include "core/mem.h"

enum {
    PICTURES_BETWEEN = 4,
    PICTURE_BYTES_BETWEEN = 96 << 20, /* two 8K pictures */
    SOUND_PACKETS = 8192,
    SOUND_BYTES = 64 << 20,
};

struct picture *picture_new(AVFrame *frame, int64_t index, int repeat)
{
    struct picture *p = mem_new(sizeof(*p));
    *p = (struct picture){.frame = frame, .index = index, .repeat = repeat};
    return p;
}

void picture_free(void *picture)
{
    struct picture *p = picture;
    if (!p)
        return;
    av_frame_free(&p->frame);
    free(p);
}

static void packet_free(void *packet)
{
    AVPacket *p = packet;
    av_packet_free(&p);
}

void line_init(struct line *l, const struct media_job *job, const struct media_plan *plan,
               struct media_input *in)
{
    *l = (struct line){.job = job,
                       .plan = plan,
                       .in = in,
                       .frame = {plan->fps_den, plan->fps_num},
                       .bumper_frames = plan->bumper_frames,
                       .body_frames_max = plan->body_frames_max};
    pipe_init(&l->decoded, PICTURES_BETWEEN, PICTURE_BYTES_BETWEEN);
    pipe_init(&l->filtered, PICTURES_BETWEEN, PICTURE_BYTES_BETWEEN);
    pipe_init(&l->sound, SOUND_PACKETS, SOUND_BYTES);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
}

void line_clear(struct line *l)
{
    pipe_clear(&l->decoded, picture_free);
    pipe_clear(&l->filtered, picture_free);
    pipe_clear(&l->sound, packet_free);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
}

void line_fail(struct line *l, const struct err *e)
{
    pthread_mutex_lock(&l->lock);
    if (!l->failed)
        l->fault = *e;
    l->failed = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pipe_break(&l->decoded);
    pipe_break(&l->filtered);
    pipe_break(&l->sound);
}

bool line_failed(struct line *l)
{
    pthread_mutex_lock(&l->lock);
    bool failed = l->failed;
    pthread_mutex_unlock(&l->lock);
    return failed;
}

void line_warn(struct line *l, enum reel_warning w)
{
    pthread_mutex_lock(&l->lock);
    l->warnings |= 1u << w;
    pthread_mutex_unlock(&l->lock);
}

void line_progress(struct line *l, int permille)
{
    int now = l->permille_base + (1000 - l->permille_base) * permille / 1000;
    pthread_mutex_lock(&l->lock);
    l->permille = now > l->permille ? now : l->permille;
    now = l->permille;
    pthread_mutex_unlock(&l->lock);
    if (l->job->progress)
        l->job->progress(l->job->arg, now);
}

bool line_origin(struct line *l, int64_t *origin_us)
{
    pthread_mutex_lock(&l->lock);
    while (!l->failed && !l->origin_known && !l->body_ended)
        pthread_cond_wait(&l->changed, &l->lock);
    bool known = !l->failed && l->origin_known;
    *origin_us = l->origin_us;
    pthread_mutex_unlock(&l->lock);
    return known;
}

int64_t line_body(struct line *l, bool final)
{
    pthread_mutex_lock(&l->lock);
    while (final && !l->failed && !l->body_ended)
        pthread_cond_wait(&l->changed, &l->lock);
    int64_t frames = l->failed ? -1 : l->body_frames;
    pthread_mutex_unlock(&l->lock);
    return frames;
}

int line_av_error(int averror, const char *what, struct err *e)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(averror, text, sizeof(text));
    if (averror == AVERROR(ENOMEM))
        return err_msg(e, MSG_MEMORY_LIMIT, "%s: %s", what, text);
    bool full = averror == AVERROR(ENOSPC) || averror == AVERROR(EDQUOT);
    return err_set(e, full ? ERR_FULL : ERR_SYSTEM, "%s: %s", what, text);
}
