/* http/server/answer: fills r->answer and r->status, and hands them to the library. Called by the
 * thread that has the request. */
#pragma once
#include "core/message.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdint.h>

struct err;
struct request;

/* JSON as text, which came from malloc and is taken; NULL is a 500 without a body. */
void answer_text(struct request *r, int status, char *text);
/* Takes the reference. */
void answer_json(struct request *r, int status, json_t *body);
/* Takes what the library made. */
void answer_put(struct request *r, int status, struct MHD_Response *answer);
/* No body: 204, 304, 412, 416. */
void answer_empty(struct request *r, int status);
/* The status of the error's code, or of its message; JSON, or a page for a person (sorry.h). */
void answer_error(struct request *r, const struct err *e);
void answer_message(struct request *r, int status, enum msg m);

/* Adds to an answer that is there. */
void answer_header(struct request *r, const char *name, const char *value);
/* Retry-After. */
void answer_wait(struct request *r, int seconds);
/* RateLimit-Policy and RateLimit: of `quota` in window_s, `left` are left; all are again in
 * reset_s. */
struct rate {
    const char *name;
    int64_t quota, window_s, left, reset_s;
};
void answer_rate(struct request *r, const struct rate *rate);

/* A time of an answer, null for 0. */
json_t *json_time(int64_t unix_ms);

/* Adds the headers that every answer has, and queues it. */
enum MHD_Result answer_queue(struct request *r);
/* Sends an error while the body still comes, where the library takes no answer, and ends the
 * connection. */
enum MHD_Result answer_cut(struct request *r, const struct err *e);
