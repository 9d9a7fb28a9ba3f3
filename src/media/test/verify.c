/* The receipt takes reels and refuses everything that is almost one. */
#include "core/err.h"
#include "media/test/clips.h"

/* 25 pictures a second, 8 s, a key picture every 2 s: the form of a reel with bumpers of 2 s. */
/* As a reel: 2 s that stand still, 4 s that move, 2 s that stand still. */
#define BARS(from, to, colour) "drawbox=c=" colour ":t=fill:enable='gte(t," from ")*lt(t," to ")'"
#define MOVING                 "-f lavfi -i testsrc2=s=320x180:r=25:d=8"
#define PICTURE                MOVING "," BARS("0", "2", "navy") "," BARS("6", "9", "navy") " "
#define SOUND                  CLIP_SOUND("8")
#define CODECS                                                                                     \
    CLIP_X264 "-g 50 -keyint_min 50 -x264-params scenecut=0 -c:a aac -ac 2 -movflags +faststart "

static int run(enum render_op op, const char *clip, const char *reel, struct render_report *r,
               struct err *e)
{
    struct render_order o = {
        .op = op, .profile = profile_default(), .limits = media_limits_default()};
    struct media_job job = {.order = &o, .reel_fd = -1, .poster_fd = -1, .logo_fd = -1};
    job.clip_fd = open(clips_path(clip), O_RDONLY | O_CLOEXEC);
    assert_true(job.clip_fd >= 0);
    if (reel)
        job.reel_fd = open(clips_path(reel), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int result = media_run(&job, r, e);
    close(job.clip_fd);
    if (reel)
        close(job.reel_fd);
    return result;
}

static void what_we_make_is_taken(void **state)
{
    (void)state;
    static const char *const clips[] = {
        CLIP_PICTURE("320x180", "25", "3") CLIP_SOUND("3") CLIP_X264,
        CLIP_PICTURE("640x480", "30000/1001", "20") CLIP_X264,
        CLIP_PICTURE("180x320", "50", "1") CLIP_SOUND("3") CLIP_X264,
        CLIP_PICTURE("320x180", "25", "0.04") CLIP_X264,
    };
    static const int64_t body_us[] = {3000000, 15983000, 1000000, 40000};
    for (size_t i = 0; i < LEN(clips); i++) {
        struct render_report r;
        struct err e = {0};
        clips_make("clip.mp4", clips[i]);
        if (run(RENDER_MAKE, "clip.mp4", "reel.mp4", &r, &e) < 0 ||
            run(RENDER_VERIFY, "reel.mp4", NULL, &r, &e) < 0)
            fail_msg("clip %zu: %s", i, e.text);
        assert_true(llabs(r.body_us - body_us[i]) < 1000);
        assert_true(llabs(r.sync_us) <= 20000);
        assert_true(r.in.faststart && r.in.frames > 0);
    }
}

static void expect(const char *name, const char *why)
{
    struct render_report r;
    struct err e = {0};
    int result = run(RENDER_VERIFY, name, NULL, &r, &e);
    if (!why && result < 0)
        fail_msg("%s: refused: %s", name, e.text);
    if (why && result == 0)
        fail_msg("%s: taken, though: %s", name, why);
    if (why && (e.msg != MSG_RECEIPT_FAILED || e.code != ERR_SYSTEM || !strstr(e.text, why)))
        fail_msg("%s: %s, not: %s", name, e.text, why);
}

static void almost_a_reel_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *args, *why;
    } rows[] = {
        {"good.mp4", PICTURE SOUND CODECS, NULL}, /* the control: the rest differ in one thing */
        {"late-index.mp4", PICTURE SOUND CODECS "-movflags 0", "index is not first"},
        {"matroska.mp4", PICTURE SOUND CODECS "-f matroska", "not a plain mp4"},
        {"silent.mp4", PICTURE CODECS, "not one picture and one sound"},
        {"two.mp4", PICTURE SOUND CODECS "-map 0 -map 1 -map 1", "not one picture and one sound"},
        {"hevc.mp4",
         PICTURE SOUND CODECS "-c:v libx265 -preset ultrafast -x265-params log-level=none",
         "not H.264"},
        {"444.mp4", PICTURE SOUND CODECS "-pix_fmt yuv444p", "not H.264 8-bit 4:2:0"},
        {"surround.mp4", PICTURE SOUND CODECS "-ac 6", "not mono or stereo AAC"},
        {"mp3.mp4", PICTURE SOUND CODECS "-c:a libmp3lame", "not mono or stereo AAC"},
        {"rate.mp4", PICTURE SOUND CODECS "-ar 22050", "sound rate"},
        {"sar.mp4", PICTURE SOUND CODECS "-vf setsar=4/3", "not square"},
        {"43.mp4", CLIP_PICTURE("320x240", "25", "8") SOUND CODECS, "not 16:9"},
        {"4k.mp4", CLIP_PICTURE("2560x1440", "1", "8") SOUND CODECS, "not 16:9 inside"},
        {"fast.mp4", CLIP_PICTURE("320x180", "100", "8") SOUND CODECS, "rate or picture kind"},
        {"long.mp4", CLIP_PICTURE("320x180", "25", "21") CLIP_SOUND("21") CODECS, "longer than"},
        {"short.mp4", CLIP_PICTURE("320x180", "25", "4") CLIP_SOUND("4") CODECS, "nothing of"},
        {"early.mp4", PICTURE CLIP_SOUND("7.9") CODECS, "sound ends"},
        {"over.mp4", PICTURE CLIP_SOUND("8.1") CODECS, "sound ends"},
        {"seam.mp4", PICTURE SOUND CODECS "-g 40 -keyint_min 40", "does not begin with a key"},
        {"moves.mp4", MOVING " " SOUND CODECS, "not the same at both ends"},
        {"other.mp4", MOVING "," BARS("0", "2", "navy") "," BARS("6", "9", "red") " " SOUND CODECS,
         "not the same at both ends"},
        {"gap.mp4",
         PICTURE SOUND CODECS "-bsf:a setts=pts=PTS+gt(N\\,150)*960:dts=DTS+gt(N\\,150)*960",
         "sound has a hole"},
        {"late.mp4", PICTURE "-itsoffset 0.05 " SOUND CODECS, "sound"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        clips_make(rows[i].name, rows[i].args);
        expect(rows[i].name, rows[i].why);
    }
    clips_cut("good.mp4", "cut.mp4", 90);
    expect("cut.mp4", "it is cut");
    clips_write("empty.mp4", "", 0);
    expect("empty.mp4", "cannot be opened");
}

int main(void)
{
    media_warm_up();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_make_is_taken),
        cmocka_unit_test(almost_a_reel_is_refused),
    };
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
