#include "core/test/test.h"

#include "core/err.h"
#include "hook/address.h"
#include "hook/hook.h"

#include <arpa/inet.h>
#include <string.h>

static bool public_text(const char *text)
{
    struct sockaddr_storage sa = {0};
    struct sockaddr_in *in4 = (struct sockaddr_in *)&sa;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sa;
    if (inet_pton(AF_INET, text, &in4->sin_addr) == 1)
        sa.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
        sa.ss_family = AF_INET6;
    else
        fail_msg("%s is no address", text);
    return address_public((struct sockaddr *)&sa);
}

static void addresses_of_the_world_are_public(void **state)
{
    (void)state;
    static const char *const all[] = {
        "1.1.1.1",       "8.8.8.8",     "11.0.0.1",       "100.63.255.255",   "100.128.0.0",
        "126.255.0.1",   "128.0.0.1",   "169.253.255.1",  "172.15.255.255",   "172.32.0.0",
        "192.167.1.1",   "192.169.0.1", "198.17.255.255", "198.20.0.0",       "223.255.255.255",
        "2606:4700::1",  "2a00::1",     "2002:101:101::", "64:ff9b::101:101", "::ffff:1.1.1.1",
        "2001:4860::88",
    };
    for (size_t i = 0; i < LEN(all); i++)
        if (!public_text(all[i]))
            fail_msg("%s is public", all[i]);
}

static void all_others_are_not(void **state)
{
    (void)state;
    static const char *const all[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.88.99.1",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    };
    for (size_t i = 0; i < LEN(all); i++)
        if (public_text(all[i]))
            fail_msg("%s is not public", all[i]);
    assert_false(address_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

static void a_hook_has_a_plain_address(void **state)
{
    (void)state;
    static const char *const good[] = {
        "https://example.org/hook",
        "http://example.org",
        "HTTPS://example.org:8443/a?b=c@d#e",
        "https://1.1.1.1/x",
        "https://[2606:4700::1]:443/",
        "https://example.org?x",
        "http://localhost/",
        "http://example.org./",
    };
    static const char *const bad[] = {
        "",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://x/",
        "//example.org/",
        "https://",
        "https:///x",
        "https://user@example.org/",
        "https://a:b@example.org/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:/",
        "https://exam ple.org/",
        "https://example.org/\r\nX: y",
        "https://example.org\\@10.0.0.1/",
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::1",
        "http://[::1]x/",
        "http://169.254.169.254/latest/",
        "http://10.1.2.3/",
    };
    struct err e;
    for (size_t i = 0; i < LEN(good); i++)
        if (hook_url_check(good[i], false, &e) < 0)
            fail_msg("%s: %s", good[i], e.text);
    for (size_t i = 0; i < LEN(bad); i++) {
        if (hook_url_check(bad[i], false, &e) == 0)
            fail_msg("%s is taken", bad[i]);
        assert_int_equal(e.msg, MSG_HOOK_URL_BAD);
    }
    assert_int_equal(hook_url_check("http://127.0.0.1:80/", true, &e), 0);
    char longest[2100];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "http://a/", 9);
    longest[2001] = 0;
    assert_int_equal(hook_url_check(longest, false, &e), -1);
    longest[2000] = 0;
    assert_int_equal(hook_url_check(longest, false, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_the_world_are_public),
        cmocka_unit_test(all_others_are_not),
        cmocka_unit_test(a_hook_has_a_plain_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
