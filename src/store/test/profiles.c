/* Facts about versions of the profile and their logos, for every back end. */
#include "store/profile.h"
#include "store/task.h"

#include "core/profile.h"
#include "store/test/world.h"

#include <pthread.h>

static struct profile_row wish(int crf)
{
    struct profile_row p = {.profile = profile_default(), .logo_kind = LOGO_SETTING, .logo = ""};
    p.profile.crf = crf;
    return p;
}

static int64_t add(struct world *w, struct profile_row p, int64_t newest)
{
    int64_t created = 0;
    OK(store_profile_add(w->s, &p, newest, &created, e));
    assert_true(created > 1700000000000);
    return newest + 1;
}

static void versions_are_counted_and_stay_as_they_were(void **state)
{
    struct world *w = *state;
    struct profile_row p;
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_profile_get(w->s, w->a, 0, &p, e));
    struct profile_row one = wish(30);
    one.profile = (struct profile){.bumper_us = 1500000,
                                   .longest_us = 9000000,
                                   .fit = FIT_STRETCH,
                                   .max_width = 640,
                                   .max_height = 360,
                                   .max_fps = 25,
                                   .shape_tolerance = 7,
                                   .crf = 30,
                                   .preset = "ultrafast"};
    add(w, one, 0);
    struct profile_row two = wish(18);
    two.logo_kind = LOGO_MARK;
    add(w, two, 1);
    OK(store_profile_get(w->s, w->a, 0, &p, e));
    assert_int_equal(p.version, 2);
    assert_int_equal(p.profile.crf, 18);
    assert_int_equal(p.logo_kind, LOGO_MARK);
    OK(store_profile_get(w->s, w->a, 1, &p, e));
    assert_int_equal(p.version, 1);
    assert_true(profile_same(&p.profile, &one.profile));
    assert_int_equal(p.profile.audio_hz, 48000);
    assert_int_equal(p.logo_kind, LOGO_SETTING);
    assert_string_equal(p.logo, "");
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_profile_get(w->s, w->a, 3, &p, e));
    FAILS(ERR_MISSING, MSG_NOT_FOUND, store_profile_get(w->s, w->a, -1, &p, e));
}

static void a_version_follows_the_newest_alone(void **state)
{
    struct world *w = *state;
    struct profile_row p = wish(20);
    int64_t created = 0;
    FAILS(ERR_CONFLICT, MSG_CONFLICT, store_profile_add(w->s, &p, 1, &created, e));
    add(w, p, 0);
    FAILS(ERR_CONFLICT, MSG_CONFLICT, store_profile_add(w->s, &p, 0, &created, e));
    p.profile.crf = 52;
    FAILS(ERR_INPUT, MSG_PROFILE_BAD, store_profile_add(w->s, &p, 1, &created, e));
    assert_int_equal(created, 0);
}

struct racer {
    struct world *w;
    int won;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    struct profile_row p = wish(20);
    for (int64_t newest = 0; newest < 20; newest++) {
        struct err e = {0};
        int64_t created;
        if (store_profile_add(r->w->s, &p, newest, &created, &e) == 0)
            r->won++;
        else if (e.code != ERR_CONFLICT)
            fail_msg("%s", e.text);
    }
    return NULL;
}

static void two_who_change_it_at_once_make_no_version_twice(void **state)
{
    struct world *w = *state;
    struct racer racers[2] = {{w, 0}, {w, 0}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    struct profile_row p;
    OK(store_profile_get(w->s, w->a, 0, &p, e));
    assert_int_equal(p.version, racers[0].won + racers[1].won);
}

static int note_logo(void *arg, const char *id, int64_t bytes)
{
    char *text = arg;
    snprintf(text + strlen(text), 64 - strlen(text), "%s:%lld ", id, (long long)bytes);
    return 0;
}

static void a_logo_stays_while_a_version_names_it(void **state)
{
    struct world *w = *state;
    struct profile_row p = wish(20);
    int64_t created;
    bool known = true;
    char text[64] = "";
    p.logo_kind = LOGO_OWN;
    p.logo = "used";
    FAILS(ERR_INPUT, MSG_LOGO_NOT_FOUND, store_profile_add(w->s, &p, 0, &created, e));
    OK(store_logo_known(w->s, "used", &known, e));
    assert_false(known);
    OK(store_logo_add(w->s, "used", 1234, e));
    OK(store_logo_add(w->s, "spare", 5, e));
    OK(store_logo_known(w->s, "used", &known, e));
    assert_true(known);
    add(w, p, 0);
    add(w, wish(21), 1); /* the newest names none any more */
    OK(store_profile_get(w->s, w->a, 1, &p, e));
    assert_int_equal(p.logo_kind, LOGO_OWN);
    assert_string_equal(p.logo, "used");
    OK(store_logo_trim(w->s, 60000, e)); /* both are new */
    OK(store_logo_list(w->s, note_logo, text, e));
    assert_string_equal(text, "spare:5 used:1234 ");
    OK(store_logo_trim(w->s, -60000, e));
    *text = 0;
    OK(store_logo_list(w->s, note_logo, text, e));
    assert_string_equal(text, "used:1234 ");
}

static void a_task_keeps_the_version_it_was_added_with(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana"), id = 0;
    bool existed;
    struct task_row row;
    assert_int_equal(get(w, add_task(w, user)).profile, 0);
    struct task_new t = new_task(w, user);
    t.profile = 7;
    OK(store_task_add(w->s, &t, &id, &existed, e));
    assert_int_equal(get(w, id).profile, 7);
    assert_true(claim(w, &row));
    assert_int_equal(row.profile, 0);
    assert_true(claim(w, &row));
    assert_int_equal(row.id, id);
    assert_int_equal(row.profile, 7);
    assert_true(change_to(w, id, PROCESSING, TASK_FAILED));
    assert_true(change_to(w, id, FAILED, TASK_UPLOADED)); /* a retry keeps it as well */
    assert_int_equal(get(w, id).profile, 7);
}

int main(void)
{
    static const struct fact facts[] = {
        FACT(versions_are_counted_and_stay_as_they_were),
        FACT(a_version_follows_the_newest_alone),
        FACT(two_who_change_it_at_once_make_no_version_twice),
        FACT(a_logo_stays_while_a_version_names_it),
        FACT(a_task_keeps_the_version_it_was_added_with),
    };
    return run_facts(facts, LEN(facts));
}
