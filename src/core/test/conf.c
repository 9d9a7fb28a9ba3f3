#include "core/test/test.h"

#include "core/conf.h"
#include "core/err.h"
#include "core/str.h"

#include <unistd.h>

enum { MAX_ARGS = 8 };

/* Reads with these arguments (ended by NULL) and variables; e is cleared first. */
static int read_with(struct conf *c, unsigned use, const char *const *args, char *const *env,
                     char **rest, int *rest_count, struct err *e)
{
    static char *const nothing[] = {NULL};
    static char *argv[MAX_ARGS + 1];
    int argc = 1;
    argv[0] = (char *)"serve";
    while (args && args[argc - 1]) {
        argv[argc] = (char *)args[argc - 1];
        argc++;
    }
    err_clear(e);
    int n = 0;
    int result = conf_read(c, use, argc, argv, env ? env : nothing, &n, e);
    if (rest_count)
        *rest_count = n;
    for (int i = 0; rest && i < n; i++)
        rest[i] = argv[i + 1];
    return result;
}

static void write_file(char path[32], const char *text)
{
    snprintf(path, 32, "/tmp/reelgate-conf-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void every_default_is_within_its_own_range(void **state)
{
    (void)state;
    struct conf c;
    struct err e;
    assert_int_equal(read_with(&c, CONF_ALL, NULL, NULL, NULL, NULL, &e), 0);
    assert_string_equal(c.listen, "127.0.0.1:8000");
    assert_int_equal(c.lease_ms, 10000);
    assert_int_equal(c.max_upload, INT64_C(4) << 30);
    assert_int_equal(c.workers, -1);
    assert_false(c.json);
    conf_clear(&c);
    assert_null(c.arena);
}

static void values_are_read_with_their_units_and_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *arg;
        bool ok;
    } rows[] = {
        {"--lease=1500ms", true},
        {"--lease=2m", true},
        {"--lease=1h", true},
        {"--lease=999", false},
        {"--lease=2h", false},
        {"--lease=1.5s", false},
        {"--lease=s", false},
        {"--lease=", false},
        {"--lease=10 s", false},
        {"--max-upload=1", true},
        {"--max-upload=10k", true},
        {"--max-upload=1T", true},
        {"--max-upload=2T", false},
        {"--max-upload=0", false},
        {"--max-upload=9999999999G", false},
        {"--max-upload=-1", false},
        {"--workers=-1", true},
        {"--workers=257", false},
        {"--workers=4k", false},
        {"--workers=1-1", false},
        {"--crf=51", true},
        {"--crf=52", false},
        {"--preset=0123456789abcdef", false},
        {"--listen=", false},
        {"--database=", true},
        {"--no-such=1", false},
        {"--lease", false},
        {"--", true},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct conf c;
        struct err e;
        const char *args[] = {rows[i].arg, NULL};
        int r = read_with(&c, CONF_SERVE, args, NULL, NULL, NULL, &e);
        if ((r == 0) != rows[i].ok)
            fail_msg("%s: %s", rows[i].arg, e.text);
        if (r == 0)
            conf_clear(&c);
        else
            assert_int_equal(e.code, ERR_INPUT);
    }
}

static void flag_beats_variable_beats_file_beats_default(void **state)
{
    (void)state;
    char path[32];
    write_file(path, "# comment\n\n  crf = 30\nlease=20s\nlog-level = debug  \n");
    char file[64];
    snprintf(file, sizeof(file), "REELGATE_CONFIG=%s", path);
    char *env[] = {(char *)"HOME=/", file, (char *)"REELGATE_CRF=25", (char *)"REELGATE_LEASE=30s",
                   NULL};
    const char *args[] = {"--crf", "18", NULL};
    struct conf c;
    struct err e;
    assert_int_equal(read_with(&c, CONF_SERVE, args, env, NULL, NULL, &e), 0);
    assert_int_equal(c.crf, 18);
    assert_int_equal(c.lease_ms, 30000);
    assert_string_equal(c.log_level, "debug");
    assert_string_equal(c.fit, "pad");
    conf_clear(&c);
    unlink(path);
}

static void a_config_flag_beats_the_config_variable(void **state)
{
    (void)state;
    char one[32], two[32], variable[64];
    write_file(one, "crf = 1\n");
    write_file(two, "crf = 2\n");
    snprintf(variable, sizeof(variable), "REELGATE_CONFIG=%s", one);
    char *env[] = {variable, NULL};
    const char *args[] = {"--config", two, NULL};
    struct conf c;
    struct err e;
    assert_int_equal(read_with(&c, CONF_SERVE, args, env, NULL, NULL, &e), 0);
    assert_int_equal(c.crf, 2);
    conf_clear(&c);
    unlink(one);
    unlink(two);
}

static void bad_files_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"crf = 30\nno-such = 1\n", ":2: unknown setting \"no-such\""},
        {"crf\n", ":1: not `name = value`"},
        {"\n\ncrf = 99\n", ":3: crf:"},
        {"config = other\n", "unknown setting \"config\""},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char path[32];
        write_file(path, rows[i].text);
        const char *args[] = {"--config", path, NULL};
        struct conf c;
        struct err e;
        assert_int_equal(read_with(&c, CONF_SERVE, args, NULL, NULL, NULL, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        if (!strstr(e.text, rows[i].says))
            fail_msg("row %zu says: %s", i, e.text);
        unlink(path);
    }
    const char *args[] = {"--config", "/no/such/file", NULL};
    struct conf c;
    struct err e;
    assert_int_equal(read_with(&c, CONF_SERVE, args, NULL, NULL, NULL, &e), -1);
    assert_non_null(strstr(e.text, "/no/such/file"));
}

static void an_unknown_variable_of_ours_is_refused(void **state)
{
    (void)state;
    struct conf c;
    struct err e;
    char *typo[] = {(char *)"REELGATE_LISTENN=1", NULL};
    assert_int_equal(read_with(&c, CONF_SERVE, NULL, typo, NULL, NULL, &e), -1);
    assert_non_null(strstr(e.text, "REELGATE_LISTENN"));
    char *other[] = {(char *)"REELGATE=1", (char *)"REELGATEX_Y=1", NULL};
    assert_int_equal(read_with(&c, CONF_SERVE, NULL, other, NULL, NULL, &e), 0);
    conf_clear(&c);
}

static void a_command_takes_only_its_own_settings(void **state)
{
    (void)state;
    struct conf c;
    struct err e;
    const char *args[] = {"--listen", "127.0.0.1:1", NULL};
    assert_int_equal(read_with(&c, CONF_RENDER, args, NULL, NULL, NULL, &e), -1);
    assert_non_null(strstr(e.text, "--listen"));
    /* but a variable or a file serves all commands */
    char *env[] = {(char *)"REELGATE_LISTEN=127.0.0.1:1", NULL};
    assert_int_equal(read_with(&c, CONF_RENDER, NULL, env, NULL, NULL, &e), 0);
    conf_clear(&c);
}

static void what_is_no_setting_keeps_its_order(void **state)
{
    (void)state;
    struct conf c;
    struct err e;
    char *rest[MAX_ARGS];
    int n;
    const char *args[] = {"in.mp4", "--json", "--fit", "crop", "out.mp4", "--", "--fit", NULL};
    assert_int_equal(read_with(&c, CONF_RENDER, args, NULL, rest, &n, &e), 0);
    assert_int_equal(n, 3);
    assert_string_equal(rest[0], "in.mp4");
    assert_string_equal(rest[1], "out.mp4");
    assert_string_equal(rest[2], "--fit");
    assert_true(c.json);
    assert_string_equal(c.fit, "crop");
    conf_clear(&c);
}

static void a_failed_read_leaves_the_output_alone(void **state)
{
    (void)state;
    struct conf c = {.crf = 7};
    struct err e;
    const char *args[] = {"--crf=99", NULL};
    assert_int_equal(read_with(&c, CONF_SERVE, args, NULL, NULL, NULL, &e), -1);
    assert_int_equal(c.crf, 7);
}

static void help_names_every_setting_in_80_columns(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 64 * 1024);
    conf_help(&b, CONF_ALL);
    assert_false(b.cut);
    int count;
    const struct conf_item *items = conf_items(&count);
    assert_true(count > 40);
    for (int i = 0; i < count; i++) {
        char flag[64];
        snprintf(flag, sizeof(flag), "  --%s", items[i].name);
        if (!strstr(b.p, flag))
            fail_msg("%s is not in the help", flag);
    }
    for (const char *p = b.p; *p; p += strcspn(p, "\n") + 1)
        if (strcspn(p, "\n") > 80)
            fail_msg("too long: %.*s", (int)strcspn(p, "\n"), p);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_within_its_own_range),
        cmocka_unit_test(values_are_read_with_their_units_and_ranges),
        cmocka_unit_test(flag_beats_variable_beats_file_beats_default),
        cmocka_unit_test(a_config_flag_beats_the_config_variable),
        cmocka_unit_test(bad_files_are_refused_with_their_line),
        cmocka_unit_test(an_unknown_variable_of_ours_is_refused),
        cmocka_unit_test(a_command_takes_only_its_own_settings),
        cmocka_unit_test(what_is_no_setting_keeps_its_order),
        cmocka_unit_test(a_failed_read_leaves_the_output_alone),
        cmocka_unit_test(help_names_every_setting_in_80_columns),
    };
    return cmocka_run_group_tests_name("core/conf", tests, NULL, NULL);
}
