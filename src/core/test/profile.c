/* Values of a profile are held to the ranges of the settings, wherever they come from. */
#include "core/profile.h"

#include "core/conf.h"
#include "core/err.h"
#include "core/profile_json.h"
#include "core/test/test.h"

static void the_house_form_is_in_every_range(void **state)
{
    (void)state;
    struct profile p = profile_default();
    struct err e;
    assert_int_equal(profile_check(&p, &e), 0);
}

static void each_value_is_held_to_its_setting_s_range(void **state)
{
    (void)state;
    int count;
    const struct profile_item *items = profile_items(&count);
    for (int i = 0; i < count; i++) {
        int64_t min, max;
        struct err e = {0};
        if (items[i].kind == PROFILE_FIT || items[i].kind == PROFILE_PRESET)
            continue;
        profile_range(&items[i], &min, &max);
        const int64_t values[] = {min - 1, min, max, max + 1};
        for (size_t k = 0; k < LEN(values); k++) {
            struct profile p = profile_default();
            p.longest_us = 600000000; /* room for any bumper */
            void *field = (char *)&p + items[i].offset;
            if (items[i].kind == PROFILE_TIME)
                *(int64_t *)field = values[k];
            else
                *(int *)field = (int)values[k];
            if (strcmp(items[i].name, "longest_s") == 0)
                p.bumper_us = 0;
            int want = k == 1 || k == 2 ? 0 : -1;
            if (profile_check(&p, &e) != want)
                fail_msg("%s = %lld: %s", items[i].name, (long long)values[k], e.text);
            if (want < 0) {
                assert_int_equal(e.msg, MSG_PROFILE_BAD);
                assert_true(strncmp(e.text, items[i].setting, strlen(items[i].setting)) == 0);
            }
        }
    }
}

static void what_settings_take_a_profile_takes_and_no_more(void **state)
{
    (void)state;
    static char *const env[] = {NULL};
    static const struct {
        const char *flag, *value;
        bool fine;
    } rows[] = {
        {"--bumper", "0", true},
        {"--bumper", "9999ms", true},
        {"--bumper", "10s", false},
        {"--fit", "crop", true},
        {"--fit", "Crop", false},
        {"--preset", "veryslow", true},
        {"--preset", "placebo", false},
        {"--crf", "51", true},
        {"--max-fps", "240", true},
        {"--longest", "4s", false}, /* two bumpers of 2 s are as long */
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char flag[32], value[32];
        snprintf(flag, sizeof(flag), "%s", rows[i].flag);
        snprintf(value, sizeof(value), "%s", rows[i].value);
        char *argv[] = {(char *)"x", flag, value, NULL};
        AUTO(conf_clear) struct conf c = {0};
        struct profile p;
        struct err e = {0};
        int rest;
        assert_int_equal(conf_read(&c, CONF_SERVE, 3, argv, env, &rest, &e), 0);
        if ((profile_of_conf(&c, &p, &e) == 0) != rows[i].fine)
            fail_msg("%s %s: %s", flag, value, e.text);
        if (!rows[i].fine) {
            assert_int_equal(e.code, ERR_INPUT);
            assert_true(strlen(e.text) > 10);
        }
    }
}

static int read_text(const char *text, struct profile *p, struct err *e)
{
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    int rc = profile_from_json(o, p, e);
    json_decref(o);
    return rc;
}

static void json_changes_what_it_names_and_nothing_else(void **state)
{
    (void)state;
    struct profile p = profile_default();
    struct err e;
    assert_int_equal(
        read_text("{\"bumper_s\":1.2345,\"crf\":30,\"fit\":\"blur\",\"other\":[1]}", &p, &e), 0);
    assert_int_equal(p.bumper_us, 1235000); /* to the millisecond */
    assert_int_equal(p.crf, 30);
    assert_int_equal(p.fit, FIT_BLUR);
    assert_int_equal(p.longest_us, 20000000);
    json_t *o = profile_json(&p);
    struct profile back = profile_default();
    assert_int_equal(profile_from_json(o, &back, &e), 0);
    assert_true(profile_same(&back, &p));
    json_decref(o);
}

static void json_that_is_wrong_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum msg msg;
    } rows[] = {
        {"{\"crf\":52}", MSG_PROFILE_BAD},
        {"{\"crf\":-1}", MSG_PROFILE_BAD},
        {"{\"crf\":99999999999}", MSG_PROFILE_BAD},
        {"{\"crf\":21.5}", MSG_FIELD_TYPE},
        {"{\"crf\":\"21\"}", MSG_FIELD_TYPE},
        {"{\"crf\":null}", MSG_FIELD_TYPE},
        {"{\"bumper_s\":-0.001}", MSG_PROFILE_BAD},
        {"{\"bumper_s\":1e300}", MSG_PROFILE_BAD},
        {"{\"bumper_s\":true}", MSG_FIELD_TYPE},
        {"{\"bumper_s\":10,\"longest_s\":20}", MSG_PROFILE_BAD},
        {"{\"longest_s\":601}", MSG_PROFILE_BAD},
        {"{\"max_width\":7681}", MSG_PROFILE_BAD},
        {"{\"max_height\":35}", MSG_PROFILE_BAD},
        {"{\"max_fps\":0}", MSG_PROFILE_BAD},
        {"{\"shape_tolerance\":31}", MSG_PROFILE_BAD},
        {"{\"fit\":\"zoom\"}", MSG_PROFILE_BAD},
        {"{\"fit\":1}", MSG_FIELD_TYPE},
        {"{\"preset\":\"placebo\"}", MSG_PROFILE_BAD},
        {"{\"preset\":\"veryfastveryfast\"}", MSG_PROFILE_BAD},
        {"{\"crf\":20,\"preset\":[]}", MSG_FIELD_TYPE},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct profile p = profile_default(), before = p;
        struct err e = {0};
        if (read_text(rows[i].text, &p, &e) == 0 || e.msg != rows[i].msg)
            fail_msg("%s: %s: %s", rows[i].text, msg_slug(e.msg), e.text);
        assert_true(profile_same(&p, &before));
    }
}

static void ranges_are_told_as_they_are_held(void **state)
{
    (void)state;
    json_t *o = profile_ranges_json();
    AUTO(freep) char *text = json_dumps(o, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(o);
    assert_string_equal(
        text, "{\"bumper_s\":{\"max\":10.0,\"min\":0.0},\"crf\":{\"max\":51,\"min\":0},"
              "\"fit\":[\"pad\",\"blur\",\"crop\",\"stretch\"],"
              "\"longest_s\":{\"max\":600.0,\"min\":1.0},\"max_fps\":{\"max\":240,\"min\":1},"
              "\"max_height\":{\"max\":4320,\"min\":36},\"max_width\":{\"max\":7680,\"min\":64},"
              "\"preset\":[\"ultrafast\",\"superfast\",\"veryfast\",\"faster\",\"fast\",\"medium\","
              "\"slow\",\"slower\",\"veryslow\"],\"shape_tolerance\":{\"max\":30,\"min\":0}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_house_form_is_in_every_range),
        cmocka_unit_test(each_value_is_held_to_its_setting_s_range),
        cmocka_unit_test(what_settings_take_a_profile_takes_and_no_more),
        cmocka_unit_test(json_changes_what_it_names_and_nothing_else),
        cmocka_unit_test(json_that_is_wrong_changes_nothing),
        cmocka_unit_test(ranges_are_told_as_they_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
