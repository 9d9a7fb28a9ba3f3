#include "core/test/test.h"

#include "core/err.h"
#include "core/message.h"
#include "core/str.h"

static void every_message_has_a_slug_of_its_own_and_both_languages(void **state)
{
    (void)state;
    for (int m = 0; m < MSG_COUNT_; m++) {
        const char *slug = msg_slug((enum msg)m);
        assert_true(*slug && strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(slug));
        assert_true(str_utf8_clean(str_of(msg_text((enum msg)m, LANG_ES))));
        assert_true(str_utf8_clean(str_of(msg_text((enum msg)m, LANG_EN))));
        assert_true(*msg_text((enum msg)m, LANG_ES) && *msg_text((enum msg)m, LANG_EN));
        enum msg back;
        assert_true(msg_from_slug(slug, &back));
        assert_int_equal(back, m); /* also: no two share a slug */
    }
    enum msg untouched = MSG_PONG;
    assert_false(msg_from_slug("no_such", &untouched));
    assert_int_equal(untouched, MSG_PONG);
}

static void sentences_that_clients_know_stay_to_the_letter(void **state)
{
    (void)state;
    static const struct {
        enum msg msg;
        const char *es;
    } rows[] = {
        {MSG_USER_CREATED, "Usuario creado"},
        {MSG_FIELDS_MISSING, "Faltan campos por llenar"},
        {MSG_PASSWORDS_DIFFER, "Las contrase\xc3\xb1"
                               "as no coinciden"},
        {MSG_PASSWORD_SHORT, "La contrase\xc3\xb1"
                             "a debe tener al menos 8 caracteres"},
        {MSG_USER_EXISTS, "El usuario ya existe"},
        {MSG_EMAIL_EXISTS, "El correo electr\xc3\xb3nico ya existe"},
        {MSG_LOGIN_WRONG, "Contrase\xc3\xb1"
                          "a incorrecta"},
        {MSG_AUTH_MISSING, "Missing Authorization Header"},
        {MSG_NO_FILE_PART, "No file part"},
        {MSG_TASK_NOT_FOUND, "Task not found"},
        {MSG_TASK_DELETED, "Eliminado"},
        {MSG_NOT_READY, "No disponible para descarga. El video no se ha procesado."},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        assert_string_equal(msg_text(rows[i].msg, LANG_ES), rows[i].es);
}

static void the_terminal_says_its_language(void **state)
{
    (void)state;
    static const struct {
        const char *all, *messages, *lang;
        enum lang want;
    } rows[] = {
        {"es_CO.UTF-8", NULL, "en_GB.UTF-8", LANG_ES},
        {"", "es", "C", LANG_ES},
        {NULL, NULL, "es.UTF-8", LANG_ES},
        {"C", "es_ES", "es_ES", LANG_EN},
        {NULL, "en_US", "es_ES", LANG_EN},
        {NULL, NULL, "est_EE", LANG_EN},
        {NULL, NULL, NULL, LANG_EN},
    };
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *const values[] = {rows[i].all, rows[i].messages, rows[i].lang};
        for (size_t k = 0; k < LEN(names); k++)
            assert_int_equal(values[k] ? setenv(names[k], values[k], 1) : unsetenv(names[k]), 0);
        assert_int_equal(lang_terminal(), rows[i].want);
    }
}

static void every_error_code_has_a_general_message_of_that_code(void **state)
{
    (void)state;
    for (int code = ERR_NONE; code <= ERR_SYSTEM; code++) {
        assert_int_equal(msg_code(msg_general((enum err_code)code)), code);
        assert_true(*err_code_name((enum err_code)code));
    }
}

static void the_language_follows_the_header_and_is_spanish_otherwise(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum lang lang;
    } rows[] = {
        {NULL, LANG_ES},
        {"", LANG_ES},
        {"en", LANG_EN},
        {"en-GB,en;q=0.9", LANG_EN},
        {"EN", LANG_EN},
        {"es-CO, en;q=0.5", LANG_ES},
        {"en;q=0.5, es", LANG_ES},
        {"en, es", LANG_EN},
        {"es, en", LANG_ES},
        {"en;q=0", LANG_ES},
        {"fr", LANG_ES},
        {"fr, en;q=0.3", LANG_EN},
        {"eng", LANG_ES},
        {"de;q=1,en;q=0.8,es;q=0.7", LANG_EN},
        {"en ; q=0.2 , es ; q=0.9", LANG_ES},
        {";;;,,,q=", LANG_ES},
        {"*", LANG_ES},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        if (lang_accept(rows[i].header) != rows[i].lang)
            fail_msg("\"%s\"", rows[i].header);
}

static void an_error_carries_code_sentence_and_text(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_set(&e, ERR_SYSTEM, "disk %d", 7), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(e.msg, MSG_INTERNAL);
    assert_string_equal(e.text, "disk 7");
    assert_int_equal(err_msg(&e, MSG_NO_VIDEO, "only %s", "sound"), -1);
    assert_int_equal(e.code, ERR_UNSUPPORTED);
    assert_int_equal(e.msg, MSG_NO_VIDEO);
    assert_int_equal(err_wrap(&e, "task %d", 3), -1);
    assert_string_equal(e.text, "task 3: only sound");
    assert_int_equal(e.code, ERR_UNSUPPORTED);
    assert_int_equal(e.msg, MSG_NO_VIDEO);
    err_clear(&e);
    assert_int_equal(e.code, ERR_NONE);
    assert_string_equal(e.text, "");
}

static void an_error_may_quote_itself_and_may_be_unwanted(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, ERR_BUSY, "inner");
    err_set(&e, ERR_SYSTEM, "outer (%s)", e.text);
    assert_string_equal(e.text, "outer (inner)");
    assert_int_equal(err_set(NULL, ERR_SYSTEM, "x"), -1);
    assert_int_equal(err_msg(NULL, MSG_NO_VIDEO, "x"), -1);
    assert_int_equal(err_wrap(NULL, "x"), -1);
}

static void a_text_that_is_too_long_is_cut_not_overrun(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    struct {
        struct err e;
        char guard[16];
    } s = {.guard = "guard"};
    err_set(&s.e, ERR_SYSTEM, "%s", text);
    assert_int_equal(strlen(s.e.text), ERR_TEXT_MAX - 1);
    err_wrap(&s.e, "%s", text);
    assert_true(strlen(s.e.text) < ERR_TEXT_MAX);
    assert_string_equal(s.guard, "guard");
}

static void a_sentence_names_a_format_where_it_has_a_place_for_it(void **state)
{
    (void)state;
    char said[MSG_SAID_MAX], short_one[8];
    struct err e = {0};
    (void)err_msg(&e, MSG_CODEC_UNSUPPORTED, "inside");
    assert_string_equal(e.format, "");
    err_format(&e, "100 %s\n\xc3\xb1 RAW");
    assert_string_equal(e.format, "100 %s RAW");
    for (int lang = LANG_ES; lang <= LANG_EN; lang++) {
        msg_say(e.msg, lang, e.format, said, sizeof(said));
        assert_non_null(strstr(said, "(100 %s RAW)"));
        msg_say(e.msg, lang, "", said, sizeof(said));
        assert_string_equal(said, msg_text(e.msg, lang));
        msg_say(MSG_TRUNCATED, lang, e.format, said, sizeof(said));
        assert_string_equal(said, msg_text(MSG_TRUNCATED, lang));
        msg_say(e.msg, lang, e.format, short_one, sizeof(short_one));
        assert_int_equal(strlen(short_one), sizeof(short_one) - 1);
    }
    (void)err_msg(&e, MSG_NO_VIDEO, "another");
    assert_string_equal(e.format, "");
}

static void an_error_names_the_field_and_what_it_may_be(void **state)
{
    (void)state;
    char said[MSG_SAID_MAX];
    struct {
        struct err e;
        char guard[8];
    } s = {.guard = "guard"};
    assert_int_equal(err_parameter(&s.e, "start", "0 to %d (seconds)", 86400), -1);
    assert_int_equal(s.e.code, ERR_INPUT);
    assert_int_equal(s.e.msg, MSG_PARAMETER_BAD);
    assert_string_equal(s.e.parameter, "start");
    assert_string_equal(s.e.allowed, "0 to 86400 (seconds)");
    assert_string_equal(s.e.text, "start: allowed: 0 to 86400 (seconds)");
    msg_say(s.e.msg, LANG_EN, err_named(&s.e), said, sizeof(said));
    assert_string_equal(said, "The parameter start is not valid");
    /* it stays while the error is passed on, and goes with the next one */
    err_wrap(&s.e, "task %d", 3);
    assert_string_equal(s.e.parameter, "start");
    err_wrong(&s.e, MSG_FIELD_TYPE, "fit", "a text, not %s", s.e.parameter);
    assert_int_equal(s.e.msg, MSG_FIELD_TYPE);
    assert_string_equal(s.e.parameter, "fit");
    assert_string_equal(s.e.allowed, "a text, not start");
    (void)err_msg(&s.e, MSG_PROFILE_BAD, "crf: 99");
    assert_string_equal(s.e.parameter, "");
    assert_string_equal(s.e.allowed, "");
    assert_int_equal(err_field(&s.e, "crf", "0 to 51"), -1);
    assert_string_equal(s.e.text, "crf: 99");
    assert_string_equal(s.e.parameter, "crf");
    assert_string_equal(s.e.allowed, "0 to 51");
    char text[1000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    err_parameter(&s.e, text, "%s", text);
    assert_int_equal(strlen(s.e.parameter), ERR_PARAMETER_MAX - 1);
    assert_int_equal(strlen(s.e.allowed), ERR_ALLOWED_MAX - 1);
    assert_string_equal(s.guard, "guard");
    assert_int_equal(err_parameter(NULL, "x", "y"), -1);
    assert_int_equal(err_field(NULL, "x", "y"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_names_the_field_and_what_it_may_be),
        cmocka_unit_test(a_sentence_names_a_format_where_it_has_a_place_for_it),
        cmocka_unit_test(every_message_has_a_slug_of_its_own_and_both_languages),
        cmocka_unit_test(sentences_that_clients_know_stay_to_the_letter),
        cmocka_unit_test(the_terminal_says_its_language),
        cmocka_unit_test(every_error_code_has_a_general_message_of_that_code),
        cmocka_unit_test(the_language_follows_the_header_and_is_spanish_otherwise),
        cmocka_unit_test(an_error_carries_code_sentence_and_text),
        cmocka_unit_test(an_error_may_quote_itself_and_may_be_unwanted),
        cmocka_unit_test(a_text_that_is_too_long_is_cut_not_overrun),
    };
    return cmocka_run_group_tests_name("core/message", tests, NULL, NULL);
}
