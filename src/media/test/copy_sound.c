/* The sound of a copied reel: where beeps come out, of every kind of clip. */
#include "media/test/sound_drive.h"

struct row {
    const char *name, *args;
    struct drive d;
    const char *reason; /* NULL: copied */
    int hz, channels;
    double shift_s;  /* of the beeps against the body */
    double slack_s;  /* of a beep */
    double from, to; /* seconds of the body: beeps that begin here are heard, no others are */
    double skip_from, skip_to; /* but for these */
};

#define MS 0.001
static const struct row rows[] = {
    {"std.mp4", PICTURE BEEPS("48000") X264 AAC, {0}, NULL, 48000, 1, 0, 0.5 * MS, 0, 3},
    {"std.mp4", NULL, {.start_s = 1}, NULL, 48000, 1, -1, 0.5 * MS, 0.01, 2},
    {"std.mp4", NULL, {.body_most = 44}, NULL, 48000, 1, 0, 0.5 * MS, 0, 1.76},
    {"std.mp4", NULL, {.bumper_us = -1}, NULL, 48000, 1, 0, 0.5 * MS, 0, 3},
    {"std.mp4", NULL, {.bumper_us = 40000}, NULL, 48000, 1, 0, 0.5 * MS, 0, 3},
    {"std.mp4", NULL, {.encode = true}, NULL, 48000, 2, 0, 2 * MS, 0, 3},
    {"44.mp4", PICTURE BEEPS("44100") X264 "-ac 2 " AAC, {0}, NULL, 44100, 2, 0, 0.5 * MS, 0, 3},
    {"std.mkv", PICTURE BEEPS("48000") X264 "-ac 2 " AAC, {0}, NULL, 48000, 2, 0, 1.5 * MS, 0, 3},
    {"std.flv", PICTURE BEEPS("44100") X264 "-ac 2 " AAC, {0}, NULL, 44100, 2, 0, 1.5 * MS, 0, 3},
    {"frag.mp4",
     PICTURE BEEPS("48000") X264 "-c:a aac -movflags frag_keyframe+delay_moov",
     {0},
     NULL,
     48000,
     1,
     0,
     0.5 * MS,
     0,
     3},
    {"late.mp4",
     PICTURE "-itsoffset 1.01 " BEEPS("48000") X264 "-c:a aac -t 3",
     {0},
     NULL,
     48000,
     1,
     1.01,
     MS,
     0,
     3},
    {"early.mp4",
     PICTURE "-itsoffset -0.31 " BEEPS("48000") X264 AAC,
     {0},
     NULL,
     48000,
     1,
     -0.31,
     0.5 * MS,
     0,
     2.6},
    {"short.mp4",
     PICTURE BEEPS("48000") X264 "-af atrim=0:1.2 -c:a aac",
     {0},
     NULL,
     48000,
     1,
     0,
     0.5 * MS,
     0,
     1.2},
    {"long.mp4",
     "-f lavfi -i testsrc2=s=64x36:r=25:d=1.8 " BEEPS("48000") X264 AAC,
     {0},
     NULL,
     48000,
     1,
     0,
     0.5 * MS,
     0,
     1.8},
    {"hole.mp4",
     PICTURE BEEPS("48000") X264 "-c:a aac -bsf:a noise=amount=0:drop='between(n,40,75)'",
     {0},
     NULL,
     48000,
     1,
     0,
     12 * MS,
     0,
     3,
     0.8,
     1.65},
    {"hole.mkv",
     PICTURE BEEPS("48000") X264 "-c:a aac -bsf:a noise=amount=0:drop='between(n,40,75)'",
     {0},
     NULL,
     48000,
     1,
     0,
     12 * MS,
     0,
     3,
     0.8,
     1.65},
    {"std.ts", PICTURE BEEPS("48000") X264 AAC, {0}, "header", 48000, 2, 0, 15 * MS, 0, 3},
    {"22.mp4", PICTURE BEEPS("22050") X264 AAC, {0}, "kHz", 48000, 2, 0, 2 * MS, 0, 3},
    {"51.mp4",
     PICTURE BEEPS("48000") X264 "-ac 6 -c:a aac",
     {0},
     "mono",
     48000,
     2,
     0,
     2 * MS,
     0,
     3},
    {"mp3.mp4",
     PICTURE BEEPS("48000") X264 "-c:a libmp3lame",
     {0},
     "not AAC",
     48000,
     2,
     0,
     2 * MS,
     0,
     3},
    {"opus.mkv",
     PICTURE BEEPS("48000") X264 "-c:a libopus",
     {0},
     "not AAC",
     48000,
     2,
     0,
     15 * MS,
     0,
     3},
    {"opus.mkv", NULL, {.start_s = 1}, "not AAC", 48000, 2, -1, 15 * MS, 0.01, 2},
    {"none.mp4", PICTURE X264, {0}, "no sound", 48000, 2, 0, 0, 0, 0},
};

static void check_beeps(const struct row *r, const struct heard *h, const struct driven *d)
{
    for (int i = 1; i <= 5; i++) {
        double at = 0.5 * i + r->shift_s;
        bool want = at >= r->from && at < r->to - 0.02 && (at < r->skip_from || at > r->skip_to);
        if (at < 0.02 || at > d->body_s - 0.05)
            continue;
        double got = onset(h, d->lead_s + at - 0.15, 0.1) - d->lead_s;
        bool heard = fabs(got - at) <= r->slack_s;
        if (want && !heard)
            fail_msg("%s: a beep at %.4f s instead of %.4f s", r->name, got, at);
        if (!want && got >= 0 && got < at + 0.1)
            fail_msg("%s: a beep at %.4f s where there is none", r->name, got);
    }
}

static void sound_is_where_it_belongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct row *r = &rows[i];
        if (r->args)
            clips_make(r->name, r->args);
        struct driven d = drive(r->name, &r->d);
        if (r->reason ? !strstr(d.reason, r->reason) : d.reason[0] != '\0')
            fail_msg("%s: reason \"%s\"", r->name, d.reason);
        AUTO(heard_clear) struct heard h = hear("reel.mp4", 0);
        if (h.hz != r->hz || h.channels != r->channels)
            fail_msg("%s: %d Hz, %d channels", r->name, h.hz, h.channels);
        check_form(r->name, &h, &d);
        check_beeps(r, &h, &d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_is_where_it_belongs),
    };
    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
