/* The reader by itself: the pictures that it hands on are the same however many threads decode, in
 * whatever state a clip is. */
#include "media/encode/decode.h"

#include "core/err.h"
#include "media/test/clips.h"

#include <libavutil/adler32.h>
#include <libavutil/hash.h>
#include <libavutil/imgutils.h>
#include <pthread.h>

enum { PICTURES_MAX = 512 };

struct seen {
    enum msg msg;
    bool damaged, twice;
    int count;
    struct one {
        int64_t index;
        int repeat;
        uint32_t sum;
    } pictures[PICTURES_MAX];
};

struct task {
    struct line *line;
    AVCodecContext *decoder;
};

static void *run(void *arg)
{
    struct task *t = arg;
    decode_run(t->line, t->decoder);
    return NULL;
}

static uint32_t sum_of(const AVFrame *f)
{
    int size = av_image_get_buffer_size(f->format, f->width, f->height, 1);
    assert_true(size > 0);
    AUTO(freep) uint8_t *bytes = mem_new((size_t)size);
    assert_int_equal(av_image_copy_to_buffer(bytes, size, (const uint8_t *const *)f->data,
                                             f->linesize, f->format, f->width, f->height, 1),
                     size);
    return (uint32_t)av_adler32_update(1, bytes, (size_t)size);
}

static void take_all(struct line *line, struct seen *out)
{
    struct picture *p;
    while ((p = pipe_get(&line->decoded))) {
        assert_true(out->count < PICTURES_MAX);
        out->pictures[out->count++] = (struct one){p->index, p->repeat, sum_of(p->frame)};
        picture_free(p);
    }
}

/* What comes of it as media_encode does it: damaged clips once more, carefully. */
static void decode_line(struct media_input *in, const struct media_job *job,
                        struct media_plan *plan, bool careful, struct seen *out)
{
    struct line line;
    struct err e = {0};
    line_init(&line, job, plan, in);
    line.careful = careful;
    AVCodecContext *decoder = NULL;
    assert_int_equal(decode_open(&line, &decoder, &e), 0);
    struct task task = {&line, decoder};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, &task), 0);
    out->count = 0;
    take_all(&line, out);
    pthread_join(thread, NULL);
    out->msg = line.failed ? line.fault.msg : MSG_OK;
    out->damaged = line.damaged;
    avcodec_free_context(&decoder);
    line_clear(&line);
}

static void decode_with(const char *clip, int threads, struct seen *out)
{
    *out = (struct seen){0};
    struct render_order order = {
        .op = RENDER_MAKE, .profile = profile_default(), .limits = media_limits_default()};
    order.limits.threads = threads;
    const struct media_job job = {.order = &order};
    const struct media_clip file = {.fd = open(clips_path(clip), O_RDONLY | O_CLOEXEC)};
    for (int careful = 0; careful < 2 && (!careful || out->damaged); careful++) {
        struct media_input in;
        struct media_plan plan;
        struct err e = {0};
        if (media_input_open(&in, &file, &order.limits, &e) < 0 ||
            media_plan_make(&in.facts, &order, &plan, &e) < 0)
            fail_msg("%s: %s", clip, e.text);
        plan.silent = true;
        decode_line(&in, &job, &plan, careful, out);
        out->twice = careful;
        media_input_close(&in);
    }
    close(file.fd);
}

#define PICTURE CLIP_PICTURE("320x180", "25", "3")
#define X264    PICTURE "-c:v libx264 -preset veryfast -pix_fmt yuv420p "
#define LATE    "-bsf:v noise=amount='if(gt(n,66),40,0)' "
#define THROUGH "-bsf:v noise=amount='if(gt(mod(n,9),7),300,0)' "
#define DROPPED "-bsf:v noise=amount=0:drop='eq(mod(n,13),5)' "

static const struct row {
    const char *name, *args;
    int cut_percent; /* 0: not cut */
    int least;       /* pictures that come out at least */
} rows[] = {
    {"late.mp4", X264 LATE, 0, 60},
    {"late.ts", X264 LATE, 0, 60},
    {"late.mkv", X264 "-g 75 -bf 3 -refs 4 " LATE, 0, 60},
    {"slices.ts", X264 "-slices 4 " THROUGH, 0, 30},
    {"through.mp4", X264 THROUGH, 0, 30},
    {"dropped.mkv", X264 DROPPED, 0, 30},
    {"cut.ts", X264, 80, 40},
    {"last.mp4", X264 "-bsf:v noise=amount='if(gt(n,73),3,0)' ", 0, 70},
    {"key.ts", X264 "-g 25 -bsf:v noise=amount='if(eq(n,50),20,0)' ", 0, 50},
    {"hevc.mp4", PICTURE "-c:v libx265 -preset ultrafast -x265-params log-level=none " LATE, 0, 60},
    {"hevc.ts", PICTURE "-c:v libx265 -preset ultrafast -x265-params log-level=none " THROUGH, 0,
     20},
    {"mpeg4.avi", PICTURE "-c:v mpeg4 -bf 2 -q:v 5 " LATE, 0, 60},
    {"mpeg2.ts", PICTURE "-c:v mpeg2video -bf 2 -q:v 5 " THROUGH, 0, 60},
    {"vp8.webm", PICTURE "-c:v libvpx -deadline realtime -cpu-used 8 " LATE, 0, 50},
    {"vp9.webm", PICTURE "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 " LATE, 0, 40},
    {"av1.mp4", PICTURE "-c:v libaom-av1 -usage realtime -cpu-used 8 " LATE, 0, 40},
    {"mjpeg.mov", PICTURE "-c:v mjpeg -q:v 5 -pix_fmt yuvj420p " THROUGH, 0, 60},
    {"prores.mov", PICTURE "-c:v prores_ks -profile:v 0 " THROUGH, 0, 60},
};

static void cut(const char *name, int percent)
{
    struct stat st;
    assert_int_equal(stat(clips_path(name), &st), 0);
    assert_int_equal(truncate(clips_path(name), st.st_size * percent / 100), 0);
}

static void damage_shows_the_same_on_any_number_of_processors(void **state)
{
    (void)state;
    static const int threads[] = {2, 16};
    static struct seen one, more;
    for (size_t i = 0; i < LEN(rows); i++) {
        clips_make(rows[i].name, rows[i].args);
        if (rows[i].cut_percent)
            cut(rows[i].name, rows[i].cut_percent);
        decode_with(rows[i].name, 1, &one);
        if (one.count < rows[i].least)
            fail_msg("%s: %d pictures, %s", rows[i].name, one.count, msg_slug(one.msg));
        for (size_t k = 0; k < LEN(threads); k++) {
            decode_with(rows[i].name, threads[k], &more);
            assert_int_equal(one.msg, more.msg);
            int n = 0;
            while (n < one.count && n < more.count &&
                   memcmp(&one.pictures[n], &more.pictures[n], sizeof(struct one)) == 0)
                n++;
            if (n < one.count || n < more.count)
                fail_msg("%s: with %d threads %d pictures, %d with one; picture %d differs",
                         rows[i].name, threads[k], more.count, one.count, n);
        }
    }
}

static void a_whole_clip_is_decoded_once(void **state)
{
    (void)state;
    static struct seen seen;
    clips_make("whole.mp4", X264);
    decode_with("whole.mp4", 4, &seen);
    assert_int_equal(seen.count, 75);
    assert_false(seen.twice);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_clip_is_decoded_once),
        cmocka_unit_test(damage_shows_the_same_on_any_number_of_processors),
    };
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
