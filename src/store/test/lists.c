/* The facts that hold for every back end about lists of tasks that are sought and sorted, and about
 * the line of what waits. */
#include "store/test/world.h"

#include "core/str.h"
#include "store/event.h"
#include "store/line.h"
#include "store/worker.h"

static int64_t add(struct world *w, int64_t user, const char *title, const char *file_name,
                   int64_t bytes)
{
    struct task_new t = new_task(w, user);
    int64_t id = 0;
    bool existed;
    t.title = title;
    t.file_name = file_name;
    t.clip_bytes = bytes;
    OK(store_task_add(w->s, &t, &id, &existed, e));
    return id;
}

static const char *list(struct world *w, struct task_page p)
{
    char *ids = arena_get(w->a, 64);
    OK(store_task_list(w->s, &p, note_task, ids, e));
    return ids;
}

/* The newest claim is done: its clip was `seconds` long. */
static void make(struct world *w, double seconds)
{
    struct task_row t;
    assert_true(claim(w, &t));
    assert_true(
        change(w, (struct task_change){
                      .id = t.id,
                      .fence = t.fence,
                      .from = PROCESSING,
                      .to = TASK_PROCESSED,
                      .reel_blob = arena_printf(w->a, "reels/%d", (int)t.id),
                      .poster_blob = "",
                      .reel_bytes = 5,
                      .report = arena_printf(w->a, "{\"in\":{\"duration\":%.6f}}", seconds)}));
}

/* Six of ana's, among one of eva's. */
static int64_t six(struct world *w)
{
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva");
    add(w, ana, "Árbitro", "a.mp4", 50);         /* 1 */
    add(w, ana, "", "Zorro.mov", 10);            /* 2 */
    add(w, eva, "arbitro", "b.mp4", 20);         /* 3 */
    add(w, ana, "banda", "c.mp4", 50);           /* 4 */
    add(w, ana, "ARBITRO", "d.mp4", 9000000000); /* 5 */
    add(w, ana, "100 % _x", "\xc3\x91u.mp4", 7); /* 6 */
    add(w, ana, "Ganz", "arbi\\.mp4", 50);       /* 7 */
    return ana;
}

static void a_list_comes_in_the_order_that_is_asked_for(void **state)
{
    struct world *w = *state;
    int64_t ana = six(w);
    static const struct {
        enum task_sort sort;
        const char *up, *down;
    } rows[] = {
        {SORT_CREATED, "1 2 4 5 6 7 ", "7 6 5 4 2 1 "},
        {SORT_TITLE, "6 1 5 4 7 2 ", "2 7 4 5 1 6 "},
        {SORT_SIZE, "6 2 1 4 7 5 ", "5 7 4 1 2 6 "},
        {SORT_LENGTH, "1 2 4 5 6 7 ", "7 6 5 4 2 1 "}, /* none is read yet */
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct task_page p = {.user_id = ana, .max = -1, .sort = rows[i].sort};
        assert_string_equal(list(w, p), rows[i].up);
        p.descending = true;
        assert_string_equal(list(w, p), rows[i].down);
    }
    for (int i = 0; i < 7; i++)
        make(w, i == 1 ? 12.5 : 3);
    assert_int_equal(get(w, 3).length_us, 12500000); /* eva's was the second claim */
    struct task_page p = {.user_id = ana, .max = 1, .sort = SORT_LENGTH, .descending = true};
    assert_string_equal(list(w, p), "7 ");
    assert_int_equal(get(w, 7).length_us, 3000000);
}

static int note_last(void *arg, const struct task_row *t)
{
    struct task_page *p = arg;
    p->after = t->id;
    p->after_number = p->sort == SORT_SIZE ? t->clip_bytes : t->length_us;
    str_copy((char *)p->after_title, 64, *t->title ? t->title : t->file_name);
    return 0;
}

/* Page after page of one task or two give the whole, also when the task where a page ended is gone.
 */
static void pages_of_every_order_follow_each_other(void **state)
{
    struct world *w = *state;
    int64_t ana = six(w);
    for (int i = 0; i < 3; i++)
        make(w, i);
    for (enum task_sort sort = SORT_CREATED; sort < SORT_COUNT_; sort++)
        for (int down = 0; down < 2; down++)
            for (int max = 1; max < 3; max++) {
                char title[64] = "", ids[64] = "";
                struct task_page p = {.user_id = ana,
                                      .max = max,
                                      .sort = sort,
                                      .descending = down,
                                      .part = "",
                                      .after_title = title};
                struct task_page all = p;
                all.max = -1;
                for (int i = 0; i < 6; i += max) {
                    const struct task_page now = p;
                    OK(store_task_list(w->s, &now, note_task, ids, e));
                    OK(store_task_list(w->s, &now, note_last, &p, e));
                }
                assert_string_equal(ids, list(w, all));
                assert_string_equal(list(w, p), "");
            }
    struct task_page p = {
        .user_id = ana, .max = 1, .sort = SORT_TITLE, .after = 4, .after_title = "banda"};
    assert_true(change_to(w, 4, ANY, TASK_DELETED));
    assert_string_equal(list(w, p), "7 ");
}

static void a_part_is_found_in_titles_and_file_names(void **state)
{
    struct world *w = *state;
    int64_t ana = six(w);
    static const char *const rows[][2] = {{"arbi", "1 5 7 "},   {"\xc3\x81RBI", "1 5 7 "},
                                          {"ZORRO", "2 "},      {"\xc3\xb1U", "6 "},
                                          {"%", "6 "},          {"_x", "6 "},
                                          {"\\", "7 "},         {"mp4", "1 4 5 6 7 "},
                                          {"", "1 2 4 5 6 7 "}, {"'; --", ""}};
    for (size_t i = 0; i < LEN(rows); i++)
        assert_string_equal(
            list(w, (struct task_page){.user_id = ana, .max = -1, .part = rows[i][0]}), rows[i][1]);
    struct task_page p = {
        .user_id = ana, .max = 2, .part = "arbi", .sort = SORT_SIZE, .descending = true};
    assert_string_equal(list(w, p), "5 7 ");
    p.after = 7;
    p.after_number = 50;
    assert_string_equal(list(w, p), "1 ");
    p = (struct task_page){.user_id = ana, .max = -1, .part = "arbi", .states = PROCESSED};
    assert_string_equal(list(w, p), "");
    make(w, 1);
    assert_string_equal(list(w, p), "1 ");
}

/* -- the line -- */

static const char *line(struct world *w, int max)
{
    struct line_row rows[16];
    int count = 0;
    char *ids = arena_get(w->a, 64);
    OK(store_line_read(w->s, max, rows, &count, e));
    assert_true(count <= max);
    for (int i = 0; i < count; i++) {
        assert_int_equal(get(w, rows[i].id).user_id, rows[i].user_id);
        snprintf(ids + strlen(ids), 64 - strlen(ids), "%d ", (int)rows[i].id);
    }
    return ids;
}

static void the_line_is_what_claims_take_one_after_another(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), leo = add_user(w, "leo");
    struct task_row t;
    assert_string_equal(line(w, 16), "");
    for (int i = 0; i < 5; i++)
        add_task(w, ana); /* 1 to 5 */
    add_task(w, eva);
    add_task(w, eva);
    assert_true(claim(w, &t)); /* of ana, who is behind the others now */
    add_task(w, leo);
    assert_true(change(w, (struct task_change){
                              .id = 1, .from = PROCESSING, .to = TASK_UPLOADED, .wait_ms = 60000}));
    assert_string_equal(line(w, 16), "6 8 2 7 3 4 5 "); /* 1 waits for its time */
    assert_string_equal(line(w, 4), "6 8 2 7 ");
    assert_string_equal(line(w, 1), "6 ");
    char taken[64] = "";
    const char *told = line(w, 16);
    while (claim(w, &t))
        note_task(taken, &t);
    assert_string_equal(taken, told);
    assert_string_equal(line(w, 16), "");
}

static void the_pace_is_told_by_the_last_attempts_and_who_works(void **state)
{
    struct world *w = *state;
    struct line_pace p = {1, 1, 1};
    int64_t ana = add_user(w, "ana");
    OK(store_line_pace(w->s, &p, e));
    assert_int_equal(p.took_ms + p.places + p.busy, 0);
    for (int i = 0; i < 3; i++)
        add_task(w, ana);
    make(w, 5);
    OK(store_worker_beat(w->s, &(struct worker_row){"a", "1", 2, 1, 0, false}, e));
    OK(store_worker_beat(w->s, &(struct worker_row){"b", "1", 3, 0, 0, false}, e));
    struct task_row t;
    assert_true(claim(w, &t));
    OK(store_line_pace(w->s, &p, e));
    assert_in_range(p.took_ms, 1, 20000);
    assert_int_equal(p.places, 5);
    assert_int_equal(p.busy, 1);
    OK(store_worker_beat(w->s, &(struct worker_row){"a", "1", 2, 1, 0, true}, e));
    OK(store_line_pace(w->s, &p, e));
    assert_int_equal(p.places, 3);
}

/* -- what is changed -- */

static int note_again(void *arg, const struct event_row *ev)
{
    char *text = arg;
    size_t n = strlen(text);
    snprintf(text + n, 64 - n, "%d%s ", (int)ev->kind, ev->again ? "again" : "");
    return 0;
}

static void a_change_of_a_name_is_an_event_of_the_same_state(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva"), id = add_task(w, ana);
    char told[64] = "";
    make(w, 1);
    OK(store_task_rename(w->s, id, ana, "Otro", e));
    OK(store_task_rename(w->s, id, 0, "Otro", e)); /* as it was */
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_rename(w->s, id, eva, "x", e));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_rename(w->s, id + 1, 0, "x", e));
    assert_string_equal(get(w, id).title, "Otro");
    assert_int_equal(get(w, id).state, TASK_PROCESSED);
    OK(store_event_list(w->s, ana, 0, 0, 100, note_again, told, e));
    assert_string_equal(told, "0 1 2 2again ");
    assert_true(change_to(w, id, ANY, TASK_DELETED));
    FAILS(ERR_MISSING, MSG_TASK_NOT_FOUND, store_task_rename(w->s, id, ana, "x", e));
}

static void a_task_goes_back_to_be_made_otherwise(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), id = add_task(w, ana);
    char told[64] = "";
    const struct task_change other = {.id = id,
                                      .from = ANY & ~DELETED,
                                      .to = TASK_UPLOADED,
                                      .reset_attempts = true,
                                      .remake = true,
                                      .fit = FIT_BLUR,
                                      .start_us = 7};
    struct task_change back = other;
    back.remake = false;
    make(w, 1);
    assert_true(change(w, other));
    struct task_row t = get(w, id);
    assert_int_equal(t.state, TASK_UPLOADED);
    assert_int_equal(t.fit, FIT_BLUR);
    assert_int_equal(t.start_us, 7);
    assert_int_equal(t.attempts, 0);
    assert_string_equal(t.reel_blob, arena_printf(w->a, "reels/%d", (int)id));
    assert_int_equal(bytes_used(w, ana), 1005);
    assert_true(claim(w, &t));
    assert_true(change(w, back)); /* these stay */
    assert_int_equal(get(w, id).fit, FIT_BLUR);
    back = other;
    back.start_us = 8;
    assert_true(change(w, back)); /* before anybody took it */
    OK(store_event_list(w->s, ana, 0, 0, 100, note_again, told, e));
    assert_non_null(strstr(told, "0again "));
    assert_true(claim(w, &t));
    assert_int_equal(t.id, id);
    assert_int_equal(t.start_us, 8);
    assert_false(claim(w, &t));
}

int main(void)
{
    static const struct fact facts[] = {
        FACT(a_list_comes_in_the_order_that_is_asked_for),
        FACT(pages_of_every_order_follow_each_other),
        FACT(a_part_is_found_in_titles_and_file_names),
        FACT(the_line_is_what_claims_take_one_after_another),
        FACT(a_change_of_a_name_is_an_event_of_the_same_state),
        FACT(a_task_goes_back_to_be_made_otherwise),
        FACT(the_pace_is_told_by_the_last_attempts_and_who_works),
    };
    return run_facts(facts, LEN(facts));
}
