/* http/body/pieces: the pieces of uploads whose bytes come just now (task/resume). A thread asks
 * which of them a newer client wants to write, wherever that one asked, and ends their connections;
 * and it keeps what came of those whose client has gone, off the event threads. Thread-safe. */
#pragma once

#include <stdbool.h>

struct err;
struct pieces;
struct log;
struct task_piece;
struct tasks;
struct watched;

struct pieces_entry; /* one piece under watch */
int pieces_start(struct pieces **out, struct tasks *t, struct log *l, struct err *e);
/* Ends the pieces that are left first. NULL is allowed. */
void pieces_stop(struct pieces *k);
/* Adds p, which the caller still owns. client: its connection; NULL: not watched. */
struct pieces_entry *pieces_add(struct pieces *k, struct task_piece *p, struct watched *client);
/* Takes the entry out; the caller ends the piece. */
void pieces_forget(struct pieces_entry *entry);
/* The client has gone: takes the piece, and keeps its bytes, drops them, or removes the whole
 * upload, of which the client was not told. Never waits. */
enum piece_end { PIECE_KEEP, PIECE_DROP, PIECE_FORGET };
void pieces_leave(struct pieces_entry *entry, enum piece_end end);
