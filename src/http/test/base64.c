/* Base64 of headers, by the vectors of RFC 4648, section 10, and what is none. */
#include "core/test/test.h"

#include "core/mem.h"
#include "http/body/base64.h"

static void the_vectors_of_rfc_4648_hold_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *text;
    } all[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"},
               {"\xfb\xff\xbf", "+/+/"}};
    AUTO(arena_freep) struct arena *a = arena_new();
    for (size_t i = 0; i < LEN(all); i++) {
        char out[8];
        size_t len = sizeof(out), plain = strlen(all[i].plain);
        assert_string_equal(base64_write(a, all[i].plain, plain), all[i].text);
        assert_true(base64_read(str_of(all[i].text), out, &len));
        assert_int_equal(len, plain);
        assert_memory_equal(out, all[i].plain, plain);
    }
}

static void what_is_no_base64_is_not_read(void **state)
{
    (void)state;
    static const char *const all[] = {
        "Z",    "Zg",    "Zg=",  "Zm8",  "Zm9vYg",   "=",     "====",     "Zg===",  "Zh==",
        "Zm9=", "Zg==Z", "Z=g=", "-_-_", "Zm9v%%%%", "Zm9v.", "Zg==Zg==", "Zm9v\n", "Zm\xc3\xb6v",
    };
    for (size_t i = 0; i < LEN(all); i++) {
        char out[16];
        size_t len = sizeof(out);
        if (base64_read(str_of(all[i]), out, &len))
            fail_msg("%s was read", all[i]);
        assert_int_equal(len, sizeof(out));
    }
    char out[8];
    size_t len = sizeof(out);
    assert_false(base64_read((struct str){"Zm9v\0Zg=", 8}, out, &len));
}

static void no_byte_more_than_fits_is_written(void **state)
{
    (void)state;
    char out[4] = "abc";
    size_t len = 2;
    assert_false(base64_read(STR("Zm9v"), out, &len));
    assert_int_equal(len, 2);
    assert_int_equal(out[2], 'c');
    len = 3;
    assert_true(base64_read(STR("Zm9v"), out, &len));
    assert_int_equal(len, 3);
}

static void blanks_around_it_do_not_count(void **state)
{
    (void)state;
    char out[4];
    size_t len = sizeof(out);
    assert_true(base64_read(STR(" Zm8= \t"), out, &len));
    assert_int_equal(len, 2);
    assert_memory_equal(out, "fo", 2);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(the_vectors_of_rfc_4648_hold_both_ways),
        cmocka_unit_test(what_is_no_base64_is_not_read),
        cmocka_unit_test(no_byte_more_than_fits_is_written),
        cmocka_unit_test(blanks_around_it_do_not_count),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
