/* http/server/carry: moves the bytes of bodies and answers from and to remote storage. Threads that
 * may wait do this while the connection is suspended. The event thread of the request calls these
 * functions; the pool also calls carry_answer. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob_reader;
struct err;
struct http;
struct request;

int carry_start(struct http *h, struct err *e);
/* Starts to carry a piece of the body. true: a carrier has it, and the library passes the same
 * piece again later. false: the caller handles the piece; if r->carry was CARRY_PIECE before the
 * call, a carrier has already fed it. */
bool carry_piece(struct request *r, const char *data, size_t len_bytes);
/* Takes a finished request when freeing its body may wait. false: the caller still owns it. */
bool carry_end(struct request *r);
/* Answers with len bytes of a file, from offset `from`; takes the reader. */
int carry_answer(struct request *r, struct blob_reader **file, int64_t from, int64_t len,
                 struct err *e);
