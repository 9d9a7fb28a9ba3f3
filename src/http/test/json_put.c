/* jansson reads what was written straight down. */
#include "core/test/test.h"

#include "core/str.h"
#include "http/server/json_put.h"

#include <jansson.h>

static void texts_come_back_as_they_were(void **state)
{
    (void)state;
    char every[256];
    for (int i = 1; i < 128; i++)
        every[i - 1] = (char)i;
    every[127] = 0;
    const char *const texts[] = {"",       "gol.mp4",    "ñandú 🎬 مقطع", "a\"b\\c/d", "\"",
                                 "\\\\\"", "\n\r\t\b\f", "</script>",    every};
    for (size_t i = 0; i < LEN(texts); i++) {
        struct buf b;
        buf_init(&b, 4096);
        buf_puts(&b, "[");
        json_put_text(&b, texts[i]);
        buf_puts(&b, "]");
        json_t *o = json_loads(b.p, 0, NULL);
        assert_non_null(o);
        assert_string_equal(json_string_value(json_array_get(o, 0)), texts[i]);
        assert_int_equal(json_array_size(o), 1);
        json_decref(o);
        buf_clear(&b);
    }
}

static void numbers_come_back_as_they_were(void **state)
{
    (void)state;
    const int64_t numbers[] = {0, 1, 9, 10, 100, -1, -10, INT64_MAX, INT64_MIN, 1234567890123};
    for (size_t i = 0; i < LEN(numbers); i++) {
        struct buf b;
        buf_init(&b, 64);
        buf_puts(&b, "[");
        json_put_int(&b, numbers[i]);
        buf_puts(&b, "]");
        json_t *o = json_loads(b.p, 0, NULL);
        assert_int_equal(json_integer_value(json_array_get(o, 0)), numbers[i]);
        json_decref(o);
        buf_clear(&b);
    }
}

static void what_does_not_fit_is_marked(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    json_put_text(&b, "123456789");
    assert_true(b.cut);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back_as_they_were),
        cmocka_unit_test(numbers_come_back_as_they_were),
        cmocka_unit_test(what_does_not_fit_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
