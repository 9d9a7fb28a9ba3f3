/* http/keeper: watches over pieces of uploads while their bytes come (task/resume). It ends the
 * connection of a piece that a newer client wants, wherever that one asked, and keeps what came of
 * those whose client has gone, off the event threads. Room-internal. Thread-safe. */
#pragma once

#include <stdbool.h>

struct err;
struct keeper;
struct log;
struct task_piece;
struct tasks;

struct keeper_entry; /* one piece under watch */
int keeper_start(struct keeper **out, struct tasks *t, struct log *l, struct err *e);
/* Ends what is left first. NULL is allowed. */
void keeper_stop(struct keeper *k);
/* Watches p, whose client is at fd; p and fd stay the caller's. */
struct keeper_entry *keeper_watch(struct keeper *k, struct task_piece *p, int fd);
/* p is ended by the caller. */
void keeper_forget(struct keeper_entry *entry);
/* The client has gone: takes p, and keeps what came, or drops it, or forgets the whole upload,
 * which the client had not been told of. */
enum keeper_end { KEEPER_KEEP, KEEPER_DROP, KEEPER_FORGET };
void keeper_leave(struct keeper_entry *entry, enum keeper_end end);
