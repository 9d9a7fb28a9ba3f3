/* http/server/carry: bytes of bodies and answers that lie in another place are moved by threads
 * that may wait for it, while the connection is suspended. Called by the event thread that has the
 * request, carry_answer by whoever answers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob_reader;
struct err;
struct http;
struct request;

int carry_start(struct http *h, struct err *e);
/* A piece of the body. true: the library hands it over again later; false: the caller goes on with
 * it, and what r->carry was says nothing any more. */
bool carry_piece(struct request *r, const char *data, size_t len_bytes);
/* Takes a request that is over and whose body may wait when it is freed; false: it is still the
 * caller's. */
bool carry_end(struct request *r);
/* Makes the answer of a part of what the reader has, which it takes. */
int carry_answer(struct request *r, struct blob_reader **file, int64_t from, int64_t len,
                 struct err *e);
