/* By which version of the profile an attempt works, with which logo; and pictures that may become
 * logos. */
#include "worker/test/world.h"

#include "core/str.h"
#include "task/profile.h"
#include "worker/logo.h"
#include "worker/versions.h"

#include <fcntl.h>
#include <pthread.h>

/* Makes the next version: that crf, and the logo of that id, or NULL: as it was. */
static void change(struct world *w, int crf, const char *logo)
{
    struct profile_row p;
    OK(task_profile_newest(w->tasks, w->arena, &p, &e));
    p.profile.crf = crf;
    if (logo) {
        p.logo_kind = LOGO_OWN;
        p.logo = logo;
    }
    OK(task_profile_add(w->tasks, &p, &e));
}

static void a_task_that_waits_keeps_the_version_it_was_made_under(void **state)
{
    struct world *w = *state;
    w->conf.profile.crf = 40;
    world_start(w);
    int64_t busy = world_upload(w, CLIP_SLOW); /* the only place is taken */
    WAIT_FOR(stand_in_seen().made == 1);
    int64_t before = world_upload(w, "a");
    change(w, 30, NULL);
    int64_t between = world_upload(w, "b");
    change(w, 31, NULL);
    int64_t after = world_upload(w, "c");
    stand_in_release();
    world_wait(w, busy, TASK_PROCESSED);
    assert_int_equal(world_wait(w, before, TASK_PROCESSED).profile, 0);
    assert_int_equal(world_wait(w, between, TASK_PROCESSED).profile, 1);
    struct task_row last = world_wait(w, after, TASK_PROCESSED);
    assert_int_equal(last.profile, 2);
    assert_non_null(strstr(last.report, "\"profile\":2"));
    struct stand_in_seen s = stand_in_seen();
    static const int crf[] = {40, 40, 30, 31};
    for (size_t i = 0; i < LEN(crf); i++)
        assert_int_equal(s.made_crf[i], crf[i]);
    assert_int_equal(s.look.profile.crf, 31);
    world_is_whole(w);
}

static void a_version_s_logo_comes_from_the_storage_and_can_only_be_read(void **state)
{
    struct world *w = *state;
    char id[ID_SIZE];
    world_start(w);
    OK(task_logo_add(w->tasks, "a logo", 6, id, &e));
    change(w, 30, id);
    for (int i = 0; i < 2; i++) { /* the second time it is kept already */
        world_wait(w, world_upload(w, "x"), TASK_PROCESSED);
        assert_true(stand_in_seen().make_logo_given);
        assert_string_equal(stand_in_seen().make_logo, "a logo");
    }
    struct profile_row p;
    OK(task_profile_newest(w->tasks, w->arena, &p, &e));
    p.logo_kind = LOGO_MARK;
    p.logo = "";
    OK(task_profile_add(w->tasks, &p, &e));
    world_wait(w, world_upload(w, "x"), TASK_PROCESSED);
    assert_false(stand_in_seen().make_logo_given);
    world_is_whole(w);
}

static void a_lost_logo_is_our_fault_and_no_clip_s(void **state)
{
    struct world *w = *state;
    char id[ID_SIZE], name[64];
    w->rules.retry_wait_ms = 5;
    world_start(w);
    OK(task_logo_add(w->tasks, "a logo", 6, id, &e));
    change(w, 30, id);
    snprintf(name, sizeof(name), "logos/%s", id);
    OK(blob_remove(w->blob, name, &e));
    struct task_row row = world_wait(w, world_upload(w, "x"), TASK_FAILED);
    assert_string_equal(row.error_slug, "attempts_used");
    assert_int_equal(stand_in_seen().made, 0);
}

static void many_versions_are_got_one_after_the_other(void **state)
{
    struct world *w = *state;
    world_start(w);
    for (int i = 1; i <= 9; i++)
        change(w, i, NULL);
    struct versions *v = versions_new(w->tasks, &w->conf.profile, -1);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i <= 9; i++) {
            struct profile p;
            int fd = 77;
            OK(versions_get(v, i, &p, &fd, &e));
            assert_int_equal(fd, -1);
            assert_int_equal(p.crf, i ? i : w->conf.profile.crf);
        }
    struct profile p;
    int fd;
    struct err e = {0};
    assert_int_equal(versions_get(v, 10, &p, &fd, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    versions_free(v);
}

/* -- pictures -- */

static void a_picture_is_looked_at_and_told_what_is_wrong(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *text;
        enum msg msg;
    } rows[] = {{LOGO_NONE, MSG_LOGO_TYPE}, {LOGO_EATS, MSG_LOGO_BAD}};
    world_start(w);
    struct logos *l = logos_new(NULL, w->tasks, -1);
    OK(logos_look(l, "any", 3, &e));
    assert_true(stand_in_seen().drawn_good);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct err e = {0};
        assert_int_equal(logos_look(l, rows[i].text, strlen(rows[i].text), &e), -1);
        assert_string_equal(msg_slug(e.msg), msg_slug(rows[i].msg));
    }
    logos_free(l);
}

static void a_profile_s_logo_is_shown(void **state)
{
    struct world *w = *state;
    char id[ID_SIZE];
    world_start(w);
    int setting = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    struct logos *l = logos_new(NULL, w->tasks, setting);
    struct profile_row p = {.profile = profile_default(), .logo_kind = LOGO_MARK, .logo = ""};
    OK(task_logo_add(w->tasks, LOGO_SILENT, strlen(LOGO_SILENT), id, &e));
    for (int k = LOGO_MARK; k <= LOGO_SETTING; k++) {
        void *jpeg = NULL;
        size_t n = 0;
        p.logo_kind = (enum logo_kind)k;
        OK(logos_show(l, &p, &jpeg, &n, &e));
        assert_true(stand_in_seen().drawn_good);
        assert_int_equal(n, strlen(LOGO_DRAWN));
        assert_memory_equal(jpeg, LOGO_DRAWN, n);
        free(jpeg);
    }
    struct err e = {0};
    void *none;
    size_t n;
    p.logo_kind = LOGO_OWN;
    p.logo = id;
    assert_int_equal(logos_show(l, &p, &none, &n, &e), -1); /* what is drawn is looked at */
    assert_int_equal(e.code, ERR_SYSTEM);
    p.logo = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_int_equal(logos_show(l, &p, &none, &n, &e), -1);
    assert_int_equal(e.msg, MSG_LOGO_NOT_FOUND);
    p.logo = "../../etc/passwd";
    assert_int_equal(logos_show(l, &p, &none, &n, &e), -1);
    assert_int_equal(e.msg, MSG_LOGO_NOT_FOUND);
    logos_free(l);
    close(setting);
}

struct looker {
    struct logos *logos;
    struct err e;
    int rc;
};

static void *look(void *arg)
{
    struct looker *k = arg;
    k->rc = logos_look(k->logos, LOGO_SLOW, strlen(LOGO_SLOW), &k->e);
    return NULL;
}

static void pictures_are_looked_at_one_at_a_time_and_few_may_wait(void **state)
{
    struct world *w = *state;
    world_start(w);
    enum { ALL = 6 };
    struct looker k[ALL];
    pthread_t threads[ALL];
    struct logos *l = logos_new(NULL, w->tasks, -1);
    for (int i = 0; i < ALL; i++) {
        k[i] = (struct looker){.logos = l};
        assert_int_equal(pthread_create(&threads[i], NULL, look, &k[i]), 0);
    }
    WAIT_FOR(stand_in_seen().drawn == 1);
    /* all but the one at work and the one that waits are sent away at once */
    struct err e = {0};
    WAIT_FOR(logos_look(l, "x", 1, &e) < 0);
    assert_int_equal(e.code, ERR_BUSY);
    stand_in_release();
    int well = 0;
    for (int i = 0; i < ALL; i++) {
        pthread_join(threads[i], NULL);
        well += k[i].rc == 0;
        if (k[i].rc < 0)
            assert_int_equal(k[i].e.code, ERR_BUSY);
    }
    assert_in_range(well, 1, ALL); /* how many came late is the machine's matter */
    assert_int_equal(stand_in_seen().at_once, 1);
    logos_free(l);
}

#define FACT(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_task_that_waits_keeps_the_version_it_was_made_under),
        FACT(a_version_s_logo_comes_from_the_storage_and_can_only_be_read),
        FACT(a_lost_logo_is_our_fault_and_no_clip_s),
        FACT(many_versions_are_got_one_after_the_other),
        FACT(a_picture_is_looked_at_and_told_what_is_wrong),
        FACT(a_profile_s_logo_is_shown),
        FACT(pictures_are_looked_at_one_at_a_time_and_few_may_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
