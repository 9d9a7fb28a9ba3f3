/* What S3 servers answer, as XML and as keys in it. */
#include "core/test/test.h"

#include "blob/s3_impl.h"
#include "core/err.h"

struct seen {
    char key[32], size[8];
    struct buf all;
    int enough; /* rows, or 0 */
};

static int see(void *arg, struct err *e)
{
    struct seen *s = arg;
    buf_printf(&s->all, "[%s|%s]", s->key, s->size);
    if (s->enough == 1)
        return 1;
    if (s->enough == 2)
        return err_set(e, ERR_BUSY, "not now");
    return 0;
}

static int rows(struct seen *s, const char *xml, struct err *e)
{
    const struct s3_field fields[] = {{"Key", s->key, sizeof(s->key)},
                                      {"Size", s->size, sizeof(s->size)}};
    buf_init(&s->all, 4096);
    buf_puts(&s->all, "");
    return s3_xml_rows(str_of(xml), "Contents", fields, LEN(fields), see, s, e);
}

static void texts_are_what_xml_says_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *seen;
    } all[] = {
        {"<L/>", ""},
        {"<L><Contents><Key>a</Key><Size>1</Size></Contents></L>", "[a|1]"},
        {"\n <?xml version='1.0' encoding='UTF-8'?>\n<L xmlns='http://s3/'><Contents>"
         "<Size>1</Size><Key>a</Key></Contents><Contents><Key>b</Key></Contents></L>\n",
         "[a|1][b|]"},
        {"<L><Contents><Key>&lt;&amp;amp;&gt;&quot;&apos;&#38;&#x41;&#xe9;</Key></Contents></L>",
         "[<&amp;>\"'&A\xc3\xa9|]"},
        {"<L><Contents><Key><![CDATA[</Key>&amp;]]>x<!-- y -->z</Key></Contents></L>",
         "[</Key>&amp;xz|]"},
        /* neither above, nor below, nor in another row */
        {"<L><Key>a</Key><Other><Key>b</Key></Other><Contents><Owner><Key>c</Key></Owner><Key/>"
         "</Contents></L>",
         "[|]"},
        {"<L><Contents><Key>a<b>c</b>d</Key></Contents></L>", "[ad|]"},
        /* what does not fit is not there */
        {"<L><Contents><Key>1234567890123456789012345678901</Key><Size>12345678</Size></Contents>"
         "</L>",
         "[1234567890123456789012345678901|]"},
    };
    for (size_t i = 0; i < LEN(all); i++) {
        struct seen s = {0};
        struct err e = {0};
        if (rows(&s, all[i].xml, &e) != 0)
            fail_msg("%s: %s", all[i].xml, e.text);
        assert_string_equal(s.all.p, all[i].seen);
        buf_clear(&s.all);
    }
}

#define TEN "<a><a><a><a><a><a><a><a><a><a>"

static void what_is_no_whole_answer_is_said_to_be_none(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *why;
    } all[] = {
        {"", "no element found"},
        {"Bad Gateway", "syntax error at byte 0 of 11"},
        {"<L><Contents><Key>a</Key></Contents>", "no element found at byte 36 of 36"},
        {"<L><Contents><Key>a</Ke", "unclosed token"},
        {"<L><Contents><Key>a&am", "unclosed token"},
        {"<L></M>", "mismatched tag"},
        {"<L/><L/>", "junk after document element"},
        {"<L>\xff</L>", "not well-formed"},
        {"<L>&#1;</L>", "reference to invalid character number"},
        {"<L>&nbsp;</L>", "undefined entity"},
        {"<!DOCTYPE L [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><L>&b;</L>", "a document type"},
        {"<!DOCTYPE L SYSTEM 'file:///etc/passwd'><L/>", "a document type"},
        {TEN TEN, "elements nested too deep"},
    };
    for (size_t i = 0; i < LEN(all); i++) {
        struct seen s = {0};
        struct err e = {0};
        assert_int_equal(rows(&s, all[i].xml, &e), -1);
        assert_int_equal(e.code, ERR_SYSTEM);
        if (!strstr(e.text, all[i].why))
            fail_msg("%s: %s", all[i].xml, e.text);
        buf_clear(&s.all);
    }
}

static void an_answer_is_read_as_far_as_it_is_wanted(void **state)
{
    (void)state;
    static const char *const xml =
        "<L><Contents><Key>a</Key></Contents><Contents><Key>b</Key></Contents>";
    for (int enough = 1; enough <= 2; enough++) {
        struct seen s = {.enough = enough};
        struct err e = {0};
        assert_int_equal(rows(&s, xml, &e), enough == 1 ? 1 : -1);
        assert_string_equal(s.all.p, "[a|]");
        assert_string_equal(e.text, enough == 1 ? "" : "not now");
        buf_clear(&s.all);
    }
}

static void the_word_of_an_error_is_found_in_what_came_of_it(void **state)
{
    (void)state;
    static const char whole[] = "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Wait";
    char code[64] = "old";
    const struct s3_field field = {"Code", code, sizeof(code)};
    struct err e = {0};
    assert_int_equal(s3_xml_fields(str_of(whole), &field, 1, &e), -1);
    assert_string_equal(code, "SlowDown");
    assert_int_equal(s3_xml_fields(STR("<html><body>Code</body></html>"), &field, 1, &e), 0);
    assert_string_equal(code, "");
}

static void keys_are_resolved_as_urls_are(void **state)
{
    (void)state;
    static const struct {
        const char *key, *plain; /* NULL: no key */
    } all[] = {
        {"", ""},
        {"clips/a", "clips/a"},
        {"clips%2Fa", "clips/a"},
        {"a+b%20c%2Bd", "a b c+d"},
        {"%01%7F%26amp%3B", "\x01\x7f&amp;"},
        {"%2541", "%41"},
        {"%c3%A9%ff", "\xc3\xa9\xff"},
        {"100%", "100%"},
        {"%zz%4", "%zz%4"},
        {"a%00b", NULL},
    };
    for (size_t i = 0; i < LEN(all); i++) {
        char key[32];
        snprintf(key, sizeof(key), "%s", all[i].key);
        assert_int_equal(s3_key_decode(key, true), all[i].plain ? 0 : -1);
        if (all[i].plain)
            assert_string_equal(key, all[i].plain);
        snprintf(key, sizeof(key), "%s", all[i].key);
        assert_int_equal(s3_key_decode(key, false), 0);
        assert_string_equal(key, all[i].key);
    }
}

static void times_are_read(void **state)
{
    (void)state;
    assert_int_equal(s3_xml_time("1970-01-02T00:00:01.000Z"), 86401000);
    assert_int_equal(s3_xml_time("2026-11-25T07:07:36Z"), 1795590456000);
    assert_int_equal(s3_xml_time(""), -1);
    assert_int_equal(s3_xml_time("Wed, 25 Nov 2026"), -1);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(texts_are_what_xml_says_they_are),
        cmocka_unit_test(what_is_no_whole_answer_is_said_to_be_none),
        cmocka_unit_test(an_answer_is_read_as_far_as_it_is_wanted),
        cmocka_unit_test(the_word_of_an_error_is_found_in_what_came_of_it),
        cmocka_unit_test(keys_are_resolved_as_urls_are),
        cmocka_unit_test(times_are_read),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
