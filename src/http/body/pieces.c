#include "http/body/pieces.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/wait.h"
#include "http/server/watch.h"
#include "task/resume.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

enum { LOOK_MS = 150, ID_MAX = 64 };

struct pieces_entry {
    struct pieces *pieces;
    struct task_piece *piece;
    char id[ID_MAX];
    int64_t number;
    struct watched *client; /* NULL: it has left, or is not watched */
    bool left;              /* the client has gone; this file owns the piece */
    enum piece_end end;
    struct pieces_entry *next, **at;
};
struct pieces {
    struct tasks *tasks;
    struct log *log;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the rest, and every entry */
    pthread_cond_t change;
    struct pieces_entry *first;
    bool stopping;
};

static void take_out(struct pieces_entry *x)
{
    *x->at = x->next;
    if (x->next)
        x->next->at = x->at;
}

/* Removes and returns an entry whose client has gone; NULL: none. */
static struct pieces_entry *take_left(struct pieces *k)
{
    for (struct pieces_entry *x = k->first; x; x = x->next)
        if (x->left) {
            take_out(x);
            return x;
        }
    return NULL;
}

/* Without the lock. */
static void pieces_end(struct pieces *k, struct pieces_entry *x)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct upload_row u;
    struct err e = {0};
    int rc = resume_end(x->piece, x->end == PIECE_KEEP, a, &u, &e);
    if (rc == 0 && x->end == PIECE_FORGET)
        rc = resume_remove(k->tasks, a, x->id, u.user_id, &e);
    if (rc < 0)
        log_info(k->log, "an upload was cut off", "upload", x->id, "why", e.text);
    else
        log_info(k->log, "an upload was cut off", "upload", x->id, "bytes", u.offset_bytes, "of",
                 u.length_bytes);
    free(x);
}

/* Call with the lock. The lock is released while the store is asked, and pieces come and go
 * meanwhile, so an unwanted piece is looked up again by its number. */
static void pieces_look(struct pieces *k)
{
    struct {
        char id[ID_MAX];
        int64_t number;
    } seen[64];
    size_t n = 0;
    for (struct pieces_entry *x = k->first; x && n < LEN(seen); x = x->next) {
        if (x->left)
            continue;
        str_copy(seen[n].id, sizeof(seen[n].id), x->id);
        seen[n++].number = x->number;
    }
    for (size_t i = 0; i < n; i++) {
        pthread_mutex_unlock(&k->lock);
        bool unwanted = resume_unwanted(k->tasks, seen[i].id, seen[i].number);
        pthread_mutex_lock(&k->lock);
        for (struct pieces_entry *x = k->first; unwanted && x; x = x->next)
            if (x->number == seen[i].number && strcmp(x->id, seen[i].id) == 0)
                watch_end(x->client);
    }
    /* when there are more entries, the checked ones go to the end of the list */
    for (size_t i = 0; n == LEN(seen) && i < n && k->first && k->first->next; i++) {
        struct pieces_entry *x = k->first, **last = &k->first;
        take_out(x);
        while (*last)
            last = &(*last)->next;
        x->next = NULL;
        x->at = last;
        *last = x;
    }
}

static void *pieces_run(void *arg)
{
    struct pieces *k = arg;
    pthread_mutex_lock(&k->lock);
    for (;;) {
        struct pieces_entry *x = take_left(k);
        if (x) {
            pthread_mutex_unlock(&k->lock);
            pieces_end(k, x);
            pthread_mutex_lock(&k->lock);
            continue;
        }
        if (k->stopping)
            break;
        if (k->first) {
            pieces_look(k);
            (void)wait_until(&k->change, &k->lock, clock_mono_ms() + LOOK_MS);
        } else {
            pthread_cond_wait(&k->change, &k->lock);
        }
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

int pieces_start(struct pieces **out, struct tasks *t, struct log *l, struct err *e)
{
    struct pieces *k = mem_new(sizeof(*k));
    *k = (struct pieces){.tasks = t, .log = l};
    wait_init(&k->change);
    pthread_mutex_init(&k->lock, NULL);
    if (pthread_create(&k->thread, NULL, pieces_run, k) != 0) {
        pthread_cond_destroy(&k->change);
        pthread_mutex_destroy(&k->lock);
        free(k);
        return err_set(e, ERR_SYSTEM, "http: the thread that keeps uploads does not start");
    }
    *out = k;
    return 0;
}

void pieces_stop(struct pieces *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_cond_signal(&k->change);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_cond_destroy(&k->change);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

struct pieces_entry *pieces_add(struct pieces *k, struct task_piece *p, struct watched *client)
{
    struct pieces_entry *x = mem_new(sizeof(*x));
    *x = (struct pieces_entry){
        .pieces = k, .piece = p, .number = resume_number(p), .client = client};
    str_copy(x->id, sizeof(x->id), resume_id(p));
    pthread_mutex_lock(&k->lock);
    x->next = k->first;
    x->at = &k->first;
    if (x->next)
        x->next->at = &x->next;
    k->first = x;
    pthread_cond_signal(&k->change);
    pthread_mutex_unlock(&k->lock);
    return x;
}

void pieces_forget(struct pieces_entry *x)
{
    struct pieces *k = x->pieces;
    pthread_mutex_lock(&k->lock);
    take_out(x);
    pthread_mutex_unlock(&k->lock);
    free(x);
}

void pieces_leave(struct pieces_entry *x, enum piece_end end)
{
    struct pieces *k = x->pieces;
    pthread_mutex_lock(&k->lock);
    x->left = true;
    x->end = end;
    x->client = NULL;
    pthread_cond_signal(&k->change);
    pthread_mutex_unlock(&k->lock);
}
