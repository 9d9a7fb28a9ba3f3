/* http/server/answer: fills r->answer and r->status, and hands them to the library. Only the thread
 * that has the request calls these functions. */
#pragma once
#include "core/message.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdint.h>

struct err;
struct request;

/* JSON as text from malloc, which is taken; NULL gives a 500 without a body. */
void answer_text(struct request *r, int status, char *text);
/* Takes the reference to body. */
void answer_json(struct request *r, int status, json_t *body);
/* Takes answer, a response of the library. */
void answer_put(struct request *r, int status, struct MHD_Response *answer);
/* An answer without a body: 204, 304, 412, 416. */
void answer_empty(struct request *r, int status);
/* The status comes from the error's code or message; the body is JSON, or a page for a person
 * (sorry.h). */
void answer_error(struct request *r, const struct err *e);
void answer_message(struct request *r, int status, enum msg m);

/* Adds a header to the answer, which must exist. */
void answer_header(struct request *r, const char *name, const char *value);
/* Adds Retry-After. */
void answer_wait(struct request *r, int seconds);
/* Adds RateLimit-Policy and RateLimit: `left` of `quota` in window_s remain; the quota is full
 * again in reset_s. */
struct rate {
    const char *name;
    int64_t quota, window_s, left, reset_s;
};
void answer_rate(struct request *r, const struct rate *rate);

/* A time as JSON; 0 gives null. */
json_t *json_time(int64_t unix_ms);

/* Adds the headers of every answer and queues the answer. */
enum MHD_Result answer_queue(struct request *r);
/* Sends an error in mid-body, when the library accepts no answer, and ends the connection. */
enum MHD_Result answer_cut(struct request *r, const struct err *e);
