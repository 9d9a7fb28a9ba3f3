#include "core/test/test.h"

#include "core/str.h"
#include "hook/hook.h"
#include "hook/sign.h"

#include <string.h>

/* Computed by openssl: printf 'msg_1.1700000000.{"a":1}' |
 * openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f -binary | base64 */
static void a_signature_is_that_of_another_program(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf b;
    buf_init(&b, 200);
    assert_int_equal(sign_add(&b, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "msg_1",
                              1700000000, "{\"a\":1}"),
                     0);
    assert_string_equal(b.p, "v1,AMaOha7DUT/0J0JMycRuYOBSvbx3WtwLd2khXXbaVj4=");
    assert_int_equal(sign_add(&b, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "msg_1",
                              1700000000, "{\"a\":1}"),
                     0);
    assert_string_equal(b.p, "v1,AMaOha7DUT/0J0JMycRuYOBSvbx3WtwLd2khXXbaVj4= "
                             "v1,AMaOha7DUT/0J0JMycRuYOBSvbx3WtwLd2khXXbaVj4=");
}

static void what_is_no_secret_signs_nothing(void **state)
{
    (void)state;
    AUTO(buf_clear) struct buf b;
    buf_init(&b, 200);
    assert_int_equal(sign_add(&b, "AAECAwQ=", "x", 1, ""), -1);
    assert_int_equal(sign_add(&b, "whsec_%%%%", "x", 1, ""), -1);
    assert_int_equal(b.len, 0);
}

static void secrets_differ_and_sign(void **state)
{
    (void)state;
    char one[HOOK_SECRET_SIZE], two[HOOK_SECRET_SIZE];
    AUTO(buf_clear) struct buf b;
    buf_init(&b, 200);
    hook_secret_make(one);
    hook_secret_make(two);
    assert_string_not_equal(one, two);
    assert_int_equal(strlen(one), 6 + 44);
    assert_int_equal(sign_add(&b, one, "x", 1, "y"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_that_of_another_program),
        cmocka_unit_test(what_is_no_secret_signs_nothing),
        cmocka_unit_test(secrets_differ_and_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
