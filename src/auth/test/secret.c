#include "auth/test/world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path(struct world *w)
{
    return arena_printf(w->a, "%s/other", w->dir);
}

static void write_secret(const char *at, size_t len, mode_t mode)
{
    int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && len <= 64);
    static const char bytes[64] = "0123456789abcdef0123456789abcdef0123456789abcdef";
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void it_is_made_once_for_its_owner_alone(void **state)
{
    struct world *w = *state;
    unsigned char one[KEY_BYTES] = {0}, two[KEY_BYTES] = {0};
    const unsigned char zero[KEY_BYTES] = {0};
    mode_t before = umask(0);
    OK(auth_secret(path(w), one, e));
    umask(before);
    struct stat st;
    assert_int_equal(stat(path(w), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, KEY_BYTES);
    assert_int_equal(st.st_nlink, 1);
    assert_memory_not_equal(one, zero, KEY_BYTES);
    OK(auth_secret(path(w), two, e));
    assert_memory_equal(one, two, KEY_BYTES);
    OK(auth_secret(arena_printf(w->a, "%s/third", w->dir), two, e));
    assert_memory_not_equal(one, two, KEY_BYTES);
}

static void it_is_refused_when_others_may_read_it(void **state)
{
    struct world *w = *state;
    unsigned char key[KEY_BYTES];
    const mode_t modes[] = {0640, 0604, 0660, 0610, 0601, 0666, 0644};
    for (size_t i = 0; i < LEN(modes); i++) {
        write_secret(path(w), KEY_BYTES, modes[i]);
        FAILS(MSG_INTERNAL, auth_secret(path(w), key, e));
    }
    write_secret(path(w), KEY_BYTES, 0400);
    OK(auth_secret(path(w), key, e));
}

static void it_is_refused_when_it_is_short_or_no_plain_file(void **state)
{
    struct world *w = *state;
    unsigned char key[KEY_BYTES];
    const size_t lengths[] = {0, 1, KEY_BYTES - 1};
    for (size_t i = 0; i < LEN(lengths); i++) {
        write_secret(path(w), lengths[i], 0600);
        FAILS(MSG_INTERNAL, auth_secret(path(w), key, e));
    }
    write_secret(path(w), KEY_BYTES + 7, 0600); /* longer is fine: the first bytes count */
    OK(auth_secret(path(w), key, e));
    const char *link = arena_printf(w->a, "%s/link", w->dir);
    assert_int_equal(symlink(path(w), link), 0);
    FAILS(MSG_INTERNAL, auth_secret(link, key, e));
    FAILS(MSG_INTERNAL, auth_secret(w->dir, key, e));
    const char *fifo = arena_printf(w->a, "%s/fifo", w->dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    FAILS(MSG_INTERNAL, auth_secret(fifo, key, e));
    FAILS(MSG_INTERNAL, auth_secret(arena_printf(w->a, "%s/none/secret", w->dir), key, e));
}

static void processes_that_start_at_once_agree(void **state)
{
    struct world *w = *state;
    for (int round = 0; round < 20; round++) {
        const char *at = arena_printf(w->a, "%s/race-%d", w->dir, round);
        int out[2], go[2];
        assert_int_equal(pipe(out) + pipe(go), 0);
        enum { CHILDREN = 4 };
        pid_t children[CHILDREN];
        for (int i = 0; i < CHILDREN; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                unsigned char key[KEY_BYTES];
                char c;
                close(go[1]);
                (void)!read(go[0], &c, 1); /* until all are there */
                _exit(auth_secret(at, key, NULL) == 0 &&
                              write(out[1], key, sizeof(key)) == sizeof(key)
                          ? 0
                          : 1);
            }
        }
        close(go[0]);
        close(go[1]);
        close(out[1]);
        unsigned char first[KEY_BYTES], next[KEY_BYTES];
        assert_int_equal(read(out[0], first, KEY_BYTES), KEY_BYTES);
        for (int i = 1; i < CHILDREN; i++) {
            assert_int_equal(read(out[0], next, KEY_BYTES), KEY_BYTES);
            assert_memory_equal(first, next, KEY_BYTES);
        }
        close(out[0]);
        for (int i = 0; i < CHILDREN; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
    }
}

static void keys_of_tokens_and_links_are_two_and_neither_is_the_secret(void **state)
{
    struct world *w = *state;
    unsigned char key[KEY_BYTES];
    OK(auth_secret(w->secret, key, e));
    assert_memory_not_equal(w->auth->token_key, w->auth->link_key, KEY_BYTES);
    assert_memory_not_equal(w->auth->token_key, key, KEY_BYTES);
    assert_memory_not_equal(w->auth->link_key, key, KEY_BYTES);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_is_made_once_for_its_owner_alone),
        T(it_is_refused_when_others_may_read_it),
        T(it_is_refused_when_it_is_short_or_no_plain_file),
        T(processes_that_start_at_once_agree),
        T(keys_of_tokens_and_links_are_two_and_neither_is_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
