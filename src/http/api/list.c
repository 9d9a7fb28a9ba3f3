/* Plan: turn the query into a page request for the store; write the page as JSON, brief or full;
 * add the URL of the next page, which is the URL of the request with another `after`. The store is
 * asked for one row more than the page has: that row tells whether there is a next page. */
#include "http/api/api.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/server/answer.h"
#include "http/server/json_put.h"
#include "http/server/request.h"
#include "task/task.h"

#include <ctype.h>

enum { PAGE_MAX = 1000, PAGE_USUAL = 100, PART_MAX = 256 };
/* A row with a name and a title of the longest kind, every character escaped, stays under 8 KiB. */
enum { LIST_MAX = PAGE_MAX * 8 * 1024 };
static const struct str LIST_HEAD = {"{\"data\":[", 9};

/* -- the query -- */

/* Finds the value of a parameter in names; *out stays unchanged when the parameter is absent. */
static int query_name(struct request *r, const char *parameter, const char *const *names, int *out,
                      struct err *e)
{
    char all[ERR_ALLOWED_MAX];
    const char *name = request_query(r, parameter);
    for (int i = 0; name && names[i]; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = i;
            return 0;
        }
    return name ? err_parameter(e, parameter, "%s", str_names(all, sizeof(all), names)) : 0;
}

static int query_state(struct request *r, unsigned *mask, struct err *e)
{
    const char *names[TASK_DELETED + 1] = {0};
    int state = -1;
    for (enum task_state s = TASK_UPLOADED; s < TASK_DELETED; s++)
        names[s] = task_state_name(s);
    if (query_name(r, "status", names, &state, e) < 0)
        return -1;
    *mask = state >= 0 ? 1u << state : 0;
    return 0;
}

static int query_sort(struct request *r, enum task_sort *out, struct err *e)
{
    static const char *const names[SORT_COUNT_ + 1] = {"created", "title", "size", "length"};
    int sort = SORT_CREATED;
    if (query_name(r, "sort", names, &sort, e) < 0)
        return -1;
    *out = (enum task_sort)sort;
    return 0;
}

int query_part(struct request *r, const char **out, struct err *e)
{
    const char *part = request_query(r, "q");
    if (part && (strlen(part) > PART_MAX || !str_utf8_clean(str_of(part))))
        return err_parameter(e, "q", "up to %d bytes of UTF-8, no control characters", PART_MAX);
    *out = part && *part ? part : NULL;
    return 0;
}

/* "<id>", and with a sort "<id>.<what the task had>": what cursor_put writes. */
static bool cursor_read(struct request *r, struct task_page *p)
{
    const char *text = request_query(r, "after");
    size_t n = text ? strcspn(text, ".") : 0;
    if (!text)
        return true;
    if (!str_int64((struct str){text, n}, 0, INT64_MAX, &p->after))
        return false;
    if (p->sort == SORT_CREATED || !p->after)
        return !text[n];
    p->after_title = text + n + 1;
    return text[n] && (p->sort == SORT_TITLE
                           ? str_utf8_clean(str_of(p->after_title))
                           : str_int64(str_of(p->after_title), 0, INT64_MAX, &p->after_number));
}

int list_read(struct request *r, bool own, struct task_page *p, struct err *e)
{
    int64_t max = PAGE_USUAL, order = 0;
    *p = (struct task_page){0};
    if (request_number(r, "max", 0, INT64_MAX, &max, e) < 0 ||
        request_number(r, "order", 0, 1, &order, e) < 0 || query_state(r, &p->states, e) < 0 ||
        (own && (query_sort(r, &p->sort, e) < 0 || query_part(r, &p->part, e) < 0)))
        return -1;
    if (!cursor_read(r, p))
        return err_parameter(e, "after",
                             p->sort == SORT_CREATED ? "the id of a task, as `next` has it"
                                                     : "what `next` has, with the same sort");
    p->descending = order == 1;
    p->max = (int)(max < PAGE_MAX ? max : PAGE_MAX);
    return 0;
}

/* -- where the next page begins -- */

/* The last row of a page, reduced to what a cursor needs. */
struct last {
    int64_t id, number;
    char *title; /* when sorted by title; on the heap */
    bool more;   /* there is another row behind it */
};

static void last_note(struct last *l, const struct task_page *p, const struct task_row *t)
{
    l->id = t->id;
    l->number = p->sort == SORT_SIZE ? t->clip_bytes : t->length_us;
    if (p->sort == SORT_TITLE) {
        free(l->title);
        l->title = mem_strdup(*t->title ? t->title : t->file_name);
    }
}

static void last_clear(struct last *l)
{
    free(l->title);
}

/* As in a query (RFC 3986, 2.3). */
static void list_put_escaped(struct buf *b, const char *text)
{
    for (const char *p = text; *p; p++)
        if (isascii((unsigned char)*p) && (isalnum((unsigned char)*p) || strchr("-._~", *p)))
            buf_put(b, p, 1);
        else
            buf_printf(b, "%%%02X", (unsigned char)*p);
}

/* The URL of this request with the cursor, or NULL when there is no next page. In the arena. */
static const char *next_url(struct request *r, const struct task_page *p, const struct last *l)
{
    static const char *const kept[] = {"view", "q", "status", "sort", "order", "max"};
    if (!l->more)
        return NULL;
    AUTO(buf_clear) struct buf b;
    buf_init(&b, URI_MAX);
    buf_puts(&b, r->route->pattern);
    for (size_t i = 0; i < LEN(kept); i++) {
        const char *value = request_query(r, kept[i]);
        if (!value)
            continue;
        buf_printf(&b, "%c%s=", memchr(b.p, '?', b.len) ? '&' : '?', kept[i]);
        list_put_escaped(&b, value);
    }
    buf_printf(&b, "%cafter=%lld", memchr(b.p, '?', b.len) ? '&' : '?', (long long)l->id);
    if (p->sort == SORT_TITLE) {
        buf_puts(&b, ".");
        list_put_escaped(&b, l->title);
    } else if (p->sort != SORT_CREATED) {
        buf_printf(&b, ".%lld", (long long)l->number);
    }
    return arena_strdup(r->arena, b.p);
}

/* Calls each() for the rows of the page; *l is filled. */
struct rows {
    const struct task_page *page;
    int (*each)(void *arg, const struct task_row *t);
    void *arg;
    int count;
    struct last *last;
};

static int row(void *arg, const struct task_row *t)
{
    struct rows *x = arg;
    if (x->count == x->page->max) {
        x->last->more = true;
        return 1;
    }
    x->count++;
    last_note(x->last, x->page, t);
    return x->each(x->arg, t);
}

static int read_page(struct request *r, const struct task_page *p,
                     int (*each)(void *arg, const struct task_row *t), void *arg, struct last *l,
                     struct err *e)
{
    struct task_page one_more = *p;
    struct rows x = {p, each, arg, 0, l};
    if (!p->max)
        return 0;
    one_more.max++;
    return task_list(r->http->parts.tasks, &one_more, row, &x, e);
}

/* -- brief -- */

/* Every open page asks for the list again and again, and building it by jansson was a third of its
 * cost, so it is written straight into the buffer. Texts of rows were checked when they came in. */
static int list_add_brief(void *arg, const struct task_row *t)
{
    struct buf *b = arg;
    buf_puts(b, b->len > LIST_HEAD.len ? ",{\"id\":" : "{\"id\":");
    json_put_int(b, t->id);
    buf_puts(b, ",\"status\":");
    json_put_text(b, task_state_name(t->state));
    buf_puts(b, ",\"progress\":");
    json_put_int(b, t->progress);
    buf_puts(b, ",\"title\":");
    json_put_text(b, t->title);
    buf_puts(b, ",\"file_name\":");
    json_put_text(b, t->file_name);
    buf_puts(b, "}");
    return 0;
}

static void list_brief(struct request *r, const struct task_page *page)
{
    struct err e;
    AUTO(buf_clear) struct buf b;
    AUTO(last_clear) struct last last = {0};
    buf_init(&b, LIST_MAX);
    buf_put(&b, LIST_HEAD.p, LIST_HEAD.len);
    if (read_page(r, page, list_add_brief, &b, &last, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    const char *next = next_url(r, page, &last);
    buf_puts(&b, "],\"next\":");
    if (next)
        json_put_text(&b, next);
    buf_puts(&b, next ? "}" : "null}");
    if (b.cut) {
        err_set(&e, ERR_SYSTEM, "a list of over %d bytes", LIST_MAX);
        answer_error(r, &e);
        return;
    }
    answer_text(r, 200, TAKE(b.p));
}

/* -- full -- */

struct full_list {
    struct request *r;
    json_t *rows;
    /* A task in progress: its place in the line is found after the list is closed, because that
     * asks the store again. */
    struct spot {
        struct task_row row; /* texts are not kept */
        json_t *object;      /* of rows */
    } * spots;
    size_t count;
};

static int list_add_full(void *arg, const struct task_row *t)
{
    struct full_list *l = arg;
    json_t *o = task_json(l->r, t);
    json_object_set_new(o, "id", json_integer((json_int_t)t->id));
    if (t->state == TASK_UPLOADED || t->state == TASK_PROCESSING)
        l->spots[l->count++] = (struct spot){{.id = t->id,
                                              .state = t->state,
                                              .progress = t->progress,
                                              .not_before_ms = t->not_before_ms},
                                             o};
    else
        json_object_set_new(o, "queue", json_null());
    if (t->username)
        json_object_set_new(o, "username", json_string(t->username));
    return json_array_append_new(l->rows, o);
}

void list_full(struct request *r, const struct task_page *page)
{
    struct err e;
    struct full_list l = {.r = r, .rows = json_array()};
    AUTO(last_clear) struct last last = {0};
    l.spots = arena_get(r->arena, (size_t)page->max * sizeof(*l.spots));
    if (read_page(r, page, list_add_full, &l, &last, &e) < 0) {
        json_decref(l.rows);
        answer_error(r, &e);
        return;
    }
    for (size_t i = 0; i < l.count; i++)
        task_put_place(r, &l.spots[i].row, l.spots[i].object);
    answer_json(r, 200, json_pack("{s:o, s:s?}", "data", l.rows, "next", next_url(r, page, &last)));
}

void tasks_list(struct request *r)
{
    struct err e;
    struct task_page page;
    static const char *const views[] = {"full", NULL};
    int view = -1;
    if (list_read(r, true, &page, &e) < 0 || query_name(r, "view", views, &view, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    page.user_id = r->caller.user_id;
    page.brief = view < 0;
    if (page.brief)
        list_brief(r, &page);
    else
        list_full(r, &page);
}
