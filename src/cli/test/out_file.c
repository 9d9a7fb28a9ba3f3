/* OUT of a render: whole or not at all. */
#include "core/test/test.h"

#include "cli/out_file.h"
#include "core/err.h"
#include "core/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

struct place {
    char folder[32], clip[64], out[64];
    struct stat input;
};

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text), NULL), 0);
    return close(fd);
}

static const char *content(const char *path)
{
    static char text[64];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t n = fd_read_full(fd, text, sizeof(text) - 1, NULL);
    close(fd);
    text[n < 0 ? 0 : n] = 0;
    return text;
}

static int count(const char *folder)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    int n = -2; /* . and .. */
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int set_up(void **state)
{
    struct place *p = mem_new(sizeof(*p));
    snprintf(p->folder, sizeof(p->folder), "/tmp/reelgate-out-XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->clip, sizeof(p->clip), "%s/clip.mp4", p->folder);
    snprintf(p->out, sizeof(p->out), "%s/reel.mp4", p->folder);
    put(p->clip, "clip");
    *state = p;
    return stat(p->clip, &p->input);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    unlink(p->clip);
    unlink(p->out);
    int result = rmdir(p->folder); /* fails when a test has left something behind */
    free(p);
    return result;
}

static struct out_file begin(struct place *p)
{
    struct out_file o = {.fd = -1, .folder = -1};
    struct err e = {0};
    if (out_file_begin(&o, p->out, &p->input, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(fd_write_all(o.fd, "reel", 4, &e), 0);
    return o;
}

static void nothing_is_seen_before_the_commit(void **state)
{
    struct place *p = *state;
    struct out_file o = begin(p);
    assert_int_equal(count(p->folder), 1);
    struct err e = {0};
    assert_int_equal(out_file_commit(&o, &e), 0);
    out_file_clear(&o);
    assert_string_equal(content(p->out), "reel");
    assert_int_equal(count(p->folder), 2);
}

static void what_is_forgotten_leaves_nothing(void **state)
{
    struct place *p = *state;
    struct out_file o = begin(p);
    out_file_clear(&o);
    assert_int_equal(count(p->folder), 1);
    out_file_clear(&o); /* twice is fine */
}

static void an_older_file_stays_until_the_commit_and_is_then_replaced(void **state)
{
    struct place *p = *state;
    put(p->out, "older");
    struct out_file o = begin(p);
    assert_string_equal(content(p->out), "older");
    out_file_clear(&o);
    assert_string_equal(content(p->out), "older");
    o = begin(p);
    struct err e = {0};
    assert_int_equal(out_file_commit(&o, &e), 0);
    out_file_clear(&o);
    assert_string_equal(content(p->out), "reel");
    assert_int_equal(count(p->folder), 2);
}

static void a_link_is_followed_and_stays_a_link(void **state)
{
    struct place *p = *state;
    char link[80];
    snprintf(link, sizeof(link), "%s/link", p->folder);
    put(p->out, "older");
    assert_int_equal(symlink("reel.mp4", link), 0);
    struct out_file o = {.fd = -1, .folder = -1};
    struct err e = {0};
    assert_int_equal(out_file_begin(&o, link, &p->input, &e), 0);
    assert_int_equal(fd_write_all(o.fd, "reel", 4, &e), 0);
    assert_int_equal(out_file_commit(&o, &e), 0);
    out_file_clear(&o);
    char target[16] = "";
    assert_int_equal(readlink(link, target, sizeof(target) - 1), 8);
    assert_string_equal(content(p->out), "reel");
    unlink(link);
}

static void places_that_cannot_be_written_are_refused(void **state)
{
    struct place *p = *state;
    char alias[80], below[96], folder[40];
    snprintf(alias, sizeof(alias), "%s/./clip.mp4", p->folder);
    snprintf(below, sizeof(below), "%s/no/reel.mp4", p->folder);
    snprintf(folder, sizeof(folder), "%s/", p->folder);
    const struct {
        const char *path;
        enum err_code code;
    } rows[] = {
        {p->clip, ERR_CONFLICT}, {alias, ERR_CONFLICT},      {p->folder, ERR_SYSTEM},
        {folder, ERR_SYSTEM},    {below, ERR_SYSTEM},        {"/dev/null", ERR_SYSTEM},
        {"", ERR_SYSTEM},        {"/proc/reel", ERR_SYSTEM},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct out_file o = {.fd = -1, .folder = -1};
        struct err e = {0};
        if (out_file_begin(&o, rows[i].path, &p->input, &e) == 0)
            fail_msg("\"%s\" is taken", rows[i].path);
        if (e.code != rows[i].code)
            fail_msg("\"%s\": code %d: %s", rows[i].path, e.code, e.text);
        assert_int_equal(o.fd, -1);
    }
    assert_string_equal(content(p->clip), "clip");
}

static void a_name_as_long_as_the_file_system_allows_is_fine(void **state)
{
    struct place *p = *state;
    char path[400], name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    snprintf(path, sizeof(path), "%s/%s", p->folder, name);
    put(path, "older");
    struct out_file o = {.fd = -1, .folder = -1};
    struct err e = {0};
    assert_int_equal(out_file_begin(&o, path, &p->input, &e), 0);
    assert_int_equal(out_file_commit(&o, &e), 0);
    out_file_clear(&o);
    assert_string_equal(content(path), "");
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_seen_before_the_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_forgotten_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_older_file_stays_until_the_commit_and_is_then_replaced,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_followed_and_stays_a_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_that_cannot_be_written_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_as_long_as_the_file_system_allows_is_fine, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("cli/out_file", tests, NULL, NULL);
}
