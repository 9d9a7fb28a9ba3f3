/* Under which version a task is made, and how long a logo stays. */
#include "task/profile.h"

#include "core/profile.h"
#include "task/resume.h"
#include "task/test/world.h"

static struct profile_row newest(struct world *w)
{
    struct profile_row p;
    OK(task_profile_newest(w->tasks, w->a, &p, e));
    return p;
}

static void change(struct world *w, enum fit fit, const char *logo)
{
    struct profile_row p = newest(w);
    int64_t before = p.version;
    p.profile.fit = fit;
    if (logo) {
        p.logo_kind = LOGO_OWN;
        p.logo = logo;
    }
    OK(task_profile_add(w->tasks, &p, e));
    assert_int_equal(p.version, before + 1);
    assert_true(p.created_ms > 1700000000000);
}

static void say_settings(struct world *w)
{
    struct task_rules rules = w->rules;
    rules.profile = profile_default();
    rules.profile.fit = FIT_STRETCH;
    rules.upload_keep_ms = 3600000;
    world_rules(w, rules);
}

static struct task_row upload_with(struct world *w, struct task_wish wi, bool *existed)
{
    struct task_row row;
    OK(upload(w, clip_make(w, 5000, 1), 5000, &wi, &row, existed, e));
    return row;
}

static void version_0_is_what_the_settings_say(void **state)
{
    struct world *w = *state;
    say_settings(w);
    struct profile_row p = newest(w), zero;
    OK(task_profile_get(w->tasks, w->a, 0, &zero, e));
    assert_int_equal(p.version, 0);
    assert_int_equal(p.logo_kind, LOGO_SETTING);
    assert_true(profile_same(&p.profile, &zero.profile));
    assert_int_equal(p.profile.fit, FIT_STRETCH);
    change(w, FIT_BLUR, NULL);
    p = newest(w);
    assert_int_equal(p.version, 1);
    assert_int_equal(p.profile.fit, FIT_BLUR);
    assert_int_equal(p.logo_kind, LOGO_SETTING);
    OK(task_profile_get(w->tasks, w->a, 0, &p, e));
    assert_int_equal(p.profile.fit, FIT_STRETCH);
    FAILS(ERR_MISSING, MSG_NOT_FOUND, task_profile_get(w->tasks, w->a, 2, &p, e));
}

static void a_task_is_made_under_the_newest_version(void **state)
{
    struct world *w = *state;
    bool existed;
    say_settings(w);
    struct task_wish said = {.user_id = w->user, .file_name = "a.mp4", .fit = FIT_CROP};
    struct task_wish unsaid = {
        .user_id = w->user, .file_name = "a.mp4", .fit = (enum fit)FIT_UNSAID};
    struct task_row row = upload_with(w, unsaid, &existed);
    assert_int_equal(row.profile, 0);
    assert_int_equal(row.fit, FIT_STRETCH);
    change(w, FIT_BLUR, NULL);
    row = upload_with(w, unsaid, &existed);
    assert_int_equal(row.profile, 1);
    assert_int_equal(row.fit, FIT_BLUR);
    row = upload_with(w, said, &existed);
    assert_int_equal(row.profile, 1);
    assert_int_equal(row.fit, FIT_CROP);
    assert_int_equal(row_of(w, row.id).profile, 1);
}

static void a_key_met_again_gives_its_task_though_the_profile_has_changed(void **state)
{
    struct world *w = *state;
    bool existed;
    say_settings(w);
    struct task_wish wi = {.user_id = w->user,
                           .file_name = "a.mp4",
                           .fit = (enum fit)FIT_UNSAID,
                           .idempotency_key = "one"};
    int64_t id = upload_with(w, wi, &existed).id;
    assert_false(existed);
    change(w, FIT_BLUR, NULL);
    struct task_row row = upload_with(w, wi, &existed);
    assert_true(existed);
    assert_int_equal(row.id, id);
    assert_int_equal(row.profile, 0);
    assert_int_equal(row.fit, FIT_STRETCH);
}

static void an_upload_in_pieces_is_made_under_the_version_of_its_end(void **state)
{
    struct world *w = *state;
    say_settings(w);
    struct task_wish wi = {.user_id = w->user, .file_name = "a.mp4", .fit = (enum fit)FIT_UNSAID};
    struct upload_row u;
    struct task_piece *p;
    const char *clip = clip_make(w, 5000, 1);
    OK(resume_add(w->tasks, &wi, 5000, w->a, &u, e));
    OK(resume_begin(w->tasks, w->a, u.id, w->user, 0, &p, e));
    OK(resume_write(p, clip, 2000, e));
    OK(resume_end(p, true, w->a, &u, e));
    change(w, FIT_BLUR, NULL);
    OK(resume_begin(w->tasks, w->a, u.id, w->user, 2000, &p, e));
    OK(resume_write(p, clip + 2000, 3000, e));
    OK(resume_end(p, true, w->a, &u, e));
    struct task_row row = row_of(w, u.task_id);
    assert_int_equal(row.profile, 1);
    assert_int_equal(row.fit, FIT_BLUR);
}

static void a_logo_that_no_version_names_is_swept(void **state)
{
    struct world *w = *state;
    char used[ID_SIZE], spare[ID_SIZE];
    struct blob_reader *r = NULL;
    say_settings(w);
    OK(task_logo_add(w->tasks, "used", 4, used, e));
    OK(task_logo_add(w->tasks, "spare", 5, spare, e));
    change(w, FIT_PAD, used);
    change(w, FIT_BLUR, spare);
    change(w, FIT_BLUR, used);
    char other[ID_SIZE];
    OK(task_logo_add(w->tasks, "other", 5, other, e));
    assert_string_equal(problems(w), "");
    assert_int_equal(sweep(w, true).orphans, 0); /* it is new: somebody may be about to use it */
    OK(task_logo_open(w->tasks, other, &r, e));
    blob_reader_closep(&r);

    struct task_rules rules = w->rules;
    rules.upload_grace_ms = -1000; /* an hour later */
    world_rules(w, rules);
    assert_int_equal(sweep(w, true).orphans, 1);
    FAILS(ERR_INPUT, MSG_LOGO_NOT_FOUND, task_logo_open(w->tasks, other, &r, e));
    OK(task_logo_open(w->tasks, spare, &r, e)); /* of an old version, which tasks may still have */
    assert_int_equal(blob_reader_size(r), 5);
    blob_reader_closep(&r);
    assert_int_equal(sweep(w, true).orphans, 0);

    struct profile_row p = newest(w);
    p.logo = other;
    FAILS(ERR_INPUT, MSG_LOGO_NOT_FOUND, task_profile_add(w->tasks, &p, e));
}

static void a_logo_without_bytes_is_a_problem(void **state)
{
    struct world *w = *state;
    char id[ID_SIZE], name[BLOB_NAME_MAX + 1];
    OK(task_logo_add(w->tasks, "bytes", 5, id, e));
    snprintf(name, sizeof(name), "logos/%s", id);
    OK(blob_remove(w->blob, name, e));
    assert_non_null(strstr(problems(w), name));
    OK(store_logo_trim(w->store, -1000, e));
}

#define FACT(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(version_0_is_what_the_settings_say),
        FACT(a_task_is_made_under_the_newest_version),
        FACT(a_key_met_again_gives_its_task_though_the_profile_has_changed),
        FACT(an_upload_in_pieces_is_made_under_the_version_of_its_end),
        FACT(a_logo_that_no_version_names_is_swept),
        FACT(a_logo_without_bytes_is_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
