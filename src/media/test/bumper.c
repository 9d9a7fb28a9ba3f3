/* The bumper as packets and as a file. */
#include "media/bumper/bumper.h"
#include "media/clip/sets.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "media/bumper/picture.h"
#include "media/media.h"

#include <errno.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct bumper_shape shape_default(void)
{
    return (struct bumper_shape){.width = 640,
                                 .height = 360,
                                 .coded_width = 640,
                                 .coded_height = 368,
                                 .fps_num = 25,
                                 .fps_den = 1,
                                 .frames = 50,
                                 .profile_idc = 100,
                                 .level_idc = 31,
                                 .set_id = 7,
                                 .primaries = 1,
                                 .transfer = 1,
                                 .matrix = 1,
                                 .crf = 21,
                                 .preset = "veryfast"};
}

static struct render_order order_default(void)
{
    return (struct render_order){.op = RENDER_BUMPER,
                                 .profile = profile_default(),
                                 .limits = media_limits_default(),
                                 .bumper = shape_default()};
}

static struct media_job job_of(const struct render_order *o)
{
    return (struct media_job){
        .order = o, .clip_fd = -1, .reel_fd = -1, .poster_fd = -1, .logo_fd = -1};
}

struct shown {
    int frames;
    uint64_t sum; /* of each picture */
    int corner;   /* its brightness */
    AVCodecContext *c;
    int width, height, ref_frames;
};

static int complaints;
__attribute__((format(printf, 3, 0))) static void complain(void *ctx, int level, const char *fmt,
                                                           va_list ap)
{
    (void)ctx;
    if (level <= AV_LOG_WARNING) {
        complaints++;
        vfprintf(stderr, fmt, ap);
    }
}

static uint64_t sum_of(const AVFrame *f)
{
    uint64_t sum = 0;
    for (int k = 0; k < 3; k++)
        for (int y = 0; y < (k ? f->height / 2 : f->height); y++)
            for (int x = 0; x < (k ? f->width / 2 : f->width); x++)
                sum = sum * 31 + f->data[k][(ptrdiff_t)y * f->linesize[k] + x];
    return sum;
}

/* Decodes it as a player does, with nothing but its own avcC. No complaint, and all pictures are
 * the first one again. */
static void show(const struct bumper *b, struct shown *s)
{
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    AVCodecContext *c = avcodec_alloc_context3(codec);
    c->extradata = av_mallocz((size_t)b->sets_bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(c->extradata, b->sets, (size_t)b->sets_bytes);
    c->extradata_size = b->sets_bytes;
    c->thread_count = 1;
    c->err_recognition = AV_EF_EXPLODE;
    assert_int_equal(avcodec_open2(c, codec, NULL), 0);
    AUTO(av_frame_free) AVFrame *f = av_frame_alloc();
    complaints = 0;
    av_log_set_callback(complain);
    for (int i = 0; i <= b->count; i++) {
        assert_int_equal(avcodec_send_packet(c, i < b->count ? b->packets[i] : NULL), 0);
        while (avcodec_receive_frame(c, f) == 0) {
            assert_int_equal(f->pts, s->frames);
            if (s->frames++ == 0) {
                s->sum = sum_of(f);
                s->corner = f->data[0][0];
            }
            assert_int_equal(sum_of(f), s->sum);
            s->width = f->width;
            s->height = f->height;
        }
    }
    av_log_set_callback(av_log_default_callback);
    assert_int_equal(complaints, 0);
    s->c = c;
}

static void make(const struct bumper_shape *shape, struct bumper *b)
{
    struct render_order o = order_default();
    struct media_job job = job_of(&o);
    struct err e = {0};
    if (bumper_get(&job, shape, b, &e) < 0)
        fail_msg("%s", e.text);
}

static void each_profile_decodes_to_all_its_frames(void **state)
{
    (void)state;
    static const int profiles[] = {66, 77, 100};
    static const char *const presets[] = {"ultrafast", "veryfast", "slower"};
    for (size_t i = 0; i < LEN(profiles); i++)
        for (size_t k = 0; k < LEN(presets); k++) {
            struct bumper_shape s = shape_default();
            AUTO(bumper_clear) struct bumper b = {0};
            struct shown shown = {0};
            s.profile_idc = profiles[i];
            snprintf(s.preset, sizeof(s.preset), "%s", presets[k]);
            make(&s, &b);
            assert_int_equal(b.count, 50);
            assert_int_equal(b.sets[1], profiles[i]);
            assert_int_equal(b.sets[3], 31);
            show(&b, &shown);
            assert_int_equal(shown.frames, 50);
            assert_int_equal(shown.width, 640);
            assert_int_equal(shown.height, 360);
            assert_int_equal(shown.c->has_b_frames, 0);
            avcodec_free_context(&shown.c);
        }
}

/* frame_num counts round, and zeros in a row are escaped. */
static void any_size_and_length_repeats_its_picture(void **state)
{
    (void)state;
    static const int sides[][2] = {{16, 16}, {480, 270}, {950, 534}, {1920, 1080}};
    for (size_t i = 0; i < LEN(sides); i++) {
        struct bumper_shape s = shape_default();
        AUTO(bumper_clear) struct bumper b = {0};
        struct shown shown = {0};
        s.width = sides[i][0];
        s.height = sides[i][1];
        s.coded_width = FFALIGN(s.width, 16);
        s.coded_height = FFALIGN(s.height, 16);
        s.frames = i == 0 ? 2400 : i == 1 ? 300 : 3;
        s.set_id = i % 2 ? 31 : 0;
        make(&s, &b);
        show(&b, &shown);
        assert_int_equal(shown.frames, s.frames);
        assert_int_equal(shown.width, s.width);
        assert_int_equal(shown.height, s.height);
        avcodec_free_context(&shown.c);
    }
}

/* Where an SPS says so, more than the last block is cut off. */
static void blocks_and_pixels_are_those_of_the_shape(void **state)
{
    (void)state;
    static const struct {
        int width, height, coded_width, coded_height, sar_num, sar_den;
    } rows[] = {
        {1920, 1088, 1920, 1088, 1, 1},   {640, 360, 640, 384, 1, 1},
        {848, 480, 896, 480, 1281, 1280}, {428, 240, 432, 256, 0, 0},
        {240, 180, 240, 192, 4, 3},       {320, 180, 352, 208, 40961, 40960},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct bumper_shape s = shape_default();
        AUTO(bumper_clear) struct bumper b = {0};
        struct shown shown = {0};
        struct sets sets;
        s.width = rows[i].width;
        s.height = rows[i].height;
        s.coded_width = rows[i].coded_width;
        s.coded_height = rows[i].coded_height;
        s.sar_num = rows[i].sar_num;
        s.sar_den = rows[i].sar_den;
        s.frames = 3;
        make(&s, &b);
        assert_null(sets_read(b.sets, b.sets_bytes, &sets));
        assert_int_equal(sets.sps.width, s.width);
        assert_int_equal(sets.sps.height, s.height);
        assert_int_equal(sets.sps.coded_width, s.coded_width);
        assert_int_equal(sets.sps.coded_height, s.coded_height);
        assert_int_equal(sets.sps.sar_num, s.sar_num);
        assert_int_equal(sets.sps.sar_den, s.sar_den);
        show(&b, &shown);
        assert_int_equal(shown.width, s.width);
        assert_int_equal(shown.height, s.height);
        avcodec_free_context(&shown.c);
    }
}

/* The picture is the logo's, not just any that does not change. */
static void what_is_shown_looks_like_the_mark(void **state)
{
    (void)state;
    struct bumper_shape s = shape_default();
    struct media_limits limits = media_limits_default();
    struct err e;
    AUTO(bumper_clear) struct bumper b = {0};
    AUTO(av_frame_free) AVFrame *mark = NULL;
    AUTO(av_frame_free) AVFrame *f = av_frame_alloc();
    struct shown shown = {0};
    double squares = 0;
    make(&s, &b);
    assert_int_equal(media_logo_frame(-1, &limits, s.width, s.height, &mark, &e), 0);
    show(&b, &shown);
    avcodec_flush_buffers(shown.c);
    assert_int_equal(avcodec_send_packet(shown.c, b.packets[0]), 0);
    assert_int_equal(avcodec_receive_frame(shown.c, f), 0);
    for (int y = 0; y < s.height; y++)
        for (int x = 0; x < s.width; x++) {
            int d = f->data[0][(ptrdiff_t)y * f->linesize[0] + x] -
                    mark->data[0][(ptrdiff_t)y * mark->linesize[0] + x];
            squares += d * d;
        }
    assert_true(squares / (s.width * s.height) < 6.5); /* 40 dB */
    avcodec_free_context(&shown.c);
}

static void the_sets_carry_the_id_that_was_asked_for(void **state)
{
    (void)state;
    for (int id = 0; id <= 31; id += 31) {
        struct bumper_shape s = shape_default();
        AUTO(bumper_clear) struct bumper b = {0};
        s.set_id = id;
        make(&s, &b);
        size_t sps = AV_RB16(b.sets + 6);
        /* ue(v): 0 is "1", 31 is "00000 100000"; the SPS's behind four bytes, the PPS's behind one
         */
        const uint8_t *p = b.sets + 8 + 4, *q = b.sets + 8 + sps + 3 + 1;
        unsigned got[] = {AV_RB16(p), AV_RB16(q)};
        for (int k = 0; k < 2; k++)
            assert_int_equal(id ? got[k] >> 5 : got[k] >> 15, id ? 32 : 1);
    }
}

static void colours_and_range_are_those_of_the_shape(void **state)
{
    (void)state;
    struct bumper_shape s = shape_default();
    AUTO(bumper_clear) struct bumper limited = {0}, full = {0};
    struct shown a = {0}, b = {0};
    make(&s, &limited);
    s.full_range = true;
    s.primaries = 5;
    s.transfer = 6;
    s.matrix = 5;
    make(&s, &full);
    show(&limited, &a);
    show(&full, &b);
    assert_int_equal(a.c->color_range, AVCOL_RANGE_MPEG);
    assert_int_equal(a.c->colorspace, AVCOL_SPC_BT709);
    assert_int_equal(b.c->color_range, AVCOL_RANGE_JPEG);
    assert_int_equal(b.c->color_primaries, 5);
    assert_int_equal(b.c->color_trc, 6);
    assert_int_equal(b.c->colorspace, 5);
    /* the corner of the mark is dark: 24 31 46 is 30.5 of 255 in full range, 42.2 in limited */
    assert_in_range(a.corner, 40, 44);
    assert_in_range(b.corner, 28, 33);
    avcodec_free_context(&a.c);
    avcodec_free_context(&b.c);
}

static void the_clips_level_and_frame_flags_are_taken_over(void **state)
{
    (void)state;
    struct bumper_shape s = shape_default();
    AUTO(bumper_clear) struct bumper b = {0};
    s.level_idc = 52;
    s.constraints = 0xfc;
    make(&s, &b);
    assert_int_equal(b.sets[2], 0x0c); /* not that it is Baseline, which it is not */
    assert_int_equal(b.sets[3], 52);
    assert_memory_equal(b.sets + 1, b.sets + 9, 3);
}

/* A file of a bumper in memory, its bytes and its bumper. */
static int file_make(const struct render_order *o)
{
    int fd = memfd_create("bumper", MFD_CLOEXEC);
    struct media_job job = job_of(o);
    struct render_report r;
    struct err e = {0};
    job.reel_fd = fd;
    if (media_run(&job, &r, &e) < 0)
        fail_msg("%s", e.text);
    return fd;
}

static void a_file_gives_back_the_very_packets(void **state)
{
    (void)state;
    struct render_order o = order_default();
    AUTO(fd_closep) int fd = file_make(&o);
    AUTO(bumper_clear) struct bumper made = {0}, kept = {0};
    struct err e = {0};
    struct shown shown = {0};
    make(&o.bumper, &made);
    assert_int_equal(bumper_read(fd, &o.bumper, &kept, &e), 0);
    assert_int_equal(kept.count, made.count);
    assert_int_equal(kept.first_id, 0);
    assert_int_equal(kept.sets_bytes, made.sets_bytes);
    assert_memory_equal(kept.sets, made.sets, (size_t)made.sets_bytes);
    for (int i = 0; i < made.count; i++) {
        const AVPacket *a = made.packets[i], *b = kept.packets[i];
        assert_int_equal(a->size, b->size);
        assert_memory_equal(a->data, b->data, (size_t)a->size);
        assert_int_equal(a->pts, b->pts);
        assert_int_equal(a->flags & AV_PKT_FLAG_KEY, b->flags & AV_PKT_FLAG_KEY);
    }
    show(&kept, &shown);
    assert_int_equal(shown.frames, 50);
    avcodec_free_context(&shown.c);
}

static void a_file_of_another_shape_is_refused(void **state)
{
    (void)state;
    struct render_order o = order_default();
    AUTO(fd_closep) int fd = file_make(&o);
    AUTO(bumper_clear) struct bumper b = {0};
    struct err e = {0};
    struct bumper_shape s = o.bumper;
    s.crf = 22;
    assert_int_equal(bumper_read(fd, &s, &b, &e), -1);
    assert_string_equal(e.text, "bumper: the kept one is damaged: it is of another shape");
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(b.count, 0);
}

static void sum_again(uint8_t *data, size_t bytes)
{
    AUTO(freep) struct AVSHA *sha = av_sha_alloc();
    assert_int_equal(av_sha_init(sha, 256), 0);
    av_sha_update(sha, data, bytes - 32);
    av_sha_final(sha, data + bytes - 32);
}

static int read_bytes(const uint8_t *data, size_t bytes, const struct bumper_shape *s,
                      struct err *e)
{
    AUTO(fd_closep) int fd = memfd_create("bumper", MFD_CLOEXEC);
    AUTO(bumper_clear) struct bumper b = {0};
    assert_int_equal(fd_write_all(fd, data, bytes, NULL), 0);
    return bumper_read(fd, s, &b, e);
}

static void any_single_changed_or_missing_byte_is_found(void **state)
{
    (void)state;
    struct render_order o = order_default();
    o.bumper.frames = 3;
    AUTO(fd_closep) int fd = file_make(&o);
    static uint8_t data[1 << 20];
    size_t n = (size_t)fd_pread_full(fd, data, sizeof(data), 0, NULL);
    struct err e = {0};
    assert_int_equal(read_bytes(data, n, &o.bumper, &e), 0);
    for (size_t i = 0; i < n; i += i < 256 ? 1 : 97) {
        data[i] ^= 0x10;
        assert_int_equal(read_bytes(data, n, &o.bumper, &e), -1);
        assert_string_equal(e.text, "bumper: the kept one is damaged: its sum");
        data[i] ^= 0x10;
        assert_int_equal(read_bytes(data, i, &o.bumper, &e), -1);
        assert_int_equal(e.code, ERR_SYSTEM);
    }
}

/* Under a right sum: what reading itself must not trust. */
static void lies_under_a_right_sum_are_found(void **state)
{
    (void)state;
    struct render_order o = order_default();
    o.bumper.frames = 3;
    AUTO(fd_closep) int fd = file_make(&o);
    static uint8_t good[1 << 20], bad[1 << 20];
    size_t n = (size_t)fd_pread_full(fd, good, sizeof(good), 0, NULL);
    enum { COUNTS = 12 + 88, SIZES = COUNTS + 8, SETS = SIZES + 12 };
    size_t sets_bytes = AV_RB32(good + COUNTS), packet = SETS + sets_bytes;
    const struct {
        size_t at;
        uint32_t value; /* 32 bits */
        const char *what;
    } lies[] = {
        {0, 0x41414141, "it is of another form"},
        {8, BUMPER_FORM + 1, "it is of another form"},
        {COUNTS, 0xffffffff, "its counts"},
        {COUNTS, 15, "its counts"},
        {COUNTS + 4, 0xffffffff, "its counts"},
        {COUNTS + 4, 2, "its counts"},
        {SIZES, 0xffffffff, "a packet"},
        {SIZES, 0, "a packet"},
        {SIZES, AV_RB32(good + SIZES) - 1, "a packet"},
        {SETS, 0x0242001e, "its parameter sets"},
        {SETS + 4, 0xffe1ffff, "its parameter sets"},
        {SETS + 8, 0x68640c1f, "its parameter sets"},
        {packet, 0xffffffff, "a packet"},
        {packet, 0, "a packet"},
        {packet + 4, 0x67000000, "a packet"}, /* an SPS in band */
        {packet + 4, 0x41000000, "a packet"}, /* first, and no IDR */
    };
    for (size_t i = 0; i < LEN(lies); i++) {
        struct err e = {0};
        char text[120];
        memcpy(bad, good, n);
        AV_WB32(bad + lies[i].at, lies[i].value);
        sum_again(bad, n);
        snprintf(text, sizeof(text), "bumper: the kept one is damaged: %s", lies[i].what);
        if (read_bytes(bad, n, &o.bumper, &e) == 0)
            fail_msg("lie %zu was believed", i);
        assert_string_equal(e.text, text);
    }
}

struct source {
    int fd, result, asked;
};

static int give(void *arg, const struct bumper_shape *shape, int *fd, struct err *e)
{
    struct source *s = arg;
    s->asked++;
    assert_int_equal(shape->set_id, 7);
    *fd = s->fd < 0 ? -1 : dup(s->fd);
    return s->result < 0 ? err_set(e, ERR_SYSTEM, "none") : 0;
}

static void a_kept_one_is_used_and_a_useless_one_is_made_anew(void **state)
{
    (void)state;
    struct render_order o = order_default();
    AUTO(fd_closep) int fd = file_make(&o);
    AUTO(fd_closep) int empty = memfd_create("empty", MFD_CLOEXEC);
    const int fds[] = {fd, empty, -1, -1};
    for (size_t i = 0; i < LEN(fds); i++) {
        struct source s = {fds[i], i == 3 ? -1 : 0, 0};
        struct media_job job = job_of(&o);
        AUTO(bumper_clear) struct bumper b = {0};
        struct err e = {0};
        job.bumper = give;
        job.arg = &s;
        assert_int_equal(bumper_get(&job, &o.bumper, &b, &e), 0);
        assert_int_equal(s.asked, 1);
        assert_int_equal(b.count, 50);
        /* kept packets share the one buffer of their file */
        assert_int_equal(b.packets[0]->buf->data == b.packets[1]->buf->data, i == 0);
    }
}

static void what_no_encoder_may_be_asked_for_is_refused(void **state)
{
    (void)state;
    struct render_order o = order_default();
    struct media_job job = job_of(&o);
    AUTO(bumper_clear) struct bumper b = {0};
    struct err e = {0};
    o.bumper.width = 1 << 20;
    assert_int_equal(bumper_get(&job, &o.bumper, &b, &e), -1);
    assert_string_equal(e.text, "bumper: the size is out of range");
    assert_null(b.packets);
}

int main(void)
{
    av_log_set_level(AV_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_profile_decodes_to_all_its_frames),
        cmocka_unit_test(any_size_and_length_repeats_its_picture),
        cmocka_unit_test(blocks_and_pixels_are_those_of_the_shape),
        cmocka_unit_test(what_is_shown_looks_like_the_mark),
        cmocka_unit_test(the_sets_carry_the_id_that_was_asked_for),
        cmocka_unit_test(colours_and_range_are_those_of_the_shape),
        cmocka_unit_test(the_clips_level_and_frame_flags_are_taken_over),
        cmocka_unit_test(a_file_gives_back_the_very_packets),
        cmocka_unit_test(a_file_of_another_shape_is_refused),
        cmocka_unit_test(any_single_changed_or_missing_byte_is_found),
        cmocka_unit_test(lies_under_a_right_sum_are_found),
        cmocka_unit_test(a_kept_one_is_used_and_a_useless_one_is_made_anew),
        cmocka_unit_test(what_no_encoder_may_be_asked_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
