/* postgres_impl: what the files of the PostgreSQL back end share. Room-internal.
 *
 *   postgres.c  open, close, migrate, ping, check, the clock, the bell, the table of slots
 *   db.c        connections, statements, values, errors
 *   sql.c       the statements
 *   task.c      users and tasks: adding, reading, changing, claims, the outbox
 *   list.c      tasks as lists, and the line of what waits
 *   key.c       keys, limits, who works
 *   event.c     events                upload.c   uploads
 *   hook.c      webhooks, deliveries  profile.c  versions of the profile, logos
 *   legacy.c    the tables of the service that Reelgate replaces
 *
 * What has to be one transaction is one function inside the database (migrations/postgres), so
 * every slot is one round trip and nothing is held open over the network. Time is the server's. */
#pragma once
#include "store/store_impl.h"

#include <libpq-fe.h>

/* Connections at once; whoever finds all in use waits. */
enum { PG_CONNS = 8 };
/* A statement's values; text is borrowed until it has run. */
enum { PG_VALUES = 18 };

enum pg_sql {
    PG_PING,
    PG_NOW,
    PG_USER_ADD,
    PG_USER_BY_NAME,
    PG_USER_BY_NAME_OR_EMAIL,
    PG_USER_BY_ID,
    PG_USER_PASSWORD,
    PG_USER_LIST,
    PG_USER_SEARCH,
    PG_USER_SET,
    PG_TASK_ADD,
    PG_TASK_BY_ID,
    PG_TASK_BY_KEY,
    PG_KEY_ASKED,
    PG_TASK_BY_CLIP,
    PG_TASK_BY_REEL,
    PG_TASK_BY_POSTER,
    PG_LIST_ALL,
    PG_LIST_ALL_DOWN,
    PG_LIST_USER,
    PG_LIST_USER_DOWN,
    PG_LIST_BRIEF,
    PG_LIST_BRIEF_DOWN,
    PG_LIST_UPLOADED,
    PG_LIST_DELETED,
    PG_SOUGHT_CREATED, /* each of these is followed by its descending one */
    PG_SOUGHT_CREATED_DOWN,
    PG_SOUGHT_TITLE,
    PG_SOUGHT_TITLE_DOWN,
    PG_SOUGHT_SIZE,
    PG_SOUGHT_SIZE_DOWN,
    PG_SOUGHT_LENGTH,
    PG_SOUGHT_LENGTH_DOWN,
    PG_OWNED, /* these too */
    PG_OWNED_DOWN,
    PG_OWNED_UPLOADED,
    PG_OWNED_UPLOADED_DOWN,
    PG_OWNED_PROCESSING,
    PG_OWNED_PROCESSING_DOWN,
    PG_OWNED_FAILED,
    PG_OWNED_FAILED_DOWN,
    PG_TASK_CHANGE,
    PG_TASK_REMAKE,
    PG_TASK_RENAME,
    PG_TASK_MARK,
    PG_TASK_CLAIM,
    PG_TASK_RENEW,
    PG_TASK_HELD,
    PG_TASK_EXPIRED,
    PG_NEXT_DUE,
    PG_TASK_PURGE,
    PG_COUNTS,
    PG_LINE,
    PG_LINE_PACE,
    PG_OUTBOX_READ,
    PG_OUTBOX_DONE,
    PG_API_KEY_ADD,
    PG_API_KEY_GET,
    PG_API_KEY_LIST,
    PG_API_KEY_REMOVE,
    PG_API_KEY_USED,
    PG_WORKER_BEAT,
    PG_WORKER_GONE,
    PG_WORKER_OLD,
    PG_WORKER_LIST,
    PG_OLDEST_WAITING,
    PG_TOTALS,
    PG_PROFILE_GET,
    PG_PROFILE_NEWEST,
    PG_PROFILE_ADD,
    PG_LOGO_ADD,
    PG_LOGO_KNOWN,
    PG_LOGO_TRIM,
    PG_LOGO_LIST,
    PG_EVENT_LIST,
    PG_EVENT_LIST_TASK,
    PG_EVENT_USERS,
    PG_EVENT_SPAN,
    PG_EVENT_SPAN_USER,
    PG_EVENT_TRIM,
    PG_UPLOAD_ADD,
    PG_UPLOAD_OPEN,
    PG_UPLOAD_GET,
    PG_UPLOAD_WISH,
    PG_UPLOAD_HOLD,
    PG_UPLOAD_ADVANCE,
    PG_UPLOAD_FINISH,
    PG_UPLOAD_REMOVE,
    PG_UPLOAD_FREE_ALL,
    PG_UPLOAD_EXPIRED,
    PG_UPLOAD_WHOLE,
    PG_HOOK_ADD,
    PG_HOOK_GET,
    PG_HOOK_LIST,
    PG_HOOK_SET,
    PG_HOOK_SECRET,
    PG_HOOK_REMOVE,
    PG_DELIVERY_TEST,
    PG_DELIVERY_LIST,
    PG_DELIVERY_REPLAY,
    PG_DELIVERY_DUE,
    PG_DELIVERY_CLAIM,
    PG_DELIVERY_SETTLE,
    PG_DELIVERY_TRIM,
    PG_DELIVERY_LOST,
    PG_COUNT_
};
extern const char *const pg_sql_text[PG_COUNT_];

struct pg_conn {
    PGconn *c; /* NULL: not connected */
    bool prepared[PG_COUNT_];
    struct pg_conn *next; /* in the list of free ones */
};
struct postgres {
    struct store base;
    char *url;
    pthread_mutex_t lock; /* guards the rest but the listener's */
    pthread_cond_t freed;
    struct pg_conn conns[PG_CONNS], *free;
    int64_t down_until_ms, down_ms; /* monotonic: not tried again before; the wait, doubled */
    int64_t ahead_ms, asked_ms;     /* the server's clock minus our monotonic one; when asked */
    pthread_t listener;
    bool listening;
    int stop_fd;      /* eventfd: the listener is to end */
    bool taking_over; /* old tables are no hindrance to a migration: their rows are being taken */
};

struct pg_values {
    const char *value[PG_VALUES];
    int length[PG_VALUES], format[PG_VALUES];
    char number[PG_VALUES][8];
    int count;
};
void pg_int(struct pg_values *v, int64_t number);
void pg_text(struct pg_values *v, const char *text); /* NULL: NULL */

/* Opens a connection of its own (the listener's, or one of the pool). ERR_BUSY. */
PGconn *pg_connect(const char *url, struct err *e);
/* A connected one from the pool. ERR_BUSY while the server is down: at once, not after a timeout,
 * when it was so a moment ago. */
struct pg_conn *pg_take(struct postgres *s, struct err *e);
void pg_back(struct postgres *s, struct pg_conn *c);
/* Runs one statement; the result is the caller's (PQclear), NULL with *e. ERR_BUSY: the server
 * went away, or two sessions were in each other's way; *state (NULL allowed, 6 bytes) is the
 * SQLSTATE. */
PGresult *pg_run(struct pg_conn *c, enum pg_sql which, const struct pg_values *v, char *state,
                 struct err *e);
/* The same on a connection of the pool, tried anew where that is harmless: after a deadlock, and
 * when the connection was lost under a statement that may run twice. */
PGresult *pg_ask(struct postgres *s, enum pg_sql which, const struct pg_values *v, char *state,
                 struct err *e);
/* SQL text of ours without values, several statements allowed. */
int pg_exec(PGconn *c, const char *sql, struct err *e);
void pg_clearp(PGresult **r);

int64_t pg_number(const PGresult *r, int row, int column);
/* A text of the result: into the arena, or (NULL) borrowed until the result is cleared. */
const char *pg_string(const PGresult *r, int row, int column, struct arena *a);

/* ERR_CONFLICT where that service's tables lie in the place of ours. */
int postgres_legacy_waits(PGconn *c, struct err *e);

enum { PG_USER_COLUMNS = 10 };
/* The columns of PG_USER_*. */
void pg_user_row(const PGresult *r, int row, struct arena *a, struct user_row *out);
/* The columns of PG_TASK_*; ERR_SYSTEM when a value cannot be. */
int pg_task_row(const PGresult *r, int row, struct arena *a, struct task_row *out, struct err *e);
/* Calls each() for the rows of a statement that gives tasks. */
int pg_each_task(struct store *s, enum pg_sql which, const struct pg_values *v,
                 int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e);

/* -- slots -- */
int postgres_user_add(struct store *s, const char *username, const char *email,
                      const char *password_hash, int64_t *id, struct err *e);
int postgres_user_get(struct store *s, struct arena *a, const char *name, bool or_email, int64_t id,
                      struct user_row *out, struct err *e);
int postgres_user_set_password(struct store *s, int64_t id, const char *password_hash,
                               struct err *e);
int postgres_user_list(struct store *s, int64_t after, int max,
                       int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);
int postgres_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                      struct err *e);
int postgres_task_by_key(struct store *s, struct arena *a, int64_t user_id, const char *key,
                         struct task_row *out, struct err *e);
int postgres_task_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                      struct task_row *out, struct err *e);
int postgres_task_list(struct store *s, const struct task_page *p,
                       int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e);
int postgres_task_by_blob(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                          struct err *e);
int postgres_task_counts(struct store *s, int64_t counts[TASK_STATE_COUNT], struct err *e);
int postgres_line_read(struct store *s, int max, struct line_row *rows, int *count, struct err *e);
int postgres_line_pace(struct store *s, struct line_pace *out, struct err *e);
int postgres_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e);
int postgres_task_rename(struct store *s, int64_t id, int64_t user_id, const char *title,
                         struct err *e);
int postgres_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                        struct task_row *out, bool *found, struct err *e);
int postgres_task_renew(struct store *s, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                        bool *held, struct err *e);
int postgres_task_expired(struct store *s, int max,
                          int (*each)(void *arg, const struct task_row *t), void *arg,
                          struct err *e);
int postgres_task_next_due(struct store *s, int64_t *in_ms, struct err *e);
int postgres_task_purge(struct store *s, int64_t id, struct err *e);
int postgres_outbox_read(struct store *s, int max, struct outbox_row *rows, int *count,
                         struct err *e);
int postgres_outbox_done(struct store *s, int64_t id, struct err *e);
int postgres_event_list(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                        int (*each)(void *arg, const struct event_row *ev), void *arg,
                        struct err *e);
int postgres_event_users(struct store *s, int64_t after,
                         int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                         struct err *e);
int postgres_event_span(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                        struct err *e);
int postgres_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);
int postgres_upload_add(struct store *s, const struct upload_row *u, int64_t keep_ms,
                        int64_t quota_bytes, int64_t *expires_ms, struct err *e);
int postgres_upload_get(struct store *s, struct arena *a, const char *id, int64_t user_id,
                        struct upload_row *out, struct err *e);
int postgres_upload_wish(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                         struct err *e);
int postgres_upload_hold(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                         struct err *e);
int postgres_upload_advance(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                            int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e);
int postgres_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e);
int postgres_upload_remove(struct store *s, const char *id, struct err *e);
int postgres_upload_free_all(struct store *s, struct err *e);
int postgres_upload_list(struct store *s, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                         int (*each)(void *arg, const struct upload_row *u), void *arg,
                         struct err *e);
int postgres_user_search(struct store *s, const char *part, int64_t after, int max,
                         int (*each)(void *arg, const struct user_row *u), void *arg,
                         struct err *e);
int postgres_user_set(struct store *s, int64_t id, const struct user_change *u, struct err *e);
int postgres_key_add(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                     int64_t *expires_ms, struct err *e);
int postgres_key_get(struct store *s, struct arena *a, int64_t id, struct key_row *out,
                     struct err *e);
int postgres_key_list(struct store *s, int64_t user_id,
                      int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e);
int postgres_key_remove(struct store *s, int64_t id, int64_t user_id, struct err *e);
int postgres_key_used(struct store *s, int64_t id, struct err *e);
int postgres_worker_beat(struct store *s, const struct worker_row *w, struct err *e);
int postgres_worker_list(struct store *s, int (*each)(void *arg, const struct worker_row *w),
                         void *arg, struct err *e);
int postgres_task_oldest(struct store *s, int64_t *waited_ms, struct err *e);
int postgres_totals(struct store *s, struct store_totals *out, struct err *e);
