/* sql: statements, their values and the rows that they give, whichever engine runs them.
 * Room-internal.
 *
 * statement.def is the table of statements. A file NAME_row.def is the list of a row's columns,
 * from which the struct (in NAME.h), the columns of the SELECTs (the @ of a statement) and the
 * reader are made:
 *
 *   NUMBER(type, name)          a column of whole numbers, into a member of that type
 *   TEXT(name)                  a column of text, into a const char *
 *   NUMBER_AS(type, name, sql)  the same of an expression instead of the column `name`
 *   TEXT_AS(name, sql)
 *
 * What an object's functions do with statements alone stands once, in OBJECT.c. Only what takes
 * several steps in one transaction is a slot of the engine (store_impl.h). */
#pragma once
#include "store/store_impl.h"

struct delivery_row;
struct event_row;
struct hook_row;
struct key_row;
struct task_row;
struct upload_row;
struct user_row;
struct worker_row;

/* -- states as texts of SQL -- */
#define STATE_UPLOADED   "0"
#define STATE_PROCESSING "1"
#define STATE_PROCESSED  "2"
#define STATE_FAILED     "3"
#define STATE_DELETED    "4"
#define STATE_WAITING    "0" /* of a delivery */
#define STATE_DEAD       "2" /* of a delivery */

/* -- statements -- */
enum sql {
#define STATEMENT(name, how, row, text) SQL_##name,
#define OWN(name, how, row)             SQL_##name,
#include "store/statement.def"
#undef STATEMENT
#undef OWN
    SQL_COUNT_
};
enum sql_how {
    HOW_READ,
    HOW_WRITE, /* may run twice when the first answer is lost */
    HOW_ONCE   /* may not */
};
enum sql_row_kind {
    ROW_NONE,
    ROW_USER,
    ROW_KEY,
    ROW_WORKER,
    ROW_TASK,
    ROW_EVENT,
    ROW_UPLOAD,
    ROW_HOOK,
    ROW_DELIVERY,
    ROW_COUNT_
};
extern const struct sql_about {
    enum sql_how how;
    enum sql_row_kind row;
} sql_about[SQL_COUNT_];
/* The text with its @ replaced by the columns of the statement's row. The caller frees it. */
char *sql_expand(enum sql which, const char *text);

/* -- values: $1, $2, ... in the order in which they are added; texts are borrowed -- */
enum { SQL_VALUES = 18 };
struct sql_values {
    int count;
    struct sql_value {
        bool is_text;
        int64_t number;
        const char *text; /* NULL: NULL */
    } of[SQL_VALUES];
};
void sql_int(struct sql_values *v, int64_t number);
void sql_text(struct sql_values *v, const char *text);
/* LIMIT: < 0 is none. */
void sql_limit(struct sql_values *v, int max);

/* -- rows -- */
struct sql_row {
    const struct sql_row_ops *ops;
    void *of; /* the engine's */
    int at, columns;
};
struct sql_row_ops {
    bool (*is_null)(const struct sql_row *r, int column);
    int64_t (*number)(const struct sql_row *r, int column);   /* NULL: 0 */
    const char *(*text)(const struct sql_row *r, int column); /* NULL: "" */
};
bool sql_is_null(const struct sql_row *r, int column);
int64_t sql_number(const struct sql_row *r, int column);
/* Into the arena; a NULL: borrowed until the next row. Never NULL. */
const char *sql_string(const struct sql_row *r, int column, struct arena *a);

/* 0: go on, 1: enough, -1 with *e. It may not call the store, and runs maybe in another thread
 * while the caller waits. */
typedef int sql_each(void *arg, const struct sql_row *r, struct err *e);
/* Runs the statement, with each() (NULL allowed) for its rows. How many it was called for; -1 with
 * *e, and nothing of it holds. ERR_CONFLICT: it names a row that is not there any more. */
int sql_ask(struct store *s, enum sql which, const struct sql_values *v, sql_each *each, void *arg,
            struct err *e);
/* The first `count` columns of the first row, as numbers. 1: they are there, 0: no row, -1. */
enum { SQL_NUMBERS = 4 };
int sql_numbers(struct store *s, enum sql which, const struct sql_values *v, int64_t *out,
                int count, struct err *e);

/* -- readers, from the lists of columns -- */
void user_row_read(const struct sql_row *r, struct arena *a, struct user_row *out);
void key_row_read(const struct sql_row *r, struct arena *a, struct key_row *out);
void worker_row_read(const struct sql_row *r, struct arena *a, struct worker_row *out);
/* ERR_SYSTEM when a value cannot be. */
int task_row_read(const struct sql_row *r, struct arena *a, struct task_row *out, struct err *e);
/* The rows of SQL_LIST_BRIEF. */
int task_brief_read(const struct sql_row *r, struct task_row *out, struct err *e);
void event_row_read(const struct sql_row *r, struct arena *a, struct event_row *out);
void upload_row_read(const struct sql_row *r, struct arena *a, struct upload_row *out);
void hook_row_read(const struct sql_row *r, struct arena *a, struct hook_row *out);
void delivery_row_read(const struct sql_row *r, struct arena *a, struct delivery_row *out);

/* The first task that a statement finds by this text, or by its id, deleted ones too. 1: *out is
 * filled, 0: there is none, -1. */
int sql_task_by_text(struct store *s, enum sql which, const char *text, struct arena *a,
                     struct task_row *out, struct err *e);
int sql_task_by_id(struct store *s, int64_t id, struct arena *a, struct task_row *out,
                   struct err *e);

/* -- what store_check asks: each gives no row when all is well, else one with a number -- */
struct sql_fact {
    const char *of, *says, *sql;
};
extern const struct sql_fact sql_facts[];
extern const int sql_fact_count;
/* ERR_SYSTEM: this fact does not hold of that number. Returns -1. */
int sql_fact_broken(const struct sql_fact *f, int64_t number, struct err *e);
