#include "core/test/test.h"

#include "core/err.h"
#include "core/reel.h"
#include "core/reel_json.h"

static struct render_report good(void)
{
    return (struct render_report){
        .path = PATH_ENCODE,
        .reason = "because",
        .in = {.container = "mp4",
               .bytes = 1570024,
               .duration_us = 30000000,
               .video_codec = "h264",
               .audio_codec = "aac",
               .video_profile = "High",
               .pixel_format = "yuv420p",
               .coded_width = 480,
               .coded_height = 270,
               .display_width = 480,
               .display_height = 270,
               .rotation = 90,
               .sar_num = 1,
               .sar_den = 1,
               .fps_num = 30000,
               .fps_den = 1001,
               .bit_depth = 8,
               .frames = 900,
               .audio_hz = 48000,
               .audio_channels = 2,
               .audio_duration_us = 30000000,
               .video_tracks = 1,
               .audio_tracks = 1},
        .body_us = 16000000,
        .sync_us = -1200,
        .wall_us = 2500000,
        .peak_memory_bytes = 80000000,
    };
}

static void a_true_report_and_an_empty_one_pass(void **state)
{
    (void)state;
    struct err e = {0};
    struct render_report r = good(), empty = {0};
    assert_int_equal(render_report_check(&r, &e), 0);
    assert_int_equal(render_report_check(&empty, &e), 0);
}

/* What a child that was taken over might send: each row spoils one byte range of a good report. */
#define SPOIL(field, value)                                                                        \
    do {                                                                                           \
        struct render_report r = good();                                                           \
        struct err e = {0};                                                                        \
        r.field = (value);                                                                         \
        if (render_report_check(&r, &e) == 0)                                                      \
            fail_msg("%s = %s passes", #field, #value);                                            \
        assert_int_equal(e.code, ERR_INPUT);                                                       \
    } while (0)

static void numbers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    SPOIL(path, (enum path)PATH_COUNT_);
    SPOIL(path, (enum path) - 1);
    SPOIL(poster_bytes, -1);
    SPOIL(body_us, -1);
    SPOIL(body_us, INT64_MAX);
    SPOIL(sync_us, INT64_MIN);
    SPOIL(wall_us, -5);
    SPOIL(peak_memory_bytes, INT64_MAX);
    SPOIL(in.bytes, -1);
    SPOIL(in.duration_us, INT64_MAX);
    SPOIL(in.coded_width, -1);
    SPOIL(in.display_height, 1 << 21);
    SPOIL(in.rotation, 45);
    SPOIL(in.rotation, 360);
    SPOIL(in.rotation, -90);
    SPOIL(in.fps_num, -1);
    SPOIL(in.sar_den, -1);
    SPOIL(in.bit_depth, 65);
    SPOIL(in.frames, -1);
    SPOIL(in.audio_hz, 1 << 21);
    SPOIL(in.audio_channels, 1025);
    SPOIL(out.video_tracks, -1);
    SPOIL(out.audio_tracks, 2000);
    SPOIL(warnings, REEL_WARNINGS_ALL + 1U);
}

static void texts_end_within_their_field_and_are_clean(void **state)
{
    (void)state;
    struct err e = {0};
    struct render_report r = good();
    memset(r.reason, 'x', sizeof(r.reason)); /* no NUL */
    assert_int_equal(render_report_check(&r, &e), -1);
    r = good();
    memset(r.in.container, 'x', sizeof(r.in.container));
    assert_int_equal(render_report_check(&r, &e), -1);
    r = good();
    r.out.video_codec[0] = '\n';
    assert_int_equal(render_report_check(&r, &e), -1);
    r = good();
    r.in.pixel_format[0] = (char)0xff;
    assert_int_equal(render_report_check(&r, &e), -1);
}

static void fits_are_known_by_name_and_only_these(void **state)
{
    (void)state;
    for (int f = 0; f < FIT_COUNT_; f++) {
        enum fit back = FIT_COUNT_;
        assert_true(fit_from_name(fit_name((enum fit)f), &back));
        assert_int_equal(back, f);
    }
    enum fit untouched = FIT_CROP;
    assert_false(fit_from_name("Pad", &untouched));
    assert_false(fit_from_name("", &untouched));
    assert_int_equal(untouched, FIT_CROP);
}

static void the_profile_is_the_house_form(void **state)
{
    (void)state;
    struct profile p = profile_default();
    assert_int_equal(p.bumper_us, 2000000);
    assert_int_equal(p.longest_us, 20000000);
    assert_int_equal(p.fit, FIT_PAD);
    assert_int_equal(p.max_width, 1920);
    assert_int_equal(p.max_height, 1080);
    assert_int_equal(p.max_fps, 60);
    assert_int_equal(p.crf, 21);
    assert_string_equal(p.preset, "veryfast");
}

static void a_report_is_json_with_the_promised_keys(void **state)
{
    (void)state;
    struct render_report r = good();
    json_t *o = render_report_json(&r);
    assert_string_equal(json_string_value(json_object_get(o, "path")), "encode");
    assert_string_equal(json_string_value(json_object_get(o, "reason")), "because");
    assert_true(json_number_value(json_object_get(o, "wall_ms")) == 2500.0);
    json_t *in = json_object_get(o, "in"), *out = json_object_get(o, "out");
    assert_true(json_is_object(in) && json_is_object(out));
    assert_int_equal(json_integer_value(json_object_get(in, "width")), 480);
    assert_true(json_number_value(json_object_get(in, "duration")) == 30.0);
    json_t *video = json_object_get(in, "video");
    assert_string_equal(json_string_value(json_object_get(video, "fps")), "30000/1001");
    assert_true(json_is_null(json_object_get(out, "audio")));
    assert_int_equal(json_array_size(json_object_get(o, "warnings")), 0);
    json_decref(o);
}

static void warnings_have_a_code_and_a_sentence_each(void **state)
{
    (void)state;
    json_t *all = reel_warnings_json(REEL_WARNINGS_ALL, LANG_ES);
    assert_int_equal(json_array_size(all), REEL_WARNINGS);
    for (size_t i = 0; i < REEL_WARNINGS; i++) {
        const json_t *w = json_array_get(all, i);
        enum msg m;
        assert_true(msg_from_slug(json_string_value(json_object_get(w, "code")), &m));
        assert_int_equal(m, reel_warning_message((enum reel_warning)i));
        assert_string_equal(json_string_value(json_object_get(w, "message")), msg_text(m, LANG_ES));
    }
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_report_and_an_empty_one_pass),
        cmocka_unit_test(numbers_that_cannot_be_are_refused),
        cmocka_unit_test(texts_end_within_their_field_and_are_clean),
        cmocka_unit_test(fits_are_known_by_name_and_only_these),
        cmocka_unit_test(the_profile_is_the_house_form),
        cmocka_unit_test(a_report_is_json_with_the_promised_keys),
        cmocka_unit_test(warnings_have_a_code_and_a_sentence_each),
    };
    return cmocka_run_group_tests_name("core/reel", tests, NULL, NULL);
}
