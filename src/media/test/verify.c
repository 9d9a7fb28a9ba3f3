/* The receipt takes reels and refuses everything that is almost one, and says which item fails. */
#include "core/err.h"
#include "media/receipt/reel_index.h"
#include "media/test/clips.h"

/* As a reel: 2 s that stand still, 4 s that move, 2 s that stand still; 25 pictures a second, a key
 * picture every 2 s. */
#define BARS(from, to, colour) "drawbox=c=" colour ":t=fill:enable='gte(t," from ")*lt(t," to ")'"
#define MOVING                 "-f lavfi -i testsrc2=s=320x180:r=25:d=8"
#define PICTURE                MOVING "," BARS("0", "2", "navy") "," BARS("6", "9", "navy") " "
#define SOUND                  CLIP_SOUND("8")
#define CODECS                                                                                     \
    CLIP_X264 "-g 50 -keyint_min 50 -x264-params scenecut=0 -c:a aac -ac 2 -movflags +faststart "
enum { BODY_US = 4000000 };

static struct render_order order_of(enum render_op op, int64_t body_us)
{
    return (struct render_order){.op = op,
                                 .profile = profile_default(),
                                 .limits = media_limits_default(),
                                 .body_us = body_us};
}

static int run_order(const struct render_order *o, const char *clip, const char *reel,
                     struct render_report *r, struct err *e)
{
    struct media_job job = {.order = o, .reel_fd = -1, .poster_fd = -1, .logo_fd = -1};
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

static int run(enum render_op op, const char *clip, const char *reel, int64_t body_us,
               struct render_report *r, struct err *e)
{
    struct render_order o = order_of(op, body_us);
    return run_order(&o, clip, reel, r, e);
}

/* The way it went; the receipt of what was made is in *r. */
static enum path make_and_look(const char *what, const char *reel, struct render_report *r)
{
    struct err e = {0};
    if (run(RENDER_MAKE, "clip.mp4", reel, 0, r, &e) < 0)
        fail_msg("%s: %s", what, e.text);
    enum path path = r->path;
    int64_t body_us = r->body_us;
    if (run(RENDER_VERIFY, reel, NULL, body_us, r, &e) < 0)
        fail_msg("%s: %s", what, e.text);
    assert_true(llabs(r->body_us - body_us) <= 1);
    return path;
}

static void what_we_make_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *args;
        int64_t body_us;
        enum path path;
    } rows[] = {
        {CLIP_PICTURE("320x180", "25", "3") CLIP_SOUND("3") CLIP_X264, 3000000, PATH_COPY},
        {CLIP_PICTURE("640x480", "30000/1001", "20") CLIP_X264, 15983000, PATH_ENCODE},
        {CLIP_PICTURE("180x320", "50", "1") CLIP_SOUND("3") CLIP_X264, 1000000, PATH_ENCODE},
        {CLIP_PICTURE("320x180", "25", "0.04") CLIP_X264, 40000, PATH_COPY},
        {CLIP_PICTURE("240x180", "25", "1") "-vf setsar=4/3 " CLIP_X264, 1000000, PATH_COPY},
        {CLIP_PICTURE("424x240", "25", "1") CLIP_X264, 1000000, PATH_COPY},
        {CLIP_PICTURE("320x180", "24000/1001", "20") CLIP_SOUND("20") CLIP_X264
         "-preset slow "
         "-g 12 -c:a aac -ac 1 -ar 44100",
         15849000, PATH_COPY},
        {CLIP_PICTURE("640x360", "60", "2") CLIP_SOUND("2") CLIP_X264 "-bf 3 -color_range pc",
         2000000, PATH_COPY},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct render_report r;
        clips_make("clip.mp4", rows[i].args);
        assert_int_equal(make_and_look(rows[i].args, "reel.mp4", &r), rows[i].path);
        if (llabs(r.body_us - rows[i].body_us) > 42000)
            fail_msg("clip %zu: %lld us", i, (long long)r.body_us);
        assert_true(llabs(r.sync_us) <= 20000);
        assert_true(r.in.faststart && r.in.frames > 0);
        assert_int_equal(r.receipt.held, RECEIPT_ALL);
        assert_int_equal(r.receipt.pictures, r.in.frames);
        assert_true(r.receipt.sounds > 0);
        assert_in_range(r.receipt.decoded, 4, 50);
        assert_true(llabs(r.receipt.length_error_us) <= 1);
    }
}

/* why: NULL when it is to be taken, else how the error begins. */
static void expect_order(const char *name, const struct render_order *o, const char *why)
{
    struct render_report r;
    struct err e = {0};
    int result = run_order(o, name, NULL, &r, &e);
    if (!why && result < 0)
        fail_msg("%s: refused: %s", name, e.text);
    if (why && result == 0)
        fail_msg("%s: taken, though: %s", name, why);
    if (why && (e.msg != MSG_RECEIPT_FAILED || e.code != ERR_SYSTEM || !strstr(e.text, why)))
        fail_msg("%s: %s, not: %s", name, e.text, why);
}

static void expect(const char *name, int64_t body_us, const char *why)
{
    struct render_order o = order_of(RENDER_VERIFY, body_us);
    expect_order(name, &o, why);
}

static void almost_a_reel_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *args, *why;
    } rows[] = {
        {"good.mp4", PICTURE SOUND CODECS, NULL}, /* the control: the rest differ in one thing */
        {"late-index.mp4", PICTURE SOUND CODECS "-movflags 0", "form: the index is not first"},
        {"fragments.mp4", PICTURE SOUND CODECS "-movflags frag_keyframe", "form: not a plain mp4"},
        {"matroska.mp4", PICTURE SOUND CODECS "-f matroska", "form: not a plain mp4"},
        {"silent.mp4", PICTURE CODECS, "form: 1 tracks"},
        {"two.mp4", PICTURE SOUND CODECS "-map 0 -map 1 -map 1", "form: 3 tracks"},
        {"hevc.mp4",
         PICTURE SOUND CODECS "-c:v libx265 -preset ultrafast -x265-params log-level=none",
         "form: tracks are hev1 and mp4a"},
        {"444.mp4", PICTURE SOUND CODECS "-pix_fmt yuv444p", "form: picture is not"},
        {"surround.mp4", PICTURE SOUND CODECS "-ac 6", "form: sound is aac of 6 channels"},
        {"mp3.mp4", PICTURE SOUND CODECS "-c:a libmp3lame", "form: sound is mp3"},
        {"rate.mp4", PICTURE SOUND CODECS "-ar 22050", "form: sound has 22050 Hz"},
        {"sar.mp4", PICTURE SOUND CODECS "-vf setsar=4/3",
         "shape: 320x180 of pixels 4:3 is not 16:9"},
        {"two-sars.mp4", PICTURE SOUND CODECS "-bsf:v h264_metadata=sample_aspect_ratio=161/160",
         "shape: pixels are 1:1 by its track, 161:160 by its headers"},
        {"43.mp4", CLIP_PICTURE("320x240", "25", "8") SOUND CODECS,
         "shape: 320x240 of pixels 1:1 is not 16:9"},
        {"4k.mp4", CLIP_PICTURE("2560x1440", "1", "8") SOUND CODECS,
         "shape: 2560x1440 of pixels 1:1 is not"},
        {"fast.mp4", CLIP_PICTURE("320x180", "100", "8") SOUND CODECS, "shape: 100/1 pictures"},
        {"long.mp4", CLIP_PICTURE("320x180", "25", "21") CLIP_SOUND("21") CODECS,
         "length: 525 pictures: longer than"},
        {"short.mp4", CLIP_PICTURE("320x180", "25", "4") CLIP_SOUND("4") CODECS,
         "length: 100 pictures: nothing of"},
        {"early.mp4", PICTURE CLIP_SOUND("7.9") CODECS, "sync: at the end sound is -"},
        {"soon.mp4", PICTURE CLIP_SOUND("5") CODECS, "sync: at the second seam sound is -1"},
        {"over.mp4", PICTURE CLIP_SOUND("8.1") CODECS, "sync: at the end sound is "},
        {"seam.mp4", PICTURE SOUND CODECS "-g 40 -keyint_min 40", "does not begin with an IDR"},
        {"moves.mp4", MOVING " " SOUND CODECS, "bumpers: the picture in frame "},
        {"moves-14.9.mp4",
         CLIP_PICTURE("320x180", "149/10", "8.05") CLIP_SOUND("8.0537") CODECS
         "-g 30 -keyint_min 30",
         "bumpers: the picture in frame "},
        {"moves-23.8.mp4",
         CLIP_PICTURE("320x180", "119/5", "8.06") CLIP_SOUND("8.0672") CODECS
         "-g 48 -keyint_min 48",
         "bumpers: the picture in frame "},
        {"other.mp4", MOVING "," BARS("0", "2", "navy") "," BARS("6", "9", "red") " " SOUND CODECS,
         "bumpers: the picture in frame 150 is off the first one by"},
        {"gap.mp4",
         PICTURE SOUND CODECS "-bsf:a setts=pts=PTS+gt(N\\,150)*960:dts=DTS+gt(N\\,150)*960",
         "times: packet 150 of the sound takes 1984 samples"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        clips_make(rows[i].name, rows[i].args);
        expect(rows[i].name, BODY_US, rows[i].why);
    }
    clips_cut("good.mp4", "cut.mp4", 90);
    expect("cut.mp4", BODY_US, "form: it is cut");
    clips_write("empty.mp4", "", 0);
    expect("empty.mp4", BODY_US, "form: not a plain mp4");
}

static void the_length_is_the_one_that_was_said(void **state)
{
    (void)state;
    clips_make("good.mp4", PICTURE SOUND CODECS);
    expect("good.mp4", BODY_US + 40000, NULL);
    expect("good.mp4", BODY_US - 40000, NULL);
    expect("good.mp4", BODY_US + 41000, "length: -41000 us longer than was said");
    expect("good.mp4", BODY_US - 41000, "length: 41000 us longer");
    expect("good.mp4", 0, "length: 4000000 us longer");
}

/* -- a copied reel, and what may happen to it -- */

enum { BUMPER = 50, BODY = 75 }; /* pictures */

static void make_copied(void)
{
    struct render_report r;
    clips_make("clip.mp4", CLIP_PICTURE("320x180", "25", "3") CLIP_SOUND("3") CLIP_X264
               "-preset medium -g 25 -c:a aac");
    assert_int_equal(make_and_look("the copied one", "copied.mp4", &r), PATH_COPY);
    assert_int_equal(r.receipt.pictures, 2 * BUMPER + BODY);
}

static void remuxed(const char *name, const char *how)
{
    char args[512];
    snprintf(args, sizeof(args), "-i %s %s -c copy -movflags +faststart", clips_path("copied.mp4"),
             how);
    clips_make(name, args);
}

static void a_copied_reel_that_was_changed_is_refused(void **state)
{
    (void)state;
    make_copied();
    remuxed("same.mp4", "");
    expect("same.mp4", 3000000, NULL); /* the control: remuxing alone changes nothing */
    remuxed("dropped.mp4", "-bsf:v noise=drop=eq(n\\,60)");
    expect("dropped.mp4", 3000000, "times: picture 59 takes 1024 ticks, not 512");
    remuxed("unheard.mp4", "-bsf:a noise=drop=eq(n\\,60)");
    expect("unheard.mp4", 3000000, "times: packet 59 of the sound takes 2048 samples");
    remuxed("more.mp4", "-map 0 -map 0:a");
    expect("more.mp4", 3000000, "form: 3 tracks");
    /* 30 ms later by its first packet, 6 ms of which were skipped before */
    char late[300];
    snprintf(late, sizeof(late), "-itsoffset 0.03 -i %s -map 0:v -map 1:a",
             clips_path("copied.mp4"));
    remuxed("late.mp4", late);
    expect("late.mp4", 3000000, "sync: at the first seam sound is 24000 us late");
    snprintf(late, sizeof(late), "-itsoffset 0.015 -i %s -map 0:v -map 1:a",
             clips_path("copied.mp4"));
    remuxed("little.mp4", late);
    expect("little.mp4", 3000000, NULL);
}

/* -- a copied reel whose body keeps times that vary -- */

/* 60 pictures of the bumper, 512 ticks each; 10 of the body, 1536 ticks each, and 60 of 512 each,
 * with key pictures at 60, 75, 90...; and 60 of the other bumper. */
#define MOVED(pts, dts) "-bsf:v setts=pts=PTS+" pts ":dts=DTS+" dts
#define LATER(when, by) MOVED(when "*" by, when "*" by)

static void a_varying_reel_that_was_changed_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *how, *why;
    } rows[] = {
        {"same", "", NULL}, /* the control */
        {"gap", LATER("gte(N\\,75)", "20000"),
         "more than a second lies between two of its pictures"},
        {"end", LATER("gte(N\\,130)", "16000"), "the body's last picture is shown for 1075000 us"},
        {"one time", MOVED("eq(N\\,77)*-512", "0"), "two of its pictures have one time"},
        {"all but one time", MOVED("eq(N\\,77)*-502", "0"),
         "two of its pictures are all but at one"},
        {"dense",
         "-bsf:v setts=pts=if(between(N\\,60\\,129)\\,23040+PTS/4\\,PTS):"
         "dts=if(between(N\\,60\\,129)\\,23040+DTS/4\\,DTS)",
         "its picture rate is above the profile's"},
        {"first bumper uneven", LATER("eq(N\\,30)", "100"), "picture 29 is shown for 612 ticks"},
        {"first bumper shorter", "-bsf:v noise=drop=eq(n\\,30)",
         "picture 29 is shown for 1024 ticks"},
        {"first bumper longer", LATER("gte(N\\,60)", "512"), "picture 59 is shown for 1024 ticks"},
        {"last bumper uneven", LATER("eq(N\\,160)", "100"), "picture 159 is shown for 612 ticks"},
        {"last bumper shorter", "-bsf:v noise=drop=eq(n\\,160)", " ticks, not 512"},
        {"missing before the first seam", "-bsf:v noise=drop=eq(n\\,59)",
         "picture 58 is shown for "},
        {"missing after the first seam", "-bsf:v noise=drop=eq(n\\,60)",
         "picture 59 is shown for "},
        {"missing before the second seam", "-bsf:v noise=drop=eq(n\\,129)",
         "length: 189 pictures, not 190 as was said"},
        {"missing inside the body", "-bsf:v noise=drop=eq(n\\,100)",
         "length: 189 pictures, not 190 as was said"},
        {"missing after the second seam", "-bsf:v noise=drop=eq(n\\,130)", " ticks, not 512"},
        {"beyond the first seam", MOVED("eq(N\\,59)*512-eq(N\\,60)*512", "0"),
         "picture 59 is shown beyond a seam, as number 60"},
        {"beyond the second seam", MOVED("eq(N\\,129)*512-eq(N\\,130)*512", "0"),
         "is shown beyond a seam, as number "},
        {"a key picture that is found early", MOVED("0", "eq(N\\,75)*-100"),
         "key picture 75 is found 100 ticks early"},
        {"a last bumper that is found early", MOVED("0", "eq(N\\,130)*-100"),
         "key picture 130 is found 100 ticks early"},
    };
    struct render_report r;
    clips_make("clip.mp4", CLIP_PICTURE("320x180", "30", "3") CLIP_SOUND("3") CLIP_X264
               "-vf select=gt(n\\,29)+not(mod(n\\,3)) -vsync vfr -preset medium -g 15 -c:a aac");
    struct err e = {0};
    if (run(RENDER_MAKE, "clip.mp4", "copied.mp4", 0, &r, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(r.path, PATH_COPY);
    assert_true(r.out.variable_rate);
    struct render_order o = order_of(RENDER_VERIFY, r.body_us);
    o.frames = r.out.frames;
    o.fps_num = r.out.fps_num;
    o.fps_den = r.out.fps_den;
    for (size_t i = 0; i < LEN(rows); i++) {
        print_message("%s\n", rows[i].name);
        remuxed("changed.mp4", rows[i].how);
        o.variable_rate = true;
        expect_order("changed.mp4", &o, rows[i].why);
    }
    o.variable_rate = false;
    expect_order("copied.mp4", &o, "times: picture ");
}

/* Before each key picture of this clip, and before the last bumper, pictures stand for three slots.
 */
static void what_comes_before_a_key_picture_can_be_searched(void **state)
{
    (void)state;
    struct render_report r;
    struct err e = {0};
    clips_make(
        "clip.mp4", CLIP_PICTURE("320x180", "30", "4") CLIP_X264
        "-vf select=gt(mod(n\\,15)\\,6)*not(mod(n\\,3))+lte(mod(n\\,15)\\,6) -vsync vfr "
        "-preset medium -x264-params keyint=10:min-keyint=10:scenecut=0:bframes=3:b-adapt=0");
    if (run(RENDER_MAKE, "clip.mp4", "searched.mp4", 0, &r, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(r.path, PATH_COPY);
    assert_true(r.out.variable_rate);
    struct render_order o = order_of(RENDER_VERIFY, r.body_us);
    o.frames = r.out.frames;
    o.fps_num = r.out.fps_num;
    o.fps_den = r.out.fps_den;
    o.variable_rate = true; /* the receipt looks at each key picture */
    expect_order("searched.mp4", &o, NULL);
}

/* Copies the reel, with the bytes of a picture from `skip` on changed. */
static void spoil(const char *name, int picture, int skip, int bytes)
{
    struct reel_index x;
    struct stat st = {0};
    clips_cut("copied.mp4", name, 100);
    int fd = open(clips_path(name), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    const char *wrong = reel_index_read(fd, st.st_size, &x);
    assert_null(wrong);
    int track = strcmp(x.track[0].kind, "vide") == 0 ? 0 : 1;
    const struct reel_packet *p = &x.track[track].packets[picture];
    for (int i = skip; i < skip + bytes && i < p->bytes; i++) {
        uint8_t b;
        assert_int_equal(pread(fd, &b, 1, p->at + i), 1);
        b ^= 0xa5;
        assert_int_equal(pwrite(fd, &b, 1, p->at + i), 1);
    }
    reel_index_clear(&x);
    close(fd);
}

static void damage_around_a_seam_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int picture, skip, bytes;
        const char *why;
    } rows[] = {
        {"the first picture", 0, 200, 400, "seams"},
        {"the last of the first bumper", BUMPER - 1, 6, 8, "seams"},
        {"its length", BUMPER - 1, 0, 4, "picture 49"},
        {"the first of the body", BUMPER, 300, 400, "seams"},
        {"its length", BUMPER, 0, 4, "seams: picture 50"},
        {"the second of the body", BUMPER + 1, 5, 200, "seams"},
        {"the last of the body", BUMPER + BODY - 1, 5, 200, "seams"},
        {"the first of the last bumper", BUMPER + BODY, 200, 400, "seams"},
        {"its length", BUMPER + BODY, 0, 4, "bumpers: picture 125"},
        {"one inside the last bumper", BUMPER + BODY + 30, 6, 8, "seams"},
    };
    make_copied();
    spoil("unspoilt.mp4", 0, 0, 0);
    expect("unspoilt.mp4", 3000000, NULL);
    for (size_t i = 0; i < LEN(rows); i++) {
        spoil("spoilt.mp4", rows[i].picture, rows[i].skip, rows[i].bytes);
        print_message("%s\n", rows[i].what);
        expect("spoilt.mp4", 3000000, rows[i].why);
    }
}

/* The end of the body is encoded, rich, and more than the receipt decodes of a body's end. */
static void damage_where_encoded_pictures_follow_is_found(void **state)
{
    (void)state;
    enum { SHOWN = 32, CODED = 3, LAST = 4 + SHOWN - CODED }; /* pictures, 2 a second */
    struct render_report r;
    clips_make("clip.mp4", CLIP_PICTURE("640x360", "2", "18") CLIP_X264
               "-vf noise=alls=90:allf=t -x264-params bframes=3:b-adapt=0:scenecut=0 -preset fast");
    assert_int_equal(make_and_look("with an end that is encoded", "copied.mp4", &r), PATH_COPY);
    assert_int_equal(r.receipt.pictures, 4 + SHOWN + 4);
    assert_int_equal(r.body_us, 16000000);
    spoil("unspoilt.mp4", 0, 0, 0);
    expect("unspoilt.mp4", 16000000, NULL);
    for (int i = LAST; i < LAST + 2; i++) {
        spoil("spoilt.mp4", i, 2000, 4000);
        expect("spoilt.mp4", 16000000, "seams");
    }
}

static void an_end_is_encoded_without_bumpers_too(void **state)
{
    (void)state;
    struct render_report r;
    struct err e = {0};
    struct render_order o = order_of(RENDER_MAKE, 0);
    o.profile.bumper_us = 0;
    clips_make("clip.mp4", CLIP_PICTURE("320x180", "1", "24") CLIP_SOUND("24") CLIP_X264
               "-x264-params bframes=3:b-adapt=0:scenecut=0 -preset fast -c:a aac");
    if (run_order(&o, "clip.mp4", "bare.mp4", &r, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(r.path, PATH_COPY);
    assert_int_equal(r.body_us, o.profile.longest_us);
    assert_non_null(strstr(r.reason, "its end is encoded"));
    o.op = RENDER_VERIFY;
    o.body_us = r.body_us;
    expect_order("bare.mp4", &o, NULL);
}

/* Whatever byte of the head is wrong: an answer, and no crash. */
static void a_damaged_index_is_survived(void **state)
{
    (void)state;
    make_copied();
    int taken = 0;
    int fd = open(clips_path("copied.mp4"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (int at = 0; at < 6000; at += 29) {
        struct render_report r;
        struct err e = {0};
        uint8_t was, now;
        assert_int_equal(pread(fd, &was, 1, at), 1);
        now = was ^ (uint8_t)(at % 2 ? 0xff : 0x80);
        assert_int_equal(pwrite(fd, &now, 1, at), 1);
        taken += run(RENDER_VERIFY, "copied.mp4", NULL, 3000000, &r, &e) == 0;
        assert_int_equal(pwrite(fd, &was, 1, at), 1);
    }
    close(fd);
    expect("copied.mp4", 3000000, NULL);
    assert_true(taken < 6000 / 29); /* names and free bytes may say what they like */
}

int main(void)
{
    media_warm_up();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_make_is_taken),
        cmocka_unit_test(almost_a_reel_is_refused),
        cmocka_unit_test(the_length_is_the_one_that_was_said),
        cmocka_unit_test(a_copied_reel_that_was_changed_is_refused),
        cmocka_unit_test(a_varying_reel_that_was_changed_is_refused),
        cmocka_unit_test(what_comes_before_a_key_picture_can_be_searched),
        cmocka_unit_test(damage_around_a_seam_is_found),
        cmocka_unit_test(damage_where_encoded_pictures_follow_is_found),
        cmocka_unit_test(an_end_is_encoded_without_bumpers_too),
        cmocka_unit_test(a_damaged_index_is_survived),
    };
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
