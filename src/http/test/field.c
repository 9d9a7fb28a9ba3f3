#include "core/test/test.h"

#include "core/err.h"
#include "core/str.h"
#include "http/server/field.h"

static int arena_up(void **state)
{
    *state = arena_new();
    return 0;
}
static int arena_down(void **state)
{
    arena_free(*state);
    return 0;
}

/* -- ranges: RFC 9110, 14 -- */

static void each_range_means_what_the_rfc_says(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t size;
        enum range_kind kind;
        int64_t from, len;
    } facts[] = {
        {"bytes=0-0", 100, RANGE_PART, 0, 1},
        {"bytes=0-99", 100, RANGE_PART, 0, 100},
        {"bytes=10-19", 100, RANGE_PART, 10, 10},
        {"bytes=99-", 100, RANGE_PART, 99, 1},
        {"bytes=0-", 100, RANGE_PART, 0, 100},
        {"bytes=-1", 100, RANGE_PART, 99, 1},
        {"bytes=-100", 100, RANGE_PART, 0, 100},
        {"bytes=-101", 100, RANGE_PART, 0, 100},
        {"bytes=90-1000", 100, RANGE_PART, 90, 10},
        {"bytes=0-99999999999999999999999", 100, RANGE_PART, 0, 100},
        {"bytes=-99999999999999999999999", 100, RANGE_PART, 0, 100},
        {"bytes=00000000000000000000005-6", 100, RANGE_PART, 5, 2},
        {"BYTES=1-2", 100, RANGE_PART, 1, 2},
        {"bytes= 1-2", 100, RANGE_PART, 1, 2},
        {"bytes=1-2 ", 100, RANGE_PART, 1, 2},
        {"bytes=,, 1-2 ,", 100, RANGE_PART, 1, 2},
        {"bytes=100-", 100, RANGE_BEYOND, 0, 0},
        {"bytes=100-200", 100, RANGE_BEYOND, 0, 0},
        {"bytes=99999999999999999999999-", 100, RANGE_BEYOND, 0, 0},
        {"bytes=99999999999999999999998-99999999999999999999999", 100, RANGE_BEYOND, 0, 0},
        {"bytes=-0", 100, RANGE_BEYOND, 0, 0},
        {"bytes=0-", 0, RANGE_BEYOND, 0, 0},
        {"bytes=0-0", 0, RANGE_BEYOND, 0, 0},
        {"bytes=-5", 0, RANGE_NONE, 0, 0},
        {"bytes=5-4", 100, RANGE_NONE, 0, 0},
        {"bytes=0-1,5-6", 100, RANGE_NONE, 0, 0},
        {"bytes=0-1,", 100, RANGE_PART, 0, 2},
        {"bytes=", 100, RANGE_NONE, 0, 0},
        {"bytes=-", 100, RANGE_NONE, 0, 0},
        {"bytes", 100, RANGE_NONE, 0, 0},
        {"bytes=1", 100, RANGE_NONE, 0, 0},
        {"bytes=x-y", 100, RANGE_NONE, 0, 0},
        {"bytes=1-y", 100, RANGE_NONE, 0, 0},
        {"bytes=1 -2", 100, RANGE_NONE, 0, 0},
        {"bytes=+1-2", 100, RANGE_NONE, 0, 0},
        {"bytes=--1", 100, RANGE_NONE, 0, 0},
        {"bytes=0x1-2", 100, RANGE_NONE, 0, 0},
        {"bytes =1-2", 100, RANGE_NONE, 0, 0},
        {"items=0-1", 100, RANGE_NONE, 0, 0},
        {"", 100, RANGE_NONE, 0, 0},
        {NULL, 100, RANGE_NONE, 0, 0},
        {"bytes=9223372036854775806-", INT64_MAX, RANGE_PART, INT64_MAX - 1, 1},
        {"bytes=0-9223372036854775807", INT64_MAX, RANGE_PART, 0, INT64_MAX},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        int64_t from = 0, len = 0;
        enum range_kind kind = range_read(facts[i].header, facts[i].size, &from, &len);
        if (kind != facts[i].kind || from != facts[i].from || len != facts[i].len)
            fail_msg("%s: %d %lld+%lld", facts[i].header, (int)kind, (long long)from,
                     (long long)len);
    }
}

/* -- tags: RFC 9110, 13.1 -- */

static void tags_are_found_in_lists_as_wholes(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool weak, strong;
    } facts[] = {
        {"\"abc\"", true, true},
        {"W/\"abc\"", true, false},
        {"\"x\", \"abc\"", true, true},
        {"\"x\",\"abc\",\"y\"", true, true},
        {"\"a,b\", \"abc\"", true, true},
        {" , ,\"abc\"", true, true},
        {"W/\"x\", W/\"abc\"", true, false},
        {"*", true, true},
        {" * ", true, true},
        {"\"abcd\"", false, false},
        {"\"ab\"", false, false},
        {"abc", false, false},
        {"\"abc", false, false},
        {"abc\"", false, false},
        {"\"x,\"abc\"", false, false},
        {"w/\"abc\"", false, false},
        {"\"*\"", false, false},
        {"*, \"x\"", false, false},
        {"", false, false},
        {NULL, false, false},
    };
    for (size_t i = 0; i < LEN(facts); i++)
        if (etag_listed(facts[i].header, "\"abc\"", true) != facts[i].weak ||
            etag_listed(facts[i].header, "\"abc\"", false) != facts[i].strong)
            fail_msg("%s", facts[i].header);
}

/* -- names: RFC 6266, RFC 8187 -- */

static void names_are_told_twice(void **state)
{
    static const struct {
        const char *name, *told;
    } facts[] = {
        {"gol.mp4", "inline; filename=\"gol.mp4\"; filename*=UTF-8''gol.mp4"},
        {"gol.MOV", "inline; filename=\"gol.mp4\"; filename*=UTF-8''gol.mp4"},
        {"a.b.c", "inline; filename=\"a.b.mp4\"; filename*=UTF-8''a.b.mp4"},
        {"gol", "inline; filename=\"gol.mp4\"; filename*=UTF-8''gol.mp4"},
        {".mov", "inline; filename=\"_mov.mp4\"; filename*=UTF-8''_mov.mp4"},
        {"", "inline; filename=\"reel.mp4\"; filename*=UTF-8''reel.mp4"},
        {"mi gol.mp4", "inline; filename=\"mi gol.mp4\"; filename*=UTF-8''mi%20gol.mp4"},
        {"ñandú.mp4", "inline; filename=\"_and_.mp4\"; filename*=UTF-8''%C3%B1and%C3%BA.mp4"},
        {"مقطع.mp4", "inline; filename=\"____.mp4\"; "
                     "filename*=UTF-8''%D9%85%D9%82%D8%B7%D8%B9.mp4"},
        {"🎬.mp4", "inline; filename=\"_.mp4\"; filename*=UTF-8''%F0%9F%8E%AC.mp4"},
        {"a\"b\\c;d%e.mp4",
         "inline; filename=\"a_b_c_d_e.mp4\"; filename*=UTF-8''a%22b_c%3Bd%25e.mp4"},
        {"a\r\nX-Evil: 1.mp4",
         "inline; filename=\"a__X-Evil_ 1.mp4\"; filename*=UTF-8''a%0D%0AX-Evil%3A%201.mp4"},
    };
    for (size_t i = 0; i < LEN(facts); i++)
        assert_string_equal(disposition_make(*state, "", facts[i].name, false, ".mp4"),
                            facts[i].told);
    assert_string_equal(disposition_make(*state, "", "x.mp4", true, ".jpg"),
                        "attachment; filename=\"x.jpg\"; filename*=UTF-8''x.jpg");
}

static void a_title_goes_before_the_file_name_and_is_no_path(void **state)
{
    static const struct {
        const char *title, *told;
    } facts[] = {
        {"", "inline; filename=\"gol.mp4\"; filename*=UTF-8''gol.mp4"},
        {"Final 2.0", "inline; filename=\"Final 2.0.mp4\"; filename*=UTF-8''Final%202.0.mp4"},
        {"a/b\\c", "inline; filename=\"a_b_c.mp4\"; filename*=UTF-8''a_b_c.mp4"},
        /* turned, it would end in "4pm.exe" on the screen */
        {"exe.\xe2\x80\xaegol \xe2\x81\xa6x\xe2\x81\xa9",
         "inline; filename=\"exe._gol _x_.mp4\"; filename*=UTF-8''exe._gol%20_x_.mp4"},
        {"../x", "inline; filename=\"_._x.mp4\"; filename*=UTF-8''_._x.mp4"},
        {"Uno, \"dos\"; \xc3\xb1", "inline; filename=\"Uno_ _dos__ _.mp4\"; "
                                   "filename*=UTF-8''Uno%2C%20%22dos%22%3B%20%C3%B1.mp4"},
        {"\xd9\x87\xd8\xaf\xd9\x81 \xe2\x9a\xbd",
         "inline; filename=\"___ _.mp4\"; filename*=UTF-8''%D9%87%D8%AF%D9%81%20%E2%9A%BD.mp4"},
    };
    for (size_t i = 0; i < LEN(facts); i++)
        assert_string_equal(disposition_make(*state, facts[i].title, "gol.mov", false, ".mp4"),
                            facts[i].told);
}

static void a_name_of_any_length_and_bytes_stays_short_and_ascii(void **state)
{
    char name[5001];
    for (int seed = 1; seed < 256; seed += 2) {
        for (size_t i = 0; i < sizeof(name) - 1; i++)
            name[i] = (char)((unsigned)seed * (i + 1) % 255 + 1);
        name[sizeof(name) - 1] = 0;
        const char *told = disposition_make(*state, "", name, true, ".mp4");
        assert_true(strlen(told) < 1200);
        const char *quote = strchr(told, '"');
        assert_ptr_equal(strrchr(told, '"'), strchr(quote + 1, '"'));
        for (const char *p = told; *p; p++)
            assert_in_range(*p, ' ', '~');
    }
    memset(name, 'x', 5000);
    assert_true(strlen(disposition_make(*state, "", name, true, ".mp4")) < 600);
}

/* -- addresses -- */

static void only_trusted_proxies_are_believed(void **state)
{
    (void)state;
    static const struct {
        const char *peer, *proxies, *header, *who;
    } facts[] = {
        {"10.0.0.1", "", "1.2.3.4", "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", "1.2.3.4", "1.2.3.4"},
        {"10.0.0.1", "10.0.0.1", NULL, "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.2", "10.0.0.1", "1.2.3.4", "10.0.0.2"},
        {"10.0.0.1", "10.0.0.10", "1.2.3.4", "10.0.0.1"},
        {"10.0.0.1", "127.0.0.1, 10.0.0.1 ,::1", "1.2.3.4", "1.2.3.4"},
        {"10.0.0.1", "10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"},
        {"10.0.0.1", "10.0.0.1,10.0.0.2", "9.9.9.9, 1.2.3.4, 10.0.0.2", "1.2.3.4"},
        {"10.0.0.1", "10.0.0.1", "1.2.3.4 , ", "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", "1.2.3.4:5678", "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", "10.0.0.1, 10.0.0.1", "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", "\r\n1.2.3.4", "10.0.0.1"},
        {"::ffff:10.0.0.1", "10.0.0.1", "2001:db8::7", "2001:db8::7"},
        {"::1", "::1", "::ffff:1.2.3.4", "1.2.3.4"},
        {"-", "", "1.2.3.4", "-"},
        {"-", "0.0.0.0/0,::/0", "1.2.3.4", "-"},
        {"10.1.2.3", "10.0.0.0/8", "1.2.3.4", "1.2.3.4"},
        {"11.1.2.3", "10.0.0.0/8", "1.2.3.4", "11.1.2.3"},
        {"172.31.255.255", "172.16.0.0/12", "1.2.3.4", "1.2.3.4"},
        {"172.32.0.0", "172.16.0.0/12", "1.2.3.4", "172.32.0.0"},
        {"192.168.7.9", "192.168.7.8/31", "1.2.3.4", "1.2.3.4"},
        {"192.168.7.10", "192.168.7.8/31", "1.2.3.4", "192.168.7.10"},
        {"10.0.0.2", "10.0.0.1/32", "1.2.3.4", "10.0.0.2"},
        {"8.8.8.8", "0.0.0.0/0", "1.2.3.4", "1.2.3.4"},
        {"2001:db8::1", "0.0.0.0/0", "1.2.3.4", "2001:db8::1"},
        {"::ffff:10.0.0.1", "10.0.0.0/8", "1.2.3.4", "1.2.3.4"},
        {"fd12::1", "10.0.0.0/8, fc00::/7", "1.2.3.4", "1.2.3.4"},
        {"fe80::1", "10.0.0.0/8, fc00::/7", "1.2.3.4", "fe80::1"},
        {"0:0:0:0:0:0:0:1", "::1", "1.2.3.4", "1.2.3.4"},
        /* a client of the same network is who it is, and what it says of itself is not believed */
        {"10.0.0.1", "10.0.0.0/8", "10.7.7.7", "10.7.7.7"},
        {"10.0.0.1", "10.0.0.0/8", "9.9.9.9, 1.2.3.4, 10.7.7.7", "1.2.3.4"},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        char who[64];
        address_read(who, sizeof(who), facts[i].peer, facts[i].proxies, facts[i].header);
        assert_string_equal(who, facts[i].who);
    }
}

static void a_list_of_proxies_holds_addresses_and_networks_alone(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", " ", ",", "10.0.0.1", "10.0.0.0/8, fc00::/7 ,::1,", "0.0.0.0/0"};
    static const char *const bad[] = {"gateway",     "10.0.0.1, gateway", "10.0.0/8",
                                      "10.0.0.0/33", "10.0.0.0/-1",       "10.0.0.0/",
                                      "fc00::/129",  "10.0.0.0/8/8",      "10.0.0.1:80",
                                      "[::1]",       "fe80::1%eth0",      "/8"};
    struct err e;
    for (size_t i = 0; i < LEN(good); i++)
        assert_int_equal(address_list_check(good[i], &e), 0);
    for (size_t i = 0; i < LEN(bad); i++) {
        e = (struct err){0};
        if (address_list_check(bad[i], &e) == 0 || e.code != ERR_INPUT)
            fail_msg("%s", bad[i]);
    }
}

static void a_list_of_origins_holds_what_browsers_send(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "*",
                                       " , ",
                                       "https://app.example.org",
                                       "https://app.example.org:8443 ,http://localhost:3000,",
                                       "http://[::1]:8080",
                                       "http://10.0.0.1",
                                       "http://x:443",
                                       "https://x:80",
                                       "capacitor://localhost",
                                       "httpx://x:80",
                                       "chrome-extension://abcdef"};
    static const char *const bad[] = {"app.example.org",
                                      "https://",
                                      "https:///",
                                      "https://x/",
                                      "https://x/a",
                                      "https://x?a",
                                      "https://x#a",
                                      "https://me@x",
                                      "https://x:",
                                      "https://x:0",
                                      "https://x:65536",
                                      "https://x:443",
                                      "http://x:80",
                                      "https://x:08443",
                                      "https://x:a",
                                      "https://x:8443/",
                                      "https://*.x.org",
                                      "https://a b",
                                      "https://a\r\nX: y",
                                      "*,https://x",
                                      "https://x, *",
                                      "null",
                                      "//x",
                                      "1http://x",
                                      "http://[::1",
                                      "http://[]",
                                      "http://[::1]x",
                                      "https://x;https://y",
                                      "https://x https://y",
                                      "https://caf\xc3\xa9"};
    struct err e;
    for (size_t i = 0; i < LEN(good); i++)
        if (origin_list_check(good[i], &e) != 0)
            fail_msg("%s: %s", good[i], e.text);
    for (size_t i = 0; i < LEN(bad); i++) {
        e = (struct err){0};
        if (origin_list_check(bad[i], &e) == 0 || e.code != ERR_INPUT)
            fail_msg("%s", bad[i]);
    }
    static const struct {
        const char *list, *origin;
        bool in;
    } facts[] = {
        {"", "https://a.org", false},
        {"", NULL, false},
        {"*", "https://a.org", true},
        {"*", "null", true},
        {"*", NULL, false},
        {"*", "", false},
        {"https://a.org", "https://a.org", true},
        {"https://A.org", "https://a.org", true},
        {"https://b.org , https://a.org", "https://a.org", true},
        {"https://b.org , https://a.org ,", "https://b.org", true},
        {"https://a.org", "http://a.org", false},
        {"https://a.org", "https://a.org:8443", false},
        {"https://a.org", "https://a.org.evil.net", false},
        {"https://a.org", "https://a.or", false},
        {"https://a.org,https://b.org", "https://a.org,https://b.org", false},
        {"https://a.org", "null", false},
        {"https://a.org,", "", false},
    };
    for (size_t i = 0; i < LEN(facts); i++)
        if (origin_listed(facts[i].list, facts[i].origin) != facts[i].in)
            fail_msg("%s: %s", facts[i].list, facts[i].origin);
}

static void a_coding_is_taken_by_name_or_by_star_unless_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool br;
    } facts[] = {
        {NULL, false},
        {"", false},
        {"br", true},
        {"gzip, deflate, br", true},
        {"gzip;q=1.0, BR ; q=0.5", true},
        {"br;q=0", false},
        {"br; q=0.000 , gzip", false},
        {"br;q=0.001", true},
        {"br;q=0, *", false},
        {"*", true},
        {"*;q=0", false},
        {"gzip, *;q=0.1", true},
        {"*;q=0, br", true},
        {"brotli, xbr", false},
        {"identity", false},
        {",,;;,q=0,", false},
    };
    for (size_t i = 0; i < LEN(facts); i++)
        if (coding_accepted(facts[i].header, "br") != facts[i].br)
            fail_msg("%s", facts[i].header);
}

static void html_is_for_those_who_name_it_before_json(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool html;
    } facts[] = {
        {NULL, false},
        {"", false},
        {"*/*", false},
        {"application/json", false},
        {"application/json, text/plain, */*", false}, /* axios */
        {"image/avif,image/webp,*/*;q=0.8", false},   /* a picture of a page */
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true},
        {"TEXT/HTML", true},
        {"text/*", true},
        {"text/html;level=1 ; q=0.7, */*;q=0.5", true},
        {"text/html, application/json", false},
        {"text/html;q=0.9, application/json", false},
        {"application/json;q=0.9, text/html", true},
        {"text/html;q=0.5, */*", false},
        {"text/html;q=0", false},
        {"text/*, text/html;q=0", false},
        {"application/*;q=0.2, text/html;q=0.3", true},
        {"text/htmlx, xtext/html", false},
        {"text/html;q=nan", false},
        {"text/html;q=1e999", true},
        {",,;;,text/html;q=,q=", false},
    };
    for (size_t i = 0; i < LEN(facts); i++)
        if (html_preferred(facts[i].header) != facts[i].html)
            fail_msg("%s", facts[i].header ? facts[i].header : "none");
}

#define T(f) cmocka_unit_test_setup_teardown(f, arena_up, arena_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_range_means_what_the_rfc_says),
        T(tags_are_found_in_lists_as_wholes),
        T(a_coding_is_taken_by_name_or_by_star_unless_refused),
        T(html_is_for_those_who_name_it_before_json),
        T(names_are_told_twice),
        T(a_title_goes_before_the_file_name_and_is_no_path),
        T(a_name_of_any_length_and_bytes_stays_short_and_ascii),
        T(only_trusted_proxies_are_believed),
        T(a_list_of_proxies_holds_addresses_and_networks_alone),
        T(a_list_of_origins_holds_what_browsers_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
