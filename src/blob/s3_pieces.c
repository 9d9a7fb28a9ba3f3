/* Plan: parts of an unfinished multipart upload cannot be read, truncated or renamed. So parked
 * bytes are objects of their own: pieces of S3_PART_BYTES each (the last may be shorter) below an
 * id, and one small object under the parked name with the id and the number of valid bytes. Bytes
 * behind these do not count, and the next writer overwrites them. At the end the server itself
 * joins the pieces into one object (s3_writer.c). */
#include "blob/s3_impl.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"

enum { NOTE_SIZE = 96 };

static void piece_key(const struct s3_blob *s, char key[S3_KEY_SIZE], const char *id, int n)
{
    char name[ID_SIZE + 16];
    snprintf(name, sizeof(name), "%s/%05d", id, n);
    s3_key(s, key, S3_PIECES, name);
}

int s3_piece_put(struct s3_blob *s, const char *id, int n, const void *data, size_t len,
                 struct err *e)
{
    char key[S3_KEY_SIZE];
    piece_key(s, key, id, n);
    struct s3_request q = {.method = "PUT", .key = key, .body = data, .body_bytes = len};
    return s3_do(s, &q, e);
}

int s3_piece_get(struct s3_blob *s, const char *id, int64_t at, void *data, size_t len,
                 struct err *e)
{
    while (len) {
        char key[S3_KEY_SIZE];
        int64_t from = at % S3_PART_BYTES;
        size_t n = (size_t)(S3_PART_BYTES - from) < len ? (size_t)(S3_PART_BYTES - from) : len;
        piece_key(s, key, id, (int)(at / S3_PART_BYTES));
        struct s3_request q = {.method = "GET",
                               .key = key,
                               .from = from,
                               .len = (int64_t)n,
                               .into = data,
                               .into_bytes = n};
        if (s3_do(s, &q, e) < 0)
            return -1;
        data = (char *)data + n;
        at += (int64_t)n;
        len -= n;
    }
    return 0;
}

/* -- removing many -- */

struct doomed {
    struct s3_blob *s;
    struct arena *arena;
    char **keys;
    int count, room;
    const char *below; /* of which part of a place */
};

static void doom(struct doomed *d, const char *name)
{
    char key[S3_KEY_SIZE];
    if (d->count == d->room) {
        char **more = arena_get(d->arena, (size_t)(d->room * 2 + 16) * sizeof(*more));
        if (d->count)
            memcpy(more, d->keys, (size_t)d->count * sizeof(*more));
        d->keys = more;
        d->room = d->room * 2 + 16;
    }
    s3_key(d->s, key, S3_PIECES, name);
    d->keys[d->count++] = arena_strdup(d->arena, key);
}

static int remove_one(void *arg, int i, struct err *e)
{
    const struct doomed *d = arg;
    struct s3_request q = {.method = "DELETE", .key = d->keys[i], .missing_is_fine = true};
    return s3_do(d->s, &q, e);
}

static int doom_each(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)size_bytes, (void)age_ms;
    doom(arg,
         arena_printf(((struct doomed *)arg)->arena, "%s%s", ((struct doomed *)arg)->below, name));
    return 0;
}

int s3_pieces_remove(struct s3_blob *s, const char *id, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct doomed d = {.s = s, .arena = a, .below = arena_printf(a, "%s/", id)};
    if (s3_list_each(s, arena_printf(a, S3_PIECES "%s/", id), doom_each, &d, e) < 0)
        return -1;
    return s3_each(remove_one, &d, d.count, e);
}

/* -- what is parked -- */

int s3_parked_get(struct s3_blob *s, const char *name, char id[ID_SIZE], int64_t *size_bytes,
                  struct err *e)
{
    char key[S3_KEY_SIZE], note[NOTE_SIZE] = "";
    s3_key(s, key, S3_PARKED, name);
    struct s3_request q = {
        .method = "GET", .key = key, .into = note, .into_bytes = sizeof(note) - 1};
    if (s3_do(s, &q, e) < 0)
        return -1;
    const char *end = note + ID_SIZE - 1;
    if (q.got < ID_SIZE || *end != ' ' || !blob_part_is_well(note, ID_SIZE - 1) ||
        !str_int64(str_of(end + 1), 0, INT64_MAX, size_bytes))
        return err_set(e, ERR_SYSTEM, "s3: %s is no note of ours", key);
    snprintf(id, ID_SIZE, "%s", note);
    return 0;
}

int s3_parked_put(struct s3_blob *s, const char *name, const char *id, int64_t size_bytes,
                  bool fresh, struct err *e)
{
    char key[S3_KEY_SIZE], note[NOTE_SIZE], old[ID_SIZE];
    int64_t old_bytes;
    struct err why = {0};
    if (fresh && s3_parked_get(s, name, old, &old_bytes, &why) == 0)
        return err_set(e, ERR_CONFLICT, "blob: something is parked as %s", name);
    if (fresh && why.code != ERR_MISSING)
        return err_pass(e, &why);
    s3_key(s, key, S3_PARKED, name);
    int n = snprintf(note, sizeof(note), "%s %lld", id, (long long)size_bytes);
    struct s3_request q = {.method = "PUT", .key = key, .body = note, .body_bytes = (size_t)n};
    return s3_do(s, &q, e);
}

int s3_parked_remove(struct s3_blob *s, const char *name, struct err *e)
{
    char key[S3_KEY_SIZE], id[ID_SIZE];
    int64_t size;
    struct err why = {0};
    if (s3_parked_get(s, name, id, &size, &why) < 0) {
        if (why.code == ERR_MISSING)
            return 0;
        return err_pass(e, &why);
    }
    s3_key(s, key, S3_PARKED, name);
    struct s3_request q = {.method = "DELETE", .key = key, .missing_is_fine = true};
    return s3_do(s, &q, e) < 0 ? -1 : s3_pieces_remove(s, id, e);
}

struct parked_listing {
    struct s3_blob *s;
    blob_each *each;
    void *arg;
    struct err why;
};

static int see_parked(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    struct parked_listing *l = arg;
    char id[ID_SIZE];
    if (s3_parked_get(l->s, name, id, &size_bytes, &l->why) == 0)
        return l->each(l->arg, name, size_bytes, age_ms);
    if (l->why.code != ERR_MISSING)
        return 1;
    l->why = (struct err){0}; /* it went a moment ago */
    return 0;
}

int s3_parked_list(struct s3_blob *s, blob_each *each, void *arg, struct err *e)
{
    struct parked_listing l = {.s = s, .each = each, .arg = arg};
    if (s3_list_each(s, S3_PARKED, see_parked, &l, e) < 0)
        return -1;
    if (l.why.code == ERR_NONE)
        return 0;
    return err_pass(e, &l.why);
}

/* -- the sweep -- */

struct sweep {
    struct doomed doomed;
    char (*ids)[ID_SIZE]; /* of what is parked */
    int count, room;
    int64_t age_ms;
    struct err why;
};

static int note_parked(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)age_ms;
    struct sweep *w = arg;
    struct arena *a = w->doomed.arena;
    if (w->count == w->room) {
        char(*more)[ID_SIZE] = arena_get(a, (size_t)(w->room * 2 + 16) * sizeof(*more));
        if (w->count)
            memcpy(more, w->ids, (size_t)w->count * sizeof(*more));
        w->ids = more;
        w->room = w->room * 2 + 16;
    }
    if (s3_parked_get(w->doomed.s, name, w->ids[w->count], &size_bytes, &w->why) == 0)
        w->count++;
    else if (w->why.code != ERR_MISSING)
        return 1;
    w->why = (struct err){0};
    return 0;
}

static int judge_piece(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)size_bytes;
    struct sweep *w = arg;
    if (age_ms < w->age_ms || strcspn(name, "/") != ID_SIZE - 1)
        return 0;
    for (int i = 0; i < w->count; i++)
        if (strncmp(w->ids[i], name, ID_SIZE - 1) == 0)
            return 0;
    doom(&w->doomed, name);
    return 0;
}

int s3_pieces_sweep(struct s3_blob *s, int64_t age_ms, int *removed, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct sweep w = {.doomed = {.s = s, .arena = a}, .age_ms = age_ms};
    if (s3_list_each(s, S3_PARKED, note_parked, &w, e) < 0)
        return -1;
    if (w.why.code != ERR_NONE)
        return err_pass(e, &w.why);
    if (s3_list_each(s, S3_PIECES, judge_piece, &w, e) < 0 ||
        s3_each(remove_one, &w.doomed, w.doomed.count, e) < 0)
        return -1;
    *removed += w.doomed.count;
    return 0;
}
