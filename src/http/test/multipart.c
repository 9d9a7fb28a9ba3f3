#include "core/test/test.h"

#include "core/str.h"
#include "http/body/multipart.h"

/* What was read, as text: [name|file]bytes for each part. */
static void part(void *arg, const char *name, const char *file_name)
{
    buf_printf(arg, "[%s|%s]", name, file_name ? file_name : "-");
}
static void data(void *arg, const char *bytes, size_t len)
{
    assert_true(len > 0);
    buf_put(arg, bytes, len);
}
static const struct multipart_calls calls = {part, data};

#define TYPE         "multipart/form-data; boundary=b"
#define HEAD(params) "--b\r\nContent-Disposition: form-data; " params "\r\n\r\n"

/* Reads text in pieces of `step` bytes; "!" for broken, "?" when the end is missing. */
static const char *read_all(struct buf *out, const char *type, const char *text, size_t len,
                            size_t step)
{
    buf_clear(out);
    buf_init(out, 1 << 20);
    buf_puts(out, "");
    struct multipart *m = multipart_new(type, &calls, out);
    if (!m)
        return "no form";
    bool good = true;
    for (size_t at = 0; at < len && good; at += step) {
        /* a copy of its own, so that a sanitizer sees every byte read beyond it */
        size_t n = len - at < step ? len - at : step;
        AUTO(freep) char *piece = mem_new(n);
        memcpy(piece, text + at, n);
        good = multipart_feed(m, piece, n);
    }
    if (!good) {
        assert_false(multipart_feed(m, "x", 1));
        buf_puts(out, "!");
    } else if (!multipart_ended(m)) {
        buf_puts(out, "?");
    }
    multipart_free(m);
    return out->p;
}

static void each_form_reads_the_same_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const struct {
        const char *text, *read;
    } facts[] = {
        {HEAD("name=\"a\"") "1\r\n--b--\r\n", "[a|-]1"},
        {HEAD("name=\"a\"") "1\r\n--b--", "[a|-]1"},
        {HEAD("name=\"a\"") "\r\n--b--\r\n", "[a|-]"},
        {HEAD("name=\"a\"") "1\r\n" HEAD("name=\"b\"; filename=\"f\"") "2\r\n--b--\r\n",
         "[a|-]1[b|f]2"},
        {"before\r\n--c\r\n" HEAD("name=a") "1\r\n--b--\r\nafter\r\n--b\r\n", "[a|-]1"},
        {"--b \t \r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--", "[a|-]1"},
        {HEAD("filename=f; name=a") "1\r\n--b--", "[a|f]1"},
        {HEAD("NAME = a ; FileName = f") "1\r\n--b--", "[a|f]1"},
        {HEAD("name=\"a\"; filename=\"x \\\"y\\\".mp4\"") "\r\n--b--", "[a|x \"y\".mp4]"},
        {HEAD("name=\"a\"; filename=\"C:\\clips\\x.mp4\"") "\r\n--b--", "[a|C:\\clips\\x.mp4]"},
        {HEAD("name=\"a\"; filename=\"a;name=b\"") "\r\n--b--", "[a|a;name=b]"},
        {HEAD("filename=\"; name=x;\"; name=a") "\r\n--b--", "[a|; name=x;]"},
        {HEAD("name=\"a\"; filename=\"\"") "\r\n--b--", "[a|]"},
        {HEAD("name=\"a\"; filename=\"ñ\"") "\r\n--b--", "[a|ñ]"},
        {HEAD("name=\"a\"; filename=\"x\"; filename*=UTF-8''%c3%B1%20.mp4") "\r\n--b--",
         "[a|ñ .mp4]"},
        {HEAD("name=\"a\"; filename=\"x\"; filename*=UTF-8''%zz%4") "\r\n--b--", "[a|%zz%4]"},
        {HEAD("name=\"a\"; filename=\"x\"; filename*=latin1''y") "\r\n--b--", "[a|x]"},
        {HEAD("x=1") "1\r\n--b--", "[|-]1"},
        {HEAD("name=\"a") "1\r\n--b--", "[|-]1"},
        {"--b\r\n\r\n1\r\n--b--", "[|-]1"},
        {"--b\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=a\r\nX: y\r\n\r\n"
         "1\r\n--b--",
         "[a|-]1"},
        {HEAD("name=a") "\r\n--\r\n-\r\n\r\n\r\r\n--a\r\n--b--",
         "[a|-]\r\n--\r\n-\r\n\r\n\r\r\n--a"},
        {HEAD("name=a") "--b\r\n--b--", "[a|-]--b"},
        {"--b--", ""},
        {"", "?"},
        {"nothing of the kind", "?"},
        {HEAD("name=a") "1\r\n--b", "[a|-]1?"},
        {HEAD("name=a") "1", "[a|-]1?"},
        {"--b\r\nContent-Disposition: form-data; name=a\r\n", "?"},
        {HEAD("name=a") "1\r\n--bx\r\n", "[a|-]1!"},
        {HEAD("name=a") "1\r\n--b-x", "[a|-]1!"},
        {HEAD("name=a") "1\r\n--b \rx", "[a|-]1!"},
        {"--b\nContent-Disposition: form-data; name=a\n\n1\n--b--", "!"},
    };
    struct buf out = {0};
    for (size_t i = 0; i < LEN(facts); i++)
        for (size_t step = 1; step < 80; step++) {
            const char *got = read_all(&out, TYPE, facts[i].text, strlen(facts[i].text), step);
            if (strcmp(got, facts[i].read) != 0)
                fail_msg("%zu in steps of %zu: %s, not %s", i, step, got, facts[i].read);
        }
    buf_clear(&out);
}

static void boundaries_are_found_in_the_type(void **state)
{
    (void)state;
    struct buf out = {0};
    static const char text[] = HEAD("name=a") "1\r\n--b--";
    static const char *const good[] = {
        "multipart/form-data; boundary=b",
        "Multipart/Form-Data;BOUNDARY=\"b\"",
        "multipart/form-data; boundary=b; charset=UTF-8",
        "multipart/form-data; charset=\"x;boundary=y\"; boundary=b",
        "multipart/form-data ; boundary = b",
    };
    for (size_t i = 0; i < LEN(good); i++)
        assert_string_equal(read_all(&out, good[i], text, sizeof(text) - 1, 7), "[a|-]1");
    static const char *const bad[] = {
        NULL,
        "",
        "multipart/form-data",
        "multipart/form-data;",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"b",
        "multipart/form-datax; boundary=b",
        "multipart/mixed; boundary=b",
        "application/json; boundary=b",
        "multipart/form-data; xboundary=b",
        "multipart/form-data; boundary="
        "12345678901234567890123456789012345678901234567890123456789012345678901",
    };
    for (size_t i = 0; i < LEN(bad); i++)
        assert_string_equal(read_all(&out, bad[i], text, sizeof(text) - 1, 7), "no form");
    const char *seventy = "multipart/form-data; boundary="
                          "1234567890123456789012345678901234567890123456789012345678901234567890";
    assert_string_equal(read_all(&out, seventy, "x", 1, 1), "?");
    buf_clear(&out);
}

static void bytes_of_every_value_come_through(void **state)
{
    (void)state;
    struct buf text, out = {0};
    char all[2048];
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)(i * i / 3 + i / 7);
    buf_init(&text, 1 << 20);
    buf_puts(&text, HEAD("name=a; filename=f"));
    buf_put(&text, all, sizeof(all));
    buf_puts(&text, "\r\n--b--");
    for (size_t step = 1; step < 2200; step += step < 20 ? 1 : 61) {
        (void)read_all(&out, TYPE, text.p, text.len, step);
        assert_int_equal(out.len, 5 + sizeof(all));
        assert_memory_equal(out.p + 5, all, sizeof(all));
    }
    buf_clear(&text);
    buf_clear(&out);
}

static void heads_have_a_length_and_hold_no_nul(void **state)
{
    (void)state;
    struct buf text, out = {0};
    buf_init(&text, 1 << 20);
    buf_puts(&text, "--b\r\nX: ");
    for (int i = 0; i < 40000; i++)
        buf_puts(&text, "x");
    assert_string_equal(read_all(&out, TYPE, text.p, text.len, 100), "!");
    static const char nul[] = "--b\r\nContent-Disposition: form-data; name=a\0b\r\n\r\n1\r\n--b--";
    assert_string_equal(read_all(&out, TYPE, nul, sizeof(nul) - 1, 9), "!");
    /* a name that is too long is none */
    buf_clear(&text);
    buf_init(&text, 1 << 20);
    buf_puts(&text, "--b\r\nContent-Disposition: form-data; name=\"");
    for (int i = 0; i < 9000; i++)
        buf_puts(&text, "x");
    buf_puts(&text, "\"\r\n\r\n1\r\n--b--");
    assert_string_equal(read_all(&out, TYPE, text.p, text.len, 100), "[|-]1");
    buf_clear(&text);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_reads_the_same_in_pieces_of_any_size),
        cmocka_unit_test(boundaries_are_found_in_the_type),
        cmocka_unit_test(bytes_of_every_value_come_through),
        cmocka_unit_test(heads_have_a_length_and_hold_no_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
