/* The folder of kept bumpers: bounds, damage, strangers in it, and processes that share it. */
#include "jail/cache.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ENTRY = 10000, ROOM = 5 * ENTRY };

struct bench {
    char folder[64];
    struct cache *cache;
};

static int with_bench(void **state)
{
    struct bench *b = mem_new(sizeof(*b));
    str_copy(b->folder, sizeof(b->folder), "/tmp/reelgate-cache-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    b->cache = cache_new(b->folder, ROOM, NULL);
    *state = b;
    return 0;
}

static int count(const char *folder, const char *prefix, bool removes)
{
    int n = 0;
    DIR *d = opendir(folder);
    char path[400];
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.' && strncmp(e->d_name, prefix, strlen(prefix)) == 0) {
            n++;
            snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
            if (removes && unlink(path) < 0)
                rmdir(path);
        }
    if (d)
        closedir(d);
    return n;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    cache_free(b->cache);
    chmod(b->folder, 0700);
    count(b->folder, "", true);
    rmdir(b->folder);
    free(b);
    return 0;
}

static struct cache_key key_of(int i)
{
    const struct bumper_shape s = {.width = 16 + 2 * i, .preset = "x"};
    struct cache_key k;
    struct err e;
    assert_int_equal(cache_key_make(&s, -1, "test", &k, &e), 0);
    return k;
}

static void path_of(const struct bench *b, int i, char out[200])
{
    snprintf(out, 200, "%s/%s", b->folder, key_of(i).name);
}

/* Writes an entry's bytes; also used where nothing may be asserted. */
static bool write_entry(int fd, int i)
{
    unsigned char data[ENTRY];
    memset(data, i, sizeof(data));
    crypto_hash_sha256(data + ENTRY - 32, data, ENTRY - 32);
    return pwrite(fd, data, sizeof(data), 0) == sizeof(data);
}

static int keep(struct cache *c, int i, int *fd, struct err *e)
{
    struct cache_key k = key_of(i);
    struct cache_file f;
    if (cache_begin(c, &f, e) < 0)
        return -1;
    if (!write_entry(f.fd, i) || cache_keep(c, &f, &k, fd, e) < 0) {
        cache_give_up(c, &f, false);
        return -1;
    }
    return 0;
}

static void put(const struct bench *b, int i)
{
    struct err e = {0};
    int fd = -1;
    if (keep(b->cache, i, &fd, &e) < 0)
        fail_msg("%s", e.text);
    close(fd);
}

static bool has(struct cache *c, int i)
{
    struct cache_key k = key_of(i);
    unsigned char byte = 0;
    AUTO(fd_closep) int fd = cache_get(c, &k);
    if (fd < 0)
        return false;
    assert_int_equal(pread(fd, &byte, 1, 0), 1);
    assert_int_equal(byte, i & 255);
    return true;
}

static void what_was_kept_is_there_and_can_only_be_read(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    AUTO(fd_closep) int fd = -1;
    char path[200];
    struct stat st;
    assert_false(has(b->cache, 1));
    assert_int_equal(keep(b->cache, 1, &fd, &e), 0);
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    struct cache_key k = key_of(1);
    AUTO(fd_closep) int got = cache_get(b->cache, &k);
    assert_int_equal(fcntl(got, F_GETFL) & O_ACCMODE, O_RDONLY);
    path_of(b, 1, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_false(has(b->cache, 2));
    int64_t entries, bytes;
    assert_int_equal(cache_look(b->folder, &entries, &bytes, &e), 0);
    assert_int_equal(entries, 1);
    assert_int_equal(bytes, ENTRY);
}

static void all_that_a_bumper_depends_on_is_in_its_key(void **state)
{
    (void)state;
    const struct bumper_shape base = {.width = 640, .preset = "fast"};
    struct bumper_shape s[20];
    struct cache_key keys[LEN(s) + 4];
    struct err e;
    size_t n = 0;
    for (size_t i = 0; i < LEN(s); i++)
        s[i] = base;
    s[1].width++, s[2].height++, s[3].fps_num++, s[4].fps_den++, s[5].frames++;
    s[6].profile_idc++, s[7].constraints++, s[8].level_idc++, s[9].set_id++;
    s[10].full_range = true, s[11].primaries++, s[12].transfer++, s[13].matrix++, s[14].crf++;
    s[15].preset[0] = 'x';
    s[16].coded_width++, s[17].coded_height++, s[18].sar_num++, s[19].sar_den++;
    AUTO(fd_closep) int empty = memfd_create("logo", MFD_CLOEXEC);
    AUTO(fd_closep) int logo = memfd_create("logo", MFD_CLOEXEC);
    AUTO(fd_closep) int other = memfd_create("logo", MFD_CLOEXEC);
    assert_int_equal(pwrite(logo, "aa", 2, 5000), 2); /* beyond the first block */
    assert_int_equal(pwrite(other, "ab", 2, 5000), 2);
    for (size_t i = 0; i < LEN(s); i++)
        assert_int_equal(cache_key_make(&s[i], -1, "1", &keys[n++], &e), 0);
    assert_int_equal(cache_key_make(&base, -1, "2", &keys[n++], &e), 0);
    assert_int_equal(cache_key_make(&base, empty, "1", &keys[n++], &e), 0);
    assert_int_equal(cache_key_make(&base, logo, "1", &keys[n++], &e), 0);
    assert_int_equal(cache_key_make(&base, other, "1", &keys[n++], &e), 0);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(keys[i].name, keys[k].name);
    struct cache_key again;
    assert_int_equal(cache_key_make(&base, logo, "1", &again, &e), 0);
    assert_string_equal(again.name, keys[n - 2].name);
}

static void the_one_not_used_for_longest_goes_first(void **state)
{
    struct bench *b = *state;
    char path[200];
    for (int i = 0; i < 5; i++) {
        const struct timespec old[] = {{1000 + i, 0}, {1000 + i, 0}};
        put(b, i);
        path_of(b, i, path);
        assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    }
    assert_true(has(b->cache, 0)); /* used now */
    put(b, 5);
    assert_true(has(b->cache, 0));
    assert_false(has(b->cache, 1));
    for (int i = 2; i < 6; i++)
        assert_true(has(b->cache, i));
    assert_int_equal(count(b->folder, "", false), 5);
}

static void one_in_use_can_still_be_read_when_it_is_thrown_out(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    AUTO(fd_closep) int fd = -1;
    unsigned char byte;
    assert_int_equal(keep(b->cache, 7, &fd, &e), 0);
    count(b->folder, "", true);
    assert_false(has(b->cache, 7));
    assert_int_equal(pread(fd, &byte, 1, ENTRY - 33), 1);
    assert_int_equal(byte, 7);
}

static void a_damaged_entry_is_removed(void **state)
{
    struct bench *b = *state;
    char path[200];
    for (int kind = 0; kind < 4; kind++) {
        put(b, 1);
        path_of(b, 1, path);
        AUTO(fd_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
        if (kind == 0)
            assert_int_equal(pwrite(fd, "x", 1, 5000), 1);
        else
            assert_int_equal(ftruncate(fd, kind == 1 ? 0 : kind == 2 ? 32 : ENTRY - 1), 0);
        assert_false(has(b->cache, 1));
        assert_int_equal(access(path, F_OK), -1);
    }
    put(b, 1);
    assert_true(has(b->cache, 1));
}

static void what_has_no_sum_or_is_too_large_is_not_kept(void **state)
{
    struct bench *b = *state;
    struct cache_key k = key_of(1);
    struct cache_file f;
    struct err e = {0};
    int fd = -1;
    assert_int_equal(cache_begin(b->cache, &f, &e), 0);
    assert_true(write_entry(f.fd, 1));
    assert_int_equal(pwrite(f.fd, "x", 1, 3), 1);
    assert_int_equal(cache_keep(b->cache, &f, &k, &fd, &e), -1);
    assert_string_equal(e.text, "cache: the new entry has not its sum");
    assert_int_equal(ftruncate(f.fd, ROOM + 1), 0);
    assert_int_equal(cache_keep(b->cache, &f, &k, &fd, &e), -1);
    assert_string_equal(e.text, "cache: the new entry has 50001 bytes");
    cache_give_up(b->cache, &f, true);
    assert_int_equal(fd, -1);
    assert_int_equal(count(b->folder, "", false), 0);
    assert_int_equal(cache_begin(b->cache, &f, &e), -1); /* rests */
    assert_int_equal(e.code, ERR_BUSY);
}

static void symbolic_links_are_not_followed(void **state)
{
    struct bench *b = *state;
    char path[200], real[80], link[80];
    struct err e = {0};
    int64_t entries, bytes;
    put(b, 1);
    path_of(b, 1, path);
    snprintf(real, sizeof(real), "%s/real", b->folder);
    assert_int_equal(rename(path, real), 0);
    assert_int_equal(symlink(real, path), 0);
    assert_false(has(b->cache, 1)); /* a good entry, were it followed */
    assert_int_equal(access(real, F_OK), 0);
    /* nor is the folder's own name */
    snprintf(link, sizeof(link), "%s-link", b->folder);
    assert_int_equal(symlink(b->folder, link), 0);
    struct cache *c = cache_new(link, ROOM, NULL);
    struct cache_file f;
    put(b, 2);
    assert_false(has(c, 2));
    assert_int_equal(cache_begin(c, &f, &e), -1);
    assert_non_null(strstr(e.text, "symbolic link"));
    assert_int_equal(cache_look(link, &entries, &bytes, &e), -1);
    cache_free(c);
    unlink(link);
}

static void a_folder_that_others_may_write_to_is_not_used(void **state)
{
    struct bench *b = *state;
    struct cache_file f;
    struct err e = {0};
    put(b, 1);
    assert_int_equal(chmod(b->folder, 0777), 0);
    assert_false(has(b->cache, 1));
    assert_int_equal(cache_begin(b->cache, &f, &e), -1);
    assert_non_null(strstr(e.text, "others may write"));
    assert_int_equal(chmod(b->folder, 0700), 0);
    assert_true(has(b->cache, 1));
}

static void what_is_not_ours_in_the_folder_is_left_alone(void **state)
{
    struct bench *b = *state;
    char path[200];
    snprintf(path, sizeof(path), "%s/notes.txt", b->folder);
    AUTO(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, 10 * ROOM), 0);
    for (int i = 0; i < 8; i++)
        put(b, i);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(count(b->folder, "", false), 6);
}

static void a_folder_that_vanishes_is_made_again(void **state)
{
    struct bench *b = *state;
    put(b, 1);
    count(b->folder, "", true);
    assert_int_equal(rmdir(b->folder), 0);
    assert_false(has(b->cache, 1));
    put(b, 2);
    assert_true(has(b->cache, 2));
}

/* As if those in the making had been begun a minute ago. */
static void age_new(const char *folder)
{
    const struct timespec old[] = {{time(NULL) - 60, 0}, {time(NULL) - 60, 0}};
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        if (strncmp(e->d_name, "new-", 4) == 0)
            assert_int_equal(utimensat(dirfd(d), e->d_name, old, 0), 0);
    closedir(d);
}

static void a_killed_writer_leaves_nothing_that_stays(void **state)
{
    struct bench *b = *state;
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct cache_file f;
        struct err e;
        bool ok = cache_begin(b->cache, &f, &e) == 0 && write(f.fd, "half", 4) == 4;
        ok = ok && write(ends[1], "x", 1) == 1;
        if (!ok)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    age_new(b->folder);
    put(b, 1); /* its sweep leaves the living one's */
    assert_int_equal(count(b->folder, "new-", false), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(count(b->folder, "new-", false), 1);
    put(b, 2);
    assert_int_equal(count(b->folder, "new-", false), 0);
    assert_true(has(b->cache, 1) && has(b->cache, 2));
}

/* A disk that takes no more: the bytes do not arrive, so there is no sum. */
static void an_entry_that_could_not_be_written_whole_is_none(void **state)
{
    struct bench *b = *state;
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit small = {ENTRY / 2, ENTRY / 2};
        struct err e = {0};
        int fd = -1;
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &small) < 0)
            _exit(1);
        _exit(keep(b->cache, 1, &fd, &e) == -1 && fd == -1 ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(count(b->folder, "", false), 0);
}

enum { ROUNDS = 150, KEYS = 8 };
/* Uses the cache as hard as it can; the number of what went wrong. */
static int use(struct cache *c, unsigned seed)
{
    int wrong = 0;
    for (int r = 0; r < ROUNDS; r++) {
        seed = seed * 1103515245 + 12345;
        int i = (int)(seed >> 16) % KEYS, fd = -1;
        struct cache_key k = key_of(i);
        struct err e = {0};
        unsigned char byte = 255;
        fd = cache_get(c, &k);
        if (fd < 0 && keep(c, i, &fd, &e) < 0)
            wrong++;
        if (fd >= 0 && (pread(fd, &byte, 1, ENTRY / 2) != 1 || byte != i))
            wrong++;
        fd_closep(&fd);
    }
    return wrong;
}

static void two_processes_share_it(void **state)
{
    struct bench *b = *state;
    pid_t pids[2];
    for (unsigned p = 0; p < LEN(pids); p++) {
        pids[p] = fork();
        if (pids[p] == 0)
            _exit(use(b->cache, p + 1) ? 1 : 0);
    }
    for (unsigned p = 0; p < LEN(pids); p++) {
        int status = -1;
        assert_int_equal(waitpid(pids[p], &status, 0), pids[p]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count(b->folder, "new-", false), 0);
    assert_true(count(b->folder, "", false) <= ROOM / ENTRY);
}

static void *use_in_thread(void *arg)
{
    return use(arg, 99) ? arg : NULL;
}

static void threads_share_it(void **state)
{
    struct bench *b = *state;
    pthread_t t[4];
    for (size_t i = 0; i < LEN(t); i++)
        assert_int_equal(pthread_create(&t[i], NULL, use_in_thread, b->cache), 0);
    for (size_t i = 0; i < LEN(t); i++) {
        void *wrong;
        pthread_join(t[i], &wrong);
        assert_null(wrong);
    }
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, with_bench, close_bench)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(what_was_kept_is_there_and_can_only_be_read),
        cmocka_unit_test(all_that_a_bumper_depends_on_is_in_its_key),
        WITH(the_one_not_used_for_longest_goes_first),
        WITH(one_in_use_can_still_be_read_when_it_is_thrown_out),
        WITH(a_damaged_entry_is_removed),
        WITH(what_has_no_sum_or_is_too_large_is_not_kept),
        WITH(symbolic_links_are_not_followed),
        WITH(a_folder_that_others_may_write_to_is_not_used),
        WITH(what_is_not_ours_in_the_folder_is_left_alone),
        WITH(a_folder_that_vanishes_is_made_again),
        WITH(a_killed_writer_leaves_nothing_that_stays),
        WITH(an_entry_that_could_not_be_written_whole_is_none),
        WITH(two_processes_share_it),
        WITH(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
