/* Clips of every kind become reels, and a reader of its own looks at what came out. */
#include "core/err.h"
#include "media/test/clips.h"
#include "media/test/seen.h"

#include <math.h>

#define AAC "-c:a aac -shortest "
#define STD CLIP_PICTURE("320x180", "25", "2") CLIP_SOUND("2")

struct made {
    int result;
    struct err e;
    struct render_report r;
};

static struct render_order order_of(enum fit fit, double start_s)
{
    return (struct render_order){
        .op = RENDER_MAKE,
        .force_encode = true,
        .profile = profile_default(),
        .limits = media_limits_default(),
        .fit = fit,
        .start_us = (int64_t)(start_s * 1e6),
        .poster = true,
    };
}

static int last_permille, permille_fell;

static void note_progress(void *arg, int permille)
{
    (void)arg;
    permille_fell += permille < last_permille;
    last_permille = permille;
}

static struct made make_path(const char *clip, const char *reel, const struct render_order *o)
{
    struct made m = {0};
    last_permille = permille_fell = 0;
    struct media_job job = {
        .order = o,
        .clip_fd = open(clip, O_RDONLY | O_CLOEXEC),
        .reel_fd = open(clips_path(reel), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        .poster_fd = open(clips_path("poster.jpg"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        .logo_fd = -1,
        .progress = note_progress,
    };
    assert_true(job.clip_fd >= 0 && job.reel_fd >= 0 && job.poster_fd >= 0);
    m.result = media_run(&job, &m.r, &m.e);
    close(job.clip_fd);
    close(job.reel_fd);
    close(job.poster_fd);
    return m;
}

static struct made make(const char *clip, const char *reel, enum fit fit, double start_s)
{
    struct render_order o = order_of(fit, start_s);
    return make_path(clips_path(clip), reel, &o);
}

/* What is true of every reel; NULL or what is not. */
static const char *wrong_with(const struct seen *s, const struct render_report *r)
{
    double body = (double)r->body_us / 1e6, all = body + 4;
    if (s->video_tracks != 1 || s->audio_tracks != 1)
        return "tracks";
    if (!s->index_first)
        return "index is not first";
    if (s->packets != s->frames || s->frames != r->out.frames)
        return "frames";
    if (!s->dts_rises)
        return "dts does not rise by one frame";
    if (!s->pts_complete)
        return "a frame of the grid is missing";
    if (!s->ids_differ)
        return "neighbouring IDR pictures share an id";
    if (!s->keys_often)
        return "more than 2 s without a key frame";
    if (fabs((double)s->frames / s->fps - all) > 1 / s->fps + 0.001)
        return "frames and length";
    if (fabs(s->seconds - (double)s->frames / s->fps) > 0.002)
        return "length of the movie";
    double rest = (double)s->samples / 48000 - s->sound_seconds;
    if (fabs(s->sound_seconds - (double)s->frames / s->fps) > 0.001 || rest < -0.0001 ||
        rest > 1024.0 / 48000)
        return "length of the sound";
    if (seen_peak(s, s->sound, 0, 1.95) > 0.002F ||
        seen_peak(s, s->sound, body + 2.05, 30) > 0.002F)
        return "sound in a bumper";
    if (s->warnings)
        return s->warning;
    return NULL;
}

static void made_or_fail(const struct made *m)
{
    if (m->result < 0)
        fail_msg("no reel: %s", m->e.text);
}

struct row {
    const char *name, *args;
    enum fit fit;
    double start_s;
    int64_t body; /* frames of the clip part */
    int w, h;
    double fps;
    double loud_from, loud_to; /* of the body, seconds: all of it is heard */
    bool silent;
};

static const struct row rows[] = {
    {"std.mp4", STD CLIP_X264 AAC, .body = 50, .w = 320, .h = 180, .fps = 25, .loud_to = 2},
    {"one.mp4", CLIP_PICTURE("320x180", "25", "1") "-frames:v 1 " CLIP_X264, .body = 1,
     .silent = 1},
    {"short.mp4", CLIP_PICTURE("320x180", "25", "0.2") CLIP_SOUND("0.2") CLIP_X264 AAC, .body = 5},
    {"15.9.mp4", CLIP_PICTURE("320x180", "10", "15.9") CLIP_X264, .body = 159, .silent = 1},
    {"16.mp4", CLIP_PICTURE("320x180", "10", "16") CLIP_X264, .body = 160, .silent = 1},
    {"long.mp4", CLIP_PICTURE("320x180", "30", "18") CLIP_SOUND("18") CLIP_X264 AAC, .body = 480,
     .fps = 30, .loud_to = 16},
    {"long.mp4", NULL, .start_s = 9.51, .body = 255, .loud_to = 8.45},
    {"quiet.mp4", CLIP_PICTURE("320x180", "25", "1") CLIP_X264, .body = 25, .silent = 1},
    {"soundshort.mp4", CLIP_PICTURE("320x180", "25", "3") CLIP_SOUND("1") CLIP_X264 "-c:a aac ",
     .body = 75, .loud_to = 1},
    {"soundlong.mp4", CLIP_PICTURE("320x180", "25", "1") CLIP_SOUND("3") CLIP_X264 "-c:a aac ",
     .body = 25, .loud_to = 1},
    {"last1.mp4", CLIP_PICTURE("320x180", "10", "2.1") CLIP_X264, .body = 21, .silent = 1},
    {"last2.mp4", CLIP_PICTURE("320x180", "10", "4.1") CLIP_X264, .body = 41, .silent = 1},
    {"mono22.mov", STD CLIP_X264 "-c:a pcm_s16le -ar 22050 -ac 1 ", .body = 50, .loud_to = 2},
    {"96k.mkv", STD CLIP_X264 "-c:a flac -ar 96000 ", .body = 50, .loud_to = 2},
    {"51.mkv", STD CLIP_X264 "-c:a ac3 -ac 6 ", .body = 50, .loud_to = 2},
    {"opus.webm", STD "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus ", .body = 50,
     .loud_to = 2},
    {"ts.ts", STD CLIP_X264 AAC "-output_ts_offset 77 ", .body = 50, .loud_to = 2},
    {"late.mkv", STD CLIP_X264 AAC "-output_ts_offset 5 ", .body = 50, .loud_to = 2},
    {"xvid.avi", STD "-c:v mpeg4 -q:v 5 -c:a libmp3lame ", .body = 51, .loud_to = 1.9},
    {"mpeg2.mpg", STD "-c:v mpeg2video -q:v 4 -c:a mp2 ", .body = 50, .loud_to = 1.9},
    {"wmv.wmv", STD "-c:v wmv2 -q:v 4 -c:a wmav2 ", .body = 50, .loud_to = 1.9},
    {"flv.flv", STD "-c:v flv -q:v 4 -ar 44100 -c:a libmp3lame ", .body = 50, .loud_to = 1.9},
    {"theora.ogv", STD "-c:v libtheora -q:v 7 -c:a libvorbis ", .body = 50, .loud_to = 2},
    {"mjpeg.mov", STD "-c:v mjpeg -q:v 3 -pix_fmt yuvj422p -c:a aac ", .body = 50, .loud_to = 2},
    {"prores.mov", STD "-c:v prores_ks -profile:v 2 -c:a pcm_s24le ", .body = 50, .loud_to = 2},
    {"rgb.mkv", STD "-c:v libx264rgb -preset ultrafast -c:a aac ", .body = 50, .loud_to = 2},
    {"hevc10.mp4",
     STD "-c:v libx265 -preset ultrafast -x265-params log-level=none "
         "-pix_fmt yuv420p10le -c:a aac ",
     .body = 50, .loud_to = 2},
    {"hdr.mp4",
     CLIP_PICTURE("640x360", "25",
                  "0.4") "-c:v libx265 -preset ultrafast -x265-params "
                         "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc "
                         "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc "
                         "-pix_fmt yuv420p10le ",
     .body = 10, .silent = 1},
    {"hlg.mp4",
     CLIP_PICTURE(
         "640x360", "25",
         "0.4") "-c:v libx265 -preset ultrafast -x265-params "
                "log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc "
                "-color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc "
                "-pix_fmt yuv420p10le ",
     .body = 10, .silent = 1},
    {"422.mp4",
     CLIP_PICTURE("320x180", "25", "1") "-c:v libx264 -preset ultrafast "
                                        "-pix_fmt yuv422p ",
     .body = 25, .silent = 1},
    {"inter.mp4",
     CLIP_PICTURE("320x180", "50", "2") "-vf interlace " CLIP_X264 "-flags +ildct+ilme ",
     .body = 50, .silent = 1},
    {"odd.mkv",
     CLIP_PICTURE("853x481", "25", "1") "-c:v libx264 -preset ultrafast -pix_fmt yuv444p ",
     .body = 25, .silent = 1},
    {"sd43.mp4", CLIP_PICTURE("320x240", "25", "1") CLIP_X264, .body = 25, .w = 426, .h = 240,
     .silent = 1},
    {"sd43.mp4", NULL, .fit = FIT_BLUR, .body = 25, .w = 426, .h = 240, .silent = 1},
    {"sd43.mp4", NULL, .fit = FIT_CROP, .body = 25, .w = 320, .h = 180, .silent = 1},
    {"sd43.mp4", NULL, .fit = FIT_STRETCH, .body = 25, .silent = 1},
    {"tall.mp4", CLIP_PICTURE("180x320", "25", "1") CLIP_X264, .body = 25, .silent = 1},
    {"tall.mp4", NULL, .fit = FIT_BLUR, .body = 25, .silent = 1},
    {"tall.mp4", NULL, .fit = FIT_CROP, .body = 25, .silent = 1},
    {"wide.mp4", CLIP_PICTURE("840x360", "25", "1") CLIP_X264, .fit = FIT_BLUR, .body = 25,
     .silent = 1},
    {"sar.mp4", CLIP_PICTURE("360x288", "25", "1") "-vf setsar=64/45 " CLIP_X264, .body = 25,
     .silent = 1},
    {"120.mp4", CLIP_PICTURE("320x180", "120", "1") CLIP_X264, .body = 60, .fps = 60, .silent = 1},
    {"ntsc.mp4", CLIP_PICTURE("320x180", "30000/1001", "2.002") CLIP_SOUND("2.002") CLIP_X264 AAC,
     .body = 60, .fps = 30000.0 / 1001, .loud_to = 2},
    {"vfr.mkv",
     CLIP_PICTURE("320x180", "30", "4")
         CLIP_SOUND("4") "-vf select=not(between(n\\,40\\,70)) -vsync vfr " CLIP_X264 "-c:a aac ",
     .loud_to = 3.9},
    {"gap.mkv",
     CLIP_PICTURE(
         "320x180", "30",
         "1") "-vf select=lt(n\\,2),setpts=if(gt(N\\,0)\\,PTS+40/TB\\,PTS) -vsync vfr " CLIP_X264,
     .silent = 1},
    {"tracks.mp4", STD CLIP_SOUND("2") "-map 0:v -map 1:a -map 2:a " CLIP_X264 AAC, .body = 50,
     .loud_to = 2},
};

static const char *row_wrong(const struct row *r, const struct made *m, const struct seen *s)
{
    const char *wrong = wrong_with(s, &m->r);
    double fps = s->fps;
    if (wrong)
        return wrong;
    int64_t body = s->frames - 2 * (int64_t)llround(2 * fps);
    if (r->body && body != r->body)
        return "frames of the body";
    if (body < 1 || (double)body > 16 * fps + 0.01)
        return "body is out of bounds";
    if (r->w && (s->width != r->w || s->height != r->h))
        return "size";
    if (abs(s->width * 9 - s->height * 16) > 16)
        return "shape";
    if (r->fps > 0 && fabs(fps - r->fps) > 0.001)
        return "rate";
    double second = 0.05;
    for (double t = r->loud_from + 0.03; t + second < r->loud_to - 0.03; t += second)
        if (seen_peak(s, s->sound, 2 + t, 2 + t + second) < 0.02F)
            return "a hole in the sound";
    if (r->silent && seen_peak(s, s->sound, 0, 30) > 0.002F)
        return "sound from nowhere";
    if (m->r.poster_bytes < 500)
        return "poster";
    if (last_permille != 1000 || permille_fell)
        return "progress";
    return NULL;
}

static void every_kind_of_clip_becomes_a_reel(void **state)
{
    (void)state;
    int wrong_rows = 0;
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct row *r = &rows[i];
        if (r->args)
            clips_make(r->name, r->args);
        struct made m = make(r->name, "reel.mp4", r->fit, r->start_s);
        if (m.result < 0) {
            print_error("%s %s: %s\n", r->name, fit_name(r->fit), m.e.text);
            wrong_rows++;
            continue;
        }
        AUTO(seen_freep) struct seen *s = seen_read(clips_path("reel.mp4"));
        const char *wrong = row_wrong(r, &m, s);
        if (wrong) {
            print_error("%s %s: %s (%dx%d, %.4g fps, %lld frames, %.3f s sound, body %lld us)\n",
                        r->name, fit_name(r->fit), wrong, s->width, s->height, s->fps,
                        (long long)s->frames, (double)s->samples / 48000, (long long)m.r.body_us);
            wrong_rows++;
        }
    }
    assert_int_equal(wrong_rows, 0);
}

/* A white picture and a tone, both from `at` seconds of the clip on. */
#define FLASH(size, rate)                                                                          \
    "-f lavfi -i color=black:s=" size ":r=" rate                                                   \
    ":d=6,drawbox=c=white:t=fill:enable=between(t\\,2.999\\,3.2) -f lavfi -i "                     \
    "aevalsrc=if(between(t\\,3\\,3.2)\\,0.5*sin(2*PI*1000*t)\\,0):s=48000:d=6 "

static const struct {
    const char *name, *args;
    double start_s;
} sync_rows[] = {
    {"sync.mp4", FLASH("320x180", "25") CLIP_X264 "-c:a aac ", 0},
    {"sync.mp4", NULL, 1.31},
    {"sync.mp4", NULL, 2.5},
    {"sync.ts", FLASH("320x180", "25") CLIP_X264 "-c:a mp2 -output_ts_offset 900 ", 0},
    {"sync.ts", NULL, 2.03},
    {"sync.mkv", FLASH("320x180", "30") CLIP_X264 "-c:a libopus ", 0},
    {"sync44.mov", FLASH("320x180", "30000/1001") CLIP_X264 "-c:a aac -ar 44100 -ac 1 ", 0},
    {"sync.flv", FLASH("320x180", "25") "-c:v flv -c:a libmp3lame -ar 22050 ", 0},
    {"sync.avi", FLASH("320x180", "25") "-c:v mpeg4 -c:a pcm_s16le ", 0},
    {"vfr.mkv",
     FLASH("320x180", "50") "-vf select=not(mod(n\\,3))+between(n\\,60\\,90) -vsync vfr " CLIP_X264
                            "-c:a aac ",
     0},
    {"late.mp4", FLASH("320x180", "25") "-af atrim=start=2 " CLIP_X264 "-c:a aac ", 0},
    {"b.mp4", FLASH("320x180", "25") "-c:v libx264 -bf 3 -pix_fmt yuv420p -c:a aac ", 0},
    {"b.mp4", NULL, 0.77},
};

static void sound_and_picture_stay_within_20_ms(void **state)
{
    (void)state;
    int wrong_rows = 0;
    for (size_t i = 0; i < LEN(sync_rows); i++) {
        if (sync_rows[i].args)
            clips_make(sync_rows[i].name, sync_rows[i].args);
        struct made m = make(sync_rows[i].name, "reel.mp4", FIT_PAD, sync_rows[i].start_s);
        if (m.result < 0)
            fail_msg("%s from %.2f: %s", sync_rows[i].name, sync_rows[i].start_s, m.e.text);
        AUTO(seen_freep) struct seen *s = seen_read(clips_path("reel.mp4"));
        int64_t frame = llround(2 * s->fps) + 2, sample = (int64_t)(2.02 * 48000);
        while (frame < s->frames && s->yuv[frame][4][0] < 128)
            frame++;
        while (sample < s->samples && fabsf(s->sound[sample]) < 0.1F)
            sample++;
        double seen_s = (double)frame / s->fps, heard_s = (double)sample / 48000;
        double due_s = 2 + 3 - sync_rows[i].start_s;
        if (fabs(seen_s - heard_s) > 0.02 || fabs(seen_s - due_s) > 1.01 / s->fps) {
            print_error("%s from %.2f: seen %.3f, heard %.3f, due %.3f\n", sync_rows[i].name,
                        sync_rows[i].start_s, seen_s, heard_s, due_s);
            wrong_rows++;
        }
    }
    assert_int_equal(wrong_rows, 0);
}

/* red lime / blue white */
#define QUARTERS                                                                                   \
    "-f lavfi -i color=red:s=160x90:r=25:d=0.4[a];color=lime:s=160x90:r=25:d=0.4[b];"              \
    "color=blue:s=160x90:r=25:d=0.4[c];color=white:s=160x90:r=25:d=0.4[d];"                        \
    "[a][b]hstack[t];[c][d]hstack[u];[t][u]vstack "
static const uint8_t red[] = {63, 102, 240}, lime[] = {173, 42, 26}, blue[] = {32, 240, 118},
                     white[] = {235, 128, 128}, black[] = {16, 128, 128};

static bool near(const uint8_t *a, const uint8_t *b)
{
    return abs(a[0] - b[0]) <= 6 && abs(a[1] - b[1]) <= 6 && abs(a[2] - b[2]) <= 6;
}

static void corners_are(const char *clip, enum fit fit, const uint8_t *tl, const uint8_t *tr,
                        const uint8_t *bl, const uint8_t *br)
{
    struct made m = make(clip, "reel.mp4", fit, 0);
    made_or_fail(&m);
    AUTO(seen_freep) struct seen *s = seen_read(clips_path("reel.mp4"));
    const uint8_t(*p)[3] = (const uint8_t(*)[3])s->yuv[55];
    const uint8_t *want[] = {tl, tr, bl, br};
    static const int places[] = {0, 2, 6, 8};
    for (int i = 0; i < 4; i++)
        if (!near(p[places[i]], want[i]))
            fail_msg("%s: corner %d is %d %d %d, not %d %d %d", clip, i, p[places[i]][0],
                     p[places[i]][1], p[places[i]][2], want[i][0], want[i][1], want[i][2]);
}

static void colours_are_bt709_whatever_they_were(void **state)
{
    (void)state;
    clips_make("q.mp4", QUARTERS CLIP_X264); /* no tags, small: BT.601 */
    corners_are("q.mp4", FIT_PAD, red, lime, blue, white);
    clips_make("q709.mp4",
               QUARTERS "-vf scale=out_color_matrix=bt709 -colorspace bt709 " CLIP_X264);
    corners_are("q709.mp4", FIT_PAD, red, lime, blue, white);
    clips_make("qfull.mp4", QUARTERS "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p ");
    corners_are("qfull.mp4", FIT_PAD, red, lime, blue, white);
    clips_make("qrgb.mkv", QUARTERS "-c:v libx264rgb -preset ultrafast ");
    corners_are("qrgb.mkv", FIT_PAD, red, lime, blue, white);
}

static void a_turned_clip_comes_out_upright(void **state)
{
    (void)state;
    clips_make("q.mp4", QUARTERS CLIP_X264);
    char args[512];
    snprintf(args, sizeof(args), "-i %s -c copy -metadata:s:v rotate=180 ", clips_path("q.mp4"));
    clips_make("q180.mp4", args);
    corners_are("q180.mp4", FIT_PAD, white, blue, lime, red);
    snprintf(args, sizeof(args), "-i %s -c copy -metadata:s:v rotate=90 ", clips_path("q.mp4"));
    clips_make("q90.mp4", args);
    /* this ffmpeg writes a matrix that turns the other way: the right column comes to the top */
    corners_are("q90.mp4", FIT_STRETCH, lime, white, red, blue);
    corners_are("q90.mp4", FIT_PAD, black, black, black, black);
    snprintf(args, sizeof(args), "-i %s -c copy -metadata:s:v rotate=270 ", clips_path("q.mp4"));
    clips_make("q270.mp4", args);
    corners_are("q270.mp4", FIT_STRETCH, blue, red, white, lime);
    corners_are("q270.mp4", FIT_CROP, blue, red, white, lime);
}

static void blur_fills_the_sides_and_crop_keeps_the_middle(void **state)
{
    (void)state;
    clips_make("tallred.mp4", "-f lavfi -i color=red:s=180x320:r=25:d=0.4 " CLIP_X264);
    corners_are("tallred.mp4", FIT_BLUR, red, red, red, red);
    corners_are("tallred.mp4", FIT_CROP, red, red, red, red);
    corners_are("tallred.mp4", FIT_PAD, black, black, black, black);
}

static void hdr_white_keeps_its_brightness(void **state)
{
    (void)state;
    /* diffuse white of HDR (203 nits): 58 % of the PQ signal, 75 % of HLG; luma in 10 bits */
    static const struct {
        const char *name, *transfer;
        int white;
    } kinds[] = {{"pq.mp4", "smpte2084", 572}, {"hlg.mp4", "arib-std-b67", 721}};
    for (size_t i = 0; i < LEN(kinds); i++) {
        char args[1024];
        snprintf(args, sizeof(args),
                 "-f lavfi -i color=black:s=320x180:r=25:d=0.4,format=yuv420p10,"
                 "geq=lum=if(lt(X\\,160)\\,%d\\,64):cb=512:cr=512 -c:v libx265 -preset ultrafast "
                 "-x265-params log-level=none:colorprim=bt2020:transfer=%s:colormatrix=bt2020nc "
                 "-color_primaries bt2020 -color_trc %s -colorspace bt2020nc ",
                 kinds[i].white, kinds[i].transfer, kinds[i].transfer);
        clips_make(kinds[i].name, args);
        struct made m = make(kinds[i].name, "reel.mp4", FIT_PAD, 0);
        made_or_fail(&m);
        assert_non_null(strstr(m.r.reason, "HDR"));
        AUTO(seen_freep) struct seen *s = seen_read(clips_path("reel.mp4"));
        assert_in_range(s->yuv[55][3][0], 190, 210);
        assert_in_range(s->yuv[55][3][1], 125, 131);
        assert_in_range(s->yuv[55][5][0], 14, 24);
    }
}

static void a_damaged_clip_gives_what_can_be_seen(void **state)
{
    (void)state;
    clips_make("whole.mkv",
               CLIP_PICTURE("320x180", "25", "4") CLIP_SOUND("4") CLIP_X264 "-g 25 " AAC);
    clips_cut("whole.mkv", "cut.mkv", 50);
    struct made m = make("cut.mkv", "reel.mp4", FIT_PAD, 0);
    made_or_fail(&m);
    assert_in_range(m.r.body_us, 1000000, 3000000);
    AUTO(seen_freep) struct seen *s = seen_read(clips_path("reel.mp4"));
    assert_null(wrong_with(s, &m.r));
}

static void a_clip_that_changes_size_on_the_way_is_one_reel(void **state)
{
    (void)state;
    clips_make("a.ts", CLIP_PICTURE("320x180", "25", "1") CLIP_X264);
    clips_make("b.ts", CLIP_PICTURE("640x360", "25", "1") CLIP_X264 "-output_ts_offset 1 ");
    char args[1024];
    snprintf(args, sizeof(args), "-i concat:%s|%s -c copy ", clips_path("a.ts"),
             clips_path("b.ts"));
    clips_make("ab.ts", args);
    struct made m = make("ab.ts", "reel.mp4", FIT_PAD, 0);
    made_or_fail(&m);
    AUTO(seen_freep) struct seen *s = seen_read(clips_path("reel.mp4"));
    assert_null(wrong_with(s, &m.r));
    assert_in_range(s->frames, 148, 152);
}

static void a_clip_without_a_readable_picture_is_at_fault(void **state)
{
    (void)state;
    clips_make("ok.mp4", CLIP_PICTURE("320x180", "25", "1") CLIP_X264);
    int fd = open(clips_path("ok.mp4"), O_RDWR | O_CLOEXEC);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    AUTO(freep) uint8_t *data = mem_new((size_t)st.st_size);
    assert_int_equal(pread(fd, data, (size_t)st.st_size, 0), st.st_size);
    uint8_t *mdat = memmem(data, (size_t)st.st_size, "mdat", 4);
    assert_non_null(mdat);
    size_t size =
        (size_t)mdat[-4] << 24 | (size_t)mdat[-3] << 16 | (size_t)mdat[-2] << 8 | mdat[-1];
    assert_true(mdat - 4 + size <= data + st.st_size);
    memset(mdat + 4, 0, size - 8);
    assert_int_equal(pwrite(fd, data, (size_t)st.st_size, 0), st.st_size);
    close(fd);
    struct made m = make("ok.mp4", "reel.mp4", FIT_PAD, 0);
    assert_int_equal(m.result, -1);
    assert_int_equal(m.e.msg, MSG_TRUNCATED);
}

static void a_full_disk_is_said(void **state)
{
    (void)state;
    clips_make("std.mp4", STD CLIP_X264 AAC);
    struct render_order o = order_of(FIT_PAD, 0);
    struct media_job job = {.order = &o, .poster_fd = -1, .logo_fd = -1};
    job.clip_fd = open(clips_path("std.mp4"), O_RDONLY | O_CLOEXEC);
    job.reel_fd = open("/dev/full", O_RDWR | O_CLOEXEC);
    struct render_report r;
    struct err e = {0};
    assert_int_equal(media_run(&job, &r, &e), -1);
    assert_int_equal(e.code, ERR_FULL);
    close(job.clip_fd);
    close(job.reel_fd);
}

static void the_real_clips_become_reels(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double seconds;
        int w, h;
    } real[] = {{"video_test_1_480_270.mp4", 20, 480, 270},
                {"video_test_2_950_540.mp4", 17.35, 960, 540},
                {"video_test_5_640_480.mp4", 9.8, 854, 480}};
    const char *dir = clips_real_dir();
    for (size_t i = 0; dir && i < LEN(real); i++) {
        char path[4352];
        snprintf(path, sizeof(path), "%s/%s", dir, real[i].name);
        struct render_order o = order_of(FIT_PAD, 0);
        struct made m = make_path(path, "reel.mp4", &o);
        made_or_fail(&m);
        AUTO(seen_freep) struct seen *s = seen_read(clips_path("reel.mp4"));
        assert_null(wrong_with(s, &m.r));
        assert_true(fabs(s->seconds - real[i].seconds) < 0.05);
        assert_int_equal(s->width, real[i].w);
        assert_int_equal(s->height, real[i].h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_clip_becomes_a_reel),
        cmocka_unit_test(sound_and_picture_stay_within_20_ms),
        cmocka_unit_test(colours_are_bt709_whatever_they_were),
        cmocka_unit_test(a_turned_clip_comes_out_upright),
        cmocka_unit_test(blur_fills_the_sides_and_crop_keeps_the_middle),
        cmocka_unit_test(hdr_white_keeps_its_brightness),
        cmocka_unit_test(a_damaged_clip_gives_what_can_be_seen),
        cmocka_unit_test(a_clip_that_changes_size_on_the_way_is_one_reel),
        cmocka_unit_test(a_clip_without_a_readable_picture_is_at_fault),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(the_real_clips_become_reels),
    };
    media_warm_up();
    return cmocka_run_group_tests_name("media-encode", tests, clips_begin, clips_end);
}
