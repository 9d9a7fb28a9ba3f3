/* store/legacy: takes over the tables of the service that Reelgate replaces, row by row. PostgreSQL
 * alone: users (id, username, password1, email), tasks (id, user_id, file_path, timestamp, status).
 *
 * legacy_move moves these tables into the schema reelgate_legacy, in one transaction, so that
 * Reelgate's own tables can have their names. Then call store_migrate as usual, and legacy_ready
 * before the first row. One transaction takes over a row and marks it. So a killed run can be
 * repeated and continues with the next row, and a server may already run meanwhile. A row that a
 * person must check stays in the old table with a note. An object belongs to one thread; one
 * process at a time may open the tables (ERR_BUSY). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct legacy;
struct store;

/* *out is NULL when the database has no tables of the old service, or no rows of it are left.
 * Borrows s. */
int legacy_open(struct legacy **out, struct store *s, struct err *e);
void legacy_close(struct legacy *l);
void legacy_closep(struct legacy **l);
/* Moves the tables. Does nothing when an earlier run has moved them. */
int legacy_move(struct legacy *l, struct err *e);
/* Makes new ids start above the old ids. Call it after store_migrate. */
int legacy_ready(struct legacy *l, struct err *e);

/* Texts live in the arena; a NULL column gives "". */
struct legacy_user {
    int64_t id;
    const char *username, *email, *password;
};
/* Gives the first user above the id `after` who is not taken over yet; *found false: there is none.
 */
int legacy_user_next(struct legacy *l, struct arena *a, int64_t after, struct legacy_user *out,
                     bool *found, struct err *e);
/* Adds the user under the old id and erases the plain password. note: what a person should know of
 * this user, or NULL. *taken false: another user has the name or e-mail address, and nothing
 * changes. */
int legacy_user_take(struct legacy *l, int64_t id, const char *username, const char *email,
                     const char *password_hash, const char *note, bool *taken, struct err *e);

struct legacy_task {
    int64_t id, user_id;
    const char *file_path, *status;
    const char *timestamp; /* as the old service wrote it */
    int64_t created_ms;    /* 0: missing, or not a valid time */
    bool owned;            /* its user is taken over */
    const char *lost; /* blob of the empty clip, when an earlier run took the task over without its
                         file; otherwise "" */
};
int legacy_task_next(struct legacy *l, struct arena *a, int64_t after, struct legacy_task *out,
                     bool *found, struct err *e);
/* The outcome for a task's file. */
struct legacy_clip {
    const char *file_name, *blob, *hash; /* as in struct task_row */
    int64_t bytes;
    int64_t created_ms;
    const char *error_slug; /* NULL: the task is due; else why it is failed */
};
/* Adds the task under the old id, or adds the clip to a task that was taken over without its file.
 * *taken false: another process has taken the task over, and nothing changes. */
int legacy_task_take(struct legacy *l, int64_t id, const struct legacy_clip *c, const char *note,
                     bool *taken, struct err *e);
/* Leaves the row in the old table, with a note. */
int legacy_task_note(struct legacy *l, int64_t id, const char *note, struct err *e);

/* Drops the column of plain passwords and overwrites its contents. Call it when all users are taken
 * over. */
int legacy_forget_passwords(struct legacy *l, struct err *e);
/* Removes the old tables when every row is taken over and none has a note. *left: number of rows
 * with a note. */
int legacy_end(struct legacy *l, int64_t *left, struct err *e);
