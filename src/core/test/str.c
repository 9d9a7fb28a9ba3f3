#include "core/test/test.h"

#include "core/str.h"

/* A copy on the heap without a NUL behind it: a sanitizer sees any step past its end. */
static struct str exact(const char *s)
{
    size_t n = strlen(s);
    char *p = malloc(n ? n : 1);
    assert_non_null(p);
    memcpy(p, s, n);
    return (struct str){p, n};
}

static void whole_numbers_are_read_to_the_last_digit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t min, max;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", 0, 10, true, 0},
        {"10", 0, 10, true, 10},
        {"11", 0, 10, false, 0},
        {"-1", 0, 10, false, 0},
        {"-5", -5, 10, true, -5},
        {"", 0, 10, false, 0},
        {"-", -5, 10, false, 0},
        {"+1", 0, 10, false, 0},
        {" 1", 0, 10, false, 0},
        {"1 ", 0, 10, false, 0},
        {"1x", 0, 10, false, 0},
        {"0x1", 0, 10, false, 0},
        {"007", 0, 10, true, 7},
        {"9223372036854775807", 0, INT64_MAX, true, INT64_MAX},
        {"9223372036854775808", 0, INT64_MAX, false, 0},
        {"18446744073709551616", 0, INT64_MAX, false, 0},
        {"99999999999999999999999999", 0, INT64_MAX, false, 0},
        {"-9223372036854775807", INT64_MIN, INT64_MAX, true, -INT64_MAX},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct str s = exact(rows[i].text);
        int64_t v = 77;
        if (str_int64(s, rows[i].min, rows[i].max, &v) != rows[i].ok)
            fail_msg("\"%s\"", rows[i].text);
        assert_int_equal(v, rows[i].ok ? rows[i].value : 77);
        free((void *)s.p);
    }
}

static void decimal_numbers_are_finite_and_stand_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        double value;
    } rows[] = {
        {"0", true, 0},      {"2.5", true, 2.5}, {"1e2", true, 100}, {".5", true, 0.5},
        {"-0.5", false, 0},  {"1e9", false, 0},  {"inf", false, 0},  {"nan", false, 0},
        {"0x10", false, 0},  {"1,5", false, 0},  {"", false, 0},     {"1.5s", false, 0},
        {"1e400", false, 0}, {"1 ", false, 0},   {"--1", false, 0},  {"1.5.5", false, 0},
        {"1e", false, 0},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct str s = exact(rows[i].text);
        double v = -7;
        if (str_double(s, 0, 1000, &v) != rows[i].ok)
            fail_msg("\"%s\"", rows[i].text);
        assert_true(v == (rows[i].ok ? rows[i].value : -7));
        free((void *)s.p);
    }
}

static void a_number_inside_longer_text_ends_where_the_str_ends(void **state)
{
    (void)state;
    double v = 0;
    assert_true(str_double((struct str){"12.5,99", 4}, 0, 1000, &v));
    assert_true(v == 12.5);
    assert_true(str_double((struct str){"3abc", 1}, 0, 1000, &v));
    assert_true(v == 3);
}

static void text_is_clean_when_it_is_utf8_without_controls(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool clean;
    } rows[] = {
        {"", true},
        {"clip.mp4", true},
        {"\xd9\x81\xd9\x8a\xd8\xaf\xd9\x8a\xd9\x88", true}, /* Arabic */
        {"\xf0\x9f\x8e\xac", true},                         /* a film clapper, 4 bytes */
        {"\xf4\x8f\xbf\xbf", true},                         /* U+10FFFF */
        {"a\nb", false},
        {"a\tb", false},
        {"\x7f", false},
        {"\xc2\x85", false},         /* NEL, a C1 control */
        {"\xc0\xaf", false},         /* '/' overlong in 2 */
        {"\xe0\x80\xaf", false},     /* in 3 */
        {"\xf0\x80\x80\xaf", false}, /* in 4 */
        {"\xed\xa0\x80", false},     /* a surrogate */
        {"\xf4\x90\x80\x80", false}, /* past U+10FFFF */
        {"\xff", false},
        {"\x80", false},     /* a continuation alone */
        {"\xe2\x82", false}, /* cut off */
        {"\xe2\x28\xa1", false},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct str s = exact(rows[i].text);
        if (str_utf8_clean(s) != rows[i].clean)
            fail_msg("row %zu", i);
        free((void *)s.p);
    }
    assert_false(str_utf8_clean((struct str){"a\0b", 3}));
}

static void a_copy_is_cut_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *copy;
    } rows[] = {
        {"abc", 8, "abc"},
        {"abc", 4, "abc"},
        {"abcd", 4, "abc"},
        {"a\xc3\xb1o", 3, "a"}, /* "año": two bytes of room, the n~ needs two */
        {"a\xc3\xb1o", 4, "a\xc3\xb1"},
        {"\xf0\x9f\x8e\xac", 4, ""},
        {"x", 1, ""},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char out[8];
        memset(out, '#', sizeof(out));
        str_copy(out, rows[i].size, rows[i].text);
        assert_string_equal(out, rows[i].copy);
        for (size_t k = rows[i].size; k < sizeof(out); k++)
            assert_int_equal(out[k], '#');
    }
}

static void prefix_and_equality_look_at_lengths(void **state)
{
    (void)state;
    assert_true(str_is(STR("abc"), "abc"));
    assert_false(str_is(STR("abc"), "ab"));
    assert_false(str_is((struct str){"abc", 2}, "abc"));
    assert_true(str_starts(STR("abc"), "ab"));
    assert_true(str_starts(STR("abc"), ""));
    assert_false(str_starts((struct str){"abc", 1}, "ab"));
}

static void a_buf_never_passes_its_maximum(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    buf_puts(&b, "12345");
    buf_printf(&b, "%d", 678);
    assert_string_equal(b.p, "12345678");
    assert_false(b.cut);
    buf_puts(&b, "abc"); /* 11 */
    assert_true(b.cut);
    assert_string_equal(b.p, "12345678");
    buf_puts(&b, "x"); /* would fit, but the text has a hole now */
    assert_string_equal(b.p, "12345678");
    buf_clear(&b);
    assert_null(b.p);
}

static void a_buf_takes_exactly_its_maximum(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    buf_puts(&b, "1234");
    assert_false(b.cut);
    assert_int_equal(b.len, 4);
    buf_put(&b, "", 0);
    assert_false(b.cut);
    buf_clear(&b);
}

static void a_long_print_is_whole(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100000);
    buf_printf(&b, "%*d|", 5000, 7);
    assert_int_equal(b.len, 5001);
    assert_string_equal(b.p + 4999, "7|");
    buf_clear(&b);
}

static void names_stand_in_a_row_and_are_cut_not_overrun(void **state)
{
    (void)state;
    static const char *const names[] = {"pad", "blur", "crop", NULL}, *const none[] = {NULL};
    char out[32], small[8];
    assert_string_equal(str_names(out, sizeof(out), names), "pad, blur, crop");
    assert_string_equal(str_names(out, sizeof(out), none), "");
    assert_string_equal(str_names(small, sizeof(small), names), "pad, bl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_read_to_the_last_digit),
        cmocka_unit_test(names_stand_in_a_row_and_are_cut_not_overrun),
        cmocka_unit_test(decimal_numbers_are_finite_and_stand_alone),
        cmocka_unit_test(a_number_inside_longer_text_ends_where_the_str_ends),
        cmocka_unit_test(text_is_clean_when_it_is_utf8_without_controls),
        cmocka_unit_test(a_copy_is_cut_between_characters),
        cmocka_unit_test(prefix_and_equality_look_at_lengths),
        cmocka_unit_test(a_buf_never_passes_its_maximum),
        cmocka_unit_test(a_buf_takes_exactly_its_maximum),
        cmocka_unit_test(a_long_print_is_whole),
    };
    return cmocka_run_group_tests_name("core/str", tests, NULL, NULL);
}
