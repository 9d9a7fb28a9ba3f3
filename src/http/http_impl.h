/* http: what its files share. Room-internal. */
#pragma once
#include "auth/auth.h"
#include "core/conf.h"
#include "core/err.h"
#include "core/str.h"
#include "http/http.h"
#include "task/task.h"

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    JSON_BODY_MAX = 64 * 1024,
    DRAIN_MAX = 64 << 20, /* of a body that is already refused */
    FORM_BUFFER = 64 * 1024,
    FIELD_MAX = 1024,
    URI_MAX = 8 * 1024,
};

struct request;
struct route {
    const char *method, *pattern; /* "*" in the pattern is one part of the path, "**" the rest */
    void (*run)(struct request *r);
    bool token; /* a Bearer token is needed */
    bool slow;  /* hashes, syncs or commits: runs in the pool */
    enum { BODY_NONE, BODY_JSON, BODY_CLIP } body;
};

/* One request; belongs to its event thread, or to the pool while it is suspended. */
struct request {
    struct http *http;
    struct MHD_Connection *conn;
    struct arena *arena;
    const struct route *route;
    const char *method, *path, *rest; /* rest: what the pattern's stars matched */
    char id[28];
    char address[64];
    enum lang lang;
    struct caller caller;
    int64_t begun_ms;
    int64_t body_bytes;
    struct buf body;
    struct request *next; /* in the pool's line */
    /* the clip of an upload */
    struct MHD_PostProcessor *form;
    struct task_upload *upload;
    bool file_seen, file_done, two_files;
    char *file_name, *fields[3]; /* fit, start, title */
    char *idempotency_key;
    struct err fault; /* found in mid-body, said at its end */
    /* the answer */
    struct MHD_Response *answer;
    int status;
    int64_t answer_bytes;
    bool queued;
    int linger_fd; /* a duplicate of the socket of a refused request, or -1 */
};

struct parting;
struct pool;
struct http {
    struct MHD_Daemon *daemon;
    struct http_parts parts;
    struct conf conf; /* borrowed texts */
    struct pool *pool;
    struct parting *parting;
    atomic_int running;
    int port;
};

/* answer.c: fills r->answer and r->status. answer_json takes the reference. */
void answer_json(struct request *r, int status, json_t *body);
void answer_error(struct request *r, const struct err *e);
void answer_message(struct request *r, int status, enum msg m);
void answer_wait(struct request *r, int seconds);
/* Headers that every answer has, and the hand-over to the library. */
enum MHD_Result answer_queue(struct request *r);
void answer_header(struct request *r, const char *name, const char *value);

/* routes.c */
const struct route *route_find(const char *method, const char *path, const char **rest,
                               char allow[128]);

/* pool.c: threads that may wait. run() is called with each request; the request is then resumed. */
int pool_start(struct pool **out, int threads, void (*run)(struct request *r), struct err *e);
void pool_put(struct pool *p, struct request *r);
/* Ends when all that was put is done. */
void pool_stop(struct pool *p);

/* parting.c: reads on what a refused client still sends, so that it sees the answer. Takes fd. */
int parting_start(struct parting **out, struct err *e);
void parting_add(struct parting *l, int fd);
void parting_stop(struct parting *l);

/* form.c: the body of an upload, streamed. */
int form_begin(struct request *r, struct err *e);
void form_feed(struct request *r, const char *data, size_t len_bytes);
void form_clear(struct request *r);

/* handlers */
void page_get(struct request *r);
void people_sign_up(struct request *r);
void people_log_in(struct request *r);
void people_pong(struct request *r);
void people_ping(struct request *r);
void people_health(struct request *r);
void tasks_add(struct request *r);
void tasks_list(struct request *r);
void tasks_get(struct request *r);
void tasks_delete(struct request *r);
void tasks_retry(struct request *r);
void files_reel(struct request *r);
void files_poster(struct request *r);
/* A signed absolute URL of a reel or poster: `kind` is "download" or "poster". */
const char *files_link(struct request *r, const char *kind, const char *public_name);
