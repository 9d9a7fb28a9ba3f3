/* The sound of a copied reel: its body is the clip's sound to the sample, and seams are where they
 * belong. */
#include "media/test/sound_drive.h"

#define TONE_PEAK 0.4F

/* Compares the body of the reel with the clip's own sound, from `from` seconds of the body on. */
static void same_sound(const char *clip, const struct drive *d, double from)
{
    struct driven made = drive(clip, d);
    AUTO(heard_clear) struct heard reel = hear("reel.mp4", 0);
    AUTO(heard_clear) struct heard own = hear(clip, -1);
    int64_t lead = llround(made.lead_s * reel.hz), skip = llround(d->start_s * reel.hz);
    int64_t body = llround(made.body_s * reel.hz);
    check_form(clip, &reel, &made);
    assert_true(peak(&own, d->start_s, d->start_s + made.body_s) > 0.2F);
    for (int64_t i = llround(from * reel.hz); i < body - 1024 && i + skip < own.samples - 1024; i++)
        if (fabsf(reel.left[lead + i] - own.left[skip + i]) > 1e-6F)
            fail_msg("%s: sample %lld of the body is %.5f and not %.5f", clip, (long long)i,
                     (double)reel.left[lead + i], (double)own.left[skip + i]);
}

static void the_body_is_the_clips_own_sound_to_the_sample(void **state)
{
    (void)state;
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    clips_make("tone44.mov", PICTURE TONE X264 "-ar 44100 " AAC);
    same_sound("tone.mp4", &(struct drive){0}, 0);
    same_sound("tone44.mov", &(struct drive){0}, 0);
    same_sound("tone.mp4", &(struct drive){.body_most = 31}, 0);
    same_sound("tone.mp4", &(struct drive){.bumper_us = -1}, 0);
    same_sound("tone.mp4", &(struct drive){.twice = true}, 0);
    same_sound("tone.mp4", &(struct drive){.start_s = 1}, 0.0214);
}

/* Writes media_time into the edit list of the second track. */
static void patch_edit(const char *from, const char *to, uint32_t media_time)
{
    clips_cut(from, to, 100);
    int fd = open(clips_path(to), O_RDWR | O_CLOEXEC);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    AUTO(freep) uint8_t *data = mem_new((size_t)st.st_size);
    assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
    int seen = 0;
    for (int64_t i = st.st_size - 20; i >= 0 && !seen; i--)
        if (memcmp(data + i, "elst", 4) == 0) {
            const uint8_t be[4] = {(uint8_t)(media_time >> 24), (uint8_t)(media_time >> 16),
                                   (uint8_t)(media_time >> 8), (uint8_t)media_time};
            assert_int_equal(pwrite(fd, be, 4, i + 16), 4);
            seen++;
        }
    close(fd);
    assert_int_equal(seen, 1);
}

static void every_priming_is_honoured(void **state)
{
    (void)state;
    static const uint32_t primings[] = {576, 1105, 1600, 2048, 2112};
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    for (size_t i = 0; i < LEN(primings); i++) {
        patch_edit("tone.mp4", "primed.mp4", primings[i]);
        /* a clip's first packet fades in by a window that is the decoder's to choose */
        double faded = primings[i] < 1024 ? (1024 - primings[i]) / 48000.0 : 0;
        same_sound("primed.mp4", &(struct drive){0}, faded);
    }
}

static void seams_neither_click_nor_come_late(void **state)
{
    (void)state;
    static const struct drive drives[] = {
        {0},
        {.start_s = 1},
        {.body_most = 33},
        {.start_s = 1, .body_most = 37},
        {.encode = true},
        {.start_s = 1, .body_most = 37, .encode = true},
    };
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    clips_make("tone.mkv", PICTURE TONE X264 "-ac 2 " AAC);
    clips_make("holed.mp4",
               PICTURE TONE X264 "-c:a aac -bsf:a noise=amount=0:drop='between(n,40,75)'");
    static const char *const clips[] = {"tone.mp4", "tone.mkv", "holed.mp4"};
    for (size_t i = 0; i < LEN(drives) * LEN(clips); i++) {
        const char *clip = clips[i / LEN(drives)];
        const struct drive *w = &drives[i % LEN(drives)];
        struct driven d = drive(clip, w);
        AUTO(heard_clear) struct heard h = hear("reel.mp4", 0);
        check_form(clip, &h, &d);
        double end = d.lead_s + d.body_s;
        float all = step(&h, 0, end + d.lead_s), own = TONE_PEAK * 6.2832F * 440 / (float)h.hz;
        if (all > own * 1.6F) /* an overlap that is not taken back adds */
            fail_msg("%s %zu: a step of %.4f, in the tone %.4f", clip, i, (double)all, (double)own);
        /* where it is half as loud as the tone, of which an AAC packet at a seam is a fade */
        double level = TONE_PEAK / 2;
        double begins = onset(&h, 0, level) - d.lead_s, ends = last_above(&h, level) - end;
        bool in_hole = clip == clips[2] && (w->start_s > 0 || w->body_most);
        if (!in_hole && (fabs(begins) > 0.020 || fabs(ends) > 0.020))
            fail_msg("%s %zu: sound begins %.4f s and ends %.4f s after the picture", clip, i,
                     begins, ends);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_is_the_clips_own_sound_to_the_sample),
        cmocka_unit_test(every_priming_is_honoured),
        cmocka_unit_test(seams_neither_click_nor_come_late),
    };
    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
