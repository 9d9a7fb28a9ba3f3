/* http/server/carry: moves the bytes of bodies and answers whose storage is far, by threads that
 * may wait, while the connection is suspended. The event thread of the request calls these
 * functions, and carry_answer is also called from the pool. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob_reader;
struct err;
struct http;
struct request;

int carry_start(struct http *h, struct err *e);
/* A piece of the body. true: it is being carried, and the library hands it over again later. false:
 * the caller goes on with it, and reads from its earlier r->carry whether it was carried. */
bool carry_piece(struct request *r, const char *data, size_t len_bytes);
/* Takes a request that is over if freeing its body may wait. false: it stays the caller's. */
bool carry_end(struct request *r);
/* Answers with len bytes of a file; takes the reader. */
int carry_answer(struct request *r, struct blob_reader **file, int64_t from, int64_t len,
                 struct err *e);
