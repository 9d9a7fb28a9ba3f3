/* What probing says of every kind of file that people upload, and of those that are none. */
#include "core/err.h"
#include "media/test/clips.h"

#include <libavcodec/avcodec.h>
#include <math.h>

#define X264_AAC CLIP_X264 "-c:a aac -shortest "
#define STD      CLIP_PICTURE("320x180", "25", "2") CLIP_SOUND("2")

static int probe_path(const char *path, struct render_report *r, struct err *e)
{
    struct render_order o = {
        .op = RENDER_PROBE, .profile = profile_default(), .limits = media_limits_default()};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct media_job job = {
        .order = &o, .clip_fd = fd, .reel_fd = -1, .poster_fd = -1, .logo_fd = -1};
    int result = media_run(&job, r, e);
    close(fd);
    return result;
}

/* What a row says of a clip; "" and 0 are not looked at. */
struct row {
    const char *name, *args;
    const char *container, *video, *audio;
    int w, h; /* as displayed */
    double fps, seconds;
    int rotation, depth, channels;
    bool mirrored, variable, interlaced, hdr, faststart;
    const char *says;
    int video_tracks;
};

static int rows_wrong;

static void no_row_is_wrong(void)
{
    int n = rows_wrong;
    rows_wrong = 0;
    assert_int_equal(n, 0);
}

static void check_row(const struct row *r, const struct media_facts *f, const char *reason)
{
    const char *wrong = NULL;
    if (r->container && strcmp(r->container, f->container) != 0)
        wrong = "container";
    else if (r->video && strcmp(r->video, f->video_codec) != 0)
        wrong = "video codec";
    else if (r->audio && strcmp(r->audio, f->audio_codec) != 0)
        wrong = "audio codec";
    else if (r->w && (r->w != f->display_width || r->h != f->display_height))
        wrong = "size";
    else if (r->fps > 0 && (!f->fps_den || fabs((double)f->fps_num / f->fps_den - r->fps) > 0.005))
        wrong = "rate";
    else if (r->seconds > 0 && fabs((double)f->duration_us / 1e6 - r->seconds) > 0.05)
        wrong = "length";
    else if (r->rotation != f->rotation || r->mirrored != f->mirrored)
        wrong = "turn";
    else if (r->depth && r->depth != f->bit_depth)
        wrong = "depth";
    else if (r->channels && r->channels != f->audio_channels)
        wrong = "channels";
    else if (r->variable != f->variable_rate)
        wrong = "varying";
    else if (r->interlaced != f->interlaced)
        wrong = "interlaced";
    else if (r->hdr != f->hdr)
        wrong = "hdr";
    else if (r->faststart && !f->faststart)
        wrong = "faststart";
    else if (r->says && !strstr(reason, r->says))
        wrong = "reason";
    else if (r->video_tracks && r->video_tracks != f->video_tracks)
        wrong = "tracks";
    if (wrong) {
        rows_wrong++;
        print_error(
            "%s: %s: %s %s %s %dx%d %d/%d %.3f s rot %d mirror %d depth %d ch %d var %d int %d "
            "hdr %d fast %d tracks %d: %s\n",
            r->name, wrong, f->container, f->video_codec, f->audio_codec, f->display_width,
            f->display_height, f->fps_num, f->fps_den, (double)f->duration_us / 1e6, f->rotation,
            f->mirrored, f->bit_depth, f->audio_channels, f->variable_rate, f->interlaced, f->hdr,
            f->faststart, f->video_tracks, reason);
    }
}

static const struct row rows[] = {
    {.name = "a.mp4",
     .args = STD X264_AAC,
     .container = "mp4",
     .video = "h264",
     .audio = "aac",
     .w = 320,
     .h = 180,
     .fps = 25,
     .seconds = 2,
     .depth = 8,
     .channels = 1,
     .says = "copied with its sound"},
    {.name = "fast.mp4",
     .args = STD X264_AAC "-movflags +faststart",
     .container = "mp4",
     .faststart = true,
     .fps = 25,
     .seconds = 2},
    {.name = "frag.mp4",
     .args = STD X264_AAC "-movflags +frag_keyframe+empty_moov",
     .container = "mp4",
     .faststart = true,
     .variable = true}, /* its second picture is late */
    {.name = "no-extension", .args = STD X264_AAC "-f mp4", .container = "mp4", .seconds = 2},
    {.name = "wrong.avi", .args = STD X264_AAC "-f mp4", .container = "mp4", .seconds = 2},
    {.name = "ntsc.mp4",
     .args = CLIP_PICTURE("320x180", "30000/1001", "2") CLIP_X264,
     .fps = 30000 / 1001.0,
     .says = "no sound"},
    {.name = "bframes.mp4",
     .args = STD "-c:v libx264 -preset medium -pix_fmt yuv420p -c:a aac",
     .fps = 25,
     .seconds = 2},
    {.name = "a.3gp",
     .args = CLIP_PICTURE("352x288", "15", "2") "-c:v h263 ",
     .container = "3gp",
     .video = "h263",
     .fps = 15,
     .seconds = 2},
    {.name = "a.mov",
     .args = STD "-c:v prores_ks -profile:v 2 -c:a pcm_s16le",
     .container = "mov",
     .video = "prores",
     .audio = "pcm_s16le",
     .depth = 10,
     .fps = 25,
     .seconds = 2,
     .says = "4:2:0"},
    {.name = "hevc10.mkv",
     .args = STD "-c:v libx265 -preset ultrafast -x265-params log-level=none "
                 "-pix_fmt yuv420p10le -c:a ac3",
     .container = "matroska",
     .video = "hevc",
     .audio = "ac3",
     .depth = 10,
     .fps = 25,
     .seconds = 2,
     .says = "10-bit"},
    {.name = "hdr.mkv",
     .args = STD
     "-c:v libx265 -preset ultrafast -x265-params "
     "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc -pix_fmt yuv420p10le "
     "-an",
     .hdr = true,
     .says = "HDR"},
    {.name = "a.webm",
     .args = STD "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
     .container = "matroska",
     .video = "vp9",
     .audio = "opus",
     .fps = 25,
     .seconds = 2},
    {.name = "vp8.webm",
     .args = STD "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis",
     .video = "vp8",
     .audio = "vorbis",
     .fps = 25,
     .seconds = 2},
    {.name = "av1.mkv",
     .args = STD "-c:v libaom-av1 -cpu-used 8 -usage realtime -c:a libopus",
     .video = "av1",
     .fps = 25,
     .seconds = 2},
    {.name = "live.webm",
     .args = STD "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus "
                 "-live 1 -f webm",
     .video = "vp8",
     .fps = 25,
     .seconds = 2},
    {.name = "a.ts",
     .args = STD X264_AAC,
     .container = "mpegts",
     .video = "h264",
     .audio = "aac",
     .fps = 25,
     .seconds = 2},
    {.name = "a.mpg",
     .args = STD "-c:v mpeg2video -c:a mp2",
     .container = "mpeg",
     .video = "mpeg2video",
     .audio = "mp2",
     .fps = 25},
    {.name = "a.avi",
     .args = STD "-c:v mjpeg -pix_fmt yuvj422p -c:a pcm_s16le",
     .container = "avi",
     .video = "mjpeg",
     .audio = "pcm_s16le",
     .fps = 25,
     .seconds = 2},
    {.name = "xvid.avi",
     .args = STD "-c:v mpeg4 -vtag xvid -c:a libmp3lame",
     .video = "mpeg4",
     .audio = "mp3",
     .fps = 25,
     .seconds = 2},
    {.name = "a.flv",
     .args = STD "-c:v flv -ar 44100 -c:a libmp3lame",
     .container = "flv",
     .video = "flv1",
     .audio = "mp3",
     .fps = 25,
     .seconds = 2},
    {.name = "h264.flv",
     .args = STD X264_AAC,
     .video = "h264",
     .audio = "aac",
     .fps = 25,
     .seconds = 2},
    {.name = "a.wmv",
     .args = STD "-c:v wmv2 -c:a wmav2",
     .container = "asf",
     .video = "wmv2",
     .audio = "wmav2",
     .fps = 25,
     .seconds = 2},
    {.name = "a.ogv",
     .args = STD "-c:v libtheora -c:a libvorbis",
     .container = "ogg",
     .video = "theora",
     .audio = "vorbis",
     .fps = 25,
     .seconds = 2},
    {.name = "sar.mp4",
     .args = CLIP_PICTURE("720x576", "25", "1") "-vf setsar=16/11 " CLIP_X264,
     .w = 1047,
     .h = 576,
     .says = "made square"},
    {.name = "interlaced.mp4",
     .args = CLIP_PICTURE("320x180", "50", "2") "-vf interlace " CLIP_X264 "-flags +ildct+ilme",
     .interlaced = true,
     .fps = 25,
     .says = "interlaced"},
    {.name = "vfr.mp4",
     .args = CLIP_PICTURE("320x180", "30",
                          "4") "-vf select=not(between(n\\,40\\,70)) -vsync vfr " CLIP_X264,
     .variable = true,
     .fps = 30,
     .seconds = 4,
     .says = "varies"},
    {.name = "vfr.webm",
     .args = CLIP_PICTURE("320x180", "30", "4") "-vf select=not(between(n\\,40\\,70)) -vsync vfr "
                                                "-c:v libvpx -deadline realtime -cpu-used 8",
     .variable = true,
     .seconds = 4},
    {.name = "late.ts", .args = STD X264_AAC "-output_ts_offset 3600", .fps = 25, .seconds = 2},
    {.name = "late.mkv", .args = STD X264_AAC "-output_ts_offset 5", .fps = 25, .seconds = 2},
    {.name = "tracks.mkv",
     .args = CLIP_PICTURE("160x90", "25", "1") CLIP_PICTURE("640x360", "25", "1") CLIP_SOUND("1")
         CLIP_SOUND("1") "-map 0 -map 1 -map 2 -map 3 -disposition:v:0 0 -disposition:v:1 "
                         "default " CLIP_X264 "-c:a aac",
     .w = 640,
     .h = 360,
     .video_tracks = 2},
    {.name = "cover.mp4",
     .args = STD "-f lavfi -i color=s=2000x2000:d=0.04 -map 0 -map 1 -map 2 "
                 "-c:v:0 libx264 -preset ultrafast -pix_fmt yuv420p -c:v:1 mjpeg -c:a aac "
                 "-disposition:v:1 attached_pic",
     .w = 320,
     .h = 180,
     .video = "h264",
     .video_tracks = 1},
    {.name = "51.mp4",
     .args =
         CLIP_PICTURE("320x180", "25", "1") "-f lavfi -i anullsrc=cl=5.1:r=48000 -t 1 " X264_AAC,
     .channels = 6,
     .says = "5.1"},
    {.name = "long-sound.mp4",
     .args = CLIP_PICTURE("320x180", "25", "1") CLIP_SOUND("3") CLIP_X264 "-c:a aac",
     .seconds = 1,
     .fps = 25},
    {.name = "odd.mkv",
     .args = "-f lavfi -i testsrc=s=853x481:r=25:d=1 "
             "-c:v libx264 -preset ultrafast -pix_fmt yuv444p",
     .w = 853,
     .h = 481},
    {.name = "422.mkv",
     .args =
         CLIP_PICTURE("320x180", "25", "1") "-c:v libx264 -preset ultrafast -pix_fmt yuv422p10le",
     .depth = 10,
     .says = "4:2:0"},
    {.name = "one.mp4", .args = CLIP_PICTURE("320x180", "25", "0.04") CLIP_X264, .fps = 25},
    {.name = "120.mp4",
     .args = CLIP_PICTURE("320x180", "120", "1") CLIP_X264,
     .fps = 120,
     .says = "120 pictures a second made 60"},
};

static void every_kind_of_clip_is_told_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        clips_make(rows[i].name, rows[i].args);
        struct render_report r;
        struct err e = {0};
        if (probe_path(clips_path(rows[i].name), &r, &e) < 0) {
            print_error("%s: %s\n", rows[i].name, e.text);
            rows_wrong++;
            continue;
        }
        if (render_report_check(&r, &e) < 0)
            fail_msg("%s: %s", rows[i].name, e.text);
        assert_true(r.path == PATH_ENCODE || r.path == PATH_COPY);
        assert_true(r.peak_memory_bytes > 0);
        check_row(&rows[i], &r.in, r.reason);
    }
    no_row_is_wrong();
}

/* Writes a copy of a.mp4 with another matrix in its picture's track. */
static void turn(const char *name, int a, int b, int c, int d)
{
    static uint8_t data[1 << 20];
    const int matrix[4] = {a, b, c, d};
    static const int place[4] = {0, 4, 12, 16};
    int fd = open(clips_path("a.mp4"), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, data, sizeof(data));
    assert_true(n > 0 && n < (ssize_t)sizeof(data));
    close(fd);
    uint8_t *tkhd = memmem(data, (size_t)n, "tkhd", 4);
    assert_non_null(tkhd);
    for (int i = 0; i < 4; i++) { /* 16.16 fixed point, big-endian */
        uint8_t high = matrix[i] < 0 ? 0xff : 0, low = matrix[i] < 0 ? 0xff : (uint8_t)matrix[i];
        memcpy(tkhd + 44 + place[i], (const uint8_t[]){high, low, 0, 0}, 4);
    }
    clips_write(name, data, (size_t)n);
}

static void turned_and_mirrored_clips_say_how_a_player_shows_them(void **state)
{
    (void)state;
    static const struct {
        int a, b, c, d, rotation;
        bool mirrored;
    } turns[] = {
        {1, 0, 0, 1, 0, false},    {0, 1, -1, 0, 90, false}, {-1, 0, 0, -1, 180, false},
        {0, -1, 1, 0, 270, false}, {-1, 0, 0, 1, 0, true},   {0, -1, -1, 0, 90, true},
        {1, 0, 0, -1, 180, true},  {0, 1, 1, 0, 270, true},
    };
    clips_make("a.mp4", STD X264_AAC);
    for (size_t i = 0; i < LEN(turns); i++) {
        bool lying = turns[i].rotation % 180 != 0;
        struct row want = {.name = "turned.mp4",
                           .w = lying ? 180 : 320,
                           .h = lying ? 320 : 180,
                           .rotation = turns[i].rotation,
                           .mirrored = turns[i].mirrored};
        turn(want.name, turns[i].a, turns[i].b, turns[i].c, turns[i].d);
        struct render_report r;
        struct err e = {0};
        if (probe_path(clips_path(want.name), &r, &e) < 0)
            fail_msg("%zu: %s", i, e.text);
        check_row(&want, &r.in, r.reason);
    }
    no_row_is_wrong();
}

static void expect_fault(const char *name, enum msg want)
{
    struct render_report r;
    struct err e = {0};
    int result = probe_path(clips_path(name), &r, &e);
    rows_wrong += result == 0 || e.msg != want || e.code != msg_code(want);
    if (result == 0)
        print_error("%s: taken as %s %s\n", name, r.in.container, r.in.video_codec);
    else if (e.msg != want || e.code != msg_code(want))
        print_error("%s: %s (%s), not %s\n", name, msg_slug(e.msg), e.text, msg_slug(want));
}

static void every_file_that_is_no_clip_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *name, *args;
        enum msg want;
    } made[] = {
        {"sound.mp3", CLIP_SOUND("1"), MSG_NO_VIDEO},
        {"sound.wav", CLIP_SOUND("1"), MSG_NO_VIDEO},
        {"sound.m4a", CLIP_SOUND("1") "-c:a aac", MSG_NO_VIDEO},
        {"sound.ogg", CLIP_SOUND("1") "-c:a libvorbis", MSG_NO_VIDEO},
        {"sound.mka", CLIP_SOUND("1") "-c:a aac", MSG_NO_VIDEO},
        {"cover.m4a",
         CLIP_SOUND("1") "-f lavfi -i color=s=64x64:d=0.04 -map 0 -map 1 -c:a aac -c:v mjpeg "
                         "-disposition:v attached_pic -f mp4",
         MSG_NO_VIDEO},
        {"cover.mp3",
         CLIP_SOUND("1") "-f lavfi -i color=s=64x64:d=0.04 -map 0 -map 1 -c:v mjpeg "
                         "-disposition:v attached_pic",
         MSG_NO_VIDEO},
        {"picture.jpg", "-f lavfi -i color=s=64x64 -frames:v 1", MSG_IMAGE_ONLY},
        {"picture.png", "-f lavfi -i color=s=64x64 -frames:v 1", MSG_IMAGE_ONLY},
        {"picture.gif", "-f lavfi -i color=s=64x64 -frames:v 1", MSG_IMAGE_ONLY},
        {"picture.bmp", "-f lavfi -i color=s=64x64 -frames:v 1", MSG_IMAGE_ONLY},
        {"picture.mp4", "-f lavfi -i color=s=64x64 -frames:v 1 -c:v mjpeg -f image2pipe",
         MSG_IMAGE_ONLY},
        {"snow.mkv", CLIP_PICTURE("64x64", "25", "1") "-c:v snow -strict -2",
         MSG_CODEC_UNSUPPORTED},
        {"asv2.avi", CLIP_PICTURE("64x64", "25", "1") "-c:v asv2", MSG_CODEC_UNSUPPORTED},
        {"cenc.mp4",
         CLIP_PICTURE("320x180", "25", "1") CLIP_X264
         "-encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb "
         "-encryption_kid a7e61c373e219033c21091fa607bf3b8",
         MSG_ENCRYPTED},
        {"sar.mkv", CLIP_PICTURE("320x180", "25", "1") "-vf setsar=1/100 -c:v mpeg4 -aspect 0.0178",
         MSG_SHAPE_ABSURD},
        {"gap.mkv",
         CLIP_PICTURE("320x180", "25",
                      "1") "-vf setpts=if(gt(N\\,10)\\,PTS+3600/TB\\,PTS) -vsync vfr " CLIP_X264,
         MSG_SHAPE_ABSURD},
    };
    for (size_t i = 0; i < LEN(made); i++) {
        clips_make(made[i].name, made[i].args);
        expect_fault(made[i].name, made[i].want);
    }
    no_row_is_wrong();
}

static void every_text_that_poses_as_a_video_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        enum msg want;
    } texts[] = {
        {"empty.mp4", "", MSG_EMPTY_FILE},
        {"text.mp4", "This is not a video, only some lines\nof text.\n", MSG_NOT_A_VIDEO},
        {"zip.mp4", "PK\3\4 and so on, and so on, and so on, and so on", MSG_NOT_A_VIDEO},
        {"short.mp4", "x", MSG_NOT_A_VIDEO},
        {"m3u8.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n",
         MSG_PLAYLIST},
        {"bom.mp4", "\xef\xbb\xbf\r\n#EXTM3U\n/etc/passwd\n", MSG_PLAYLIST},
        {"concat.mp4", "ffconcat version 1.0\nfile '/etc/passwd'\n", MSG_PLAYLIST},
        {"list.mp4", "file '/etc/passwd'\nfile 'b.mp4'\n", MSG_PLAYLIST},
        {"sdp.mp4", "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=video 5004 RTP/AVP 96\r\n",
         MSG_PLAYLIST},
        {"mpd.mp4",
         "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"></MPD>\n",
         MSG_PLAYLIST},
    };
    for (size_t i = 0; i < LEN(texts); i++) {
        clips_write(texts[i].name, texts[i].text, strlen(texts[i].text));
        expect_fault(texts[i].name, texts[i].want);
    }
    no_row_is_wrong();
}

static void a_cut_file_is_used_as_far_as_it_goes(void **state)
{
    (void)state;
    clips_make("whole.mp4", CLIP_PICTURE("320x180", "25", "4") CLIP_SOUND("4") X264_AAC);
    clips_cut("whole.mp4", "cut.mp4", 60);
    expect_fault("cut.mp4", MSG_TRUNCATED);
    clips_cut("whole.mp4", "head.mp4", 1);
    expect_fault("head.mp4", MSG_TRUNCATED);
    no_row_is_wrong();

    clips_make("index.mp4",
               CLIP_PICTURE("320x180", "25", "4") CLIP_SOUND("4") X264_AAC "-movflags +faststart");
    clips_cut("index.mp4", "some.mp4", 60);
    struct render_report r;
    struct err e = {0};
    if (probe_path(clips_path("some.mp4"), &r, &e) < 0)
        fail_msg("%s", e.text);
    assert_true(r.in.duration_us > 1000000 && r.in.duration_us < 3500000);
    assert_true(r.in.frames > 25 && r.in.frames < 90);
}

/* Probes in a process of its own; gives the fault and how much memory it took. */
static void fault_and_peak(const char *name, struct err *e, int64_t *peak_kb)
{
    struct note {
        int result;
        struct err e;
        int64_t peak_kb;
    } note = {0};
    int pipe_fd[2];
    assert_int_equal(pipe(pipe_fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct render_report r;
        note.result = probe_path(clips_path(name), &r, &note.e);
        FILE *f = fopen("/proc/self/status", "re");
        char line[128];
        while (f && fgets(line, sizeof(line), f))
            if (strncmp(line, "VmHWM:", 6) == 0)
                note.peak_kb = strtol(line + 6, NULL, 10);
        _exit(write(pipe_fd[1], &note, sizeof(note)) == sizeof(note) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(read(pipe_fd[0], &note, sizeof(note)), (ssize_t)sizeof(note));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    assert_int_equal(status, 0);
    assert_int_equal(note.result, -1);
    *e = note.e;
    *peak_kb = note.peak_kb;
}

/* A copy of huge.mp4 whose container says 64x64: only the stream itself tells the truth. */
static void make_liar(void)
{
    static uint8_t data[1 << 20];
    int fd = open(clips_path("huge.mp4"), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, data, sizeof(data));
    assert_true(n > 0 && n < (ssize_t)sizeof(data));
    close(fd);
    uint8_t *avc1 = NULL; /* the sample entry, not the brand in ftyp, which comes first */
    for (uint8_t *p = data; (p = memmem(p, (size_t)(data + n - p), "avc1", 4)); p += 4)
        avc1 = p;
    assert_non_null(avc1);
    memcpy(avc1 + 28, "\0\x40\0\x40", 4);
    clips_write("liar.mp4", data, (size_t)n);
}

/* A picture that claims more than the limit must cost neither the memory nor the time of one, also
 * where the container does not say its size and where its track turns up late. */
static void a_tiny_file_that_claims_8192x8192_costs_little(void **state)
{
    (void)state;
    static const char *const names[] = {"huge.mp4", "huge.mkv", "huge.ts", "huge.flv", "liar.mp4"};
    clips_make("huge.mp4", "-f lavfi -i color=s=8192x8192:r=1:d=2 " CLIP_X264 "-threads 1");
    for (size_t i = 0; i < LEN(names); i++) {
        if (strcmp(names[i], "liar.mp4") == 0) {
            make_liar();
        } else if (i > 0) {
            char args[256];
            snprintf(args, sizeof(args), "-i %s -c copy", clips_path("huge.mp4"));
            clips_make(names[i], args);
        }
        struct err e;
        int64_t peak_kb = 0;
        fault_and_peak(names[i], &e, &peak_kb);
        print_message("%s: %s, peak %lld MB\n", names[i], msg_slug(e.msg),
                      (long long)peak_kb / 1024);
        assert_string_equal(msg_slug(e.msg), "too_many_pixels");
#ifndef __SANITIZE_ADDRESS__
        assert_true(peak_kb < 100 * 1024);
#endif
    }
}

static void the_real_clips_are_told_as_they_are(void **state)
{
    (void)state;
    static const struct row real[] = {
        {.name = "video_test_1_480_270.mp4",
         .container = "mp4",
         .video = "h264",
         .audio = "aac",
         .w = 480,
         .h = 270,
         .fps = 30,
         .seconds = 30.033,
         .channels = 2,
         .args = CLIP_PICTURE("480x270", "30", "30.033") CLIP_SOUND("31") "-ac 2 " CLIP_X264},
        {.name = "video_test_2_950_540.mp4",
         .container = "mp4",
         .video = "h264",
         .w = 960,
         .h = 540,
         .fps = 30000 / 1001.0,
         .seconds = 13.347,
         .says = "no sound",
         .args = CLIP_PICTURE("960x540", "30000/1001", "13.34") CLIP_X264},
        {.name = "video_test_5_640_480.mp4",
         .container = "mp4",
         .video = "h264",
         .audio = "aac",
         .w = 640,
         .h = 480,
         .fps = 25,
         .seconds = 5.8,
         .channels = 6,
         .says = "4:3",
         .args = CLIP_PICTURE("640x480", "25", "5.8") CLIP_SOUND("5.8") "-ac 6 " CLIP_X264},
    };
    const char *dir = clips_real_dir();
    for (size_t i = 0; i < LEN(real); i++) {
        char path[4200];
        snprintf(path, sizeof(path), "%s/%s", dir ? dir : clips_dir, real[i].name);
        if (!dir)
            clips_make(real[i].name, real[i].args);
        struct render_report r;
        struct err e = {0};
        if (probe_path(path, &r, &e) < 0)
            fail_msg("%s: %s", path, e.text);
        check_row(&real[i], &r.in, r.reason);
    }
    no_row_is_wrong();
}

/* decoders.def as text. */
#define ACCEPT(names, why) "," names
#define REFUSE(names, why) "," names
static const char decided[] =
#include "media/clip/decoders.def"
    ",";
#undef ACCEPT
#undef REFUSE

static void every_decoder_there_is_has_been_decided_about(void **state)
{
    (void)state;
    void *at = NULL;
    const AVCodec *c;
    while ((c = av_codec_iterate(&at))) {
        char name[64];
        bool counts = c->type == AVMEDIA_TYPE_VIDEO || c->type == AVMEDIA_TYPE_AUDIO;
        snprintf(name, sizeof(name), ",%s,", c->name);
        const char *first = strstr(decided, name);
        if (av_codec_is_decoder(c) && counts && (!first || strstr(first + 1, name))) {
            print_error("%s is decided about %s\n", c->name, first ? "twice" : "nowhere");
            rows_wrong++;
        }
    }
    no_row_is_wrong();
}

int main(void)
{
    media_warm_up();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_clip_is_told_as_it_is),
        cmocka_unit_test(turned_and_mirrored_clips_say_how_a_player_shows_them),
        cmocka_unit_test(every_file_that_is_no_clip_says_why),
        cmocka_unit_test(every_decoder_there_is_has_been_decided_about),
        cmocka_unit_test(every_text_that_poses_as_a_video_is_told),
        cmocka_unit_test(a_cut_file_is_used_as_far_as_it_goes),
        cmocka_unit_test(a_tiny_file_that_claims_8192x8192_costs_little),
        cmocka_unit_test(the_real_clips_are_told_as_they_are),
    };
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
