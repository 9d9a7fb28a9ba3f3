/* What is durable when a commit returns: the calls that make it so are seen by this test (the
 * linker puts it between, --wrap), in order, and each of them can be made to fail. */
#include "blob/test/world.h"

#include <errno.h>

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_linkat(int from, const char *old, int to, const char *new, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *new, int flags);
int __real_renameat2(int from, const char *old, int to, const char *new, unsigned flags);
int __wrap_renameat2(int from, const char *old, int to, const char *new, unsigned flags);

enum call { CALL_SYNC_FILE, CALL_SYNC_FOLDER, CALL_NAME };
enum { CALLS_MAX = 64 };
static struct {
    enum call call;
    ino_t ino;
} calls[CALLS_MAX];
static int count;   /* of calls */
static int fail_at; /* the fsync that fails, from 0; -1: none */
static int fail_errno;
static bool no_rename; /* renameat2 knows no flags here */
static bool no_links;  /* nor can nameless files get a name */

static void note(enum call call, ino_t ino)
{
    assert_true(count < CALLS_MAX);
    calls[count].call = call;
    calls[count++].ino = ino;
}

int __wrap_fsync(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    int before = 0;
    for (int i = 0; i < count; i++)
        before += calls[i].call != CALL_NAME;
    note(S_ISDIR(st.st_mode) ? CALL_SYNC_FOLDER : CALL_SYNC_FILE, st.st_ino);
    if (before != fail_at)
        return __real_fsync(fd);
    errno = fail_errno;
    return -1;
}

int __wrap_linkat(int from, const char *old, int to, const char *new, int flags)
{
    if (no_links && strncmp(old, "/proc/", 6) == 0) {
        errno = ENOENT;
        return -1;
    }
    note(CALL_NAME, 0);
    return __real_linkat(from, old, to, new, flags);
}

int __wrap_renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    if (no_rename) {
        errno = EINVAL;
        return -1;
    }
    note(CALL_NAME, 0);
    return __real_renameat2(from, old, to, new, flags);
}

struct way {
    const char *name;
    bool no_links, no_rename;
};
static const struct way ways[] = {
    {"nameless", false, false}, {"renamed", true, false}, {"linked", true, true}};

static int set_up(void **state)
{
    const struct way *way = *state;
    fail_at = -1;
    no_links = way->no_links;
    no_rename = way->no_rename;
    count = 0;
    struct world *w = mem_new(sizeof(*w));
    world_init(w, "/tmp");
    count = 0;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    fail_at = -1;
    world_clear(*state);
    free(*state);
    return 0;
}

static ino_t inode(const struct world *w, const char *below)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof(path), "%s%s", w->dir, below);
    assert_int_equal(stat(path, &st), 0);
    return st.st_ino;
}

static int find(enum call call, ino_t ino, int from)
{
    for (int i = from; i < count; i++)
        if (calls[i].call == call && calls[i].ino == ino)
            return i;
    return -1;
}

static void bytes_then_name_then_folder(void **state)
{
    struct world *w = *state;
    store_text(w, "clips/2026/a", "x");
    int file = find(CALL_SYNC_FILE, inode(w, "/clips/2026/a"), 0), name = find(CALL_NAME, 0, 0);
    assert_true(file >= 0 && name > file);
    assert_int_equal(find(CALL_NAME, 0, name + 1), -1);
    assert_true(find(CALL_SYNC_FOLDER, inode(w, "/clips/2026"), name) > name);
}

static void every_folder_on_the_way_is_synced_before_its_first_file(void **state)
{
    struct world *w = *state;
    store_text(w, "clips/2026/a", "x");
    int last = count;
    assert_in_range(find(CALL_SYNC_FOLDER, inode(w, ""), 0), 0, last);
    assert_in_range(find(CALL_SYNC_FOLDER, inode(w, "/clips"), 0), 0, last);
    /* The second file finds all that done. */
    count = 0;
    store_text(w, "clips/2026/b", "x");
    assert_int_equal(count, 3);
    /* Another process may have made the folders and not synced them yet. */
    blob_closep(&w->b);
    world_open(w, 0);
    count = 0;
    store_text(w, "clips/2026/c", "x");
    assert_true(find(CALL_SYNC_FOLDER, inode(w, ""), 0) >= 0);
    assert_true(find(CALL_SYNC_FOLDER, inode(w, "/clips"), 0) >= 0);
}

static void a_folder_made_for_the_storage_is_synced_too(void **state)
{
    struct world *w = *state;
    struct world in = {0};
    snprintf(in.url, sizeof(in.url), "file://%s/x/y", w->dir);
    world_open(&in, 0);
    assert_true(find(CALL_SYNC_FOLDER, inode(w, ""), 0) >= 0);
    assert_true(find(CALL_SYNC_FOLDER, inode(w, "/x"), 0) >= 0);
    blob_closep(&in.b);
}

/* A commit into a new folder in which fsync number n fails. */
static int commit_failing(struct world *w, int n, int number, struct err *e)
{
    struct blob_writer *x = begin(w, 0);
    put_ok(x, "x", 1);
    count = 0;
    fail_at = n;
    fail_errno = number;
    int rc = blob_commit(x, "clips/2026/a", NULL, e);
    fail_at = -1;
    return rc;
}

static void after_a_failed_sync_nothing_is_left_and_none_is_tried_again(void **state)
{
    struct world *w = *state;
    int n = 0;
    for (struct err e = {0}; commit_failing(w, n, EIO, &e) < 0; n++, e = (struct err){0}) {
        assert_int_equal(e.code, ERR_SYSTEM);
        /* The one that failed was the last. */
        assert_int_not_equal(calls[count - 1].call, CALL_NAME);
        int syncs = 0;
        for (int i = 0; i < count; i++)
            syncs += calls[i].call != CALL_NAME;
        assert_int_equal(syncs, n + 1);
        assert_int_equal(world_files(w), 0);
        assert_int_equal(read_code(w, "clips/2026/a"), ERR_MISSING);
        assert_true(n < 10);
        blob_closep(
            &w->b); /* forgets which folders it knows: the next round makes the same calls */
        world_open(w, 0);
    }
    assert_int_equal(n, 4); /* file, root, clips, 2026 */
    holds_text(w, "clips/2026/a", "x");
    assert_int_equal(world_files(w), 1);
}

static void park_ok(struct blob_writer *x)
{
    struct err e = {0};
    if (blob_park(x, "up", NULL, &e) < 0)
        fail_msg("park: %s", e.text);
}

static struct blob_writer *resume(struct world *w)
{
    struct blob_writer *x = NULL;
    struct err e = {0};
    if (blob_resume(w->b, "up", 1, 0, &x, &e) < 0)
        fail_msg("resume: %s", e.text);
    put_ok(x, "y", 1);
    return x;
}

static void parked_bytes_are_as_safe_as_any(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct blob_writer *x = begin(w, 0);
    put_ok(x, "x", 1);
    park_ok(x);
    ino_t file = inode(w, "/.parked/up");
    int sync = find(CALL_SYNC_FILE, file, 0), name = find(CALL_NAME, 0, 0);
    assert_true(sync >= 0 && name > sync);
    assert_true(find(CALL_SYNC_FOLDER, inode(w, "/.parked"), name) > name);
    assert_in_range(find(CALL_SYNC_FOLDER, inode(w, ""), 0), 0, name);
    count = 0;
    park_ok(resume(w));
    assert_true(find(CALL_SYNC_FILE, file, 0) >= 0);
    /* a disk that failed them is not believed */
    x = resume(w);
    count = 0;
    fail_at = 0;
    fail_errno = EIO;
    assert_int_equal(blob_park(x, "up", NULL, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    fail_at = -1;
    assert_int_equal(blob_resume(w->b, "up", 0, 0, &x, &e), -1);
    assert_int_equal(e.code, ERR_MISSING);
    assert_int_equal(world_files(w), 0);
}

static void a_disk_that_is_found_full_at_the_end_is_told_as_full(void **state)
{
    struct world *w = *state;
    static const int numbers[] = {ENOSPC, EDQUOT};
    for (size_t i = 0; i < LEN(numbers); i++) {
        struct err e = {0};
        assert_int_equal(commit_failing(w, 0, numbers[i], &e), -1);
        assert_int_equal(e.code, ERR_FULL);
        assert_int_equal(e.msg, MSG_DISK_FULL);
        assert_int_equal(world_files(w), 0);
    }
}

static void a_taken_name_stays_taken(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    store_text(w, "clips/a", "first");
    struct blob_writer *x = begin(w, 0);
    put_ok(x, "second", 6);
    assert_int_equal(blob_commit(x, "clips/a", NULL, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    holds_text(w, "clips/a", "first");
    assert_int_equal(world_files(w), 1);
}

#define FACT(f)                                                                                    \
    {                                                                                              \
#f, f, set_up, tear_down, (void *)(uintptr_t)&ways[i]                                      \
    }
int main(void)
{
    int failed = 0;
    for (size_t i = 0; i < LEN(ways); i++) {
        const struct CMUnitTest facts[] = {
            FACT(bytes_then_name_then_folder),
            FACT(every_folder_on_the_way_is_synced_before_its_first_file),
            FACT(a_folder_made_for_the_storage_is_synced_too),
            FACT(after_a_failed_sync_nothing_is_left_and_none_is_tried_again),
            FACT(a_disk_that_is_found_full_at_the_end_is_told_as_full),
            FACT(parked_bytes_are_as_safe_as_any),
            FACT(a_taken_name_stays_taken),
        };
        failed += cmocka_run_group_tests_name(ways[i].name, facts, NULL, NULL);
    }
    return failed;
}
