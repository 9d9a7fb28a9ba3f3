#include "core/test/test.h"

#include "core/log.h"

#include <jansson.h>
#include <unistd.h>

/* What a logger wrote into a pipe. */
struct tap {
    int fd[2];
    struct log *log;
    char text[8192];
};
static void tap_open(struct tap *t, enum log_level level, enum log_format format)
{
    assert_int_equal(pipe(t->fd), 0);
    t->log = log_new(t->fd[1], level, format);
}
static const char *tap_read(struct tap *t)
{
    log_free(t->log);
    close(t->fd[1]);
    size_t len = 0;
    for (ssize_t n; (n = read(t->fd[0], t->text + len, sizeof(t->text) - 1 - len)) > 0;)
        len += (size_t)n;
    t->text[len] = 0;
    close(t->fd[0]);
    return t->text;
}

static void a_line_is_a_time_a_level_a_message_and_pairs(void **state)
{
    (void)state;
    struct tap t;
    tap_open(&t, LOG_INFO, LOG_TEXT);
    log_info(t.log, "job done", "job", 7, "ms", 12.5, "name", "a b", "none", (const char *)NULL);
    const char *line = tap_read(&t);
    assert_int_equal(line[4], '-');
    assert_int_equal(line[23], 'Z');
    assert_string_equal(line + 24, " info  job done job=7 ms=12.5 name=\"a b\" none=-\n");
}

static void numbers_keep_their_sign_and_size(void **state)
{
    (void)state;
    struct tap t;
    tap_open(&t, LOG_INFO, LOG_TEXT);
    log_info(t.log, "m", "a", (int64_t)INT64_MIN, "b", (uint64_t)UINT64_MAX, "c", (int16_t)-3);
    assert_non_null(strstr(tap_read(&t), "a=-9223372036854775808 b=18446744073709551615 c=-3\n"));
}

static void text_from_outside_cannot_make_a_line_of_its_own(void **state)
{
    (void)state;
    struct tap t;
    tap_open(&t, LOG_INFO, LOG_TEXT);
    log_info(t.log, "upload", "file", "x\n2026-01-01T00:00:00.000Z error fake\r\"\\\x1b[2J");
    const char *text = tap_read(&t);
    assert_int_equal(strcspn(text, "\n"), strlen(text) - 1);
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\r'));
    assert_non_null(strstr(text, "file=\"x\\u000a2026"));
}

static void lower_levels_are_silent(void **state)
{
    (void)state;
    struct tap t;
    tap_open(&t, LOG_WARN, LOG_TEXT);
    log_info(t.log, "no");
    log_debug(t.log, "no");
    log_warn(t.log, "yes");
    log_error(t.log, "yes");
    const char *text = tap_read(&t);
    assert_null(strstr(text, "no"));
    assert_non_null(strstr(text, " warn  yes\n"));
    assert_non_null(strstr(text, " error yes\n"));
    log_error(NULL, "nobody listens");
}

static void json_lines_are_json_whatever_is_in_them(void **state)
{
    (void)state;
    static char long_text[6000];
    memset(long_text, '"', sizeof(long_text) - 1);
    const char *const values[] = {"plain", "quo\"te\\", "a\nb\x01\x7f",
                                  "",      long_text,   "a\xc3\xb1o \xf0\x9f\x8e\xac"};
    for (size_t i = 0; i < LEN(values); i++) {
        struct tap t;
        tap_open(&t, LOG_INFO, LOG_JSON);
        log_info(t.log, "m", "v", values[i], "n", 3, "w", values[i], "x", values[i]);
        const char *text = tap_read(&t);
        json_error_t error;
        json_t *o = json_loads(text, 0, &error);
        if (!o)
            fail_msg("row %zu: %s in: %s", i, error.text, text);
        assert_string_equal(json_string_value(json_object_get(o, "level")), "info");
        assert_string_equal(json_string_value(json_object_get(o, "message")), "m");
        if (values[i] != long_text) {
            assert_string_equal(json_string_value(json_object_get(o, "x")), values[i]);
            assert_int_equal(json_integer_value(json_object_get(o, "n")), 3);
        }
        json_decref(o);
    }
}

static void what_is_no_text_is_escaped(void **state)
{
    (void)state;
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        struct tap t;
        tap_open(&t, LOG_INFO, (enum log_format)format);
        /* bytes that are no UTF-8, a control character of two bytes, an end in mid-character */
        log_info(t.log, "m", "v",
                 "a\xff\xfe\xc2\x9b"
                 "31m\xc3");
        assert_non_null(strstr(tap_read(&t), "\"a\\u00ff\\u00fe\\u00c2\\u009b31m\\u00c3\""));
    }
}

static void a_long_value_is_cut_and_the_rest_is_still_there(void **state)
{
    (void)state;
    static char long_text[6000];
    memset(long_text, 'y', sizeof(long_text) - 1);
    struct tap t;
    tap_open(&t, LOG_INFO, LOG_TEXT);
    log_info(t.log, "m", "file", long_text, "task", 42);
    const char *text = tap_read(&t);
    assert_true(strlen(text) <= 4097);
    assert_non_null(strstr(text, " task=42\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_time_a_level_a_message_and_pairs),
        cmocka_unit_test(numbers_keep_their_sign_and_size),
        cmocka_unit_test(text_from_outside_cannot_make_a_line_of_its_own),
        cmocka_unit_test(lower_levels_are_silent),
        cmocka_unit_test(json_lines_are_json_whatever_is_in_them),
        cmocka_unit_test(what_is_no_text_is_escaped),
        cmocka_unit_test(a_long_value_is_cut_and_the_rest_is_still_there),
    };
    return cmocka_run_group_tests_name("core/log", tests, NULL, NULL);
}
