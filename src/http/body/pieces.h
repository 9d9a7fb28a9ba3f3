/* http/body/pieces: watches over pieces of uploads while their bytes come (task/resume). It ends
 * the connection of a piece that a newer client wants, wherever that one asked, and keeps what came
 * of those whose client has gone, off the event threads. Room-internal. Thread-safe. */
#pragma once

#include <stdbool.h>

struct err;
struct pieces;
struct log;
struct task_piece;
struct tasks;

struct pieces_entry; /* one piece under watch */
int pieces_start(struct pieces **out, struct tasks *t, struct log *l, struct err *e);
/* Ends what is left first. NULL is allowed. */
void pieces_stop(struct pieces *k);
/* Watches p, whose client is at fd; p and fd stay the caller's. */
struct pieces_entry *pieces_add(struct pieces *k, struct task_piece *p, int fd);
/* p is ended by the caller. */
void pieces_forget(struct pieces_entry *entry);
/* The client has gone: takes p, and keeps what came, or drops it, or forgets the whole upload,
 * which the client had not been told of. */
enum piece_end { PIECE_KEEP, PIECE_DROP, PIECE_FORGET };
void pieces_leave(struct pieces_entry *entry, enum piece_end end);
