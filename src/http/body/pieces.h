/* http/body/pieces: the pieces of uploads (task/resume) that are being received. A thread asks the
 * store which of these uploads a newer client wants to write, even through another server, and ends
 * the connections of the older clients. The thread also keeps the bytes of a piece whose client has
 * gone, so that no event thread waits for that. Thread-safe. */
#pragma once

#include <stdbool.h>

struct err;
struct pieces;
struct log;
struct task_piece;
struct tasks;
struct watched;

struct pieces_entry; /* one watched piece */
int pieces_start(struct pieces **out, struct tasks *t, struct log *l, struct err *e);
/* First ends the pieces that are left. NULL is allowed. */
void pieces_stop(struct pieces *k);
/* Adds p, which the caller still owns. client: the connection of the piece; NULL: not watched. */
struct pieces_entry *pieces_add(struct pieces *k, struct task_piece *p, struct watched *client);
/* Removes the entry; the caller ends the piece. */
void pieces_forget(struct pieces_entry *entry);
/* Call when the client has gone: takes the piece. PIECE_KEEP keeps its bytes, PIECE_DROP drops
 * them, PIECE_FORGET removes the whole upload, whose id the client never received. Never waits. */
enum piece_end { PIECE_KEEP, PIECE_DROP, PIECE_FORGET };
void pieces_leave(struct pieces_entry *entry, enum piece_end end);
