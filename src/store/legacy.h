/* store/legacy: the tables of the service that Reelgate replaces, taken over row by row. PostgreSQL
 * alone: users (id, username, password1, email), tasks (id, user_id, file_path, timestamp, status).
 *
 * legacy_move puts them into the schema reelgate_legacy in one transaction, which makes room for
 * Reelgate's own; store_migrate is then called as ever, and legacy_ready before the first row. Each
 * row is taken in one transaction that also marks it, so whoever is killed goes on where they were,
 * and a server may already run meanwhile. What needs a person's eye keeps its old row and a note.
 * Belongs to one thread; one process at a time has it open (ERR_BUSY). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct legacy;
struct store;

/* *out NULL: there is nothing of that service here, or nothing left of it. Borrows s. */
int legacy_open(struct legacy **out, struct store *s, struct err *e);
void legacy_close(struct legacy *l);
void legacy_closep(struct legacy **l);
/* Nothing is done where an earlier run has moved them. */
int legacy_move(struct legacy *l, struct err *e);
/* After store_migrate: new ids begin beyond the old ones. */
int legacy_ready(struct legacy *l, struct err *e);

/* Texts live in the arena, "" where the column was NULL. */
struct legacy_user {
    int64_t id;
    const char *username, *email, *password;
};
/* The first user beyond `after` that has not been taken; *found false: none. */
int legacy_user_next(struct legacy *l, struct arena *a, int64_t after, struct legacy_user *out,
                     bool *found, struct err *e);
/* Makes the user under the old id and forgets the plain password. note: what a person should know
 * of it, or NULL. *taken false: name or e-mail belong to another user by now, nothing was done. */
int legacy_user_take(struct legacy *l, int64_t id, const char *username, const char *email,
                     const char *password_hash, const char *note, bool *taken, struct err *e);

struct legacy_task {
    int64_t id, user_id;
    const char *file_path, *status;
    const char *timestamp; /* as it was written */
    int64_t created_ms;    /* 0: not said, or no time of ours */
    bool owned;            /* its user has been taken */
    const char *lost; /* it was taken before, without its file: the name of its no bytes; or "" */
};
int legacy_task_next(struct legacy *l, struct arena *a, int64_t after, struct legacy_task *out,
                     bool *found, struct err *e);
/* What became of a task's file. */
struct legacy_clip {
    const char *file_name, *blob, *hash; /* as in struct task_row */
    int64_t bytes;
    int64_t created_ms;
    const char *error_slug; /* NULL: the task is due; else it is failed, by this message */
};
/* Makes the task under the old id, or gives the one that was lost its clip; *taken false: another
 * process has, nothing was done. */
int legacy_task_take(struct legacy *l, int64_t id, const struct legacy_clip *c, const char *note,
                     bool *taken, struct err *e);
/* Leaves a row where it is, with a note. */
int legacy_task_note(struct legacy *l, int64_t id, const char *note, struct err *e);

/* All users are taken: the column of plain passwords goes, and what it held is overwritten. */
int legacy_forget_passwords(struct legacy *l, struct err *e);
/* Removes the old tables when every row was taken without a note; *left: rows that have one. */
int legacy_end(struct legacy *l, int64_t *left, struct err *e);
