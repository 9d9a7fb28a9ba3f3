/* sql: SQL statements, their values and their result rows, for every engine. Room-internal.
 *
 * statement.def is the table of statements. A file NAME_row.def lists the columns of a row. Three
 * things come from this list: the struct (in NAME.h), the columns of the SELECTs (the @ of a
 * statement) and the reader:
 *
 *   NUMBER(type, name)          an integer column, read into a member of that type
 *   TEXT(name)                  a text column, read into a const char *
 *   NUMBER_AS(type, name, sql)  like NUMBER, with an SQL expression as the column
 *   TEXT_AS(name, sql)          like TEXT, with an SQL expression as the column
 *
 * OBJECT.c holds the functions of an object that need single statements only. A function that needs
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
#define STATE_WAITING    "0" /* state of a delivery */
#define STATE_DEAD       "2" /* state of a delivery */

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
    HOW_WRITE, /* may run again when the first answer is lost */
    HOW_ONCE   /* may not run again */
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
/* Returns the text with each @ replaced by the columns of the statement's row. The caller frees it.
 */
char *sql_expand(enum sql which, const char *text);

/* -- values: $1, $2, ... in the order in which they are added; texts are borrowed -- */
enum { SQL_VALUES = 18 };
struct sql_values {
    int count;
    struct sql_value {
        bool is_text;
        int64_t number;
        const char *text; /* NULL stands for SQL NULL */
    } of[SQL_VALUES];
};
void sql_int(struct sql_values *v, int64_t number);
void sql_text(struct sql_values *v, const char *text);
/* A value for LIMIT; max < 0: no limit. */
void sql_limit(struct sql_values *v, int max);

/* -- rows -- */
struct sql_row {
    const struct sql_row_ops *ops;
    void *of; /* the engine's own row */
    int at, columns;
};
struct sql_row_ops {
    bool (*is_null)(const struct sql_row *r, int column);
    int64_t (*number)(const struct sql_row *r, int column);   /* SQL NULL gives 0 */
    const char *(*text)(const struct sql_row *r, int column); /* SQL NULL gives "" */
};
bool sql_is_null(const struct sql_row *r, int column);
int64_t sql_number(const struct sql_row *r, int column);
/* Copies a text column into the arena. With a NULL arena the text is borrowed until the next row.
 * Never returns NULL. */
const char *sql_string(const struct sql_row *r, int column, struct arena *a);

/* Returns 0 to go on, 1 to stop, or -1 with *e. It may not call the store. It may run in another
 * thread while the caller of sql_ask waits. */
typedef int sql_each(void *arg, const struct sql_row *r, struct err *e);
/* Runs the statement and calls each() (may be NULL) for its rows. Returns the number of calls, or
 * -1 with *e; then the statement has changed nothing. ERR_CONFLICT: a row that the statement refers
 * to does not exist. */
int sql_ask(struct store *s, enum sql which, const struct sql_values *v, sql_each *each, void *arg,
            struct err *e);
/* Reads the first `count` columns of the first row as integers. Returns 1, 0 when there is no row,
 * or -1. */
enum { SQL_NUMBERS = 4 };
int sql_numbers(struct store *s, enum sql which, const struct sql_values *v, int64_t *out,
                int count, struct err *e);

/* -- readers, from the lists of columns -- */
void user_row_read(const struct sql_row *r, struct arena *a, struct user_row *out);
void key_row_read(const struct sql_row *r, struct arena *a, struct key_row *out);
void worker_row_read(const struct sql_row *r, struct arena *a, struct worker_row *out);
/* ERR_SYSTEM when a column holds an impossible value. */
int task_row_read(const struct sql_row *r, struct arena *a, struct task_row *out, struct err *e);
/* Reads the rows of SQL_LIST_BRIEF. */
int task_brief_read(const struct sql_row *r, struct task_row *out, struct err *e);
void event_row_read(const struct sql_row *r, struct arena *a, struct event_row *out);
void upload_row_read(const struct sql_row *r, struct arena *a, struct upload_row *out);
void hook_row_read(const struct sql_row *r, struct arena *a, struct hook_row *out);
void delivery_row_read(const struct sql_row *r, struct arena *a, struct delivery_row *out);

/* Read the first task that a statement finds by a text, or the task with an id; deleted tasks too.
 * They return 1 when *out is filled, 0 when there is no such task, or -1. */
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
/* Fills *e with ERR_SYSTEM: the number breaks this fact. Returns -1. */
int sql_fact_broken(const struct sql_fact *f, int64_t number, struct err *e);
