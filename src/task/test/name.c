#include "core/test/test.h"

#include "core/err.h"
#include "core/str.h"
#include "task/name.h"

static void a_file_name_becomes_a_harmless_text(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *kept; /* NULL: refused */
    } rows[] = {
        {"gol.mp4", "gol.mp4"},
        {"sin ending", "sin ending"},
        {"../../../evil.txt", "evil.txt"},
        {"..\\..\\windows\\evil.txt", "evil.txt"},
        {"/etc/passwd", "passwd"},
        {"C:\\clips/mixed\\gol.mov", "gol.mov"},
        {"folder/", "clip"},
        {"", "clip"},
        {".", "clip"},
        {"a/..", "clip"},
        {".hidden", ".hidden"},
        {"مباراة كرة القدم.mp4", "مباراة كرة القدم.mp4"},
        {"日本/試合.mkv", "試合.mkv"},
        {"a\nb.mp4", NULL},
        {"a\x7f.mp4", NULL},
        {"a\xc2\x85.mp4", NULL},
        {"a\xff.mp4", NULL},
        {"a\xc3", NULL},
        {"a\xed\xa0\x80.mp4", NULL},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        AUTO(arena_freep) struct arena *a = arena_new();
        const char *name = NULL;
        struct err e = {0};
        int rc = task_file_name(a, rows[i].sent, &name, &e);
        if (rows[i].kept) {
            assert_int_equal(rc, 0);
            assert_string_equal(name, rows[i].kept);
        } else {
            assert_int_equal(rc, -1);
            assert_int_equal(e.msg, MSG_FILENAME_BAD);
            assert_null(name);
        }
    }
}

static const char *long_name(struct arena *a, const char *unit, int count, const char *ending)
{
    size_t n = strlen(unit);
    char *name = arena_get(a, n * (size_t)count + strlen(ending) + 1);
    for (int i = 0; i < count; i++)
        memcpy(name + n * (size_t)i, unit, n);
    memcpy(name + n * (size_t)count, ending, strlen(ending) + 1);
    return name;
}

static void a_long_name_is_cut_between_characters_and_keeps_its_ending(void **state)
{
    (void)state;
    static const struct {
        const char *unit, *ending, *kept_ending;
        size_t len;
    } rows[] = {
        {"a", ".mp4", ".mp4", 255},
        {"é", ".mp4", ".mp4", 254}, /* 251 bytes are left: 125 characters of 2 */
        {"م", "", "", 254},
        {"😀", ".webm", ".webm", 253},
        {"a", ".an ending of twenty", "", 255},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        AUTO(arena_freep) struct arena *a = arena_new();
        const char *name = NULL;
        struct err e = {0};
        assert_int_equal(
            task_file_name(a, long_name(a, rows[i].unit, 5000, rows[i].ending), &name, &e), 0);
        assert_int_equal(strlen(name), rows[i].len);
        assert_true(str_utf8_clean(str_of(name)));
        size_t n = strlen(rows[i].kept_ending);
        assert_string_equal(name + strlen(name) - n, rows[i].kept_ending);
    }
}

static void a_blob_is_named_by_date_and_id(void **state)
{
    (void)state;
    char name[BLOB_NAME_MAX + 1], id[ID_SIZE] = "abcdefghijklmnopqrstuvwxyz";
    task_blob_name(name, "reels", 1795453949000, id, ".mp4");
    assert_string_equal(name, "reels/2026/11/23/abcdefghijklmnopqrstuvwxyz.mp4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_name_becomes_a_harmless_text),
        cmocka_unit_test(a_long_name_is_cut_between_characters_and_keeps_its_ending),
        cmocka_unit_test(a_blob_is_named_by_date_and_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
